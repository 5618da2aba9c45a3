//! The decision about a mail that is due: what is sent, by what is known of its address now. The request that asked for it
//! knew nothing (ASVS 5.0, 6.3.8).

use std::time::Duration;

use api::mail::Kind;
use api::settings::{Auth, MagicLink};
use api::value::is_email;
use api::{Id, Timestamp};

use super::{Place, Purpose, Subject};
use crate::user::{MailFailure, User};

/// For how long nothing is sent to an address whose mail came back.
const AFTER_BOUNCE: Duration = Duration::from_secs(30 * 86_400);

/// The user whose proof a mail carries, with the version that the account has now: a later change makes the proof void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user.
    pub user: Id,
    /// The version.
    pub auth_version: u64,
}

impl Account {
    /// The account as it is now.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self {
            user: user.id,
            auth_version: user.auth_version,
        }
    }
}

/// All that the decision depends on.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    /// The item.
    pub place: Place,
    /// The normalised address.
    pub address: &'a str,
    /// The account that has the address, also a deleted one that can be brought back.
    pub holder: Option<&'a User>,
    /// The user who has asked, or for whom an admin has, and the version at that time.
    pub asker: Option<(&'a User, u64)>,
    /// The settings.
    pub settings: &'a Auth,
    /// The time.
    pub now: Timestamp,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// The proof is sent, for this account if there is one.
    Send(Option<Account>),
    /// The address has an account: its reader is told so, and the proof proves nothing.
    Tell(Kind),
    /// Nothing is sent, for this reason.
    Drop(&'static str),
}

const NOBODY: Dispatch = Dispatch::Drop("nobody has the address");
const STALE: Dispatch = Dispatch::Drop("the account has changed since");
const SUPPRESSED: Dispatch = Dispatch::Drop("suppressed");

/// Decides about a mail with a proof.
#[must_use]
pub fn dispatch(occasion: &Occasion<'_>) -> Dispatch {
    let holder = occasion.holder;
    if holder.is_some_and(|holder| is_suppressed(holder.mail_failed, occasion.now)) {
        return SUPPRESSED;
    }
    let standing = holder.filter(|holder| !holder.disabled && holder.deleted.is_none());
    match occasion.place.purpose {
        Purpose::PasswordReset => match occasion.place.subject {
            // An admin has voided the password and sends the mail.
            Subject::User(_) => for_own_account(occasion, standing),
            Subject::Flow(_) | Subject::Invitation(_) => for_account(standing),
        },
        Purpose::MagicLink => for_sign_in(occasion),
        Purpose::Registration => for_newcomer(holder),
        Purpose::VerifyEmail if standing.is_none_or(|it| it.email_verified_at.is_some()) => STALE,
        Purpose::VerifyEmail => for_own_account(occasion, standing),
        Purpose::EmailChange => match (own(occasion), holder) {
            (None, _) => STALE,
            (Some(_), Some(_)) => for_newcomer(holder),
            (Some(asker), None) => Dispatch::Send(Some(Account::of(asker))),
        },
        Purpose::Invitation => Dispatch::Send(None),
    }
}

/// Whether nothing is sent to an address after a failure.
#[must_use]
pub fn is_suppressed(failure: Option<MailFailure>, now: Timestamp) -> bool {
    failure.is_some_and(|failure| failure.complaint || now < failure.at.after(AFTER_BOUNCE))
}

/// A mail for an account that there must be.
fn for_account(holder: Option<&User>) -> Dispatch {
    holder.map_or(NOBODY, |holder| Dispatch::Send(Some(Account::of(holder))))
}

/// A mail for the account that it was made for, if that is as it was then and has the address.
fn for_own_account(occasion: &Occasion<'_>, standing: Option<&User>) -> Dispatch {
    match own(occasion) {
        Some(own) if standing == Some(own) => Dispatch::Send(Some(Account::of(own))),
        _ => STALE,
    }
}

/// A mail that signs in. A deleted account can be brought back by it.
fn for_sign_in(occasion: &Occasion<'_>) -> Dispatch {
    let settings = occasion.settings;
    match occasion.holder {
        Some(holder) if holder.disabled => Dispatch::Drop("the account is disabled"),
        Some(holder) => Dispatch::Send(Some(Account::of(holder))),
        None if settings.magic_link == MagicLink::SignUp
            && settings.registration.permits(occasion.address)
            && is_email(occasion.address) =>
        {
            Dispatch::Send(None)
        }
        None => NOBODY,
    }
}

/// A mail for an address that must be free.
fn for_newcomer(holder: Option<&User>) -> Dispatch {
    match holder {
        None => Dispatch::Send(None),
        Some(holder) if holder.disabled => Dispatch::Drop("the account is disabled"),
        Some(_) => Dispatch::Tell(Kind::AccountExists),
    }
}

/// The user whose mail it is, if the account is as it was then.
fn own<'a>(occasion: &Occasion<'a>) -> Option<&'a User> {
    let (asker, version) = occasion.asker?;
    let as_it_was = asker.auth_version == version && !asker.disabled && asker.deleted.is_none();
    let is_own = occasion.place.subject == Subject::User(asker.id);
    (as_it_was && is_own).then_some(asker)
}

#[cfg(test)]
mod tests {
    use api::settings::{Registration, Span};

    use super::*;
    use crate::user::Deletion;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn user() -> User {
        User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW)
    }

    fn decide(
        purpose: Purpose,
        holder: Option<&User>,
        asker: Option<(&User, u64)>,
        settings: &Auth,
    ) -> Dispatch {
        let subject = match asker {
            Some((asker, _)) => Subject::User(asker.id),
            None => Subject::Flow(Id::new(NOW, [9; 10])),
        };
        dispatch(&Occasion {
            place: Place { purpose, subject },
            address: "a@b",
            holder,
            asker,
            settings,
            now: NOW,
        })
    }

    fn sends(user: &User) -> Dispatch {
        Dispatch::Send(Some(Account::of(user)))
    }

    #[test]
    fn a_mail_goes_to_whoever_may_have_it() {
        let settings = |magic_link| Auth {
            magic_link,
            ..Auth::default()
        };
        let (sign_in, sign_up) = (settings(MagicLink::SignIn), settings(MagicLink::SignUp));
        let there = user();
        let off = User {
            disabled: true,
            ..user()
        };
        let deleted = User {
            deleted: Some(Deletion::new(NOW, Span::seconds(9))),
            ..user()
        };
        let closed = Auth {
            registration: Registration {
                enabled: false,
                ..Registration::default()
            },
            ..sign_up.clone()
        };
        let dropped = Dispatch::Drop("the account is disabled");
        let told = Dispatch::Tell(Kind::AccountExists);
        use Purpose::{MagicLink as Link, PasswordReset as Reset, Registration as Register};
        for (purpose, holder, settings, expected) in [
            (Reset, None, &sign_in, NOBODY),
            (Reset, Some(&there), &sign_in, sends(&there)),
            (Reset, Some(&off), &sign_in, NOBODY),
            (Reset, Some(&deleted), &sign_in, NOBODY),
            (Link, None, &sign_in, NOBODY),
            (Link, None, &sign_up, Dispatch::Send(None)),
            (Link, None, &closed, NOBODY),
            (Link, Some(&there), &sign_up, sends(&there)),
            (Link, Some(&off), &sign_up, dropped),
            (Link, Some(&deleted), &sign_in, sends(&deleted)),
            (Register, None, &sign_in, Dispatch::Send(None)),
            (Register, Some(&there), &sign_in, told),
            (Register, Some(&deleted), &sign_in, told),
            (Register, Some(&off), &sign_in, dropped),
        ] {
            assert_eq!(
                decide(purpose, holder, None, settings),
                expected,
                "{purpose:?}"
            );
        }
    }

    #[test]
    fn a_user_who_has_asked_must_be_as_then() {
        let settings = Auth::default();
        let (there, other) = (
            user(),
            User {
                id: Id::new(NOW, [2; 10]),
                ..user()
            },
        );
        let verified = User {
            email_verified_at: Some(NOW),
            ..user()
        };
        let verify = |holder, asker| decide(Purpose::VerifyEmail, holder, asker, &settings);
        assert_eq!(verify(Some(&there), Some((&there, 1))), sends(&there));
        assert_eq!(verify(Some(&there), Some((&there, 2))), STALE);
        assert_eq!(verify(Some(&other), Some((&there, 1))), STALE);
        assert_eq!(verify(None, Some((&there, 1))), STALE);
        assert_eq!(verify(Some(&verified), Some((&verified, 1))), STALE);
        assert_eq!(verify(Some(&there), None), STALE);
        let change = |holder, asker| decide(Purpose::EmailChange, holder, asker, &settings);
        assert_eq!(change(None, Some((&there, 1))), sends(&there));
        assert_eq!(
            change(Some(&other), Some((&there, 1))),
            Dispatch::Tell(Kind::AccountExists)
        );
        assert_eq!(change(None, Some((&there, 2))), STALE);
    }

    #[test]
    fn an_address_that_failed_gets_nothing_for_a_while() {
        let settings = Auth::default();
        let days = |days: u64| NOW.before(Duration::from_secs(days * 86_400));
        let failed = |complaint, at| User {
            mail_failed: Some(MailFailure { complaint, at }),
            ..user()
        };
        for (user, suppressed) in [
            (failed(false, days(29)), true),
            (failed(false, days(30)), false),
            (failed(true, days(300)), true),
        ] {
            let decided = decide(Purpose::PasswordReset, Some(&user), None, &settings);
            assert_eq!(decided == SUPPRESSED, suppressed, "{user:?}");
        }
    }
}

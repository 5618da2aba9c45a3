//! Sign-ins by mail: the account that the reader of the mails gets.

use api::{Code, Error, Timestamp};

use crate::user::User;

/// The circumstances of a sign-in by mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whether the proof makes the first admin.
    pub bootstraps: bool,
    /// Whether a deleted account is brought back.
    pub restores: bool,
    /// The time.
    pub now: Timestamp,
}

/// The user as found now, after the reader of the mails has signed in. An account whose address was not proven is taken
/// over. Its version is raised, so that every session and every pending change ends, and its password is to be removed.
///
/// # Errors
/// `auth/invalid-code` when the account is not as the mail saw it; `auth/account-deleted` for one that can be brought back and
/// is not to be.
pub fn admit_reader(seen: &User, found: &User, entry: Entry) -> Result<User, Error> {
    let there = match found.deleted {
        _ if found.deleted != seen.deleted => return Err(Code::InvalidCode.into()),
        Some(deletion) if deletion.is_final(entry.now) => return Err(Code::InvalidCode.into()),
        Some(_) if !entry.restores => return Err(Code::AccountDeleted.into()),
        Some(_) | None => User {
            deleted: None,
            ..found.clone()
        },
    };
    let seen = User {
        deleted: None,
        ..seen.clone()
    };
    let proven = seen.proven(&there, entry.bootstraps, entry.now)?;
    if there.email_verified_at.is_some() {
        return Ok(proven);
    }
    Ok(User {
        auth_version: proven.auth_version + 1,
        ..proven.taken_over()
    })
}

#[cfg(test)]
mod tests {
    use api::Id;
    use api::settings::Span;

    use super::*;
    use crate::user::{ADMIN, Deletion};

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    const ENTRY: Entry = Entry {
        bootstraps: false,
        restores: false,
        now: NOW,
    };

    fn user(proven: bool) -> User {
        User {
            email_verified_at: proven.then_some(NOW),
            ..User::new(Id::new(NOW, [1; 10]), "a@b".into(), false, NOW)
        }
    }

    #[test]
    fn a_proven_account_stays_as_it_is_and_another_is_taken_over() {
        let proven = user(true);
        assert_eq!(admit_reader(&proven, &proven, ENTRY), Ok(proven.clone()));
        let taken = admit_reader(&user(false), &user(false), ENTRY).expect("taken over");
        assert_eq!(
            (taken.auth_version, taken.email_verified_at),
            (2, Some(NOW))
        );
        let first = Entry {
            bootstraps: true,
            ..ENTRY
        };
        let role = |proven| admit_reader(&user(proven), &user(proven), first).map(|it| it.role);
        assert_eq!(role(false).as_deref(), Ok(ADMIN));
        assert_eq!(role(true), Ok(proven.role), "proven long ago");
    }

    #[test]
    fn a_deleted_account_comes_back_when_that_is_asked_for() {
        let restores = Entry {
            restores: true,
            ..ENTRY
        };
        for proven in [true, false] {
            let deleted = |seconds| User {
                deleted: Some(Deletion::new(NOW, Span::seconds(seconds))),
                ..user(proven)
            };
            let refused = |user: &User, entry| admit_reader(user, user, entry).map(|_| ());
            assert_eq!(
                refused(&deleted(9), ENTRY),
                Err(Code::AccountDeleted.into())
            );
            assert_eq!(
                refused(&deleted(0), restores),
                Err(Code::InvalidCode.into())
            );
            let back = admit_reader(&deleted(9), &deleted(9), restores).expect("back");
            assert_eq!(back.deleted, None);
            assert_eq!(back.auth_version, if proven { 1 } else { 2 });
        }
    }

    #[test]
    fn an_account_that_has_changed_since_is_left_alone() {
        let seen = user(true);
        let others = [
            User {
                auth_version: 2,
                ..seen.clone()
            },
            User {
                email: Some("c@d".into()),
                ..seen.clone()
            },
            User {
                disabled: true,
                ..seen.clone()
            },
            User {
                deleted: Some(Deletion::new(NOW, Span::seconds(9))),
                ..seen.clone()
            },
        ];
        for found in others {
            let refused = admit_reader(&seen, &found, ENTRY);
            assert_eq!(refused, Err(Code::InvalidCode.into()), "{found:?}");
        }
    }
}

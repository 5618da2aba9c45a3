//! Flows: mails that strangers ask for. No account is looked up, so every address costs and answers the same (ASVS 5.0,
//! 6.3.8).

use std::time::Duration;

use api::wire::{FlowOpened, MailAsked};
use api::{Code, Error, Id, Timestamp};
use auth::proof::{Account, Asking, Flow, Place, Posted, Purpose, Random, Subject, Wishes};
use auth::{Keys, User};
use serde_json::Value;

use crate::accounts::mail_counts::{MailReason, MailTurn};
use crate::tables::Store;

/// How often the mail of an address's newest flow is repeated for those who ask beyond its limit.
const RARELY: Duration = Duration::from_secs(600);

/// A mail to an address that a stranger asks for.
pub struct Opening<'a> {
    /// The use.
    pub purpose: Purpose,
    /// The normalised address.
    pub email: &'a str,
    /// The handle of an earlier flow whose mail is to be sent again.
    pub handle: Option<&'a str>,
    /// The wishes.
    pub wishes: Wishes,
    /// The random bytes of the proof.
    pub random: Random,
    /// The nonce of the handle.
    pub nonce: [u8; 12],
}

impl Store {
    /// Opens a flow that keeps `values` until the address is proven, or repeats the mail of an earlier one of the same address.
    /// Two counts at the same time, then a write: 3 WRU for every address.
    ///
    /// # Errors
    /// `auth/too-many-requests`, whether or not anybody has the address; those of `values`, which is asked in between;
    /// `common/unavailable`, `common/internal`.
    pub async fn open_flow(
        &self,
        asking: &Asking<'_>,
        opening: Opening<'_>,
        values: impl AsyncFnOnce() -> Result<Option<Value>, Error>,
    ) -> Result<FlowOpened, Error> {
        let keys = self.sealing_keys(opening.handle.into_iter()).await?;
        let (purpose, now) = (opening.purpose, asking.now);
        let account = keys.pseudonym("account", opening.email);
        let known = opening
            .handle
            .and_then(|handle| Flow::open(&keys, purpose, handle, now));
        let known = known.filter(|flow| flow.account == account);
        let opens = known.is_none().then_some(asking.mark);
        let reason = match purpose {
            Purpose::Registration => MailReason::Registers,
            _ => MailReason::Asked,
        };
        let turn = self.count_mail(asking, (&account, opens), reason).await?;
        let values = values().await?;
        let (id, until) = match (turn, known) {
            (MailTurn::Repeats(newest), _) => {
                self.repeat_rarely(asking, purpose, newest, &opening.random)
                    .await?;
                (asking.mark, purpose.ends(asking.settings, now).link)
            }
            (MailTurn::Sends, Some(flow)) => {
                self.repeat_flow(asking, &flow, &opening.random).await?
            }
            (MailTurn::Sends, None) => self.new_flow(asking, &opening, (&keys, values)).await?,
        };
        let flow = Flow {
            purpose,
            id,
            account,
            until,
        };
        Ok(FlowOpened {
            flow: flow.seal(&keys, opening.nonce)?,
            expires_in: until.seconds().saturating_sub(now.seconds()),
        })
    }

    async fn new_flow(
        &self,
        asking: &Asking<'_>,
        opening: &Opening<'_>,
        (keys, values): (&Keys, Option<Value>),
    ) -> Result<(Id, Timestamp), Error> {
        let place = Place {
            purpose: opening.purpose,
            subject: Subject::Flow(asking.mark),
        };
        let posted = Posted::new(
            keys,
            place,
            opening.email,
            opening.wishes.clone(),
            opening.random,
            (asking.settings, asking.now),
        )?;
        let posted = match values {
            Some(values) => posted.with(keys, &values, &opening.random)?,
            None => posted,
        };
        self.post(&posted).await?;
        Ok((asking.mark, posted.ends.link))
    }

    /// Repeats the mail of a flow. One that was used up is repeated by nothing, and the reply does not tell.
    async fn repeat_flow(
        &self,
        asking: &Asking<'_>,
        flow: &Flow,
        random: &Random,
    ) -> Result<(Id, Timestamp), Error> {
        let now = asking.now;
        let renewal = Posted::renewal(flow.place(), random, asking.settings, now);
        let repeated = self.repeat(flow.place(), &renewal, now, now).await?;
        let until = repeated.map_or(flow.until, |posted| posted.ends.link);
        Ok((flow.id, until))
    }

    /// Repeats the mail of a flow that is known by its handle alone.
    ///
    /// # Errors
    /// `auth/invalid-code` for anything else than a handle of this purpose, for which nothing is asked;
    /// `auth/too-many-requests`; `common/unavailable`, `common/internal`.
    pub async fn resend(
        &self,
        asking: &Asking<'_>,
        (purpose, handle): (Purpose, &str),
        (random, nonce): (&Random, [u8; 12]),
    ) -> Result<FlowOpened, Error> {
        let keys = self.sealing_keys(std::iter::once(handle)).await?;
        let flow = Flow::open(&keys, purpose, handle, asking.now).ok_or(Code::InvalidCode)?;
        let counted = (flow.account.as_str(), None);
        let turn = self.count_mail(asking, counted, MailReason::Asked).await?;
        let until = match turn {
            MailTurn::Sends => self.repeat_flow(asking, &flow, random).await?.1,
            MailTurn::Repeats(_) => flow.until,
        };
        let flow = Flow { until, ..flow };
        Ok(FlowOpened {
            flow: flow.seal(&keys, nonce)?,
            expires_in: until.seconds().saturating_sub(asking.now.seconds()),
        })
    }

    /// Repeats the mail of an address's newest flow, at most once in ten minutes.
    async fn repeat_rarely(
        &self,
        asking: &Asking<'_>,
        purpose: Purpose,
        newest: Option<Id>,
        random: &Random,
    ) -> Result<(), Error> {
        let Some(newest) = newest else {
            return Ok(());
        };
        let place = Place {
            purpose,
            subject: Subject::Flow(newest),
        };
        let renewal = Posted::renewal(place, random, asking.settings, asking.now);
        let before = asking.now.before(RARELY);
        let _ = self.repeat(place, &renewal, before, asking.now).await?;
        Ok(())
    }

    /// Repeats the mail by which a user verifies the address, or makes one. The request is counted by the user, apart from
    /// what strangers ask for: two counts at the same time, then a write or two.
    ///
    /// # Errors
    /// `auth/email-not-verified` without an address; `auth/too-many-requests`; `common/unavailable`, `common/internal`.
    pub async fn ask_for_verification(
        &self,
        asking: &Asking<'_>,
        user: &User,
        wishes: Wishes,
        random: Random,
    ) -> Result<MailAsked, Error> {
        let keys = self.sealing_keys(std::iter::empty()).await?;
        let _ = self.count_own_mail(asking, &keys, user).await?;
        let place = Place::of_user(Purpose::VerifyEmail, user.id);
        let now = asking.now;
        let renewal = Posted::renewal(place, &random, asking.settings, now);
        let repeated = self.repeat(place, &renewal, now, now).await?;
        let owner = Account::of(user);
        let ends = match repeated {
            Some(posted) if posted.account == Some(owner) => posted.ends,
            // There is none, or it is for what the account was before.
            _ => {
                let settings = (asking.settings, now);
                let email = user.need_email()?;
                let posted = Posted::new(&keys, place, email, wishes, random, settings)?;
                let posted = posted.of(owner);
                self.post(&posted).await?;
                posted.ends
            }
        };
        Ok(MailAsked {
            expires_in: ends.link.seconds().saturating_sub(now.seconds()),
        })
    }

    /// Makes the mail by which a user takes another address; it voids the one before it. It is counted as a verification's.
    /// Beyond the limit over all sources the mail before it is repeated, at most once in ten minutes.
    ///
    /// # Errors
    /// Those of [`Store::ask_for_verification`].
    pub async fn ask_for_email_change(
        &self,
        asking: &Asking<'_>,
        (user, email): (&User, &str),
        wishes: Wishes,
        random: Random,
    ) -> Result<MailAsked, Error> {
        let keys = self.sealing_keys(std::iter::empty()).await?;
        let turn = match user.is_anonymous() {
            // Strangers have such an account for nothing, so the address counts, as where they ask for its mails.
            true => {
                let account = keys.pseudonym("account", email);
                let counted = (account.as_str(), None);
                self.count_mail(asking, counted, MailReason::Asked).await?
            }
            false => self.count_own_mail(asking, &keys, user).await?,
        };
        let place = Place::of_user(Purpose::EmailChange, user.id);
        let now = asking.now;
        let until = match turn {
            MailTurn::Sends => {
                let settings = (asking.settings, now);
                let posted = Posted::new(&keys, place, email, wishes, random, settings)?;
                let posted = posted.of(Account::of(user));
                self.post(&posted).await?;
                posted.ends.link
            }
            MailTurn::Repeats(_) => {
                let renewal = Posted::renewal(place, &random, asking.settings, now);
                let before = now.before(RARELY);
                let repeated = self.repeat(place, &renewal, before, now).await?;
                repeated.map_or(renewal.1.link, |posted| posted.ends.link)
            }
        };
        Ok(MailAsked {
            expires_in: until.seconds().saturating_sub(now.seconds()),
        })
    }

    /// Counts a mail that a user who is signed in asks for.
    async fn count_own_mail(
        &self,
        asking: &Asking<'_>,
        keys: &Keys,
        user: &User,
    ) -> Result<MailTurn, Error> {
        let account = keys.pseudonym("user", &user.id.to_string());
        self.count_mail(asking, (&account, None), MailReason::Asked)
            .await
    }
}

//! Second factors: their items, the attempts at their codes, and the sessions that begin with them.

use std::time::Duration;

use api::event::Reason;
use api::settings::SessionCheck;
use api::{Code, Error, Id, Timestamp};
use auth::factor::{Challenge, Factor, Stage, Trial, Used};
use auth::notice::{Notice, Random};
use auth::sign_in::{Begun, Missing, Pending};
use auth::throttle::factor;
use auth::{Admitted, Credentials, RefreshToken, Session, User, Writer};
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::factor_items::{PENDING, factor_item, read_factor};
use super::tally::Counter;
use super::throttle::Judged;
use crate::fault;
use crate::item::{Item, number, text};
use crate::send::Unsent;
use crate::tables::Store;

/// The time after which wrong codes may be forgotten again.
const DAY: Duration = Duration::from_secs(86_400);

impl Store {
    /// Reads the second factor of a user, confirmed or not. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn factor(&self, user: Id) -> Result<Option<Factor>, Error> {
        let item = self.users_item(Factor::key(user)).await?;
        item.map(|item| read_factor(user, item)).transpose()
    }

    /// Keeps a factor that waits to be confirmed, in place of an earlier one that waited. 1 WRU.
    ///
    /// # Errors
    /// `auth/mfa-already-enabled`, `common/unavailable`, `common/internal`.
    pub async fn keep_pending(&self, pending: &Factor) -> Result<(), Error> {
        let put = self
            .client
            .put_item()
            .table_name(self.users())
            .set_item(Some(factor_item(pending)))
            .condition_expression("attribute_not_exists(#id) OR attribute_exists(#pending)")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#pending", PENDING);
        match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => {
                    Err(Code::MfaAlreadyEnabled.into())
                }
                _ => Err(fault::of(&error)),
            },
        }
    }

    /// The user whose sign-in waits for a second factor to be made, by the token of the refusal. 1 RRU.
    ///
    /// # Errors
    /// `auth/invalid-token` for anything else; `auth/invalid-api-key`, `auth/origin-not-allowed`, `common/unavailable`,
    /// `common/internal`.
    pub async fn enrolling(
        &self,
        token: &str,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<(Admitted, User, Challenge), Error> {
        let keys = self.sealing_keys(std::iter::once(token)).await?;
        let challenge = Challenge::open(&keys, Stage::Enrolment, token, now);
        let challenge = challenge.ok_or(Code::InvalidToken)?;
        let (admitted, user) = tokio::try_join!(
            self.caller(credentials, SessionCheck::Immediate, now),
            self.user(challenge.user)
        )?;
        let user = user.filter(|user| challenge.is_of(user, now));
        Ok((admitted, user.ok_or(Code::InvalidToken)?, challenge))
    }

    /// Has a user prove the second factor, counted before the code is looked at, and acts on that while the attempt is given
    /// back. `beside` is read at the same time as the factor; `judges` may refuse by it. 1 RRU, and the counts of a login.
    ///
    /// # Errors
    /// `auth/too-many-requests`, `auth/invalid-mfa-code`; those of `beside`, `judges` and `act`; `common/unavailable`,
    /// `common/internal`.
    pub async fn prove_factor<B, T>(
        &self,
        trial: &Trial<'_>,
        beside: impl Future<Output = Result<B, Error>>,
        judges: impl FnOnce(&B) -> Result<(), Error>,
        act: impl AsyncFnOnce(Factor, Used, B) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let keys = self.keys().await?;
        let account = Counter {
            key: format!("mfa#{}", keys.pseudonym("factor", &trial.user.to_string())),
            source: keys.pseudonym("source", &auth::throttle::place(trial.source)),
            limits: factor(&trial.settings.throttle),
            mark: trial.mark,
            note: None,
        };
        let counted = self.count_guess(account, trial.settings, trial.now);
        let (attempt, found, beside) = tokio::join!(counted, self.factor(trial.user), beside);
        let attempt = attempt?;
        let (found, beside) = match (found, beside) {
            (Ok(found), Ok(beside)) => (found, beside),
            (Err(fault), _) | (_, Err(fault)) => return attempt.fails(fault).await,
        };
        let judged = match judges(&beside) {
            Ok(()) => self.judge_factor(trial, found).await,
            Err(refusal) => Ok(Judged::Against(refusal)),
        };
        let locks = attempt.locks_all(trial.settings.throttle.factor_attempts);
        if let (Ok(Judged::Against(_)), true, Some((notice, random))) =
            (&judged, locks, &trial.notice)
        {
            // Without the notice the attempt does not lock: it would never be told.
            if let Err(fault) = self.tell_lock(notice, random).await {
                return attempt.fails(fault).await;
            }
        }
        let act = async |(found, used)| act(found, used, beside).await;
        attempt.resolve(judged, act).await
    }

    /// The same with nothing beside.
    ///
    /// # Errors
    /// Those of [`Store::prove_factor`].
    pub async fn prove_code<T>(
        &self,
        trial: &Trial<'_>,
        act: impl AsyncFnOnce(Factor, Used) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let act = async |factor, used, ()| act(factor, used).await;
        let nothing = std::future::ready(Ok(()));
        self.prove_factor(trial, nothing, |()| Ok(()), act).await
    }

    async fn tell_lock(&self, notice: &Notice, random: &Random) -> Result<(), Error> {
        let keys = self.sealing_keys(std::iter::empty()).await?;
        self.post_notice(&notice.seal(&keys, random)?).await
    }

    async fn judge_factor(
        &self,
        trial: &Trial<'_>,
        found: Option<Factor>,
    ) -> Result<Judged<(Factor, Used)>, Error> {
        let against = || Judged::Against(Code::InvalidMfaCode.into());
        let Some(found) = found else {
            return Ok(against());
        };
        let keys = self
            .sealing_keys(std::iter::once(found.secret.as_str()))
            .await?;
        let used = found.judge(&keys, trial.typed, trial.settings, trial.now);
        Ok(used.map_or_else(against, |used| Judged::For((found, used))))
    }

    /// Begins a session by a code, which is used up, all or nothing. The session's id makes a challenge good once. 4 WRU.
    ///
    /// # Errors
    /// `auth/invalid-mfa-code` when another request was faster; `common/unavailable`, `common/internal`.
    pub async fn begin_by_factor(
        &self,
        session: &Session,
        used: Used,
        reason: Reason,
        writer: &Writer,
    ) -> Result<(), Error> {
        let items = [
            self.beginning(session, reason, writer)?,
            self.using_code(session.user, used, "")?,
        ];
        self.send_code(&items, writer).await
    }

    /// Puts a session in the place of another by a code, which is used up. 6 WRU.
    ///
    /// # Errors
    /// `auth/session-revoked` when the other does not stand, and those of [`Store::begin_by_factor`].
    pub async fn replace_by_factor(
        &self,
        session: &Session,
        old: Id,
        used: Used,
        writer: &Writer,
    ) -> Result<(), Error> {
        let items = [
            self.beginning(session, Reason::Reauthentication, writer)?,
            self.using_code(session.user, used, "")?,
            self.replaced(session, old, writer)?,
        ];
        self.send_code(&items, writer).await
    }

    /// Forgets the wrong codes of a user, from every source: its reader has set a new password. That is done once in a day, so
    /// that the reader of the mails has no endless guesses. 1 WRU, and 1 where there is something to forget.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn forget_codes(&self, user: Id, now: Timestamp) -> Result<(), Error> {
        let name = self.keys().await?.pseudonym("factor", &user.to_string());
        let until = now.after(DAY).seconds();
        let mark = Item::from([
            ("id".to_owned(), text(format!("forgot#{name}"))),
            ("expires_at".to_owned(), number(until)),
        ]);
        let put = self.client.put_item().table_name(self.throttle());
        let put = put
            .set_item(Some(mark))
            .condition_expression("attribute_not_exists(#id) OR #expires <= :now")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#expires", "expires_at")
            .expression_attribute_values(":now", number(now.seconds()));
        match put.send().await {
            Ok(_) => {}
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => return Ok(()),
                _ => return Err(fault::of(&error)),
            },
        }
        let delete = self.client.delete_item().table_name(self.throttle());
        let delete = delete.key("id", text(format!("mfa#{name}"))).send().await;
        delete.map(|_| ()).map_err(|error| fault::of(&error))
    }

    /// The refusal of a sign-in that is not finished, with the token of its next step. 1 RRU where the user has a second factor.
    ///
    /// # Errors
    /// The refusal, always; `common/unavailable` and `common/internal` in its place.
    pub async fn refuse_pending<T>(&self, pending: &Pending, nonce: [u8; 12]) -> Result<T, Error> {
        let keys = self.sealing_keys(std::iter::empty());
        let left = match pending.missing {
            Missing::Factor { .. } => {
                let factor = self.factor(pending.challenge.user).await?;
                factor.map_or(0, |factor| factor.recovery_left())
            }
            Missing::Enrolment | Missing::Passkey => 0,
        };
        Err(pending.refusal(&*keys.await?, left, nonce)?)
    }

    /// The session of a sign-in that has done its work, or the refusal that tells what is missing.
    ///
    /// # Errors
    /// Those of [`Store::refuse_pending`], where something is.
    pub async fn finished(
        &self,
        begun: Begun,
        nonce: [u8; 12],
    ) -> Result<(Session, RefreshToken), Error> {
        match begun {
            Begun::Session(session, token) => Ok((session, token)),
            Begun::Pending(pending) => self.refuse_pending(&pending, nonce).await,
        }
    }

    /// The same where a sign-in may begin no session at all.
    ///
    /// # Errors
    /// Those of [`Store::finished`].
    pub async fn finished_if(
        &self,
        begun: Option<Begun>,
        nonce: [u8; 12],
    ) -> Result<Option<(Session, RefreshToken)>, Error> {
        match begun {
            None => Ok(None),
            Some(begun) => self.finished(begun, nonce).await.map(Some),
        }
    }

    /// Uses a code up, and nothing else. 2 WRU.
    ///
    /// # Errors
    /// Those of [`Store::begin_by_factor`].
    pub async fn use_code(&self, user: Id, used: Used, writer: &Writer) -> Result<(), Error> {
        self.send_code(&[self.using_code(user, used, "")?], writer)
            .await
    }

    async fn send_code(&self, items: &[TransactWriteItem], writer: &Writer) -> Result<(), Error> {
        let token = format!("{}f", writer.rev.replace('-', ""));
        match self.send_once(items, &token, writer).await {
            Ok(failed) => match failed.iter().map(|(place, _)| *place).min() {
                None => Ok(()),
                Some(0 | 1) => Err(Code::InvalidMfaCode.into()),
                Some(_) => Err(Code::SessionRevoked.into()),
            },
            Err(Unsent::TooLarge(_)) => Err(Error::internal("a session is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }
}

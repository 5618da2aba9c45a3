//! Second factors: their items, the attempts at their codes, and the sessions that begin with them.

use api::event::Reason;
use api::settings::SessionCheck;
use api::tables::USERS;
use api::{Code, Error, Id, Timestamp};
use auth::factor::{Challenge, Factor, Recovery, Stage, Trial, Used};
use auth::sign_in::{Begun, Missing, Pending};
use auth::throttle::factor;
use auth::user::Deletion;
use auth::{Admitted, Credentials, RefreshToken, Session, User, Writer};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};

use super::sessions::session_item;
use super::tally::Counter;
use super::throttle::Judged;
use crate::fault::{self, built};
use crate::item::{Item, Reader, id, number, text, time};
use crate::send::Unsent;
use crate::tables::Store;

/// The change of a factor that goes with a change of its user.
#[derive(Clone, Copy, Debug)]
pub enum FactorChange<'a> {
    /// One that was pending is confirmed.
    Confirms(&'a Factor),
    /// It has other recovery codes, after this code was used.
    Renews(&'a Factor, Used),
    /// It is removed, after this code was used.
    Removes(Used),
    /// A code is used, and a deleted account is back with it.
    Restores(Used),
}

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
            let keys = self.sealing_keys(std::iter::empty()).await?;
            self.post_notice(&notice.seal(&keys, random)?).await?;
        }
        let act = async |(found, used)| act(found, used, beside).await;
        attempt.resolve(judged, act).await
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

    /// Uses a code up, and nothing else. 1 WRU.
    ///
    /// # Errors
    /// Those of [`Store::begin_by_factor`].
    pub async fn use_code(&self, user: Id, used: Used, writer: &Writer) -> Result<(), Error> {
        self.send_code(&[self.using_code(user, used, "")?], writer)
            .await
    }

    async fn send_code(&self, items: &[TransactWriteItem], writer: &Writer) -> Result<(), Error> {
        let token = format!("{}f", writer.rev.replace('-', ""));
        match self.send_items(items, &token, writer).await {
            Ok(failed) => match failed.iter().map(|(place, _)| *place).min() {
                None => Ok(()),
                Some(0 | 1) => Err(Code::InvalidMfaCode.into()),
                Some(_) => Err(Code::SessionRevoked.into()),
            },
            Err(Unsent::TooLarge(_)) => Err(Error::internal("a session is too large")),
            Err(Unsent::Fault(fault)) => Err(fault),
        }
    }

    /// The put of a session that nobody has begun.
    pub(super) fn beginning(
        &self,
        session: &Session,
        reason: Reason,
        writer: &Writer,
    ) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(self.sessions())
            .set_item(Some(session_item(session, reason, writer)))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id");
        let put = put.build().map_err(built)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The write of a factor that changes with its user, whose condition says that no other request has used the code.
    pub(super) fn changing_factor(
        &self,
        user: Id,
        change: FactorChange<'_>,
    ) -> Result<TransactWriteItem, Error> {
        match change {
            FactorChange::Restores(used) => self.using_code(user, used, " REMOVE #expires"),
            FactorChange::Confirms(confirmed) => {
                let put = Put::builder()
                    .table_name(self.users())
                    .set_item(Some(factor_item(confirmed)))
                    .condition_expression("attribute_exists(#pending)")
                    .expression_attribute_names("#pending", PENDING);
                let put = put.build().map_err(built)?;
                Ok(TransactWriteItem::builder().put(put).build())
            }
            FactorChange::Renews(renewed, used) => {
                let unused = Unused::of(used);
                let put = Put::builder()
                    .table_name(self.users())
                    .set_item(Some(factor_item(renewed)))
                    .condition_expression(unused.condition)
                    .set_expression_attribute_names(Some(unused.names))
                    .set_expression_attribute_values(Some(unused.values));
                let put = put.build().map_err(built)?;
                Ok(TransactWriteItem::builder().put(put).build())
            }
            FactorChange::Removes(used) => {
                let unused = Unused::of(used);
                let delete = Delete::builder()
                    .table_name(self.users())
                    .key("id", text(Factor::key(user)))
                    .condition_expression(unused.condition)
                    .set_expression_attribute_names(Some(unused.names))
                    .set_expression_attribute_values(Some(unused.values));
                let delete = delete.build().map_err(built)?;
                Ok(TransactWriteItem::builder().delete(delete).build())
            }
        }
    }

    /// Uses a code up, on condition that nobody has; `besides` is the end of its expression.
    fn using_code(&self, user: Id, used: Used, besides: &str) -> Result<TransactWriteItem, Error> {
        let Unused {
            condition,
            names,
            values,
        } = Unused::of(used);
        let change = match used {
            Used::Step(_) => "SET #last = :step",
            Used::Recovery { .. } => "ADD #used :number",
        };
        let mut update = Update::builder()
            .table_name(self.users())
            .key("id", text(Factor::key(user)))
            .update_expression(format!("{change}{besides}"))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        if let Used::Recovery { number, .. } = used {
            let numbers = AttributeValue::Ns(vec![number.to_string()]);
            update = update.expression_attribute_values(":number", numbers);
        }
        if !besides.is_empty() {
            update = update.expression_attribute_names("#expires", "expires_at");
        }
        let update = update.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Removes the factor of a user, if there is one.
    pub(super) fn deleting_factor(&self, user: Id) -> Result<TransactWriteItem, Error> {
        let delete = Delete::builder()
            .table_name(self.users())
            .key("id", text(Factor::key(user)));
        let delete = delete.build().map_err(built)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// The factor of an account that is deleted expires with it; one of an account that is back does not.
    pub(super) fn expiring_factor(
        &self,
        user: Id,
        deletion: Option<Deletion>,
    ) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(self.users())
            .key("id", text(Factor::key(user)))
            .expression_attribute_names("#expires", "expires_at");
        let update = match deletion {
            None => update.update_expression("REMOVE #expires"),
            Some(deletion) => update
                .update_expression("SET #expires = :expires")
                .expression_attribute_values(":expires", number(deletion.until)),
        };
        let update = update
            .condition_expression("attribute_exists(#id)")
            .expression_attribute_names("#id", "id");
        let update = update.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The attribute with the time until which a factor can be confirmed.
const PENDING: &str = "pending_until";

/// The condition that a code was not used.
struct Unused {
    condition: &'static str,
    names: std::collections::HashMap<String, String>,
    values: Item,
}

impl Unused {
    fn of(used: Used) -> Self {
        let names = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter();
            pairs
                .map(|(placeholder, name)| ((*placeholder).to_owned(), (*name).to_owned()))
                .collect()
        };
        match used {
            Used::Step(step) => Self {
                condition: "#last < :step AND attribute_exists(#generation)",
                names: names(&[("#last", "last_step"), ("#generation", "generation")]),
                values: Item::from([(":step".to_owned(), number(step))]),
            },
            Used::Recovery {
                generation,
                number: code,
            } => Self {
                condition: "#generation = :generation AND NOT contains(#used, :one)",
                names: names(&[("#generation", "generation"), ("#used", "used")]),
                values: Item::from([
                    (":generation".to_owned(), number(generation)),
                    (":one".to_owned(), number(code)),
                ]),
            },
        }
    }
}

fn factor_item(factor: &Factor) -> Item {
    let mut item = Item::from([
        ("id".to_owned(), text(Factor::key(factor.user))),
        ("user_id".to_owned(), id(factor.user)),
        ("secret".to_owned(), text(&factor.secret)),
        ("last_step".to_owned(), number(factor.last_step)),
    ]);
    if let Some(until) = factor.pending_until {
        item.insert(PENDING.to_owned(), time(until));
        item.insert("expires_at".to_owned(), number(until.seconds() + 1));
    }
    if let Some(recovery) = &factor.recovery {
        item.insert("generation".to_owned(), number(recovery.generation));
        item.insert("recovery_key".to_owned(), number(recovery.key));
        if !recovery.used.is_empty() {
            let used = recovery.used.iter().map(ToString::to_string).collect();
            item.insert("used".to_owned(), AttributeValue::Ns(used));
        }
    }
    item
}

fn read_factor(user: Id, mut item: Item) -> Result<Factor, Error> {
    let used = match item.remove("used") {
        Some(AttributeValue::Ns(numbers)) => {
            let numbers = numbers.iter().map(|number| number.parse().ok());
            let numbers: Option<_> = numbers.collect();
            numbers.ok_or_else(|| Error::internal("a second factor without proper `used`"))?
        }
        _ => auth::factor::Numbers::new(),
    };
    let mut reader = Reader::new(USERS.name, &mut item);
    let recovery = match reader.optional_number("generation") {
        None => None,
        Some(generation) => Some(Recovery {
            generation,
            key: u32::try_from(reader.number("recovery_key")?)
                .map_err(|_| Error::internal("recovery_key out of range"))?,
            used,
        }),
    };
    Ok(Factor {
        user,
        secret: reader.text("secret")?,
        pending_until: reader.optional_number(PENDING).map(Timestamp::from_millis),
        last_step: reader.number("last_step")?,
        recovery,
    })
}

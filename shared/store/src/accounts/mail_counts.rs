//! Counts of mails that are asked for, and of codes that are tried.

use api::{Code, Error, Id};
use auth::Keys;
use auth::proof::{Asking, Evidence, Posted};
use auth::throttle::{Refused, invitations, mails, place, registrations, source, source_mails};
use tokio::time::timeout;

use super::tally::Counter;
use super::throttle::{Counted, PATIENCE};
use crate::tables::Store;

/// The reason of a request for a mail, by which its source is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailReason {
    /// The mail alone.
    Asked,
    /// A registration that waits for the proof of its address.
    Registers,
}

/// The consequence of a request for a mail that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTurn {
    /// The mail may be sent.
    Sends,
    /// The address has had too many over all sources: the mail of its newest flow is repeated, if that is known.
    Repeats(Option<Id>),
}

impl Store {
    /// Counts a request for a mail to `account`, the pseudonym of an address or a user, and by its source. Nobody needs to
    /// have the address. `flow` is the flow that it opens. Two writes of 1 WRU at the same time; as much again and a hop where
    /// source or account have asked of late.
    ///
    /// # Errors
    /// `auth/too-many-requests` with the time to wait, for which nothing is counted; `common/unavailable`,
    /// `common/internal`.
    pub async fn count_mail(
        &self,
        asking: &Asking<'_>,
        (account, flow): (&str, Option<Id>),
        reason: MailReason,
    ) -> Result<MailTurn, Error> {
        let now = asking.now;
        let from = self.pseudonym_of(asking.source).await?;
        let by_account = Counter {
            key: format!("mails#{account}"),
            source: from.clone(),
            limits: mails(&asking.settings.throttle),
            mark: asking.mark,
            note: flow,
        };
        let (key, limits) = match reason {
            MailReason::Asked => ("mail", source_mails(&asking.settings.throttle)),
            MailReason::Registers => ("register", registrations(&asking.settings.throttle)),
        };
        let by_source = Counter {
            key: format!("{key}#{from}"),
            source: String::new(),
            limits,
            mark: asking.mark,
            note: None,
        };
        match tokio::join!(
            self.count_or_find(by_account, None, now),
            self.count_attempt(by_source, None, now)
        ) {
            (Ok(Ok(_)), Ok(Ok(_))) => Ok(MailTurn::Sends),
            (Ok(Err((refused, newest))), Ok(Ok(counted))) => {
                if refused.by_total {
                    return Ok(MailTurn::Repeats(newest));
                }
                self.empty(counted, now).await;
                Err(refused.error(now))
            }
            (Ok(Ok(counted)), Ok(Err(refused))) => {
                self.empty(counted, now).await;
                Err(refused.error(now))
            }
            (Ok(Err((one, _))), Ok(Err(other))) => Err(Refused {
                until: one.until.max(other.until),
                by_total: false,
            }
            .error(now)),
            (Ok(Ok(counted)), Err(fault)) | (Err(fault), Ok(Ok(counted))) => {
                let _ = timeout(PATIENCE, self.empty(counted, now)).await;
                Err(fault)
            }
            (Err(fault), _) | (_, Err(fault)) => Err(fault),
        }
    }

    /// Counts an invitation by its inviter. 1 WRU.
    ///
    /// # Errors
    /// Those of [`Store::count_mail`].
    pub async fn count_invitation(&self, asking: &Asking<'_>, inviter: Id) -> Result<(), Error> {
        let inviter = self
            .keys()
            .await?
            .pseudonym("inviter", &inviter.to_string());
        let counter = Counter {
            key: format!("invite#{inviter}"),
            source: String::new(),
            limits: invitations(&asking.settings.throttle),
            mark: asking.mark,
            note: None,
        };
        let counted = self.count_attempt(counter, None, asking.now).await?;
        match counted {
            Ok(_) => Ok(()),
            Err(refused) => Err(refused.error(asking.now)),
        }
    }

    /// Proves an address and acts on that. A code counts as a try of the proof and of its source: 2 WRU. A right one gives
    /// the source's try back: 1 WRU. A link takes 1 RRU.
    ///
    /// # Errors
    /// `auth/invalid-code` for whatever proves nothing; `auth/too-many-requests`; those of `act`; `common/unavailable`,
    /// `common/internal`.
    pub async fn prove_address<T>(
        &self,
        asking: &Asking<'_>,
        evidence: &Evidence<'_>,
        keys: &Keys,
        act: impl AsyncFnOnce(Posted) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let nothing = std::future::ready(Ok(()));
        let act = async |posted, ()| act(posted).await;
        self.prove_beside(asking, evidence, keys, nothing, act)
            .await
    }

    /// The same; `beside` is read at the same time as the proof, for `act` alone.
    ///
    /// # Errors
    /// Those of [`Store::prove_address`] and of `beside`.
    pub async fn prove_beside<B, T>(
        &self,
        asking: &Asking<'_>,
        evidence: &Evidence<'_>,
        keys: &Keys,
        beside: impl Future<Output = Result<B, Error>>,
        act: impl AsyncFnOnce(Posted, B) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let now = asking.now;
        let (place, code) = match evidence {
            Evidence::Link(link) => {
                let (posted, beside) = tokio::try_join!(self.proof(link.ticket.place), beside)?;
                let posted = posted.filter(|posted| posted.is_proven_by_link(link, now));
                return act(posted.ok_or(Code::InvalidCode)?, beside).await;
            }
            Evidence::Code { place, code } => (*place, *code),
        };
        let most = asking.settings.throttle.code_tries;
        let (counted, tried, beside) = tokio::join!(
            self.count_code(asking),
            self.try_code(place, most, now),
            beside
        );
        let counted = counted?;
        let (posted, beside) = match (tried, beside) {
            (Ok(posted), Ok(beside)) => (posted, beside),
            (Err(fault), _) | (_, Err(fault)) => {
                let _ = timeout(PATIENCE, self.empty(counted, now)).await;
                return Err(fault);
            }
        };
        match posted.filter(|posted| posted.is_proven_by_code(keys, code, now)) {
            Some(posted) => tokio::join!(act(posted, beside), self.empty(counted, now)).0,
            None => Err(Code::InvalidCode.into()),
        }
    }

    /// Counts a try of a code by its source: 1 WRU.
    async fn count_code(&self, asking: &Asking<'_>) -> Result<Counted, Error> {
        let from = self.pseudonym_of(asking.source).await?;
        let counter = Counter {
            key: format!("code#{from}"),
            source: String::new(),
            limits: source(&asking.settings.throttle),
            mark: asking.mark,
            note: None,
        };
        let counted = self.count_attempt(counter, None, asking.now).await?;
        counted.map_err(|refused| refused.error(asking.now))
    }

    /// The pseudonym of a source address.
    async fn pseudonym_of(&self, source: &str) -> Result<String, Error> {
        Ok(self.keys().await?.pseudonym("source", &place(source)))
    }
}

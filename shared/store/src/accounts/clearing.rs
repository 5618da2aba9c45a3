//! The attempts that count against an account or a source address, as an operator sees and clears them.

use api::event::{Reason, subjects};
use api::settings::Throttle;
use api::tables::CONFIGURATION;
use api::{Error, Id, Timestamp};
use auth::throttle::{
    Held, Limits, account, anonymous, factor, invitations, mails, place, registrations, source,
    source_mails,
};
use auth::{Keys, Writer};
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};

use super::stamp::{self, CHANGE};
use super::tally::Counter;
use crate::fault::built;
use crate::item::{id, text};
use crate::send::Unsent;
use crate::tables::Store;

/// The attribute of the mark that names the user whose attempts were cleared.
pub(crate) const CLEARED_USER: &str = "user_id";

/// An account or a source address that attempts count against.
#[derive(Clone, Copy, Debug)]
pub enum Throttled<'a> {
    /// An address, whether or not somebody has it, and the user who does.
    Account(Option<&'a str>, Option<Id>),
    /// A source address, of which an IPv6 one stands for its /64.
    Source(&'a str),
}

/// The attempts of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempts {
    /// Failed logins.
    Logins,
    /// Wrong codes of a second factor, or of mails.
    Codes,
    /// Mails that were asked for.
    Mails,
    /// Invitations that were sent.
    Invitations,
    /// Registrations.
    Registrations,
    /// Anonymous accounts that were made.
    Anonymous,
    /// Wrong secrets of service accounts.
    Secrets,
}

impl Store {
    /// The attempts that count now. 1 RRU, and 1 for each kind of attempts.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn counts_against(
        &self,
        whom: Throttled<'_>,
        settings: &Throttle,
        now: Timestamp,
    ) -> Result<Vec<(Attempts, Held)>, Error> {
        let found = self.entries_against(whom, settings, now).await?;
        let held = found.into_iter().map(|(_, kind, held)| (kind, held));
        Ok(held.collect())
    }

    /// Forgets the attempts that count now, and leaves a mark of which an event tells. All or nothing, and nothing where no
    /// attempt counts. Returns those that it has forgotten. 1 RRU, 1 for each kind, and 4 WRU at least.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn clear_counts(
        &self,
        whom: Throttled<'_>,
        settings: &Throttle,
        writer: &Writer,
    ) -> Result<Vec<(Attempts, Held)>, Error> {
        let found = self.entries_against(whom, settings, writer.now).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let (mut writes, mut cleared) = (Vec::new(), Vec::new());
        for (key, kind, held) in found {
            let delete = Delete::builder()
                .table_name(self.throttle())
                .key("id", text(key))
                .build()
                .map_err(built)?;
            writes.push(TransactWriteItem::builder().delete(delete).build());
            cleared.push((kind, held));
        }
        let user = match whom {
            Throttled::Account(_, user) => user,
            Throttled::Source(_) => None,
        };
        writes.push(self.clearing_mark(user, writer)?);
        match self.send_once(&writes, &writer.rev, writer).await {
            Ok(_) => Ok(cleared),
            Err(Unsent::Fault(fault)) => Err(fault),
            Err(Unsent::TooLarge(_)) => Err(Error::internal("the mark is too large")),
        }
    }

    fn clearing_mark(&self, user: Option<Id>, writer: &Writer) -> Result<TransactWriteItem, Error> {
        let mark = Update::builder()
            .table_name(self.table(CONFIGURATION.name))
            .key("id", text(subjects::THROTTLE))
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_names("#user", CLEARED_USER)
            .expression_attribute_values(":change", stamp::change(writer, Reason::Update, None));
        let mark = match user {
            Some(user) => mark
                .update_expression("SET #change = :change, #user = :user")
                .expression_attribute_values(":user", id(user)),
            None => mark.update_expression("SET #change = :change REMOVE #user"),
        };
        let mark = mark.build().map_err(built)?;
        Ok(TransactWriteItem::builder().update(mark).build())
    }

    /// The keys of the entries whose attempts count now.
    async fn entries_against(
        &self,
        whom: Throttled<'_>,
        settings: &Throttle,
        now: Timestamp,
    ) -> Result<Vec<(String, Attempts, Held)>, Error> {
        let Some(keys) = self.pseudonym_keys().await? else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for (key, kind, limits) in counters(&keys, whom, settings) {
            let counter = Counter {
                key,
                source: String::new(),
                limits,
                mark: Id::new(now, [0; 10]),
                note: None,
            };
            let entry = self.entry(&counter).await?;
            let held = entry.and_then(|it| it.entry.held(&limits, now));
            found.extend(held.map(|held| (counter.key, kind, held)));
        }
        Ok(found)
    }
}

/// The keys of all entries about an account or a source.
fn counters(
    keys: &Keys,
    whom: Throttled<'_>,
    settings: &Throttle,
) -> Vec<(String, Attempts, Limits)> {
    let mut all = Vec::new();
    match whom {
        Throttled::Account(email, user) => {
            if let Some(email) = email {
                let name = keys.pseudonym("account", email);
                all.push((format!("login#{name}"), Attempts::Logins, account(settings)));
                all.push((format!("mails#{name}"), Attempts::Mails, mails(settings)));
            }
            if let Some(user) = user.map(|user| user.to_string()) {
                let name = |kind: &str| keys.pseudonym(kind, &user);
                let codes = format!("mfa#{}", name("factor"));
                all.push((codes, Attempts::Codes, factor(settings)));
                let own = format!("mails#{}", name("user"));
                all.push((own, Attempts::Mails, mails(settings)));
                let invited = format!("invite#{}", name("inviter"));
                all.push((invited, Attempts::Invitations, invitations(settings)));
            }
        }
        Throttled::Source(address) => {
            let name = keys.pseudonym("source", &place(address));
            let kinds = [
                ("source", Attempts::Logins, source(settings)),
                ("code", Attempts::Codes, source(settings)),
                ("client", Attempts::Secrets, source(settings)),
                ("register", Attempts::Registrations, registrations(settings)),
                ("mail", Attempts::Mails, source_mails(settings)),
                ("anonymous", Attempts::Anonymous, anonymous(settings)),
            ];
            let kinds = kinds.into_iter();
            all.extend(kinds.map(|(key, kind, limits)| (format!("{key}#{name}"), kind, limits)));
        }
    }
    all
}

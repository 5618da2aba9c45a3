//! A table that goes back, by its kind: which of its items do, and in which steps.

use api::event::{Reason, subjects};
use api::tables::{
    self, API_KEYS, AUDIT, CONFIGURATION, CONSUMERS, DELIVERIES, GONE, INVITATIONS, SESSIONS, USERS,
};
use api::{Id, Timestamp};
use auth::{User, Writer};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::accounts::stamp::{self, CHANGE};
use crate::accounts::users::read_user;
use crate::item::{Item, number, text};
use crate::operator::check::{counted, named, said};

/// A table that goes back to a point in time.
#[derive(Clone, Debug)]
pub struct Recovery {
    pub(super) kind: Kind,
    /// The table, without the prefix of the deployment.
    pub(super) table: String,
    /// The table with the items of the point.
    pub(super) helper: String,
    /// The names of the keys.
    pub(super) keys: Vec<String>,
    pub(super) times: Times,
}

/// The kinds of tables, by what goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Users,
    Sessions,
    ApiKeys,
    Records,
    /// Settings and invitations.
    Others,
    /// The settings of consumers; their queues and logs stay.
    Deliveries,
    /// The audit log, which nothing is taken from.
    Audit,
}

/// The steps of a recovery, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Users who were admins at the point. They come first, so that no moment is without one.
    Admins,
    /// The other users; as with admins, their versions are raised.
    Users,
    /// Everything else that the point has.
    Rest,
    /// Users whom the point does not have. They go before what belongs to them: nobody works in an account without a way in.
    NewUsers,
    /// The other items that the point does not have.
    Newer,
}

impl Step {
    /// Whether it goes through the items of the point, and not through those of the stack.
    pub(super) fn is_of_point(self) -> bool {
        matches!(self, Self::Admins | Self::Users | Self::Rest)
    }
}

/// The times by which items are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// When the recovery began.
    pub(super) began: Timestamp,
    /// The attribute with the time, in seconds, from when on an item is gone.
    expires: &'static str,
}

impl Times {
    pub(super) fn new(began: Timestamp, of_api_keys: bool) -> Self {
        let expires = if of_api_keys { GONE } else { "expires_at" };
        Self { began, expires }
    }

    /// Whether an item is gone, or about to go.
    pub(super) fn is_over(self, item: &Item, now: Timestamp) -> bool {
        counted(item, self.expires).is_some_and(|until| until <= now.seconds())
    }

    /// Whether an item was written since the recovery began.
    pub(super) fn is_since(self, item: &Item) -> bool {
        written_at(item).is_some_and(|at| at >= self.began.millis())
    }
}

/// When an item was last written, in milliseconds, where it says so.
fn written_at(item: &Item) -> Option<u64> {
    let own = [
        "created_at",
        "updated_at",
        "deleted_at",
        "last_used_at",
        "revoked_at",
        "rotated_at",
    ];
    let change = item.get(CHANGE).and_then(|change| change.as_m().ok());
    let change = change.and_then(|change| counted(change, "at"));
    let record = named(item, "record").map(|id| id.created_at().millis());
    let own = own.iter().filter_map(|name| counted(item, name));
    own.chain(change).chain(record).max()
}

impl Recovery {
    /// Whether a table can go back.
    ///
    /// # Errors
    /// One line: why it cannot.
    pub fn allows(table: &str) -> Result<(), &'static str> {
        kind_of(table).map(|_| ())
    }

    /// When the recovery began: items that were written since are left alone.
    #[must_use]
    pub fn began(&self) -> Timestamp {
        self.times.began
    }

    /// The steps of this recovery.
    #[must_use]
    pub fn steps(&self) -> &'static [Step] {
        match self.kind {
            Kind::Users => &[
                Step::Admins,
                Step::Users,
                Step::Rest,
                Step::NewUsers,
                Step::Newer,
            ],
            Kind::Audit => &[Step::Rest],
            _ => &[Step::Rest, Step::Newer],
        }
    }

    /// Whether a step is about an item.
    pub(super) fn takes(&self, step: Step, item: &Item) -> bool {
        match (self.kind, step) {
            (Kind::Users, Step::Admins) => is_admin(item),
            (Kind::Users, Step::Users) => is_user(item) && !is_admin(item),
            (Kind::Users, Step::NewUsers) => is_user(item),
            (Kind::Users, Step::Rest | Step::Newer) => !is_user(item) && !is_count(item),
            (Kind::Deliveries, _) => item.get("consumer") == Some(&text(CONSUMERS)),
            (Kind::Records, _) => !is_idempotency_key(item),
            (Kind::Others, _) => !is_mark(item),
            _ => true,
        }
    }

    /// The key of the item that has this one: the user of an item of `_users`, the record of a reservation.
    pub(super) fn owner(&self, item: &Item) -> Option<Item> {
        match self.kind {
            Kind::Users => {
                let user = said(item, "user_id")?;
                Some(Item::from([("id".to_owned(), text(user))]))
            }
            Kind::Records => {
                let is_reservation = said(item, "id")?.starts_with("unique#");
                let record = named(item, "record").filter(|_| is_reservation)?;
                Some(Item::from([
                    ("shard".to_owned(), number(record.shard())),
                    ("id".to_owned(), text(record.to_string())),
                ]))
            }
            _ => None,
        }
    }

    /// The key of an item.
    pub(super) fn key(&self, item: &Item) -> Item {
        let named = |name: &String| Some((name.clone(), item.get(name)?.clone()));
        self.keys.iter().filter_map(named).collect()
    }

    /// The key as a text.
    pub(super) fn name(&self, item: &Item) -> String {
        let part = |name: &String| match item.get(name) {
            Some(AttributeValue::S(text) | AttributeValue::N(text)) => text.clone(),
            _ => String::new(),
        };
        let parts: Vec<String> = self.keys.iter().map(part).collect();
        parts.join("\n")
    }

    /// The change that a user has who is put back.
    pub(super) fn stamp(&self) -> AttributeValue {
        let writer = Writer::operator(self.times.began, [0; 10]);
        stamp::change(&writer, Reason::Restore, None)
    }
}

/// The names of a table's keys.
pub(super) fn keys_of(table: &str) -> Vec<String> {
    let system = tables::ALL.iter().find(|it| it.name == table);
    let keys = system.map_or(["shard", "id"].as_slice(), |it| it.key);
    keys.iter().map(|name| (*name).to_owned()).collect()
}

/// The kind of a table; the reason why it cannot go back.
pub(super) fn kind_of(table: &str) -> Result<Kind, &'static str> {
    if !table.starts_with('_') {
        return Ok(Kind::Records);
    }
    let kinds = [
        (USERS.name, Kind::Users),
        (SESSIONS.name, Kind::Sessions),
        (API_KEYS.name, Kind::ApiKeys),
        (CONFIGURATION.name, Kind::Others),
        (INVITATIONS.name, Kind::Others),
        (DELIVERIES.name, Kind::Deliveries),
        (AUDIT.name, Kind::Audit),
    ];
    let kind = kinds.iter().find(|(name, _)| *name == table);
    let kind = kind.map(|(_, kind)| *kind);
    kind.ok_or(
        "only collections, _users, _sessions, _api_keys, _configuration, _invitations, _deliveries and _audit go back: \
         _settings has keys, of which an old one may be in other hands, and the others have nothing that lasts",
    )
}

/// Whether an item of `_users` is a user, or the tombstone of one.
pub(super) fn is_user(item: &Item) -> bool {
    said(item, "id").is_some_and(|key| key.parse::<Id>().is_ok())
}

/// Whether an item is a user who is an acting admin.
pub(super) fn is_admin(item: &Item) -> bool {
    let user = || read_user(item.clone()).ok().flatten();
    is_user(item) && user().as_ref().is_some_and(User::is_acting_admin)
}

/// Whether an item counts or marks what the table holds: it stays as it is.
pub(super) fn is_count(item: &Item) -> bool {
    said(item, "id").is_some_and(|key| key.starts_with('#'))
}

/// Whether an item of `_configuration` is the mark of an operator's deed: on the keys, on attempts, or on a table. Events follow
/// from it, and an old one would tell of a step that nobody takes.
fn is_mark(item: &Item) -> bool {
    let marks = [subjects::TOKEN_KEYS, subjects::THROTTLE];
    said(item, "id")
        .is_some_and(|key| marks.contains(&key.as_str()) || key.starts_with(subjects::TABLE))
}

/// Whether an item is the key of a create, which is good for a day.
fn is_idempotency_key(item: &Item) -> bool {
    said(item, "id").is_some_and(|key| key.starts_with("key#"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::users::user_item;

    #[test]
    fn the_keys_are_those_that_the_table_is_declared_with() {
        assert_eq!(keys_of("_users"), ["id"]);
        assert_eq!(keys_of("_sessions"), ["user_id", "id"]);
        assert_eq!(keys_of("posts"), ["shard", "id"]);
    }

    #[test]
    fn a_table_goes_back_where_what_it_holds_lasts() {
        for (table, kind) in [
            ("posts", Kind::Records),
            ("_users", Kind::Users),
            ("_sessions", Kind::Sessions),
            ("_api_keys", Kind::ApiKeys),
            ("_deliveries", Kind::Deliveries),
            ("_audit", Kind::Audit),
            ("_invitations", Kind::Others),
        ] {
            assert_eq!(kind_of(table), Ok(kind), "{table}");
        }
        for table in ["_settings", "_throttle", "_events", "_mail", "_nothing"] {
            assert!(kind_of(table).is_err(), "{table}");
        }
    }

    fn recovery(kind: Kind) -> Recovery {
        Recovery {
            kind,
            table: "t".to_owned(),
            helper: "h".to_owned(),
            keys: vec!["id".to_owned()],
            times: Times::new(Timestamp::default(), false),
        }
    }

    fn named_so(id: &str) -> Item {
        Item::from([("id".to_owned(), text(id))])
    }

    #[test]
    fn marks_of_steps_and_unlocks_do_not_go_back() {
        let configuration = recovery(Kind::Others);
        for (id, goes) in [
            ("keys", false),
            ("throttle", false),
            ("table#posts", false),
            ("provider#a", true),
        ] {
            for step in configuration.steps() {
                assert_eq!(configuration.takes(*step, &named_so(id)), goes, "{id}");
            }
        }
    }

    #[test]
    fn a_user_is_taken_before_what_belongs_to_it_and_an_admin_first() {
        let users = recovery(Kind::Users);
        let person = |role: &str, seed: u8| {
            let at = Timestamp::from_millis(1);
            let id = Id::new(at, [seed; 10]);
            let bare = User::new(id, "ada@example.com".to_owned(), false, at);
            user_item(&User {
                role: role.to_owned(),
                ..bare
            })
        };
        let taken = |item: &Item| -> Vec<Step> {
            let steps = users.steps().iter().copied();
            steps.filter(|step| users.takes(*step, item)).collect()
        };
        assert_eq!(taken(&person("admin", 1)), [Step::Admins, Step::NewUsers]);
        assert_eq!(taken(&person("editor", 2)), [Step::Users, Step::NewUsers]);
        let identity = named_so("email#ada@example.com");
        assert_eq!(taken(&identity), [Step::Rest, Step::Newer]);
        assert!(taken(&named_so("#admins")).is_empty());
    }

    #[test]
    fn a_reservation_has_a_record_and_an_identity_a_user() {
        let id = Id::new(Timestamp::from_millis(1), [1; 10]);
        let mut reservation = named_so("unique#sku#x");
        reservation.insert("record".to_owned(), text(id.to_string()));
        let owner = recovery(Kind::Records).owner(&reservation);
        let mut expected = named_so(&id.to_string());
        expected.insert("shard".to_owned(), number(id.shard()));
        assert_eq!(owner, Some(expected));
        let record = named_so(&id.to_string());
        assert_eq!(recovery(Kind::Records).owner(&record), None);
        let mut identity = named_so("email#a");
        identity.insert("user_id".to_owned(), text(id.to_string()));
        assert_eq!(
            recovery(Kind::Users).owner(&identity),
            Some(named_so(&id.to_string()))
        );
    }
}

//! Import of users from another system, and export.

use std::collections::{BTreeSet, HashMap};

use api::definition::ProfileField;
use api::event::Reason;
use api::{Error, Id, Timestamp};
use auth::factor::Factor;
use auth::provider::{Federated, provider_of};
use auth::{User, Writer};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::accounts::factor_items::{FactorChange, read_factor};
use crate::accounts::parts::Along;
use crate::accounts::providers::read_federated;
use crate::accounts::users::{MARK, identity_key, read_user, reserved};
use crate::batch::strong;
use crate::fault;
use crate::item::{Item, id, text};
use crate::tables::Store;

/// The most items that one request reads.
const BATCH: usize = 100;

/// The ways to sign in of a user who moves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// The stored hash of the password.
    pub password_hash: Option<String>,
    /// The accounts at providers.
    pub identities: Vec<Federated>,
    /// The second factor, with its secret sealed.
    pub factor: Option<Factor>,
}

/// The outcome for a user of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// The user was made, or could be.
    Made,
    /// The same import made this user before.
    There(Id),
    /// Another user has the address.
    EmailTaken,
    /// Another user has the id.
    IdTaken,
    /// Another user has the account at this provider.
    AccountTaken(String),
    /// Another user has the value of this profile field.
    ValueTaken(String),
}

/// A part of all users, in no order.
#[derive(Debug)]
pub struct Exported {
    /// The users who have an address, each with the ways to sign in where those were asked for.
    pub users: Vec<(User, Ways)>,
    /// Likewise those without an address: a provider or a passkey signs in.
    pub nameless: Vec<(User, Ways)>,
    /// The users who do not move: anonymous and service accounts.
    pub staying: Vec<User>,
    /// The position to go on from; `None` at the end.
    pub next: Option<Position>,
}

/// The position of an export.
#[derive(Clone, Debug)]
pub struct Position(pub(super) Item);

/// The keys of a user that no other can have, each with a name. They are of the address, the id, the accounts at providers
/// and the unique profile values.
#[must_use]
pub fn claims(declared: &[ProfileField], user: &User) -> Vec<(String, String)> {
    let named = |(key, taken): (String, Imported)| match taken {
        Imported::EmailTaken => Some((key, "address".to_owned())),
        Imported::IdTaken => Some((key, "id".to_owned())),
        Imported::AccountTaken(provider) => Some((key, format!("account at {provider}"))),
        Imported::ValueTaken(field) => Some((key, format!("`{field}`"))),
        Imported::Made | Imported::There(_) => None,
    };
    wanted(declared, user)
        .into_iter()
        .filter_map(named)
        .collect()
}

/// The keys of a user that no other can have, each with the outcome where another user has it.
fn wanted(declared: &[ProfileField], user: &User) -> Vec<(String, Imported)> {
    let address = user.email.as_deref();
    let address = address.map(|email| (identity_key(email), Imported::EmailTaken));
    let id = (user.id.to_string(), Imported::IdTaken);
    let accounts = user.providers().map(|key| {
        let provider = provider_of(key).unwrap_or_default().to_owned();
        (key.clone(), Imported::AccountTaken(provider))
    });
    let unique = reserved(declared, Some(user)).into_iter();
    let unique = unique.map(|(key, field)| (key, Imported::ValueTaken(field)));
    let first = address.into_iter().chain([id]);
    first.chain(accounts).chain(unique).collect()
}

impl Store {
    /// Makes a user of an import with the ways to sign in, all or nothing, unless the line with this `mark` made the user
    /// before.
    ///
    /// # Errors
    /// `data/record-too-large`, `common/unavailable`, `common/internal`.
    pub async fn import_user(
        &self,
        declared: &[ProfileField],
        (user, ways): (&User, &Ways),
        mark: &str,
        writer: &Writer,
    ) -> Result<Imported, Error> {
        let along = Along {
            password_hash: ways.password_hash.as_deref(),
            mark: Some(mark),
            brings: &ways.identities,
            factor: ways.factor.as_ref().map(FactorChange::Brings),
            ..Along::of(Reason::Import)
        };
        let failed = self
            .try_to_create(declared, user, &along, writer, 1)
            .await?;
        if failed.is_empty() {
            return Ok(Imported::Made);
        }
        match self.could_import(declared, user, mark, writer.now).await? {
            // The item that stood in the way is gone.
            Imported::Made => Err(Error::unavailable("another request changes the same keys")),
            found => Ok(found),
        }
    }

    /// The result that [`Store::import_user`] would have.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn could_import(
        &self,
        declared: &[ProfileField],
        user: &User,
        mark: &str,
        now: Timestamp,
    ) -> Result<Imported, Error> {
        let mut taken = None;
        for (key, refusal) in wanted(declared, user) {
            let Some(item) = self.users_item(key).await?.filter(|it| !is_over(it, now)) else {
                continue;
            };
            // The tombstone of a user who was removed.
            if refusal == Imported::IdTaken && read_user(item.clone())?.is_none() {
                continue;
            }
            if let Some(user) = self.made_by_line(&item, mark).await? {
                return Ok(Imported::There(user));
            }
            taken = taken.or(Some(refusal));
        }
        Ok(taken.unwrap_or(Imported::Made))
    }

    /// The user that this line of an import has made, where the item is this user or belongs to it.
    async fn made_by_line(&self, item: &Item, mark: &str) -> Result<Option<Id>, Error> {
        let made = |user: &Item| {
            let id = user.get("id")?.as_s().ok()?.parse().ok();
            id.filter(|_| user.get(MARK) == Some(&text(mark)))
        };
        let Some(AttributeValue::S(owner)) = item.get("user_id") else {
            return Ok(made(item));
        };
        let owner = self.users_item(owner.clone()).await?;
        Ok(owner.as_ref().and_then(made))
    }

    /// Reads some of all users who are not deleted, with their ways to sign in if asked. Reads the whole table, 1 MB at a
    /// time, strongly consistent.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn export_users(
        &self,
        from: Option<Position>,
        with_ways: bool,
    ) -> Result<Exported, Error> {
        let scan = self
            .client
            .scan()
            .table_name(self.users())
            .consistent_read(true)
            // Only users have a kind: identities, factors and reservations name their user.
            .filter_expression("attribute_exists(#kind) AND attribute_not_exists(#deleted)")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_names("#deleted", "deleted_at")
            .set_exclusive_start_key(from.map(|position| position.0));
        let output = scan.send().await.map_err(|error| fault::of(&error))?;
        let users = output
            .items
            .unwrap_or_default()
            .into_iter()
            .filter_map(|item| read_user(item).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let stays = |user: &User| user.is_anonymous() || user.service.is_some();
        let (staying, leaving): (Vec<User>, Vec<User>) = users.into_iter().partition(stays);
        let ways = match with_ways {
            true => self.ways_of(&leaving).await?,
            false => vec![Ways::default(); leaving.len()],
        };
        let has_address = |(user, _): &(User, Ways)| user.email.is_some();
        let (users, nameless) = leaving.into_iter().zip(ways).partition(has_address);
        Ok(Exported {
            users,
            nameless,
            staying,
            next: output.last_evaluated_key.map(Position),
        })
    }

    /// Reads the ways to sign in of users, in their order.
    async fn ways_of(&self, users: &[User]) -> Result<Vec<Ways>, Error> {
        // An identity of another issuer than before may be named by two users.
        let keys: BTreeSet<String> = users.iter().flat_map(keys_of).collect();
        let keys: Vec<String> = keys.into_iter().collect();
        let mut found = HashMap::new();
        for some in keys.chunks(BATCH) {
            let keys = some
                .iter()
                .map(|key| Item::from([("id".to_owned(), text(key))]));
            let wanted = HashMap::from([(self.users(), strong(keys.collect())?)]);
            for item in self.batch(wanted).await?.into_values().flatten() {
                if let Some(AttributeValue::S(key)) = item.get("id").cloned() {
                    found.insert(key, item);
                }
            }
        }
        users.iter().map(|user| read_ways(user, &found)).collect()
    }
}

/// Whether the time of an account is over that an item belongs to: TTL removes it.
fn is_over(item: &Item, now: Timestamp) -> bool {
    let until: Option<u64> = match item.get("expires_at") {
        Some(AttributeValue::N(until)) => until.parse().ok(),
        _ => None,
    };
    until.is_some_and(|until| until <= now.seconds())
}

/// The keys of the items by which a user signs in.
fn keys_of(user: &User) -> Vec<String> {
    let address = user.email.as_deref().map(identity_key);
    let factor = user.mfa.map(|_| Factor::key(user.id));
    let providers = user.providers().cloned();
    providers.chain(address).chain(factor).collect()
}

/// The ways to sign in of a user, of items by their keys.
fn read_ways(user: &User, found: &HashMap<String, Item>) -> Result<Ways, Error> {
    let own = |key: &str| {
        let item = found.get(key)?;
        (item.get("user_id") == Some(&id(user.id))).then(|| item.clone())
    };
    let address = user.email.as_deref();
    let identity = address.and_then(|email| own(&identity_key(email)));
    let password_hash = match identity.and_then(|mut item| item.remove("password_hash")) {
        Some(AttributeValue::S(hash)) => Some(hash),
        _ => None,
    };
    let identities = user.providers().filter_map(|key| own(key));
    let factor = own(&Factor::key(user.id));
    let factor = factor.map(|item| read_factor(user.id, item)).transpose()?;
    Ok(Ways {
        password_hash,
        identities: identities.map(read_federated).collect::<Result<_, _>>()?,
        factor: factor.filter(Factor::is_confirmed),
    })
}

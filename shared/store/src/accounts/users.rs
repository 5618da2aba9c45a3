//! `_users`: users, their identities, and the reservations of their unique values.

use std::collections::BTreeMap;

use api::definition::{ProfileField, USERNAME};
use api::record::is_username;
use api::tables::{IDENTITIES, USERS};
use api::{Error, Id, Timestamp};
use auth::user::{Deletion, MailFailure, ServiceAccount, SignInMethod, Terms};
use auth::{Identity, User};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::fault;
use crate::item::{Item, Reader, from_object, id, number, text, time};
use crate::tables::Store;

/// The `kind` of every user in the index `by_kind`, which lists them.
pub(crate) const KIND: &str = "user";

/// The `kind` of service accounts in the same index, which has lists of their own.
pub(super) const SERVICE_KIND: &str = "service";

/// The attribute that every user has, and no tombstone of one.
pub(crate) const VERSION: &str = "auth_version";

/// The attribute of a user that holds the mark of its import line.
pub(crate) const MARK: &str = "import";

impl Store {
    /// Reads the identity of an address. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn identity(&self, email: &str) -> Result<Option<Identity>, Error> {
        let Some(mut item) = self.users_item(identity_key(email)).await? else {
            return Ok(None);
        };
        let mut reader = Reader::new(USERS.name, &mut item);
        Ok(Some(Identity {
            user: reader.id("user_id")?,
            password_hash: reader.optional_text("password_hash"),
            auth_version: reader.number("auth_version")?,
            deleted: read_deletion(&mut reader),
        }))
    }

    /// Reads the identity of a user's address, as [`Store::identity`] does; `None` without an address.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn identity_of(&self, user: &User) -> Result<Option<Identity>, Error> {
        match &user.email {
            Some(email) => self.identity(email).await,
            None => Ok(None),
        }
    }

    /// Reads a user. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn user(&self, user: Id) -> Result<Option<User>, Error> {
        let item = self.users_item(user.to_string()).await?;
        Ok(item.map(read_user).transpose()?.flatten())
    }

    /// Reads the user with a username, regardless of case. Strongly consistent: 2 RRU in two requests, whether a user
    /// has it or not; an invalid username reads nothing.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn user_called(&self, username: &str, nobody: Id) -> Result<Option<User>, Error> {
        if !is_username(username) {
            return Ok(None);
        }
        let reservation = self.users_item(username_key(username)).await?;
        let owner = reservation.and_then(|item| match item.get("user_id") {
            Some(AttributeValue::S(owner)) => owner.parse::<Id>().ok(),
            _ => None,
        });
        let user = self.user(owner.unwrap_or(nobody)).await?;
        // A username that was given up during the look-up finds no user.
        let has_it = |user: &User| {
            user.profile
                .get(USERNAME)
                .and_then(Value::as_str)
                .map(username_key)
        };
        Ok(user.filter(|user| has_it(user) == Some(username_key(username))))
    }

    /// Replaces a stored password hash, unless another request has changed it since.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn replace_hash(&self, email: &str, old: &str, new: &str) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(self.users())
            .key("id", text(identity_key(email)))
            .update_expression("SET #hash = :new")
            .condition_expression("#hash = :old")
            .expression_attribute_names("#hash", "password_hash")
            .expression_attribute_values(":new", text(new))
            .expression_attribute_values(":old", text(old));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => Ok(()),
                _ => Err(fault::of(&error)),
            },
        }
    }

    pub(crate) async fn users_item(&self, key: String) -> Result<Option<Item>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.users())
            .key("id", text(key))
            .consistent_read(true);
        Ok(get.send().await.map_err(|error| fault::of(&error))?.item)
    }
}

/// The key of an address's identity item. No user's id has this form.
pub(crate) fn identity_key(email: &str) -> String {
    format!("{IDENTITIES}{email}")
}

/// The identity of a user's address as an item.
pub(crate) fn identity_item(user: &User, email: &str, password_hash: Option<&str>) -> Item {
    let mut item = Item::from([
        ("id".to_owned(), text(identity_key(email))),
        ("user_id".to_owned(), id(user.id)),
        ("auth_version".to_owned(), number(user.auth_version)),
    ]);
    item.extend(password_hash.map(|hash| ("password_hash".to_owned(), text(hash))));
    item
}

/// The attributes that a user may lack, each with its value where there is one.
pub(super) fn optional_attributes(user: &User) -> [(&'static str, Option<AttributeValue>); 8] {
    let terms = user.terms.as_ref().map(|terms| {
        AttributeValue::M(Item::from([
            ("version".to_owned(), text(&terms.version)),
            ("accepted_at".to_owned(), time(terms.accepted_at)),
        ]))
    });
    let failed = user.mail_failed.map(|failure| {
        AttributeValue::M(Item::from([
            (
                "complaint".to_owned(),
                AttributeValue::Bool(failure.complaint),
            ),
            ("at".to_owned(), time(failure.at)),
        ]))
    });
    let methods = user.methods.iter().map(|(key, method)| {
        let method = AttributeValue::M(Item::from([
            ("added_at".to_owned(), time(method.added_at)),
            ("label".to_owned(), text(&method.label)),
        ]));
        (key.clone(), method)
    });
    let methods = (!user.methods.is_empty()).then(|| AttributeValue::M(methods.collect()));
    [
        ("email", user.email.as_deref().map(text)),
        ("mfa", user.mfa.map(time)),
        ("methods", methods),
        ("email_verified_at", user.email_verified_at.map(time)),
        ("locale", user.locale.as_deref().map(text)),
        ("terms", terms),
        ("mail_failed", failed),
        ("service", user.service.as_ref().map(service_map)),
    ]
}

/// The name and the secrets of a service account.
fn service_map(service: &ServiceAccount) -> AttributeValue {
    let mut map = Item::from([
        ("name".to_owned(), text(&service.name)),
        ("secret".to_owned(), text(&service.secret)),
    ]);
    let rotated = service.rotated_at.map(time);
    map.extend(rotated.map(|at| ("rotated_at".to_owned(), at)));
    if let Some((previous, until)) = &service.previous {
        map.insert("previous".to_owned(), text(previous));
        map.insert("previous_until".to_owned(), time(*until));
    }
    AttributeValue::M(map)
}

fn read_service(mut map: Item) -> Result<ServiceAccount, Error> {
    let mut reader = Reader::new(USERS.name, &mut map);
    let until = reader.optional_number("previous_until");
    let until = until.map(Timestamp::from_millis);
    Ok(ServiceAccount {
        name: reader.text("name")?,
        secret: reader.text("secret")?,
        rotated_at: reader
            .optional_number("rotated_at")
            .map(Timestamp::from_millis),
        previous: reader.optional_text("previous").zip(until),
    })
}

/// The `kind` of a user in the index.
pub(super) fn kind_of(user: &User) -> &'static str {
    match user.service {
        Some(_) => SERVICE_KIND,
        None => KIND,
    }
}

pub(crate) fn user_item(user: &User) -> Item {
    let optional = optional_attributes(user).into_iter();
    let optional = optional.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let mut item = Item::from([
        ("id".to_owned(), id(user.id)),
        ("kind".to_owned(), text(kind_of(user))),
        ("role".to_owned(), text(&user.role)),
        ("disabled".to_owned(), AttributeValue::Bool(user.disabled)),
        ("auth_version".to_owned(), number(user.auth_version)),
        ("created_at".to_owned(), time(user.created_at)),
        ("profile".to_owned(), from_object(user.profile.clone())),
    ]);
    item.extend(optional);
    let lapse = user.lapses_at.map(number);
    item.extend(lapse.map(|lapse| ("expires_at".to_owned(), lapse)));
    item
}

/// Whether the item of a user is the tombstone of an account that was removed.
fn is_tombstone(item: &Item) -> bool {
    item.contains_key("deleted_at") && !item.contains_key(VERSION)
}

/// Reads a user from its item; `None` from the tombstone of an account that was removed.
pub(crate) fn read_user(mut item: Item) -> Result<Option<User>, Error> {
    if is_tombstone(&item) {
        return Ok(None);
    }
    let mut reader = Reader::new(USERS.name, &mut item);
    let deleted = read_deletion(&mut reader);
    let lapses_at = match deleted {
        None => reader.optional_number("expires_at"),
        Some(_) => None,
    };
    Ok(Some(User {
        id: reader.id("id")?,
        email: reader.optional_text("email"),
        lapses_at,
        role: reader.text("role")?,
        disabled: reader.flag("disabled"),
        auth_version: reader.number("auth_version")?,
        created_at: reader.time("created_at")?,
        profile: reader.optional_object("profile")?,
        deleted,
        email_verified_at: reader
            .optional_number("email_verified_at")
            .map(Timestamp::from_millis),
        locale: reader.optional_text("locale"),
        terms: reader.optional_map("terms").map(read_terms).transpose()?,
        mail_failed: reader
            .optional_map("mail_failed")
            .map(read_failure)
            .transpose()?,
        mfa: reader.optional_number("mfa").map(Timestamp::from_millis),
        methods: read_methods(reader.optional_map("methods").unwrap_or_default())?,
        service: reader
            .optional_map("service")
            .map(read_service)
            .transpose()?,
    }))
}

fn read_methods(methods: Item) -> Result<BTreeMap<String, SignInMethod>, Error> {
    let methods = methods.into_iter().map(|(key, value)| {
        let mut method = match value {
            AttributeValue::M(method) => method,
            _ => Item::new(),
        };
        let mut reader = Reader::new(USERS.name, &mut method);
        let method = SignInMethod {
            added_at: reader.time("added_at")?,
            label: reader.text("label")?,
        };
        Ok((key, method))
    });
    methods.collect()
}

fn read_terms(mut terms: Item) -> Result<Terms, Error> {
    let mut reader = Reader::new(USERS.name, &mut terms);
    Ok(Terms {
        version: reader.text("version")?,
        accepted_at: reader.time("accepted_at")?,
    })
}

fn read_failure(mut failure: Item) -> Result<MailFailure, Error> {
    let mut reader = Reader::new(USERS.name, &mut failure);
    Ok(MailFailure {
        complaint: reader.flag("complaint"),
        at: reader.time("at")?,
    })
}

/// Reads the deletion of an account. Without an end of the time for a restore, no restore is possible.
fn read_deletion(reader: &mut Reader<'_>) -> Option<Deletion> {
    let at = Timestamp::from_millis(reader.optional_number("deleted_at")?);
    Some(Deletion {
        at,
        until: reader.optional_number("expires_at").unwrap_or(0),
    })
}

/// The key of a username's reservation. No user's id has this form.
fn username_key(username: &str) -> String {
    format!("username#{}", username.to_ascii_lowercase())
}

/// The keys of a user's unique values, each with its field.
pub(crate) fn reserved(declared: &[ProfileField], user: Option<&User>) -> BTreeMap<String, String> {
    let unique = declared.iter().filter(|field| field.field.unique);
    let key = |field: &ProfileField| {
        let name = &field.field.name;
        let value = user?.profile.get(name)?;
        let key = match value {
            Value::String(username) if field.is_username() => username_key(username),
            value => {
                let hash = digest(&SHA256, json!([name, value]).to_string().as_bytes());
                format!("unique#{name}#{}", URL_SAFE_NO_PAD.encode(hash))
            }
        };
        Some((key, name.clone()))
    };
    unique.filter_map(key).collect()
}

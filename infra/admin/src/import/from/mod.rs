//! Users of other systems, as their exports have them, made into lines of an import.

mod accounts;
mod fields;
mod shape;

use std::collections::BTreeMap;

use api::Timestamp;
use api::definition::ProfileField;
use clap::ValueEnum;
use serde_json::{Map, Value, json};

pub(super) use self::fields::FieldMap;
use self::shape::Shape;
pub(super) use self::shape::stranger;
use crate::ids::time_of;
use crate::rows::{array_of_postgres, moment, plain, truth, typed};

/// A system whose exports are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    /// PocketBase: rows of the collection `users`.
    Pocketbase,
    /// Supabase: rows of `auth.users`.
    Supabase,
    /// urBackend: documents of the collection `users`.
    Urbackend,
    /// bkend: items of its list of users.
    Bkend,
}

impl System {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pocketbase => "PocketBase",
            Self::Supabase => "Supabase",
            Self::Urbackend => "urBackend",
            Self::Bkend => "bkend",
        }
    }
}

/// A user of another system as a line of an import.
#[derive(Debug, PartialEq)]
pub(super) struct Brought {
    /// The id there.
    pub(super) old: String,
    /// The line.
    pub(super) line: Map<String, Value>,
    /// The names of the members that do not come along.
    pub(super) left: Vec<String>,
}

/// Makes a line of a user of another system. `declared` are the profile fields, `map` names those that have other names there.
///
/// # Errors
/// Every problem of the user, in words that never repeat a hash.
pub(super) fn translate(
    system: System,
    fields: Map<String, Value>,
    (declared, map): (&[ProfileField], &FieldMap),
    now: Timestamp,
) -> Result<Brought, String> {
    if let Some(reason) = stranger(system, &fields) {
        return Err(reason);
    }
    let shape = Shape::of(system);
    let mut user = Origin::new(fields);
    let old = user.id(shape.id).ok_or_else(|| {
        let name = shape.id.first().unwrap_or(&"id");
        format!(
            "`{name}` is required: the id of the user in {}.",
            system.name()
        )
    })?;
    let metadata = user.metadata(shape.metadata);
    let mapped = map.take(&user.fields, &metadata, |name| shape.has(name));
    map.leave_out(&mut user.fields);
    for (name, reason) in shape.refused {
        if user
            .text(name)
            .is_some_and(|text| truth(&json!(text)) != Some(false))
        {
            user.problems.push(format!("{reason}."));
        }
    }
    user.add("email", |user| user.text("email").map(Value::String));
    user.hash(shape.hash);
    let created = user.time(shape.created, now).or_else(|| time_of(&old));
    user.line
        .extend(created.map(|at| ("createdAt".to_owned(), json!(at))));
    user.verified(shape.verified, created.unwrap_or(now));
    if let Some(name) = shape.banned {
        user.banned(name, now);
    }
    user.role(shape.role);
    let (identities, mut left) = accounts::take(&mut user.fields, shape.accounts);
    if !identities.is_empty() {
        user.line.insert("identities".to_owned(), identities.into());
    }
    for name in shape.ignored {
        user.fields.remove(*name);
    }
    for name in shape.metadata {
        user.spread(name, shape);
    }
    left.extend(user.profile(declared, mapped, map));
    match user.problems.is_empty() {
        true => Ok(Brought {
            old,
            line: user.line,
            left,
        }),
        false => Err(user.problems.join(" ")),
    }
}

/// A user of another system, and the line so far.
struct Origin {
    /// The members that are not taken yet.
    fields: Map<String, Value>,
    line: Map<String, Value>,
    problems: Vec<String>,
}

impl Origin {
    fn new(fields: Map<String, Value>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name, plain(value)));
        let is_there = |value: &Value| !value.is_null() && value != "";
        Self {
            fields: fields.filter(|(_, value)| is_there(value)).collect(),
            line: Map::new(),
            problems: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, value: impl FnOnce(&mut Self) -> Option<Value>) {
        if let Some(value) = value(self) {
            self.line.insert(name.to_owned(), value);
        }
    }

    /// Takes the first of these members that is there.
    fn first(&mut self, names: &[&str]) -> Option<Value> {
        let found: Vec<Value> = names
            .iter()
            .filter_map(|name| self.fields.remove(*name))
            .collect();
        found.into_iter().next()
    }

    fn id(&mut self, names: &[&str]) -> Option<String> {
        match self.first(names)? {
            Value::String(id) => Some(id),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    /// Takes a text, or a number or a truth as its text.
    fn text(&mut self, name: &str) -> Option<String> {
        match self.fields.remove(name)? {
            Value::String(text) => Some(text),
            value @ (Value::Bool(_) | Value::Number(_)) => Some(value.to_string()),
            _ => {
                self.problems.push(format!("`{name}` must be a string."));
                None
            }
        }
    }

    /// Takes a bcrypt hash. One of another kind cannot be checked here.
    fn hash(&mut self, names: &[&str]) {
        let Some(hash) = self.first(names) else {
            return;
        };
        let text = hash.as_str().unwrap_or_default();
        if text.starts_with("$2") {
            self.line.insert("passwordHash".to_owned(), hash);
            return;
        }
        let kind = [
            ("$argon2", "argon2"),
            ("$scrypt", "scrypt"),
            ("$fbscrypt", "Firebase's scrypt"),
            ("$pbkdf2", "PBKDF2"),
            ("pbkdf2", "PBKDF2"),
        ];
        let kind = kind.iter().find(|(start, _)| text.starts_with(start));
        let kind = kind.map_or("of another kind than bcrypt", |(_, kind)| kind);
        self.problems.push(format!(
            "the hash of the password is {kind} and cannot move: leave it out, and the user sets a password by mail."
        ));
    }

    /// Takes a time that has been.
    fn time(&mut self, names: &[&str], now: Timestamp) -> Option<Timestamp> {
        let value = self.first(names)?;
        let time = moment(&value).filter(|time| *time <= now);
        if time.is_none() {
            let name = names.first().unwrap_or(&"");
            self.problems
                .push(format!("`{name}` must be a time that has been."));
        }
        time
    }

    /// Takes the proof of the address: a time, or whether there is one. Without a time it is that of the account.
    fn verified(&mut self, names: &[&str], created: Timestamp) {
        let Some(value) = self.first(names) else {
            return;
        };
        let at = match truth(&value) {
            Some(false) => return,
            Some(true) => Some(created),
            None => moment(&value),
        };
        if at.is_none() {
            let name = names.first().unwrap_or(&"");
            self.problems
                .push(format!("`{name}` must be true, false or a time."));
        }
        self.line
            .extend(at.map(|at| ("emailVerifiedAt".to_owned(), json!(at))));
    }

    fn role(&mut self, name: Option<&str>) {
        let Some(role) = name.and_then(|name| self.text(name)) else {
            return;
        };
        // The ordinary role has another name there.
        if role != "user" {
            self.line.insert("role".to_owned(), Value::String(role));
        }
    }

    /// Takes the time until which the user is shut out. One that cannot be read may be still to come.
    fn banned(&mut self, name: &str, now: Timestamp) {
        let Some(until) = self.fields.remove(name) else {
            return;
        };
        let word = until.as_str().map(|text| text.trim().to_ascii_lowercase());
        let is_banned = match (word.as_deref(), moment(&until)) {
            (Some("infinity"), _) => true,
            (Some("-infinity"), _) => false,
            (_, Some(until)) => until > now,
            (_, None) => {
                self.problems
                    .push(format!("`{name}` must be a time or infinity."));
                return;
            }
        };
        self.line
            .extend(is_banned.then(|| ("disabled".to_owned(), json!(true))));
    }

    /// The members of these objects; of two with one name, the first.
    fn metadata(&self, names: &[&str]) -> Map<String, Value> {
        let mut all = Map::new();
        for name in names {
            for (inner, value) in shape::members(self.fields.get(*name).cloned()) {
                all.entry(inner).or_insert(value);
            }
        }
        all
    }

    /// Puts the members of an object beside the others. A member that is there already stays, and one that the system has is not
    /// taken from there.
    fn spread(&mut self, name: &str, shape: &Shape) {
        for (inner, value) in shape::members(self.fields.remove(name)) {
            if !shape::OF_PROVIDERS.contains(&inner.as_str()) && !shape.has(&inner) {
                self.fields.entry(inner).or_insert(value);
            }
        }
    }

    /// Takes the profile fields: those that the map names, and those that are declared under the same name. Returns the names of
    /// the members that are left.
    fn profile(
        &mut self,
        declared: &[ProfileField],
        mapped: BTreeMap<String, Value>,
        map: &FieldMap,
    ) -> Vec<String> {
        for field in declared {
            let name = &field.field.name;
            let own = self.fields.remove(name);
            // A user may have written under the name of the field, what the map takes from the system.
            let own = own.filter(|_| !map.leaves_out(name) && !map.fills(name));
            let value = mapped.get(name).cloned().or(own);
            let value = value.and_then(|value| typed(&field.field, value));
            let told = value
                .iter()
                .filter_map(|it| array_of_postgres(&field.field, it));
            self.problems.extend(told);
            self.line.extend(value.map(|value| (name.clone(), value)));
        }
        if let Some(role) = mapped.get("role") {
            self.line.insert("role".to_owned(), role.clone());
        }
        let left = self.fields.iter().filter(|(name, value)| {
            let is_empty = match value {
                Value::Array(items) => items.is_empty(),
                Value::Object(members) => members.is_empty(),
                _ => false,
            };
            !is_empty && !map.knows(name)
        });
        left.map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests;

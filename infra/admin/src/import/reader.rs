//! From the row of a file to a user that can be made.

use std::collections::BTreeMap;

use api::Id;
use api::settings::Settings;
use auth::user::{ADMIN, import_mark};
use serde_json::{Map, Value, json};
use store::{Writer, claims};

use super::Arguments;
use super::from::{Brought, FieldMap, System, stranger, translate};
use super::line::{Newcomer, Origin, parse};
use super::seal::{Sealing, sealed};
use crate::ids::{Ids, bytes_of};
use crate::now;
use crate::order::Claims;
use crate::rows::{Row, truth, typed};

/// The collection of users in a file of ids.
pub(crate) const USERS: &str = api::definition::USERS;

/// The reading of a file: its form, and what came before.
pub(super) struct Reading<'a> {
    settings: &'a Settings,
    from: Option<From>,
    keys: Sealing,
    allows_admins: bool,
    are_texts: bool,
}

/// The other system of a file.
struct From {
    system: System,
    fields: FieldMap,
    ids: Ids,
    /// The members that did not come along, each with the number of its users.
    left: BTreeMap<String, u64>,
}

/// A line that is read, with its user or the reason that it makes none.
pub(super) struct Next {
    pub(super) number: u64,
    pub(super) newcomer: Result<Begun, String>,
}

/// A user to be made, and what the line claims for it.
pub(super) struct Begun {
    pub(super) newcomer: Newcomer,
    pub(super) claims: Claims,
    pub(super) writer: Writer,
    /// The id in the other system.
    pub(super) old: Option<String>,
}

impl Next {
    pub(super) fn claims(&self) -> Option<&Claims> {
        self.newcomer.as_ref().ok().map(|begun| &begun.claims)
    }
}

impl<'a> Reading<'a> {
    /// The reading of the file that the arguments name. `are_texts` says that all members are texts.
    ///
    /// # Errors
    /// One line that names the map of fields or of ids, and what is wrong with it.
    pub(super) fn new(
        settings: &'a Settings,
        arguments: &Arguments,
        keys: Sealing,
        are_texts: bool,
    ) -> Result<Self, String> {
        let declared = &settings.users.fields;
        let fields = arguments.fields.as_ref();
        let fields = fields
            .map(|path| FieldMap::open(path, declared))
            .transpose()?;
        let from = match arguments.from {
            None => None,
            Some(system) => Some(From {
                system,
                fields: fields.unwrap_or_default(),
                ids: Ids::open(&arguments.ids, arguments.dry_run)?,
                left: BTreeMap::new(),
            }),
        };
        Ok(Self {
            settings,
            from,
            keys,
            allows_admins: arguments.allow_admins,
            are_texts,
        })
    }

    /// Why the file is not of the system that the command names, by one of its rows.
    pub(super) fn stranger(&self, row: &Row) -> Option<String> {
        let (from, fields) = (self.from.as_ref()?, row.fields.as_ref().ok()?);
        stranger(from.system, fields)
    }

    /// The user of a row, with the random bytes for an id and a write.
    pub(super) fn next(&mut self, row: Row, bytes: [u8; 10]) -> Next {
        Next {
            number: row.number,
            newcomer: row.fields.and_then(|fields| self.begun(fields, bytes)),
        }
    }

    fn begun(&mut self, fields: Map<String, Value>, bytes: [u8; 10]) -> Result<Begun, String> {
        let settings = self.settings;
        let declared = &settings.users.fields;
        let (line, old, random, origin) = match &mut self.from {
            None if self.are_texts => (self.untexted(fields), None, bytes, None),
            None => (fields, None, bytes, None),
            Some(from) => {
                let map = (declared.as_slice(), &from.fields);
                let Brought { old, line, left } = translate(from.system, fields, map, now())?;
                for name in left {
                    *from.left.entry(name).or_default() += 1;
                }
                let name = json!({ "from": from.system.name(), "id": old });
                let origin = Origin {
                    mark: import_mark(&Map::from_iter([("origin".to_owned(), name)])),
                    id: from.ids.get(USERS, &old),
                };
                let random = bytes_of(USERS, &old);
                (line, Some(old), random, Some(origin))
            }
        };
        let newcomer = parse(line, settings, now(), (random, origin))?;
        let name = newcomer.name();
        if newcomer.user.role == ADMIN && !self.allows_admins {
            return Err(format!(
                "{name}: would be an admin; --allow-admins makes admins."
            ));
        }
        let newcomer =
            sealed(newcomer, &self.keys).map_err(|reason| format!("{name}: {reason}"))?;
        let mut claims = claims(declared, &newcomer.user);
        claims.extend(
            old.iter()
                .map(|old| (format!("origin#{old}"), "id in the other system".to_owned())),
        );
        Ok(Begun {
            claims: Claims::new(&claims, &newcomer.mark),
            writer: Writer::operator(now(), bytes),
            newcomer,
            old,
        })
    }

    /// A row of texts as a line has it: lists, truths and profile fields in their types.
    fn untexted(&self, fields: Map<String, Value>) -> Map<String, Value> {
        let declared = &self.settings.users.fields;
        let fields = fields.into_iter().filter_map(|(name, value)| {
            let field = declared.iter().find(|field| field.field.name == name);
            let value = match (field, name.as_str()) {
                (Some(field), _) => typed(&field.field, value)?,
                (None, "disabled") => truth(&value).map_or(value, Value::Bool),
                (None, "identities") => {
                    let list = value.as_str().and_then(|text| api::value::parse(text).ok());
                    list.unwrap_or(value)
                }
                (None, _) => value,
            };
            Some((name, value))
        });
        fields.collect()
    }

    /// Keeps the id that a user of another system has here.
    ///
    /// # Errors
    /// One line that names the file of ids.
    pub(super) fn keep(&mut self, old: &str, user: Id) -> Result<(), String> {
        match &mut self.from {
            Some(from) => from.ids.note(USERS, old, user, None),
            None => Ok(()),
        }
    }

    /// The members that did not come along, as a line of its own.
    pub(super) fn left(&self) -> String {
        let left = self.from.iter().flat_map(|from| &from.left);
        let left: Vec<String> = left
            .map(|(name, count)| format!("{name} of {count}"))
            .collect();
        if left.is_empty() {
            return String::new();
        }
        let names = left.join(", ");
        format!(
            "\nLeft out, since users have no such field here: {}.",
            crate::printable::printable(&names)
        )
    }
}

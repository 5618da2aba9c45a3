//! The parameters of the audit log's list.

use std::collections::BTreeSet;

use crate::error::{Detail, Error};
use crate::event::{Kind, Pattern};
use crate::id::Id;
use crate::query::limits::{DEFAULT_LIMIT, MAX_LIMIT, shown};
use crate::time::Timestamp;
use crate::wire::AuditEntry;

/// The parameters, in the order of their documentation.
const KNOWN: [&str; 7] = ["actor", "subject", "type", "from", "to", "limit", "cursor"];

/// The part of the audit log that a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// The user or the API key that acted.
    pub actor: Option<Id>,
    /// The user, record, key or webhook that it happened to.
    pub subject: Option<Id>,
    /// The events, by a pattern of their types.
    pub kind: Option<Pattern>,
    /// The least id, by the time that an id begins with.
    pub from: Option<Id>,
    /// The id before which entries end.
    pub to: Option<Id>,
    /// How many entries at most, 1 to 100.
    pub limit: usize,
    /// Where the list goes on.
    pub cursor: Option<String>,
}

impl AuditQuery {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `common/validation-failed` with a detail for every parameter that is not known, comes twice or does not fit.
    pub fn read<N: AsRef<str>, V: AsRef<str>>(
        parameters: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Error> {
        let mut query = Self {
            actor: None,
            subject: None,
            kind: None,
            from: None,
            to: None,
            limit: DEFAULT_LIMIT,
            cursor: None,
        };
        let (mut seen, mut details) = (BTreeSet::new(), Vec::new());
        for (name, value) in parameters {
            let (name, value) = (name.as_ref(), value.as_ref());
            let problem = if !KNOWN.contains(&name) {
                let choices = KNOWN.join(", ");
                let message = format!(
                    "`{}` is not a parameter here; there are: {choices}.",
                    shown(name)
                );
                Err(("unknown-parameter", message))
            } else if seen.insert(name.to_owned()) {
                query.set(name, value)
            } else {
                Err(("repeated", format!("`{name}` is there twice.")))
            };
            if let Err((code, message)) = problem {
                details.push(Detail::new(shown(name), code, message));
            }
        }
        if let (Some(from), Some(to)) = (query.from, query.to)
            && from >= to
        {
            let message = "`to` must be after `from`.";
            details.push(Detail::new("to", "range", message));
        }
        if details.is_empty() {
            Ok(query)
        } else {
            Err(Error::invalid(details))
        }
    }

    /// Sets one parameter; the error is a code and a message.
    fn set(&mut self, name: &str, value: &str) -> Result<(), (&'static str, String)> {
        let id = || {
            let problem = || ("format", format!("`{name}` must be an id."));
            value.parse().map(Some).map_err(|_| problem())
        };
        let moment = || {
            let problem = || {
                let message = format!("`{name}` must be a time such as 2026-11-28T11:05:00Z.");
                ("format", message)
            };
            let at = Timestamp::parse(value).ok_or_else(problem)?;
            Ok(Some(Id::new(at, [0; 10])))
        };
        match name {
            "actor" => self.actor = id()?,
            "subject" => self.subject = id()?,
            "from" => self.from = moment()?,
            "to" => self.to = moment()?,
            "type" => {
                let pattern = value.parse();
                self.kind = Some(pattern.map_err(|_| {
                    let message =
                        "`type` must be a type such as user.updated, or a family such as user.*.";
                    ("enum", message.to_owned())
                })?);
            }
            "limit" => match value.parse() {
                Ok(limit)
                    if value.bytes().all(|byte| byte.is_ascii_digit())
                        && (1..=MAX_LIMIT).contains(&limit) =>
                {
                    self.limit = limit;
                }
                _ => return Err(("range", format!("`limit` must be 1 to {MAX_LIMIT}."))),
            },
            _ => self.cursor = Some(value.to_owned()),
        }
        Ok(())
    }

    /// Whether entries are dropped after they were read: an index serves one of subject and actor.
    #[must_use]
    pub fn drops(&self) -> bool {
        self.kind.is_some() || (self.subject.is_some() && self.actor.is_some())
    }

    /// Whether an entry that was read is asked for.
    #[must_use]
    pub fn admits(&self, entry: &AuditEntry) -> bool {
        let kind = entry.r#type.parse::<Kind>();
        let fits = |pattern: Pattern| kind.is_ok_and(|kind| pattern.matches(kind));
        let actor = entry.actor.as_ref().and_then(|it| it.id.or(it.key_id));
        self.kind.is_none_or(fits) && self.actor.is_none_or(|wanted| actor == Some(wanted))
    }

    /// The list without the page, as one text: a cursor is good for this list alone.
    #[must_use]
    pub fn canonical(&self) -> String {
        let id = |id: Option<Id>| id.map_or_else(String::new, |id| id.to_string());
        let kind = self.kind.map_or_else(String::new, |kind| kind.to_string());
        let ids = [self.actor, self.subject, self.from, self.to].map(id);
        format!("{}:{kind}", ids.join(":"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";

    #[test]
    fn every_parameter_is_read() {
        let all = [
            ("actor", ID),
            ("subject", ID),
            ("type", "user.*"),
            ("from", "2026-11-28T11:05:00Z"),
            ("to", "2026-11-28T11:05:00.001Z"),
            ("limit", "7"),
            ("cursor", "abc"),
        ];
        let query = AuditQuery::read(all).expect("valid");
        assert_eq!(
            (query.actor, query.subject),
            (ID.parse().ok(), ID.parse().ok())
        );
        assert_eq!((query.limit, query.cursor.as_deref()), (7, Some("abc")));
        assert!(query.from < query.to && query.drops());
        let none: [(&str, &str); 0] = [];
        let whole = AuditQuery::read(none).expect("valid");
        assert!(whole.limit == DEFAULT_LIMIT && !whole.drops());
        assert_ne!(whole.canonical(), query.canonical());
    }

    #[test]
    fn every_bad_parameter_is_named() {
        for (parameters, field) in [
            (vec![("actor", "ada")], "actor"),
            (vec![("subject", "")], "subject"),
            (vec![("type", "user")], "type"),
            (vec![("from", "yesterday")], "from"),
            (vec![("to", "28.11.2026")], "to"),
            (vec![("limit", "0")], "limit"),
            (vec![("limit", "+5")], "limit"),
            (vec![("limit", "5"), ("limit", "5")], "limit"),
            (vec![("who", "ada")], "who"),
            (
                vec![
                    ("from", "2026-11-28T11:05:00Z"),
                    ("to", "2026-11-28T11:05:00Z"),
                ],
                "to",
            ),
        ] {
            let error = AuditQuery::read(parameters).expect_err(field);
            assert_eq!(error.details[0].field, field);
        }
    }
}

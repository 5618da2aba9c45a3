//! Scopes: which operations on which collections an API key is for.

use api::definition::USERS;
use api::{Detail, Operation};

/// The sign for every collection or every operation in a scope.
const ANY: &str = "*";

/// How many characters of a caller's scope or origin an error repeats.
const SHOWN: usize = 64;

/// The operations that a key may be used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<KeyScope>);

/// An operation on a collection, or any.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyScope {
    /// A collection, [`USERS`] for the accounts, or `None` for any.
    collection: Option<String>,
    /// `None` for any.
    operation: Option<Operation>,
}

impl KeyScope {
    fn parse(text: &str) -> Option<Self> {
        let (collection, operation) = text.split_once(':')?;
        let collection = Some(collection.to_owned()).filter(|collection| collection != ANY);
        let operation = match operation {
            ANY => None,
            name => Some(
                Operation::ALL
                    .into_iter()
                    .find(|operation| operation.as_str() == name)?,
            ),
        };
        Some(Self {
            collection,
            operation,
        })
    }

    fn text(&self) -> String {
        let operation = self.operation.map_or(ANY, Operation::as_str);
        format!("{}:{operation}", self.collection.as_deref().unwrap_or(ANY))
    }
}

impl Scopes {
    /// Reads scopes of declared collections, of [`USERS`] or of `*`.
    ///
    /// # Errors
    /// A detail for each text that is no such scope.
    pub fn parse(
        texts: &[String],
        is_collection: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<Detail>> {
        let mut scopes = Vec::with_capacity(texts.len());
        let mut details = Vec::new();
        for (at, text) in texts.iter().enumerate() {
            let known = |name: &String| name == USERS || is_collection(name);
            match KeyScope::parse(text).filter(|scope| scope.collection.as_ref().is_none_or(known))
            {
                Some(scope) if !scopes.contains(&scope) => scopes.push(scope),
                Some(_) => {}
                None => {
                    let (place, text) = (format!("scopes[{at}]"), shown(text));
                    let message = format!(
                        "`{place}`: `{text}` is no scope; write collection:operation, the collection a declared one, \
                         `users` or `*`, the operation create, read, list, update, delete or `*`."
                    );
                    details.push(Detail::new(place, "format", message));
                }
            }
        }
        if details.is_empty() {
            Ok(Self(scopes))
        } else {
            Err(details)
        }
    }

    /// The scopes that were stored as [`Scopes::texts`]. A text that cannot be read grants nothing.
    #[must_use]
    pub fn kept(texts: &[String]) -> Self {
        Self(
            texts
                .iter()
                .filter_map(|text| KeyScope::parse(text))
                .collect(),
        )
    }

    /// The scopes as they are written.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(KeyScope::text).collect()
    }

    /// Whether they hold an operation on a collection.
    #[must_use]
    pub fn hold(&self, collection: &str, operation: Operation) -> bool {
        self.0.iter().any(|scope| {
            scope
                .collection
                .as_deref()
                .is_none_or(|own| own == collection)
                && scope.operation.is_none_or(|own| own == operation)
        })
    }
}

/// A caller's text, cut to a moderate length.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_hold_what_they_say() {
        let holds = |scopes: &[&str], collection: &str, operation: Operation| {
            Scopes::kept(
                &scopes
                    .iter()
                    .map(|scope| (*scope).to_owned())
                    .collect::<Vec<_>>(),
            )
            .hold(collection, operation)
        };
        for (scopes, collection, operation, expected) in [
            (&["*:*"][..], "posts", Operation::Delete, true),
            (&["*:*"], "users", Operation::Delete, true),
            (&["posts:*"], "posts", Operation::Create, true),
            (&["posts:*"], "notes", Operation::Create, false),
            (&["*:read"], "notes", Operation::Read, true),
            (&["*:read"], "notes", Operation::List, false),
            (&["posts:read"], "posts", Operation::List, false),
            (
                &["posts:read", "posts:list"],
                "posts",
                Operation::List,
                true,
            ),
            (&["post:read"], "posts", Operation::Read, false),
            (&["Posts:read"], "posts", Operation::Read, false),
            (&["users:update"], "users", Operation::Update, true),
            (&["users:update"], "posts", Operation::Update, false),
            (&[], "posts", Operation::Read, false),
            // Written by a later version, or by hand.
            (
                &["posts:export", "*", "", ":", "posts:"],
                "posts",
                Operation::Read,
                false,
            ),
        ] {
            assert_eq!(
                holds(scopes, collection, operation),
                expected,
                "{scopes:?} {collection} {operation:?}"
            );
        }
    }
}

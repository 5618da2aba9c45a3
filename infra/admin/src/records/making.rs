//! A record that moves in, made as the API makes it.

use std::time::Duration;

use api::{Code, Definition, Error};
use auth::prepare::{self, Creation};
use auth::terms::Related;
use auth::{Admitted, Requirement, Visibility, Writer};
use store::Store;
use tokio::time::sleep;

use super::moved::Moved;
use crate::order::Claims;
use crate::sealing::random;
use crate::{is_fault, now, words};

/// How often a record is tried to be made where the table is busy.
const TRIES: u32 = 8;

/// The result of a row.
pub(super) enum Outcome {
    Made,
    There,
    /// It points to a record that is not there: another row may make it.
    Waits(String),
    Refused(String),
}

/// The values that no two records can have: the id, and those of unique fields.
pub(super) fn claims(definition: &Definition, moved: &Moved) -> Claims {
    let unique = definition.fields.iter().filter(|field| field.unique);
    let mut claims: Vec<(String, String)> = unique
        .filter_map(|field| {
            let (name, value) = (&field.name, moved.body.get(&field.name)?);
            Some((format!("{name}#{value}"), format!("`{name}`")))
        })
        .collect();
    claims.push((moved.id.to_string(), "id".to_owned()));
    Claims::new(&claims, &format!("{} {}", moved.row, moved.old))
}

/// The create that an operator asks for.
pub(super) fn creation<'a>(
    visibility: &Visibility<'a>,
    moved: Moved,
) -> Result<Creation<'a>, Error> {
    let mut creation = prepare::create(visibility, moved.id, moved.body, collections::get)?;
    if let Some(user) = moved.created_by {
        creation.created_by = Some(user);
        if !visibility.definition.owner_is_declared() {
            creation.owner = Some(user.to_string());
        }
        creation.related.push(Related {
            relation: api::record::Relation {
                field: "createdBy".to_owned(),
                collection: api::definition::USERS.to_owned(),
                id: user,
            },
            requirement: Requirement::Exists,
            rows: None,
        });
    }
    Ok(creation)
}

/// Makes a record, unless it is there.
///
/// # Errors
/// A fault of the stack, which is not one of the row.
pub(super) async fn make(
    store: &Store,
    definition: &'static Definition,
    moved: Moved,
) -> Result<Outcome, String> {
    for tries in 1.. {
        let moved = moved.clone();
        let made = async {
            if store.record(definition, moved.id).await?.is_some() {
                return Ok(Outcome::There);
            }
            let caller = Admitted::operator();
            let visibility = Visibility::new(definition, &caller);
            let creation = creation(&visibility, moved)?;
            let writer = Writer::operator(now(), random()?);
            store.create(definition, creation, None, &writer).await?;
            Ok(Outcome::Made)
        };
        match made.await {
            Ok(outcome) => return Ok(outcome),
            Err(Error {
                code: Code::Unavailable,
                ..
            }) if tries < TRIES => sleep(Duration::from_millis(50 << tries)).await,
            Err(error) => return refusal(&error),
        }
    }
    Ok(Outcome::Refused("is not done.".to_owned()))
}

/// The refusal of a record. Where all of its problems are records that do not exist, another row may make them.
///
/// # Errors
/// A fault of the stack, which is not one of the row.
pub(super) fn refusal(error: &Error) -> Result<Outcome, String> {
    if is_fault(error) {
        return Err(words(error));
    }
    let details: Vec<&str> = error.details.iter().map(|it| it.message.as_str()).collect();
    let is_unrelated = |kind: &str| kind == "not-found";
    if details.is_empty() {
        return Ok(Outcome::Refused(words(error)));
    }
    let reason = details.join(" ");
    let mut codes = error.details.iter().map(|detail| detail.code.as_str());
    Ok(match codes.all(is_unrelated) {
        true => Outcome::Waits(reason),
        false => Outcome::Refused(reason),
    })
}

#[cfg(test)]
mod tests {
    use api::Detail;
    use serde_json::{Map, json};

    use super::*;
    use crate::order::{Earlier, Order, Won};

    #[test]
    fn a_fault_of_the_stack_is_no_refusal_of_the_row() {
        for error in [Error::internal("denied"), Error::unavailable("denied")] {
            let ended = refusal(&error).map(|_| ());
            assert_eq!(ended, Err("denied".to_owned()));
        }
        let of = |code| refusal(&Error::from(Detail::new("a", code, "why")));
        assert!(matches!(of("required"), Ok(Outcome::Refused(_))));
        assert!(matches!(of("not-found"), Ok(Outcome::Waits(_))));
        let large = refusal(&Code::RecordTooLarge.into());
        assert!(matches!(large, Ok(Outcome::Refused(_))));
    }

    #[test]
    fn a_row_with_the_id_of_another_one_is_not_that_row_once_more() {
        let definition =
            json!({ "name": "things", "fields": [{ "name": "title", "type": "string" }] });
        let definition: Definition = serde_json::from_value(definition).expect("a definition");
        let line = |row: &str| {
            let moved = Moved {
                old: "1".to_owned(),
                row: row.to_owned(),
                id: "0197a3b0-0000-7000-8000-000000000001"
                    .parse()
                    .expect("an id"),
                is_noted: true,
                is_other: false,
                created_by: None,
                body: Map::new(),
            };
            claims(&definition, &moved)
        };
        let (first, other) = (line("a"), line("b"));
        let mut order = Order::default();
        order.begin(&first);
        order.end(1, &first, Won::All);
        assert_eq!(order.earlier(&line("a"), "line"), Some(Earlier::Same));
        let has = Earlier::Other("has the id of line 1.".to_owned());
        assert_eq!(order.earlier(&other, "line"), Some(has));
    }
}

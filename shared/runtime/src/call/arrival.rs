//! The definition that a request for records arrives with, and the refusals before its handler runs.

use api::endpoints::{Guard, guard};
use api::{Code, Definition, Error, Operation, Rule};
use auth::permission::need_credentials;

/// A guard, with the definition that a request behind it arrives with.
pub trait Arrival {
    /// The definition of the collection for guards of records, `()` for any other.
    type Definition: Copy;

    /// Finds the definition, and refuses a request without credentials where the guard needs them.
    ///
    /// # Errors
    /// 404 for an unknown collection, then `auth/authentication-required`.
    fn arrive(guard: Guard, collection: &str, shows_who: bool) -> Result<Self::Definition, Error>;
}

/// A guard that reads no access token: its handler admits a caller by the API key alone.
pub trait Anonymous: Arrival {}
impl Anonymous for guard::Open {}
impl Anonymous for guard::Signed {}

macro_rules! without_definition {
    ($($guard:ident),*) => {
        $(impl Arrival for guard::$guard {
            type Definition = ();

            fn arrive(_: Guard, _: &str, _: bool) -> Result<(), Error> {
                Ok(())
            }
        })*
    };
}

macro_rules! of_records {
    ($($guard:ident),*) => {
        $(impl Arrival for guard::$guard {
            type Definition = &'static Definition;

            fn arrive(guard: Guard, collection: &str, shows_who: bool) -> Result<Self::Definition, Error> {
                let definition = collections::get(collection).ok_or(Code::NotFound)?;
                need_somebody(guard, definition, shows_who)?;
                Ok(definition)
            }
        })*
    };
}

without_definition!(Open, Signed, Optional, User, Admin, Users, UserOrKey);
of_records!(Rule, Rules);

/// Refuses a request without credentials where the rule needs them. Where the operations are in the body, a single
/// write that is open to all admits the request. Each operation is checked by its own rule later.
fn need_somebody(guard: Guard, definition: &Definition, shows_who: bool) -> Result<(), Error> {
    match guard {
        Guard::Rule(operation) => need_credentials(definition.rule(operation), shows_who),
        Guard::Rules => {
            let writes = [Operation::Create, Operation::Update, Operation::Delete];
            if writes
                .iter()
                .any(|write| definition.rule(*write).is_public())
            {
                return Ok(());
            }
            need_credentials(&Rule::authenticated(), shows_who)
        }
        Guard::Open
        | Guard::Signed
        | Guard::Optional
        | Guard::User
        | Guard::Admin
        | Guard::Users(_)
        | Guard::UserOrKey(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn definition(permissions: Value) -> Definition {
        let text = json!({ "name": "posts", "fields": [], "permissions": permissions });
        serde_json::from_value(text).expect("a definition")
    }

    #[test]
    fn somebody_is_needed_where_the_rule_is_not_public() {
        let of = |rule: &str, guard, shows_who| {
            let definition = definition(
                json!({ "create": rule, "update": "admin", "delete": "admin",
                "read": "admin", "list": "admin" }),
            );
            need_somebody(guard, &definition, shows_who).map_err(|error| error.code)
        };
        let refused = Err(Code::AuthenticationRequired);
        for guard in [Guard::Rule(Operation::Create), Guard::Rules] {
            assert_eq!(of("public", guard, false), Ok(()), "{guard:?}");
            assert_eq!(of("authenticated", guard, false), refused, "{guard:?}");
            assert_eq!(of("authenticated", guard, true), Ok(()), "{guard:?}");
        }
        let read = Guard::Rule(Operation::Read);
        assert_eq!(of("public", read, false), refused);
    }

    #[test]
    fn an_unknown_collection_is_not_found_before_anything_else() {
        let guard = Guard::Rule(Operation::Read);
        for shows_who in [false, true] {
            let refused = guard::Rule::arrive(guard, "_users", shows_who);
            assert_eq!(refused.map_err(|error| error.code), Err(Code::NotFound));
        }
    }
}

//! Permissions: the operations that a caller may do on a record.
//!
//! A record that the caller may not read does not exist for the caller (404). A change of a record that the caller may
//! only read is refused (403). Where a rule needs credentials and the request has none, the refusal is 401.

use api::definition::USERS;
use api::rule::Rule;
use api::{Code, Definition, Error, Id, Operation};

use crate::caller::Caller;
use crate::grant::{Requirement, Scope, granted, is_granted_to_creator};

/// Refuses, before any read, a request without credentials where the rule needs them.
///
/// # Errors
/// `auth/authentication-required`.
pub fn need_credentials(rule: &Rule, has_credentials: bool) -> Result<(), Error> {
    if rule.is_public() || has_credentials {
        Ok(())
    } else {
        Err(Code::AuthenticationRequired.into())
    }
}

/// Refuses a caller with an app's key and no user where the definition does not declare that strangers may write.
fn need_declared(definition: &Definition, caller: &Caller) -> Result<(), Error> {
    let undeclared = caller.is_keyed_stranger() && !definition.permissions.declared;
    if undeclared {
        Err(Code::AuthenticationRequired.into())
    } else {
        Ok(())
    }
}

/// Whether the caller may create.
///
/// # Errors
/// 401, 403.
pub fn may_create(definition: &Definition, caller: &Caller) -> Result<(), Error> {
    let rule = definition.rule(Operation::Create);
    caller.need_scope(&definition.name, Operation::Create)?;
    need_declared(definition, caller)?;
    need_credentials(rule, !caller.is_stranger())?;
    if is_granted_to_creator(rule, caller) {
        Ok(())
    } else {
        Err(Code::Forbidden.into())
    }
}

/// Which records the caller may list.
///
/// # Errors
/// 401, 403.
pub fn may_list(definition: &Definition, caller: &Caller) -> Result<Scope, Error> {
    let rule = definition.rule(Operation::List);
    caller.need_scope(&definition.name, Operation::List)?;
    need_credentials(rule, !caller.is_stranger())?;
    match granted(rule, caller) {
        Requirement::Exists => Ok(Scope::All),
        Requirement::OwnedBy(id) => Ok(Scope::OwnedBy(id)),
        Requirement::Never => Err(Code::Forbidden.into()),
    }
}

/// The requirement on a record that the caller reads, by the rule and by the scopes of the API key.
pub(crate) fn readable(definition: &Definition, caller: &Caller) -> Requirement {
    if caller.is_in_scope(&definition.name, Operation::Read) {
        granted(definition.rule(Operation::Read), caller)
    } else {
        Requirement::Never
    }
}

/// Whether the caller may see the account that a relation points to: a user the own account, an admin every account.
#[must_use]
pub fn may_read_user(caller: &Caller, user: Id) -> bool {
    caller.is_in_scope(USERS, Operation::Read) && (caller.is_admin() || caller.id() == Some(user))
}

/// The requirement on a record that the caller updates or deletes. A record that the caller may not read does not exist
/// for the caller, so the rule for reading must hold as well. Of an API key's scopes, the one for the operation is
/// enough.
///
/// # Errors
/// 401, 403.
pub fn may_change(
    definition: &Definition,
    operation: Operation,
    caller: &Caller,
) -> Result<Requirement, Error> {
    caller.need_scope(&definition.name, operation)?;
    need_declared(definition, caller)?;
    let rules = [definition.rule(operation), definition.rule(Operation::Read)];
    for rule in rules {
        need_credentials(rule, !caller.is_stranger())?;
    }
    let [changed, read] = rules.map(|rule| granted(rule, caller));
    Ok(changed.and(read))
}

#[cfg(test)]
mod tests {
    use api::settings::Auth;
    use api::wire::KeyType;

    use super::*;
    use crate::sample::{NOW, caller, definition, record, signed_in, status, with_key};
    use crate::user::User;
    use crate::visibility::Visibility;

    #[test]
    fn an_anonymous_account_creates_where_a_rule_names_it_and_keeps_what_it_owns() {
        let user = User::anonymous(Id::new(NOW, [8; 10]), &Auth::default(), NOW);
        let nobody = signed_in(&user);
        let own = Requirement::OwnedBy(user.id);
        for (rule, creates, reads) in [
            ("public", 200, Requirement::Exists),
            ("authenticated", 403, Requirement::Never),
            ("owner", 403, own.clone()),
            ("verified", 403, Requirement::Never),
            ("role:editor", 403, Requirement::Never),
            ("admin", 403, Requirement::Never),
            ("role:anonymous", 200, Requirement::Exists),
            ("authenticated | role:anonymous", 200, Requirement::Exists),
            ("owner | role:anonymous", 200, Requirement::Exists),
            ("owner & role:anonymous", 403, own.clone()),
            ("authenticated | owner", 403, own),
        ] {
            let definition = definition(&Rule::parse(rule).expect(rule));
            assert_eq!(status(may_create(&definition, &nobody)), creates, "{rule}");
            assert_eq!(readable(&definition, &nobody), reads, "{rule}");
            let member = status(may_create(&definition, &caller(1, false)));
            let expected = match rule {
                "verified" | "role:editor" | "admin" | "role:anonymous" => 403,
                "owner & role:anonymous" => 403,
                _ => 200,
            };
            assert_eq!(member, expected, "{rule}");
        }
    }

    #[test]
    fn an_account_is_seen_by_its_user_and_by_admins() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let own = member.id().expect("a user");
        let other = Id::new(NOW, [77; 10]);
        for (who, user, expected) in [
            (&stranger, own, false),
            (&member, own, true),
            (&member, other, false),
            (&admin, own, true),
            (&admin, other, true),
        ] {
            assert_eq!(may_read_user(who, user), expected, "{who:?}");
        }
    }

    #[test]
    fn with_an_apps_key_alone_nothing_is_written_where_nothing_is_said() {
        let app = with_key(KeyType::Publishable, &["*:*"]);
        let mut definition = definition(&Rule::public());
        for (declared, expected) in [(true, 200), (false, 401)] {
            definition.permissions.declared = declared;
            assert_eq!(status(may_create(&definition, &app)), expected);
            assert_eq!(
                status(may_change(&definition, Operation::Update, &app)),
                expected
            );
            assert_eq!(
                status(may_change(&definition, Operation::Delete, &app)),
                expected
            );
            assert_eq!(status(may_list(&definition, &app)), 200);
            assert!(Visibility::new(&definition, &app).shows(&record(None)));
            // Callers without a key that binds, users and servers are not concerned.
            for other in [
                Caller::stranger(),
                caller(1, false),
                with_key(KeyType::Secret, &["*:*"]),
            ] {
                assert_eq!(status(may_create(&definition, &other)), 200);
            }
        }
    }

    #[test]
    fn what_may_not_be_read_may_not_be_changed() {
        let (member, stranger) = (caller(1, false), Caller::stranger());
        let own = Requirement::OwnedBy(member.id().expect("a user"));
        for (read, who, expected) in [
            (Rule::public(), &stranger, Ok(Requirement::Exists)),
            (Rule::owner(), &member, Ok(own)),
            (
                Rule::owner(),
                &stranger,
                Err(Code::AuthenticationRequired.into()),
            ),
            (
                Rule::authenticated(),
                &stranger,
                Err(Code::AuthenticationRequired.into()),
            ),
            (Rule::admin(), &member, Ok(Requirement::Never)),
        ] {
            let mut definition = definition(&Rule::public());
            definition.permissions.read = read.clone();
            assert_eq!(
                may_change(&definition, Operation::Update, who),
                expected,
                "{read:?} {who:?}"
            );
        }
    }
}

//! The codes that a guard or the rules of a collection may refuse with.

use api::endpoints::{Demand, Entry, Guard, Policy, Query};
use api::error::Code;
use api::rule::{ANONYMOUS, Member, Reach};
use api::{Definition, Operation};

/// A user whose account is anonymous.
const ANONYMOUS_USER: Member<'static> = Member {
    role: ANONYMOUS,
    is_verified: false,
};

/// The refusals of the guard of an endpoint that is not about records.
pub(super) fn guard_codes(entry: &Entry) -> Vec<Code> {
    let user = [
        Code::AuthenticationRequired,
        Code::InvalidToken,
        Code::TokenExpired,
        Code::SessionRevoked,
    ]
    .to_vec();
    let of_guard = match entry.guard {
        Guard::User => user,
        Guard::Optional => vec![Code::InvalidToken, Code::TokenExpired, Code::SessionRevoked],
        Guard::Admin => [user, vec![Code::Forbidden]].concat(),
        Guard::UserOrKey(_) => [user, vec![Code::ScopeInsufficient]].concat(),
        Guard::Users(_) => [user, vec![Code::Forbidden, Code::ScopeInsufficient]].concat(),
        _ => Vec::new(),
    };
    let of_session = match entry.demand() {
        Demand::Any => Vec::new(),
        // No service account does what is for the own hand of a person.
        Demand::Own => vec![Code::Impersonated, Code::Forbidden],
        Demand::Recent => vec![
            Code::Impersonated,
            Code::Forbidden,
            Code::ReauthenticationRequired,
        ],
    };
    let judges = entry.policy == Policy::Judged && entry.guard.checks_session();
    let of_policy = judges.then_some(Code::MfaEnrollmentRequired);
    let own = entry.errors.contains(&Code::MfaEnrollmentRequired);
    let of_policy = of_policy.filter(|_| !own).into_iter().collect();
    [of_guard, of_session, of_policy].concat()
}

/// The operations of an endpoint on records.
pub(super) fn operations(entry: &Entry) -> Vec<Operation> {
    match entry.guard {
        Guard::Rule(operation) => vec![operation],
        Guard::Rules => vec![Operation::Create, Operation::Update, Operation::Delete],
        Guard::Open
        | Guard::Signed
        | Guard::Optional
        | Guard::User
        | Guard::Admin
        | Guard::Users(_)
        | Guard::UserOrKey(_) => Vec::new(),
    }
}

/// Whether a stranger may do it. To change takes reading, too.
pub(super) fn is_open(collection: &Definition, operation: Operation) -> bool {
    let changes = matches!(operation, Operation::Update | Operation::Delete);
    collection.rule(operation).is_public()
        && (!changes || collection.rule(Operation::Read).is_public())
}

/// The refusals of the rules of an endpoint's operations, and of the owner field.
pub(super) fn rule_codes(entry: &Entry, collection: &Definition) -> Vec<Code> {
    let mut codes = vec![
        Code::InvalidToken,
        Code::TokenExpired,
        Code::SessionRevoked,
        Code::ScopeInsufficient,
        Code::MfaEnrollmentRequired,
    ];
    let may_name_an_owner = collection.owner_is_declared();
    for operation in operations(entry) {
        let rule = collection.rule(operation);
        // Whether the rule of a single field may refuse.
        let of_fields = match operation {
            Operation::List => !entry.query.is_empty() && collection.hidden().next().is_some(),
            Operation::Create | Operation::Update => collection.ruled().next().is_some(),
            Operation::Read | Operation::Delete => false,
        };
        let writes = !matches!(operation, Operation::Read | Operation::List);
        // With an app's key alone, nothing is written where nothing is said of who may.
        let undeclared = writes && !collection.permissions.declared;
        if !is_open(collection, operation) || undeclared || of_fields {
            codes.push(Code::AuthenticationRequired);
        }
        // Whether there may be users whom it lets do nothing.
        let anonymous = rule.reach(Some(ANONYMOUS_USER));
        let selective = rule.is_admin()
            || !rule.roles().is_empty()
            || rule.names_verified()
            || anonymous == Reach::Nothing;
        let forbids = match operation {
            // A record that the caller may not read does not exist for that caller: 404.
            Operation::Read => false,
            // To explain is for admins.
            Operation::List => selective || entry.query.contains(&Query::Explain),
            Operation::Create => selective || anonymous == Reach::Own || may_name_an_owner,
            Operation::Update => selective || rule.names_owner() || may_name_an_owner,
            Operation::Delete => selective || rule.names_owner(),
        };
        if forbids || of_fields {
            codes.push(Code::Forbidden);
        }
        match operation {
            Operation::List | Operation::Read => codes.push(Code::ValidationFailed),
            Operation::Create | Operation::Update => {
                codes.push(Code::RecordTooLarge);
                codes.extend(
                    collection
                        .fields
                        .iter()
                        .any(|field| field.unique)
                        .then_some(Code::UniqueViolation),
                );
            }
            Operation::Delete => {}
        }
    }
    codes
}

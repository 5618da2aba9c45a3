//! The demands on a session: by the own hand, and of a recent authentication.

use api::endpoints::Demand;
use blackbox::Inside;

use super::*;
use crate::auth::items;

/// A member whose session has these attributes beside its own.
fn member_with(inside: &Inside, attributes: &Value) -> Caller {
    let member = stack().member();
    items::set_session(&inside.dynamo.endpoint(), member.id(), attributes);
    member
}

/// The same with an admin.
fn admin_with(inside: &Inside, attributes: &Value) -> Caller {
    let admin = member_with(inside, attributes);
    items::set_user(inside, admin.id(), &json!({ "role": { "S": "admin" } }));
    admin
}

/// Each endpoint that finds the caller's session, with its refusal of this caller.
fn refusals(caller: &Caller) -> Vec<(Request, Demand, String)> {
    // A token that opens nothing is refused before anybody is looked up, there alone.
    let found = |request: &Request| {
        let guard = request.entry.guard;
        let named = request.entry.name == "invitations-accept";
        guard.checks_session() && request.collection == "notes" && !named
    };
    let ask = |request: Request| {
        let reply = request.send(caller, &[]);
        let code = match reply.status {
            403 => reply.code(),
            _ => String::new(),
        };
        let demand = request.entry.demand();
        (request, demand, code)
    };
    page().into_iter().filter(found).map(ask).collect()
}

#[test]
fn what_is_done_by_the_own_hand_is_refused_to_an_impersonated_session_and_nothing_else_is() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let caller = member_with(inside, &json!({ "actor": { "S": NO_ID } }));
    let refusals = refusals(&caller);
    let of = |demand: Demand| refusals.iter().filter(|it| it.1 == demand).count();
    let counts = [Demand::Own, Demand::Recent, Demand::Any].map(of);
    assert!(
        counts[0] > 20 && counts[1] > 1 && counts[2] > 10,
        "{counts:?}"
    );
    for (request, demand, code) in &refusals {
        assert_eq!(
            code == "auth/impersonated",
            *demand != Demand::Any,
            "{} {}: {code}",
            request.method,
            request.path
        );
    }
}

#[test]
fn what_is_done_by_the_own_hand_is_refused_to_a_service_account_and_nothing_else_is() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let caller = member_with(inside, &json!({ "amr": { "L": [] } }));
    let service = json!({ "M": { "name": { "S": "a" }, "secret": { "S": "b" } } });
    items::set_user(inside, caller.id(), &json!({ "service": service }));
    for (request, demand, code) in refusals(&caller) {
        assert_eq!(
            code == "auth/forbidden",
            demand != Demand::Any,
            "{} {}: {code}",
            request.method,
            request.path
        );
    }
}

#[test]
fn an_old_authentication_is_refused_where_a_recent_one_is_needed_and_nowhere_else() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let caller = admin_with(inside, &json!({ "auth_time": { "N": "1790000000000" } }));
    for (request, demand, code) in refusals(&caller) {
        assert_eq!(
            code == "auth/reauthentication-required",
            demand == Demand::Recent,
            "{} {}: {code}",
            request.method,
            request.path
        );
    }
}

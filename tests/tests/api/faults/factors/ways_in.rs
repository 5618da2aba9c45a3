//! Sign-ins, and other requests of a user who has to show a code.

use blackbox::fresh_email;

use super::*;

const LOGIN: &str = "/api/auth/login";
const VERIFY: &str = "/api/auth/mfa/verify";
const RESTORE: &str = "/api/auth/me/restore";
const REAUTHENTICATE: &str = "/api/auth/reauthenticate";

/// The second step of a sign-in, whose first one this is.
fn verifying(user: &Factored, first: Reply, proof: &Value) -> Event {
    let token = first.expect(403).json()["error"]["mfa"]["token"].clone();
    user.post(VERIFY, &with(json!({ "mfaToken": token }), proof))
}

/// One session begins by the code, now or then.
fn signs_in<'a>(
    world: &'a World<'_>,
    user: Factored,
    function: &'static str,
    event: Event,
) -> Act<'a> {
    let again = event.clone();
    act(event, 200, move |reply| {
        let is_used = user.left(world) == 9;
        assert!(is_used || reply.status != 200);
        if reply.status == 200 {
            let access = text(&reply.json()["accessToken"]);
            assert!(world.is_signed_in(&access));
        }
        let status = if is_used { 401 } else { 200 };
        let _ = world.ask(function, &again).expect(status);
        assert_eq!(user.left(world), 9);
        let _ = user.login(world, &user.recovery(1)).expect(200);
    })
}

pub(super) fn verify<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let first = user.login(world, &json!({}));
    let event = verifying(&user, first, &user.recovery(0));
    signs_in(world, user, "mfa-verify", event)
}

pub(super) fn verify_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let failing = verifying(&user, user.login(world, &json!({})), &wrong());
    let _ = world.ask("mfa-verify", &failing).expect(401);
    let first = user.login(world, &json!({}));
    let event = verifying(&user, first, &user.recovery(0));
    signs_in(world, user, "mfa-verify", event)
}

pub(super) fn verify_wrong<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let first = || user.login(world, &json!({}));
    let event = verifying(&user, first(), &wrong());
    let right = verifying(&user, first(), &user.recovery(0));
    refused(world, "mfa-verify", event, (right, 200))
}

pub(super) fn verify_locking<'a>(world: &'a World<'_>, admin: &str) -> Act<'a> {
    verify_wrong(world, admin)
}

pub(super) fn login_first<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = user.signing_in(LOGIN, &json!({}));
    act(event, 403, move |reply| {
        let first = match reply.status {
            403 => reply.clone(),
            _ => user.login(world, &json!({})),
        };
        let second = verifying(&user, first, &user.recovery(0));
        let _ = world.ask("mfa-verify", &second).expect(200);
    })
}

pub(super) fn log_in_by_code<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = user.signing_in(LOGIN, &user.recovery(0));
    signs_in(world, user, "login", event)
}

pub(super) fn login_locking<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = user.signing_in(LOGIN, &json!({ "mfaCode": WRONG }));
    let right = user.signing_in(LOGIN, &user.recovery(0));
    refused(world, "login", event, (right, 200))
}

/// A user with a factor and a username whose account is deleted.
fn gone(world: &World<'_>) -> (Factored, String) {
    let (member, username) = named(world);
    let user = Factored::of(world, member);
    let body = json!({ "password": PASSWORD });
    let event = Event::new("DELETE", "/api/auth/me").json(&body);
    let event = event.token(&user.member.access);
    let _ = world.ask("me-delete", &event).expect(204);
    (user, username)
}

/// The account is back and the code used, or neither.
fn comes_back<'a>(
    world: &'a World<'_>,
    (user, username): (Factored, String),
    function: &'static str,
    event: Event,
) -> Act<'a> {
    let again = event.clone();
    act(event, 200, move |reply| {
        let is_back = user.login(world, &user.recovery(1)).status == 200;
        assert!(is_back || reply.status != 200);
        if !is_back {
            let _ = world.ask(function, &again).expect(200);
        }
        let _ = user.login(world, &user.recovery(0)).expect(401);
        let _ = user.login(world, &user.recovery(2)).expect(200);
        let found = find(world, &username).expect(200).json();
        assert_eq!(found["id"], *user.member.id);
    })
}

pub(super) fn verify_restoring<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (user, username) = gone(world);
    let first = world.ask("me-restore", &user.signing_in(RESTORE, &json!({})));
    let event = verifying(&user, first, &user.recovery(0));
    comes_back(world, (user, username), "mfa-verify", event)
}

/// The account is not back before the second step.
pub(super) fn restore_first<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (user, username) = gone(world);
    let event = user.signing_in(RESTORE, &json!({}));
    let again = event.clone();
    act(event, 403, move |_| {
        let _ = find(world, &username).expect(404);
        let first = world.ask("me-restore", &again);
        let second = verifying(&user, first, &user.recovery(0));
        let _ = world.ask("mfa-verify", &second).expect(200);
    })
}

pub(super) fn restore_by_code<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (user, username) = gone(world);
    let event = user.signing_in(RESTORE, &user.recovery(0));
    comes_back(world, (user, username), "me-restore", event)
}

pub(super) fn restore_locking<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let (user, _) = gone(world);
    let event = user.signing_in(RESTORE, &json!({ "mfaCode": WRONG }));
    let right = user.signing_in(RESTORE, &user.recovery(0));
    refused(world, "me-restore", event, (right, 200))
}

/// A request in the session with the password and a proof beside it.
fn with_password(user: &Factored, path: &str, proof: &Value) -> Event {
    user.own(path, &with(json!({ "password": PASSWORD }), proof))
}

/// The user has one session, the one that asked or the new one, and with the new one the code is used.
pub(super) fn reauthenticate_by_code<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = with_password(&user, REAUTHENTICATE, &user.recovery(0));
    act(event, 200, move |reply| {
        let goes_on = world.is_signed_in(&user.member.access);
        assert!(!goes_on || reply.status != 200);
        if reply.status == 200 {
            let access = text(&reply.json()["accessToken"]);
            assert!(world.is_signed_in(&access));
        }
        let status = if goes_on { 200 } else { 401 };
        let _ = user.login(world, &user.recovery(0)).expect(status);
        let _ = user.login(world, &user.recovery(1)).expect(200);
    })
}

pub(super) fn reauthenticate_locking<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = with_password(&user, REAUTHENTICATE, &wrong());
    let right = with_password(&user, REAUTHENTICATE, &user.recovery(0));
    refused(world, "reauthenticate", event, (right, 200))
}

fn changing(user: &Factored, proof: &Value) -> Event {
    let proof = with(json!({ "newEmail": fresh_email() }), proof);
    with_password(user, "/api/auth/email/change", &proof)
}

/// A change that was asked for has used its code; another code asks again.
pub(super) fn change_by_code<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = changing(&user, &user.recovery(0));
    act(event, 202, move |reply| {
        assert!(user.left(world) == 9 || reply.status != 202);
        let again = changing(&user, &user.recovery(1));
        let _ = world.ask("email-change", &again).expect(202);
    })
}

pub(super) fn change_locking<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = changing(&user, &wrong());
    let right = changing(&user, &user.recovery(0));
    refused(world, "email-change", event, (right, 202))
}

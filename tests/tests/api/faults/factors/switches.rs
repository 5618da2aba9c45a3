//! Factors that are switched on and off, and their recovery codes.

use super::*;

const DISABLE: &str = "/api/auth/mfa/disable";

pub(super) fn state<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let event = Event::new("GET", "/api/auth/mfa").token(&user.member.access);
    act(event, 200, move |reply| {
        if reply.status == 200 {
            assert_eq!(reply.json()["recoveryCodesLeft"], 10);
            assert!(reply.json()["totp"].is_object());
        }
    })
}

pub(super) fn enable<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    enabling(world, member.access)
}

pub(super) fn enable_waiting<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    enabling(world, world.lacking_factor(&member.email))
}

/// The secret of a reply is the one that waits, and another can be asked for.
fn enabling<'a>(world: &'a World<'_>, token: String) -> Act<'a> {
    let event = post(ENABLE, &json!({})).token(&token);
    act(event, 200, move |reply| {
        let secret = match reply.status {
            200 => text(&reply.json()["secret"]),
            _ => secret(world, &token),
        };
        let confirmed = world.ask("mfa-confirm", &confirmation(&token, &secret, 0));
        let _ = confirmed.expect(200);
    })
}

/// The factor is on and every other session over, or neither; the session that asks goes on.
pub(super) fn confirm<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let other = world.login(&member.email).expect(200).json();
    let secret = secret(world, &member.access);
    let event = confirmation(&member.access, &secret, 0);
    act(event, 200, move |reply| {
        let is_on = !world.is_signed_in(&text(&other["accessToken"]));
        assert!(is_on || reply.status != 200);
        assert!(world.is_signed_in(&member.access));
        let got = match (reply.status, is_on) {
            (200, _) => reply.json(),
            (_, false) => {
                let again = confirmation(&member.access, &secret, 0);
                world.ask("mfa-confirm", &again).expect(200).json()
            }
            // The recovery codes are lost, and others can be had.
            (_, true) => {
                let body = json!({ "code": code(&secret, 1) });
                let renewing = post(CODES, &body).token(&member.access);
                world
                    .ask("mfa-recovery-codes", &renewing)
                    .expect(200)
                    .json()
            }
        };
        let body = json!({ "email": member.email, "password": PASSWORD,
            "recoveryCode": recovery_codes(&got)[0] });
        let login = world.ask("login", &post("/api/auth/login", &body));
        let _ = login.expect(200);
    })
}

/// The factor is on and the session of the sign-in begun, or the sign-in waits as before.
pub(super) fn confirm_waiting<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let member = world.member();
    let token = world.lacking_factor(&member.email);
    let secret = secret(world, &token);
    let event = confirmation(&token, &secret, 0);
    act(event, 200, move |reply| {
        let is_on = !world.is_signed_in(&member.access);
        assert!(is_on || reply.status != 200);
        let got = match (reply.status, is_on) {
            (200, _) => reply.json(),
            (_, false) => {
                let again = world.ask("mfa-confirm", &confirmation(&token, &secret, 0));
                again.expect(200).json()
            }
            (_, true) => {
                let body = json!({ "email": member.email, "password": PASSWORD,
                    "mfaCode": code(&secret, 1) });
                let login = world.ask("login", &post("/api/auth/login", &body));
                login.expect(200).json()
            }
        };
        assert!(world.is_signed_in(&text(&got["accessToken"])));
        let again = world.ask("mfa-confirm", &confirmation(&token, &secret, 1));
        let _ = again.expect(401);
    })
}

pub(super) fn disable<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    disabling(world, Factored::new(world))
}

pub(super) fn disable_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let failed = world.ask("mfa-disable", &user.own(DISABLE, &wrong()));
    let _ = failed.expect(401);
    disabling(world, user)
}

/// The factor is off, or on with its code unused; the session that asks goes on.
fn disabling<'a>(world: &'a World<'_>, user: Factored) -> Act<'a> {
    let event = user.own(DISABLE, &user.recovery(0));
    let again = event.clone();
    act(event, 204, move |reply| {
        assert!(world.is_signed_in(&user.member.access));
        let is_off = world.login(&user.member.email).status == 200;
        assert!(is_off || reply.status != 204);
        if !is_off {
            let _ = world.ask("mfa-disable", &again).expect(204);
        }
        let _ = world.login(&user.member.email).expect(200);
        assert_eq!(user.left(world), 0);
    })
}

pub(super) fn disable_wrong<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let right = user.own(DISABLE, &user.recovery(0));
    let event = user.own(DISABLE, &wrong());
    refused(world, "mfa-disable", event, (right, 204))
}

pub(super) fn disable_locking<'a>(world: &'a World<'_>, admin: &str) -> Act<'a> {
    disable_wrong(world, admin)
}

pub(super) fn renew<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    renewing(world, Factored::new(world))
}

pub(super) fn renew_again<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let failed = world.ask("mfa-recovery-codes", &user.own(CODES, &wrong()));
    let _ = failed.expect(401);
    renewing(world, user)
}

/// The old codes are good, or others are; the session that asks goes on, and can have others once more.
fn renewing<'a>(world: &'a World<'_>, user: Factored) -> Act<'a> {
    let event = user.own(CODES, &user.code(0));
    act(event, 200, move |reply| {
        assert!(world.is_signed_in(&user.member.access));
        let is_old = user.login(world, &user.recovery(0)).status == 200;
        assert!(!is_old || reply.status != 200);
        let got = match reply.status {
            200 => reply.json(),
            _ => {
                let again = user.own(CODES, &user.code(1));
                world.ask("mfa-recovery-codes", &again).expect(200).json()
            }
        };
        let _ = user.login(world, &user.recovery(1)).expect(401);
        let proof = json!({ "recoveryCode": recovery_codes(&got)[0] });
        let _ = user.login(world, &proof).expect(200);
    })
}

pub(super) fn renew_wrong<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let right = user.own(CODES, &user.code(1));
    let event = user.own(CODES, &wrong());
    refused(world, "mfa-recovery-codes", event, (right, 200))
}

pub(super) fn renew_locking<'a>(world: &'a World<'_>, admin: &str) -> Act<'a> {
    renew_wrong(world, admin)
}

/// The factor is gone and every session over, or neither.
pub(super) fn remove<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let user = Factored::new(world);
    let path = format!("/api/users/{}/mfa", user.member.id);
    let event = by_admin(world, "DELETE", &path);
    let again = event.clone();
    act(event, 204, move |reply| {
        let is_gone = !world.is_signed_in(&user.member.access);
        assert!(is_gone || reply.status != 204);
        let status = if is_gone { 200 } else { 403 };
        let _ = world.login(&user.member.email).expect(status);
        let status = if is_gone { 409 } else { 204 };
        let _ = world.ask("users-mfa", &again).expect(status);
        let _ = world.login(&user.member.email).expect(200);
    })
}

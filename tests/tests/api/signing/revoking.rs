//! The end of every token at once, by an operator who means it.

use blackbox::{Event, Instance, stack};
use serde_json::json;

use super::world::*;

const SECRET: (&str, &str) = (
    "BAKEND_AUTH_JWT_SECRET",
    "a secret of thirty-two bytes or more",
);

fn refresh_status(world: &World<'_>, refresh: &Instance<'_>, member: &Member) -> u16 {
    let body = json!({ "refreshToken": member.refresh });
    let event = Event::new("POST", "/api/auth/refresh").json(&body);
    world.ask(refresh, &event).status
}

#[test]
fn all_tokens_are_void_after_a_revocation_and_everybody_can_sign_in_again() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for name in MADE {
        let world = World::new(inside, name);
        let member = world.registers(&world.start("register", &[]));
        let running = world.start("refresh", &[ALWAYS]);
        let (done, told) = world.admin(&["keys", "revoke-all"], PUBLISHED);
        let refused =
            "cargo admin: this signs everybody out, on every device; if that is meant, say --yes\n";
        assert_eq!((done, told.as_str()), (false, refused));
        assert_eq!(world.mark(), (String::new(), String::new()), "{name}");
        let member = world.refreshes(&running, &member);

        let (done, told) = world.admin(&["keys", "revoke-all", "--yes"], PUBLISHED);
        let (kid, step) = world.mark();
        let expected = format!(
            "The key {kid} signs, and every token of before is void. Functions know it within five minutes; everybody signs \
             in again.\n"
        );
        assert_eq!((done, told), (true, expected), "{name}");
        assert_eq!(step, "revoked");
        let me = world.start("me-get", &[]);
        assert_eq!(world.status(&me, &member.access), 401, "{name}");
        for refresh in [&running, &world.start("refresh", &[])] {
            assert_eq!(refresh_status(&world, refresh, &member), 401, "{name}");
        }
        let again = world.logs_in(&world.start("login", &[]), &member);
        assert_eq!(world.status(&me, &again.access), 200, "{name}");
        let _ = world.refreshes(&running, &again);
    }
}

#[test]
fn a_secret_of_the_settings_is_told_of_and_refresh_tokens_end_all_the_same() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = World::new(inside, "HS256");
    let member = world.registers(&world.start("register", &[SECRET]));
    let (done, told) = world.admin_under(&[SECRET], &["keys", "revoke-all", "--yes"]);
    let expected = "auth.jwtSecret signs, so access tokens of before are good for up to 900 seconds more: replace it and deploy.\n";
    assert!(done && told.ends_with(expected), "{told}");
    let refresh = world.start("refresh", &[SECRET]);
    assert_eq!(refresh_status(&world, &refresh, &member), 401);
    let me = world.start("me-get", &[SECRET]);
    assert_eq!(world.status(&me, &member.access), 200);
    let again = world.logs_in(&world.start("login", &[SECRET]), &member);
    let _ = world.refreshes(&refresh, &again);
}

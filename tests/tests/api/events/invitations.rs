//! Invitations, from the first mail to each of their ends.

use super::proofs::Mailed;
use super::*;

pub(super) const WRITES: &[&str] = &[
    "register",
    "invitations-create",
    "invitations-resend",
    "invitations-revoke",
    "invitations-reject",
    "invitations-accept",
];

const PATH: &str = "/api/auth/invitations";

/// Invites an address; the path of the invitation, and the token of its mail.
fn invites(world: &Mailed<'_>, email: &str, role: &str) -> (String, String) {
    let body = json!({ "email": email, "role": role, "resource": { "type": "team", "id": "7" },
        "message": "Nobody but you reads this." });
    let event = post(PATH, &body).token(&world.play.admin.access);
    let made = world.ask("invitations-create", event, 201, &["invitation.created"]);
    let id = &made.reply.json()["id"];
    let data = &made.events[0]["data"]["invitation"];
    assert_eq!((&data["id"], &data["email"]), (id, &json!(email)));
    assert_eq!(data["status"], "pending");
    assert_eq!(made.events[0]["actor"]["id"], json!(world.play.admin.id));
    (format!("{PATH}/{}", text(id)), mailed(world, email))
}

/// The token of the newest mail to an address.
fn mailed(world: &Mailed<'_>, email: &str) -> String {
    let link = world.mail(email).link.unwrap();
    let (_, token) = link.split_once("token=").unwrap();
    token.to_owned()
}

#[test]
fn invitations_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = Mailed::new(inside);
    let by_admin = |event: Event| event.token(&world.play.admin.access);
    let email = fresh_email();

    let (path, first) = invites(&world, &email, "editor");
    let resend = by_admin(post(&format!("{path}/resend"), &json!({})));
    let sent = world.ask("invitations-resend", resend, 202, &["invitation.resent"]);
    assert_eq!(sent.events[0]["data"]["invitation"]["status"], "pending");
    let second = mailed(&world, &email);
    let accept = |body: Value| post(&format!("{PATH}/accept"), &body);
    let with = |token: &str| accept(json!({ "token": token, "password": PASSWORD }));
    let _ = world.ask("invitations-accept", with(&first), 400, &[]);
    let both = ["invitation.accepted", "auth.register"];
    let made = world.ask("invitations-accept", with(&second), 201, &both);
    let data = &made.event("auth.register")["data"];
    assert_eq!(data["method"], "invitation");
    assert_eq!(data["user"]["role"], "editor");
    let data = &made.event("invitation.accepted")["data"]["invitation"];
    assert_eq!(
        (&data["status"], &data["role"]),
        (&json!("accepted"), &json!("editor"))
    );
    let _ = world.ask("invitations-accept", with(&second), 409, &[]);

    // A user whose address is not proven accepts signed in.
    let ada = world.play.registers();
    let (_, token) = invites(&world, &ada.email, "editor");
    let event = accept(json!({ "token": token })).token(&ada.access);
    let all = ["invitation.accepted", "auth.email.verified", "user.updated"];
    let done = world.ask("invitations-accept", event, 200, &all);
    assert_eq!(
        done.event("user.updated")["data"]["changed"],
        json!(["role"])
    );

    let refused = fresh_email();
    let (_, token) = invites(&world, &refused, "authenticated");
    let reject = || post(&format!("{PATH}/reject"), &json!({ "token": token }));
    let done = world.play.ask(
        "invitations-reject",
        reject(),
        200,
        &["invitation.rejected"],
    );
    assert_eq!(done.events[0]["data"]["invitation"]["status"], "rejected");
    let _ = world.play.ask("invitations-reject", reject(), 409, &[]);

    let (path, _) = invites(&world, &fresh_email(), "authenticated");
    let revoke = || by_admin(delete(&path));
    let _ = world
        .play
        .ask("invitations-revoke", revoke(), 204, &["invitation.revoked"]);
    let _ = world.play.ask("invitations-revoke", revoke(), 409, &[]);
    world.end(WRITES);
}

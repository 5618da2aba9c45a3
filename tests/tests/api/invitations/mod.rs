//! Invitations, as inviters and the invited see them.

mod accepting;
mod everywhere;
mod making;
mod racing;
mod taking_over;
pub(crate) mod token;

use blackbox::{Event, Reply};
use local::mailbox::Message;
use serde_json::{Value, json};

use crate::proofs::world::{MailWorld, link_token};

/// The path of all invitations.
pub(crate) const PATH: &str = "/api/auth/invitations";

/// Invites an address as the admin; the reply, and the token of the mail.
fn invite(world: &MailWorld<'_>, email: &str, fields: &Value) -> (Value, String) {
    let (invitation, mail) = invite_by_mail(world, email, fields);
    (invitation, link_token(&mail))
}

/// The same with the whole mail.
fn invite_by_mail(world: &MailWorld<'_>, email: &str, fields: &Value) -> (Value, Message) {
    let mut body = json!({ "email": email });
    if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object()) {
        body.extend(fields.clone());
    }
    let mails = world.mailbox.messages_to(email).len();
    let event = Event::new("POST", PATH).json(&body);
    let invitation = world.ask("invitations-create", event, 201);
    (invitation, world.mail(email, mails + 1))
}

/// The path of an invitation.
fn path_of(invitation: &Value) -> String {
    format!("{PATH}/{}", invitation["id"].as_str().unwrap())
}

/// Accepts without an access token.
fn accept(world: &MailWorld<'_>, body: &Value) -> Reply {
    world.post("invitations-accept", &format!("{PATH}/accept"), body)
}

/// Accepts signed in.
fn accept_as(world: &MailWorld<'_>, token: &str, body: &Value) -> Reply {
    world.post_as(token, "invitations-accept", &format!("{PATH}/accept"), body)
}

/// Rejects.
fn reject(world: &MailWorld<'_>, token: &str) -> Reply {
    let body = json!({ "token": token });
    world.post("invitations-reject", &format!("{PATH}/reject"), &body)
}

/// Revokes as the admin.
fn revoke(world: &MailWorld<'_>, invitation: &Value) -> Reply {
    let token = world.admin["accessToken"].as_str().unwrap();
    let event = Event::new("DELETE", &path_of(invitation)).token(token);
    world.reply("invitations-revoke", &event)
}

/// The status of an invitation, as the admin sees it.
fn status(world: &MailWorld<'_>, invitation: &Value) -> String {
    let event = Event::new("GET", &path_of(invitation));
    let found = world.ask("invitations-get", event, 200);
    found["status"].as_str().unwrap().to_owned()
}

//! Principals beside users with an address: anonymous accounts, admins who act as users, and service accounts.

mod acting;
mod before;
mod making;
mod seen;
pub(crate) mod service;
pub(crate) mod token;
mod told;
mod upgrading;

use blackbox::{Event, Reply};
use serde_json::{Value, json};

use crate::proofs::world::{MailWorld, token};

pub(crate) const ANONYMOUS: &str = "/api/auth/anonymous";

/// A new anonymous account, as its making replies.
fn nobody(world: &MailWorld<'_>) -> Value {
    let made = world.post("anonymous", ANONYMOUS, &json!({}));
    made.expect(201).json()
}

fn id(signed_in: &Value) -> String {
    signed_in["user"]["id"].as_str().unwrap().to_owned()
}

/// The reply to a request with an access token.
fn ask(world: &MailWorld<'_>, access: &str, function: &str, event: Event) -> Reply {
    world.reply(function, &event.token(access))
}

fn get(path: &str) -> Event {
    Event::new("GET", path)
}

/// The item of a user as it is stored; null where there is none.
fn stored(world: &MailWorld<'_>, key: &str) -> Value {
    let items = world.scan("local-_users").into_iter();
    let mut items = items.filter(|item| item["id"]["S"] == json!(key));
    items.next().unwrap_or_default()
}

/// The admin of a world.
fn admin(world: &MailWorld<'_>) -> String {
    token(&world.admin)
}

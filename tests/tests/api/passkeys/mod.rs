//! Passkeys, as their users meet them: by the device of the package `device`.

mod app;
mod browsing;
pub(crate) mod deployed;
pub(crate) mod devtools;
mod leaving;
mod managing;
mod policies;
mod racing;
mod registering;
mod signing_in;
mod stepping_up;

use std::ops::Deref;

use blackbox::{Event, Inside, Instance, PASSWORD, Reply, fresh_email};
use device::{Device, Manners};
use serde_json::{Value, json};

use crate::world::{Variables, World};

const PASSKEYS: &str = "/api/auth/passkeys";
const OPTIONS: &str = "/api/auth/passkeys/options";
const LOGIN_OPTIONS: &str = "/api/auth/passkeys/login/options";
const LOGIN: &str = "/api/auth/passkeys/login";
const AGAIN: &str = "/api/auth/reauthenticate";

/// The page of an app on a developer's machine.
const PAGE: &str = "http://localhost:3000";

/// A stack of its own, whose accounts have passkeys.
struct Stage<'a> {
    world: World<'a>,
}

/// An account with a device.
struct Account {
    email: String,
    id: String,
    /// The access token of its registration.
    token: String,
    device: Device,
}

impl<'a> Deref for Stage<'a> {
    type Target = World<'a>;

    fn deref(&self) -> &World<'a> {
        &self.world
    }
}

impl<'a> Stage<'a> {
    fn new(inside: &'a Inside, variables: Variables<'_>) -> Self {
        Self {
            world: World::with(inside, &[], variables),
        }
    }

    /// A new account, with a device that has no passkey yet.
    fn register(&self) -> Account {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD });
        let made = self.post("register", "/api/auth/register", &body);
        let made = made.expect(201).json();
        Account {
            email,
            id: text(&made["user"]["id"]),
            token: text(&made["accessToken"]),
            device: Device::new(),
        }
    }

    /// A login with the password.
    fn login(&self, email: &str) -> Reply {
        let body = json!({ "email": email, "password": PASSWORD });
        self.post("login", "/api/auth/login", &body)
    }

    /// A registration that has begun.
    fn begin(&self, account: &Account) -> Value {
        let begun = self.post_as(&account.token, "passkeys-options", OPTIONS, &json!({}));
        begun.expect(200).json()
    }

    /// The body that adds a passkey with these manners.
    fn made(&self, account: &mut Account, manners: &Manners) -> Value {
        let begun = self.begin(account);
        let credential = account.device.register(&begun["options"], manners);
        json!({ "challengeToken": begun["challengeToken"], "credential": credential })
    }

    fn create(&self, token: &str, body: &Value) -> Reply {
        self.post_as(token, "passkeys-create", PASSKEYS, body)
    }

    /// Adds a passkey, and gives it as it is shown.
    fn add(&self, account: &mut Account) -> Value {
        let body = self.made(account, &Manners::on(PAGE));
        self.create(&account.token, &body).expect(201).json()
    }

    /// A new account with a passkey.
    fn enrolled(&self) -> Account {
        let mut account = self.register();
        let _ = self.add(&mut account);
        account
    }

    /// A sign-in that has begun.
    fn challenge(&self) -> Value {
        let begun = self.post("passkeys-login-options", LOGIN_OPTIONS, &json!({}));
        begun.expect(200).json()
    }

    /// The body that signs in with these manners.
    fn signed(&self, device: &mut Device, manners: &Manners) -> Value {
        let begun = self.challenge();
        let credential = device.sign(&begun["options"], manners);
        json!({ "challengeToken": begun["challengeToken"], "credential": credential })
    }

    /// A sign-in with the newest passkey of a device.
    fn sign_in(&self, device: &mut Device) -> Reply {
        let body = self.signed(device, &Manners::on(PAGE));
        self.post("passkeys-login", LOGIN, &body)
    }

    fn list(&self, token: &str) -> Vec<Value> {
        let event = Event::new("GET", PASSKEYS).token(token);
        let page = self.world.send("passkeys-list", &event, 200);
        page["items"].as_array().unwrap().clone()
    }

    fn delete(&self, token: &str, id: &Value) -> Reply {
        let path = format!("{PASSKEYS}/{}", text(id));
        let event = Event::new("DELETE", &path).token(token);
        self.world.reply("passkeys-delete", &event)
    }

    /// Takes the password of an account away, as no endpoint does.
    fn forget_password(&self, account: &Account) {
        let forget = json!({
            "TableName": "local-_users",
            "Key": { "id": { "S": format!("email#{}", account.email) } },
            "UpdateExpression": "REMOVE password_hash",
        });
        let engine = self.world.flow.apart.dynamo.engine();
        let _ = engine.call("UpdateItem", &forget).unwrap();
    }

    /// The items of passkeys, as they are stored.
    fn items(&self) -> Vec<Value> {
        let items = self.world.scan("local-_users").into_iter();
        let is_passkey = |item: &Value| text(&item["id"]["S"]).starts_with("passkey#");
        items.filter(is_passkey).collect()
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

fn count(replies: &[Reply], status: u16) -> usize {
    replies.iter().filter(|it| it.status == status).count()
}

#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.expect(status);
    assert_eq!(reply.code(), code, "{}", reply.text());
}

#[track_caller]
fn invalid(reply: Reply) {
    refused(reply, 401, "auth/invalid-passkey");
}

//! Second factors, as users of authenticator apps meet them.

mod counting;
pub(crate) mod deployed;
mod enabling;
mod enrolling;
mod half_finished;
mod mailed;
mod policies;
mod recent;
mod recovering;
mod resetting;
mod rotating;
mod signing_in;
mod ways_in;

use std::ops::Deref;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use blackbox::{Event, Inside, Instance, PASSWORD, Reply, fresh_email};
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

use crate::world::{Variables, World};

const ENABLE: &str = "/api/auth/mfa/enable";
const CONFIRM: &str = "/api/auth/mfa/confirm";
const VERIFY: &str = "/api/auth/mfa/verify";
const DISABLE: &str = "/api/auth/mfa/disable";
const CODES: &str = "/api/auth/mfa/recovery-codes";
const LOGIN: &str = "/api/auth/login";

/// A stack of its own, whose accounts have second factors.
struct Stage<'a> {
    world: World<'a>,
}

/// An account with an authenticator app.
struct Account {
    email: String,
    id: String,
    /// The access token of the session that has switched the factor on.
    token: String,
    secret: String,
    codes: Vec<String>,
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

    fn register(&self) -> (String, Value) {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD });
        let made = self
            .post("register", "/api/auth/register", &body)
            .expect(201);
        (email, made.json())
    }

    /// Makes an account and switches its factor on by the code of the step before this one. The codes of this step and the next
    /// are unused.
    fn enrolled(&self) -> Account {
        let (email, made) = self.register();
        self.enrol(&email, &made)
    }

    fn enrol(&self, email: &str, made: &Value) -> Account {
        let token = text(&made["accessToken"]);
        let (secret, codes) = enrol_totp(&self.world, &token);
        Account {
            email: email.to_owned(),
            id: text(&made["user"]["id"]),
            token,
            secret,
            codes,
        }
    }

    /// A login with the right password and these fields beside it.
    fn login(&self, email: &str, more: &Value) -> Reply {
        let mut body = json!({ "email": email, "password": PASSWORD });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().cloned().unwrap_or_default());
        self.post("login", LOGIN, &body)
    }

    /// The token of a login that waits for the second factor.
    fn challenge(&self, email: &str) -> String {
        let waits = self.login(email, &json!({})).expect(403);
        assert_eq!(waits.code(), "auth/mfa-required");
        text(&waits.json()["error"]["mfa"]["token"])
    }

    /// The second step of a sign-in.
    fn verify(&self, challenge: &str, proof: &Value) -> Reply {
        self.post("mfa-verify", VERIFY, &second(challenge, proof))
    }

    /// The second steps of these challenges at the same time, each with its proof; returns the replies.
    fn race(&self, challenges: &[String], proof: impl Fn(usize) -> Value) -> Vec<Reply> {
        let instances = self.instances("mfa-verify", 4);
        let each = challenges.iter().enumerate().zip(instances.iter().cycle());
        let all: Vec<(&Instance<'_>, Event)> = each
            .map(|((at, challenge), instance)| {
                let body = second(challenge, &proof(at));
                (instance, Event::new("POST", VERIFY).json(&body))
            })
            .collect();
        self.at_once(&all)
    }
}

/// The body of the second step.
fn second(challenge: &str, proof: &Value) -> Value {
    let mut body = json!({ "mfaToken": challenge });
    body.as_object_mut()
        .unwrap()
        .extend(proof.as_object().cloned().unwrap_or_default());
    body
}

/// Switches the factor on for the user of a token, by the code before this step's: the secret, and the recovery codes.
pub(crate) fn enrol_totp(world: &World<'_>, token: &str) -> (String, Vec<String>) {
    let own = |path: &str, body: &Value| Event::new("POST", path).json(body).token(token);
    let setup = world.send("mfa-enable", &own(ENABLE, &json!({})), 200);
    let secret = text(&setup["secret"]);
    let body = json!({ "code": code(&secret, -1) });
    let confirmed = world.send("mfa-confirm", &own(CONFIRM, &body), 200);
    let codes = confirmed["recoveryCodes"].as_array().unwrap();
    let codes = codes.iter().map(text).collect();
    (secret, codes)
}

/// The code of the step that is this many away from the present one. An earlier one is given early in a step: it must not
/// become a still earlier one on its way.
pub(crate) fn code(secret: &str, steps: i64) -> String {
    let late = seconds_of_step().saturating_sub(20);
    if steps < 0 && late > 0 {
        thread::sleep(Duration::from_secs(10 - late));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .build()
        .unwrap();
    let seconds = now.as_secs().checked_add_signed(steps * 30).unwrap();
    totp.generate(seconds).to_string()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.expect(status);
    assert_eq!(reply.code(), code, "{}", reply.text());
}

/// How many seconds of the present step are over.
pub(crate) fn seconds_of_step() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() % 30
}

//! Accounts that a provider opens: the table of `docs/providers.md`, row by row.

use std::time::{SystemTime, UNIX_EPOCH};

use blackbox::{fresh_email, stack};
use serde_json::Value;

use super::*;
use crate::mfa::code;

const DOCS: &str = include_str!("../../../../docs/providers.md");

/// The rows below the table's head.
fn rows() -> Vec<Vec<String>> {
    let lines = DOCS
        .lines()
        .skip_while(|line| !line.starts_with("| Account with the address |"));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    rows.map(cells).collect()
}

impl Stage<'_> {
    /// Switches a second factor on; returns its secret.
    fn enrol(&self, signed_in: &Value) -> String {
        let event = Event::new("POST", "/api/auth/mfa/enable").json(&json!({}));
        let setup = self
            .ask_as(signed_in, "mfa-enable", event)
            .expect(200)
            .json();
        let secret = setup["secret"].as_str().unwrap().to_owned();
        let body = json!({ "code": code(&secret, -1) });
        let event = Event::new("POST", "/api/auth/mfa/confirm").json(&body);
        let _ = self.ask_as(signed_in, "mfa-confirm", event).expect(200);
        secret
    }

    /// An account in the state of a row: its address, and its session.
    fn holder(&self, state: &str) -> (String, Option<Value>) {
        if state == "none" {
            return (fresh_email(), None);
        }
        let (email, made) = match state.starts_with("not proven") {
            true => self.register(),
            false => self.proven(),
        };
        let id = made["user"]["id"].as_str().unwrap().to_owned();
        if state.contains("second factor") {
            let _ = self.enrol(&made);
        } else if state.contains("another account") {
            let code = self.code("google", &google(&format!("other-{email}"), "x@b.example"));
            let event = Event::new("POST", ACCOUNTS).json(&trade(&code, &json!({})));
            let _ = self.ask_as(&made, "accounts-link", event).expect(201);
        } else if state.contains("disabled") {
            let event =
                Event::new("PATCH", &format!("/api/users/{id}")).json(&json!({ "disabled": true }));
            let _ = self.world.ask("users-update", event, 200);
        } else if state.contains("deleted") {
            let body = match state.starts_with("not proven") {
                true => json!({ "password": PASSWORD }),
                false => json!({}),
            };
            let event = Event::new("DELETE", "/api/auth/me").json(&body);
            let _ = self.ask_as(&made, "me-delete", event).expect(204);
        }
        (email, Some(made))
    }
}

#[test]
fn every_row_of_the_docs_is_what_a_user_meets() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let _ = stage.set("google", &json!({ "profile": { "name": "name" } }));
    for row in rows() {
        let [state, outcomes @ ..] = &row[..] else {
            panic!("an empty row")
        };
        // Nothing here waits for the time of a deletion; the unit tests play it.
        if state.contains("for good") {
            continue;
        }
        for (at, expected) in outcomes.iter().enumerate() {
            let (email, before) = stage.holder(state);
            let subject = format!("{at}-{email}");
            let mut account = google(&subject, &email);
            match at {
                0 => {}
                1 => account["hd"] = Value::Null,
                2 => account["email_verified"] = json!(false),
                _ => account["email"] = Value::Null,
            }
            let code = stage.code("google", &account);
            let more = match state.contains("`restore`") {
                true => json!({ "restore": true }),
                false => json!({}),
            };
            let reply = stage.exchange(&code, &more);
            meets(&stage, (state, expected), (&email, before.as_ref()), &reply);
        }
    }
}

/// Compares the reply with the words of the docs.
fn meets(
    stage: &Stage<'_>,
    (state, expected): (&str, &str),
    (email, before): (&str, Option<&Value>),
    reply: &Reply,
) {
    let place = format!("{state}: {expected}: {}", reply.text());
    let id = before.map(|it| it["user"]["id"].clone());
    if let Some(code) = expected.strip_prefix('`') {
        assert_eq!(format!("`{}`", reply.code()), format!("`{code}"), "{place}");
        return;
    }
    if expected.contains("by the second factor") {
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (403, "auth/mfa-required"),
            "{place}"
        );
        assert!(
            !stage
                .accounts(before.unwrap())
                .contains(&"google".to_owned()),
            "{place}"
        );
        return;
    }
    assert_eq!(reply.status, 200, "{place}");
    let made = reply.json();
    let is_new = expected.starts_with("new");
    assert_eq!(made["isNewUser"], json!(is_new), "{place}");
    assert_eq!(made["linkedByEmail"], json!(!is_new), "{place}");
    let has_address = !expected.contains("without an address");
    assert_eq!(
        made["user"]["email"],
        if has_address {
            json!(email)
        } else {
            Value::Null
        },
        "{place}"
    );
    assert_eq!(
        made["user"]["emailVerifiedAt"].is_null(),
        !has_address,
        "{place}"
    );
    if is_new {
        assert_ne!(Some(made["user"]["id"].clone()), id, "{place}");
        assert_eq!(made["user"]["name"], "Ada at Google", "{place}");
        return;
    }
    assert_eq!(Some(made["user"]["id"].clone()), id, "{place}");
    let ways = stage.accounts(&made);
    if expected.contains("taken over") {
        assert_eq!(ways, ["google"], "{place}");
        assert_eq!(stage.login(email).status, 401, "{place}");
        assert!(!stage.stands(before.unwrap()), "{place}");
    } else {
        assert_eq!(ways, ["google", "own"], "{place}");
    }
}

#[test]
fn the_identity_is_found_again_whatever_its_address_says() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (one, other) = (fresh_email(), stage.proven().0);
    let first = stage
        .sign_in("google", &google("s-1", &one))
        .expect(200)
        .json();
    assert_eq!(first["isNewUser"], json!(true));
    let again = stage
        .sign_in("google", &google("s-1", &other))
        .expect(200)
        .json();
    assert_eq!(again["user"]["id"], first["user"]["id"]);
    assert_eq!(again["user"]["email"], json!(one));
    assert_eq!(
        (&again["isNewUser"], &again["linkedByEmail"]),
        (&json!(false), &json!(false))
    );
    let elsewhere = stage
        .sign_in("own", &own("s-1", &json!({})))
        .expect(200)
        .json();
    assert_ne!(elsewhere["user"]["id"], first["user"]["id"]);
    assert_eq!(elsewhere["user"]["email"], Value::Null);
}

#[test]
fn each_provider_is_read_in_its_own_words() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let email = fresh_email();
    let github = json!({ "user": { "id": 4711, "login": "ada", "avatar_url": "https://a.example/x" },
        "emails": [{ "email": "other@x.io", "primary": false, "verified": true },
            { "email": email, "primary": true, "verified": true }] });
    let made = stage.sign_in("github", &github).expect(200).json();
    assert_eq!(made["user"]["email"], json!(email));
    assert_eq!(stage.accounts(&made), ["github"]);
    // GitHub decides about no address.
    let taken = stage.proven().0;
    let mut other = github;
    other["user"]["id"] = json!(4712);
    other["emails"][1]["email"] = json!(taken);
    let refused = stage.sign_in("github", &other);
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (409, "auth/account-exists")
    );
    let tenant = "00000000-0000-0000-0000-0000000000aa";
    let microsoft = json!({ "iss": format!("https://login.microsoftonline.com/{tenant}/v2.0"), "tid": tenant, "oid": "o",
        "sub": "pairwise", "email": taken });
    let made = stage.sign_in("microsoft", &microsoft).expect(200).json();
    assert_eq!(
        (&made["isNewUser"], &made["user"]["email"]),
        (&json!(true), &Value::Null)
    );
    let told = own(
        "s",
        &json!({ "name": "Ada", "picture": "https://a.example/p" }),
    );
    let made = stage.sign_in("own", &told).expect(200).json();
    assert_eq!(
        (&made["user"]["name"], &made["user"]["website"]),
        (&json!("Ada"), &json!("https://a.example/p"))
    );
}

#[test]
fn a_second_factor_links_and_nothing_before_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let (email, made) = stage.proven();
    let secret = stage.enrol(&made);
    let reply = stage.sign_in("google", &google(&email, &email)).expect(403);
    let token = reply.json()["error"]["mfa"]["token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(token.len() <= 2048, "{}", token.len());
    assert!(!stage.accounts(&made).contains(&"google".to_owned()));
    let body = json!({ "mfaToken": token, "code": code(&secret, 0) });
    let event = Event::new("POST", "/api/auth/mfa/verify").json(&body);
    let signed_in = stage.world.send("mfa-verify", &event, 200);
    assert_eq!(signed_in["user"]["id"], made["user"]["id"]);
    assert_eq!(stage.accounts(&signed_in), ["google", "own"]);
    // The identity is known from now on, and the factor is asked for as before.
    assert_eq!(
        stage.sign_in("google", &google(&email, &email)).code(),
        "auth/mfa-required"
    );
}

#[test]
fn a_trusted_provider_is_both_factors() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let trusting = [("BAKEND_AUTH_MFA_TRUSTED_PROVIDERS", "google")];
    let stage = Stage::new(inside, &trusting);
    let email = fresh_email();
    let made = stage
        .sign_in("google", &google(&email, &email))
        .expect(200)
        .json();
    let _ = stage.enrol(&made);
    let again = stage
        .sign_in("google", &google(&email, &email))
        .expect(200)
        .json();
    let claims = claims(again["accessToken"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["fed:google", "mfa"]));
}

#[test]
fn trust_begins_when_the_account_is_linked() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let trusting = [("BAKEND_AUTH_MFA_TRUSTED_PROVIDERS", "google")];
    let stage = Stage::new(inside, &trusting);
    let (email, made) = stage.proven();
    let secret = stage.enrol(&made);
    let account = google(&email, &email);
    // The address alone leads here, and any account of the provider might get it.
    let refused = stage.sign_in("google", &account).expect(403);
    assert_eq!(refused.code(), "auth/mfa-required");
    assert_eq!(stage.accounts(&made), ["own"]);
    let token = refused.json()["error"]["mfa"]["token"].clone();
    let body = json!({ "mfaToken": token, "code": code(&secret, 0) });
    let event = Event::new("POST", "/api/auth/mfa/verify").json(&body);
    let linked = stage.world.send("mfa-verify", &event, 200);
    assert_eq!(linked["user"]["id"], made["user"]["id"]);
    assert_eq!(stage.accounts(&linked), ["google", "own"]);
    let again = stage.sign_in("google", &account).expect(200).json();
    assert_eq!(again["user"]["id"], made["user"]["id"]);
    let claims = claims(again["accessToken"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["fed:google", "mfa"]));
}

#[test]
fn a_session_is_as_old_as_the_provider_says() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let stage = Stage::new(inside, &[]);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let old = own("old", &json!({ "auth_time": now - 86_400 * 40 }));
    let made = stage.sign_in("own", &old).expect(200).json();
    assert!(stage.stands(&made));
    assert_eq!(
        claims(made["accessToken"].as_str().unwrap())["auth_time"],
        json!(now - 86_400 * 40)
    );
    let event = Event::new("POST", "/api/auth/mfa/enable").json(&json!({}));
    let refused = stage.ask_as(&made, "mfa-enable", event);
    assert_eq!(refused.code(), "auth/reauthentication-required");
    let future = own("future", &json!({ "auth_time": now + 86_400 }));
    let made = stage.sign_in("own", &future).expect(200).json();
    let at = claims(made["accessToken"].as_str().unwrap())["auth_time"]
        .as_u64()
        .unwrap();
    assert!(at <= now + 600, "{at}");
}

/// The claims of an access token.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

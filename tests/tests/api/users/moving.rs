//! The ways to sign in that `cargo admin export` and `import` move with a user: accounts at providers, authenticator apps.

use blackbox::provider::Provider;
use blackbox::{Apart, Event, Inside, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::transfer::Scrap;
use crate::admin::{admin_on, said};
use crate::auth::items::{identity_key, stored_hash, users};
use crate::mfa::{code, enrol_totp};
use crate::providers::{native_body, set_up};
use crate::world::World;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// A stack of its own, where Google signs in.
struct Place<'a> {
    inside: &'a Inside,
    world: World<'a>,
}

impl<'a> Place<'a> {
    fn new(inside: &'a Inside, provider: &Provider) -> Self {
        let own = [("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080")];
        let world = World::with(inside, &[], &own);
        let admin = text(&world.admin["accessToken"]);
        let ask = |function: &str, event: &Event| world.reply(function, event);
        set_up(provider, &ask, &admin);
        Self { inside, world }
    }

    fn endpoint(&self) -> String {
        self.world.flow.apart.dynamo.endpoint()
    }

    /// Imports lines; whether that is done, and the answer.
    fn import(&self, lines: &[Value]) -> (bool, String) {
        let file = Scrap::of("in.jsonl", lines);
        said(&admin_on(
            self.inside,
            &self.endpoint(),
            &["import", file.path()],
        ))
    }

    /// Exports all users; their lines, and the sentence about them.
    fn export(&self) -> (Vec<Value>, String) {
        let file = Scrap::new("out.jsonl");
        let arguments = ["export", "--with-hashes", file.path()];
        let (done, told) = said(&admin_on(self.inside, &self.endpoint(), &arguments));
        assert!(done, "{told}");
        (file.lines(), told)
    }

    fn login(&self, email: &str, mfa_code: Option<&str>) -> Reply {
        let mut body = json!({ "email": email, "password": PASSWORD });
        if let Some(code) = mfa_code {
            body["mfaCode"] = json!(code);
        }
        self.world.post("login", "/api/auth/login", &body)
    }

    /// A sign-in by an account at Google, which tells no address.
    fn by_google(&self, provider: &Provider, subject: &str) -> Reply {
        let body = native_body(provider, subject, &json!({}));
        self.world
            .post("oauth-token", "/api/auth/oauth/google/token", &body)
    }

    fn get(&self, signed_in: &Value, function: &str, path: &str) -> Value {
        let event = Event::new("GET", path).token(&text(&signed_in["accessToken"]));
        self.world.send(function, &event, 200)
    }
}

fn google(subject: &str) -> Value {
    json!({ "provider": "google", "issuer": "https://accounts.google.com", "subject": subject,
        "email": "told@example.com", "linkedAt": "2024-02-29T12:00:00.000Z" })
}

fn github(subject: &str) -> Value {
    json!({ "provider": "github", "issuer": "https://api.github.com", "subject": subject,
        "linkedAt": "2024-03-01T12:00:00.000Z" })
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// The sentence of an import of one line.
fn one_line(made: u8, there: u8) -> (bool, String) {
    let told = format!("1 lines read, {made} users made, {there} there already, 0 refused.\n");
    (true, told)
}

#[test]
fn accounts_at_providers_and_an_authenticator_app_move_with_their_user() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let provider = Provider::start();
    let [one, two] = [(); 2].map(|()| Place::new(inside, &provider));
    let (email, verified) = (fresh_email(), "2024-02-29T12:00:00.000Z");
    let identities = json!([github("583231"), google("moves")]);
    let hash = stored_hash(inside, &stack().member().email);
    let line = json!({ "email": email, "passwordHash": hash, "emailVerifiedAt": verified, "identities": identities });
    assert_eq!(one.import(&[line]), one_line(1, 0));
    let there = one.login(&email, None).expect(200).json();
    let (secret, codes) = enrol_totp(&one.world, &text(&there["accessToken"]));

    let (lines, told) = one.export();
    assert!(!told.contains("left out"), "{told}");
    let moved = lines.iter().find(|line| line["email"] == json!(email));
    let moved = [moved.unwrap().clone()];
    assert_eq!(moved[0]["totpSecret"], json!(secret));
    assert_eq!(moved[0]["identities"], identities);
    assert_eq!(moved[0]["emailVerifiedAt"], json!(verified));
    let bare = said(&admin_on(inside, &one.endpoint(), &["export"])).1;
    assert!(bare.contains(&email), "{bare}");
    for secret in ["totpSecret", "identities", "passwordHash", &secret] {
        assert!(!bare.contains(secret), "{bare}");
    }

    assert_eq!(two.import(&moved), one_line(1, 0));
    assert_eq!(two.import(&moved), one_line(0, 1));
    let waits = two.login(&email, None).expect(403);
    assert_eq!(waits.code(), "auth/mfa-required");
    let methods = &waits.json()["error"]["mfa"]["methods"];
    assert_eq!(*methods, json!(["totp"]), "no recovery code is left");
    let by_recovery = json!({ "email": email, "password": PASSWORD, "recoveryCode": codes[0] });
    let by_recovery = two.world.post("login", "/api/auth/login", &by_recovery);
    assert_eq!(by_recovery.code(), "auth/invalid-mfa-code");
    let by_google = two.by_google(&provider, "moves");
    assert_eq!(by_google.code(), "auth/mfa-required");
    let by_code = two.login(&email, Some(&code(&secret, 0)));
    let signed_in = by_code.expect(200).json();
    assert_eq!(signed_in["user"]["id"], there["user"]["id"]);
    assert_eq!(signed_in["user"]["emailVerifiedAt"], json!(verified));
    assert_eq!(signed_in["user"]["mfa"], json!(true));
    let ways = two.get(&signed_in, "accounts-list", "/api/auth/accounts");
    let way = |id: &str| {
        let mut ways = ways["items"].as_array().unwrap().iter();
        ways.find(|way| way["id"] == json!(id)).cloned()
    };
    assert!(way("password").is_some(), "{ways}");
    for (id, label, at) in [
        ("google", "told@example.com", "2024-02-29T12:00:00.000Z"),
        ("github", "github", "2024-03-01T12:00:00.000Z"),
    ] {
        let way = way(id).unwrap();
        assert_eq!(
            (&way["label"], &way["connectedAt"]),
            (&json!(label), &json!(at))
        );
    }
    let factor = two.get(&signed_in, "mfa-get", "/api/auth/mfa");
    assert_eq!(factor["recoveryCodesLeft"], json!(0));
}

#[test]
fn an_account_without_an_address_moves_by_its_account_at_a_provider() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let provider = Provider::start();
    let [one, two] = [(); 2].map(|()| Place::new(inside, &provider));
    let line = [json!({ "identities": [google("nameless")], "role": "editor", "name": "Ada" })];
    assert_eq!(one.import(&line), one_line(1, 0));
    assert_eq!(one.import(&line), one_line(0, 1), "a line without an id");
    let there = one.by_google(&provider, "nameless").expect(200).json();
    assert_eq!(there["user"]["email"], Value::Null);
    let _ = one
        .world
        .post("anonymous", "/api/auth/anonymous", &json!({}))
        .expect(201);
    let body = json!({ "name": "billing", "role": "editor" });
    let service = Event::new("POST", "/api/admin/service-accounts").json(&body);
    let _ = one.world.ask("service-accounts-create", service, 201);

    let (lines, told) = one.export();
    let left_out = "; 1 anonymous and 1 service accounts left out.\n";
    assert!(told.ends_with(left_out), "{told}");
    assert_eq!(lines.len(), 2, "the admin is the other one: {lines:?}");
    let moved = lines.iter().find(|line| line["id"] == there["user"]["id"]);
    let moved = [moved.unwrap().clone()];
    assert_eq!(moved[0]["identities"], json!([google("nameless")]));
    assert_eq!(moved[0].get("email"), None);
    assert_eq!(two.import(&moved), one_line(1, 0));
    assert_eq!(two.import(&moved), one_line(0, 1));
    let signed_in = two.by_google(&provider, "nameless").expect(200).json();
    for name in ["id", "email", "role", "name", "createdAt"] {
        assert_eq!(signed_in["user"][name], there["user"][name], "{name}");
    }
    let ways = two.get(&signed_in, "accounts-list", "/api/auth/accounts");
    assert_eq!(ways["items"].as_array().map(Vec::len), Some(1), "{ways}");
}

#[test]
fn what_another_user_has_or_nobody_can_is_refused_by_its_line() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.dynamo.endpoint();
    let there = [json!({ "email": fresh_email(), "identities": [google("x")] })];
    let there = Scrap::of("there.jsonl", &there);
    assert!(said(&admin_on(inside, &endpoint, &["import", there.path()])).0);
    let [first, second, third] = [(); 3].map(|()| fresh_email());
    let lines = [
        json!({ "email": first, "identities": [github("1"), google("x")] }),
        json!({ "identities": [google("x")], "role": "editor" }),
        json!({ "email": second, "identities": [google("y")] }),
        json!({ "identities": [github("2"), google("y")] }),
        json!({ "email": third, "identities": [google("z"), google("w")] }),
        json!({ "identities": [{ "provider": "Google" }] }),
        json!({ "email": third, "totpSecret": &SECRET[..16] }),
        json!({ "email": third, "totpSecret": SECRET }),
        json!({ "identities": [google("v")], "passwordHash": stored_hash(inside, &stack().member().email) }),
        json!({ "role": "editor" }),
    ];
    let told = [
        format!("line 1: {first}: somebody has this account at google."),
        "line 2: google x: somebody has this account at google.".to_owned(),
        "line 4: github 2: has the account at google of line 3.".to_owned(),
        "line 5: `identities` has two of `google`".to_owned(),
        "line 6: `identities[0]`: `provider` must be the name of a provider.".to_owned(),
        "line 7: `totpSecret` must be base32 of 160 to 512 bits.".to_owned(),
        format!("line 8: {third}: `totpSecret` cannot be sealed: there is no sealing key"),
        "line 9: `passwordHash` needs `email`.".to_owned(),
        "line 10: `email` is required without `identities`.".to_owned(),
    ];
    let file = Scrap::of("refused.jsonl", &lines);
    for (arguments, made) in [
        (
            &["import", "--dry-run", file.path()][..],
            "1 users could be made, 0",
        ),
        (&["import", file.path()], "1 users made, 0"),
        (&["import", file.path()], "0 users made, 1"),
    ] {
        let (done, text) = said(&admin_on(inside, &endpoint, arguments));
        let counts = format!("10 lines read, {made} there already, 9 refused");
        assert!(!done && text.contains(&counts), "{counts} in {text}");
        for line in &told {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains(&SECRET[..16]), "a secret is told: {text}");
    }
    let users = users(&endpoint);
    for key in [
        identity_key(&first),
        json!({ "id": { "S": "provider#github#1" } }),
        json!({ "id": { "S": "provider#github#2" } }),
    ] {
        assert_eq!(
            users.get(&key),
            Value::Null,
            "a line is done wholly or not at all"
        );
    }
    let mine = users.get(&json!({ "id": { "S": "provider#google#y" } }));
    let identity = users.get(&identity_key(&second));
    assert_eq!(mine["user_id"], identity["user_id"]);
}

//! Passkeys: adding, naming and removing them, signing in, and authenticating once more.

use device::{Device, Manners};

use super::strangers::{primed, someone};
use super::*;

const PAGE: &str = "http://localhost:3000";
const PASSKEYS: &str = "/api/auth/passkeys";

/// A ceremony that has begun, as options and token.
fn begun(ledger: &Ledger<'_>, function: &Instance<'_>, event: &Event) -> (Value, Value) {
    let begun = ledger.apart.ask(function, event).expect(200).json();
    (begun["options"].clone(), begun["challengeToken"].clone())
}

/// The body with a credential in a ceremony.
fn shown(token: &Value, credential: &Value) -> Value {
    json!({ "challengeToken": token, "credential": credential })
}

/// Every endpoint of passkeys, by a user with two of them.
pub(super) fn passkeys(ledger: &mut Ledger<'_>, register: &Instance<'_>) {
    let ada = someone(ledger, register, &fresh_email(), 60);
    let own = |method: &str, path: &str| Event::new(method, path).token(&ada.access);
    let manners = Manners::on(PAGE);
    let mut device = Device::new();

    let options = ledger.function("passkeys-options", &[]);
    let path = "/api/auth/passkeys/options";
    let design = "session check → BatchGet of those there: none";
    let by = ("passkeys-options", &options);
    let none = (CHECK, 1, 2.0, 0.0);
    let _ = ledger.row(by, "none there", (&own("POST", path), 200), none, design);

    let create = ledger.function("passkeys-create", &[]);
    primed(ledger, &create, &own("POST", PASSKEYS).json(&json!({})));
    let mut add = |ledger: &Ledger<'_>| {
        let (asked, token) = begun(ledger, &options, &own("POST", path));
        let credential = device.register(&asked, &manners);
        own("POST", PASSKEYS).json(&shown(&token, &credential))
    };
    let first = add(ledger);
    let made = format!("{CHECK} → TransactWriteItems PutItem _users, UpdateItem _users");
    let design = "session check → T (user, passkey)";
    let by = ("passkeys-create", &create);
    let _ = ledger.row(by, "any", (&first, 201), (&made, 2, 2.0, 5.0), design);
    let second = add(ledger);
    let _ = ledger.apart.ask(&create, &second).expect(201);

    let there = format!("{CHECK} → BatchGetItem _users");
    let expected = (there.as_str(), 2, 4.0, 0.0);
    let design = "session check → BatchGet of those there";
    let by = ("passkeys-options", &options);
    let _ = ledger.row(by, "two there", (&own("POST", path), 200), expected, design);
    let list = ledger.function("passkeys-list", &[]);
    let by = ("passkeys-list", &list);
    let listed = ledger.row(
        by,
        "two there",
        (&own("GET", PASSKEYS), 200),
        expected,
        design,
    );
    let ids: Vec<String> = listed.json()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| format!("{PASSKEYS}/{}", item["id"].as_str().unwrap()))
        .collect();

    let update = ledger.function("passkeys-update", &[]);
    let by = ("passkeys-update", &update);
    let rename = own("PATCH", &ids[0]).json(&json!({ "name": "Phone" }));
    let named = format!("{CHECK} → GetItem _users → TransactWriteItems UpdateItem _users");
    let design = "session check → r → T (user, passkey)";
    let _ = ledger.row(by, "any", (&rename, 200), (&named, 3, 3.0, 5.0), design);

    sign_ins(ledger, &mut device, &ada);
    removals(ledger, register, &mut device);
}

/// A sign-in, and a further proof.
fn sign_ins(ledger: &mut Ledger<'_>, device: &mut Device, ada: &Member) {
    let manners = Manners::on(PAGE);
    let options = ledger.function("passkeys-login-options", &[]);
    let ask = Event::new("POST", "/api/auth/passkeys/login/options");
    let by = ("passkeys-login-options", &options);
    let _ = ledger.row(by, "any", (&ask, 200), ("none", 0, 0.0, 0.0), "none");

    let login = ledger.function("passkeys-login", &[]);
    let path = "/api/auth/passkeys/login";
    primed(ledger, &login, &post(path, &json!({})));
    let (asked, token) = begun(ledger, &options, &ask);
    let sign = post(path, &shown(&token, &device.sign(&asked, &manners)));
    let begins =
        "GetItem _users ∥ GetItem _users → TransactWriteItems PutItem _sessions, UpdateItem _users";
    let design = "r ∥ r → T (counter, session)";
    let by = ("passkeys-login", &login);
    let _ = ledger.row(by, "any", (&sign, 200), (begins, 2, 2.0, 4.0), design);

    let again = ledger.function("reauthenticate", &[]);
    let path = "/api/auth/reauthenticate";
    let event = |body: &Value| post(path, body).token(&ada.access);
    primed(ledger, &again, &event(&json!({})));
    let (asked, token) = begun(ledger, &options, &ask);
    let prove = event(&shown(&token, &device.sign(&asked, &manners)));
    let proven = format!(
        "{CHECK} ∥ GetItem _users → TransactWriteItems PutItem _sessions, UpdateItem _sessions, UpdateItem _users"
    );
    let design = "session check ∥ r → T (counter, new session, old session)";
    let by = ("reauthenticate", &again);
    let _ = ledger.row(by, "passkey", (&prove, 200), (&proven, 2, 3.0, 6.0), design);
}

/// Removals: of one of two passkeys, and of the last one.
fn removals(ledger: &mut Ledger<'_>, register: &Instance<'_>, device: &mut Device) {
    let eve = someone(ledger, register, &fresh_email(), 61);
    let own = |method: &str, path: &str| Event::new(method, path).token(&eve.access);
    let (options, create) = (
        ledger.function("passkeys-options", &[]),
        ledger.function("passkeys-create", &[]),
    );
    let mut ids = Vec::new();
    for _ in 0..2 {
        let path = "/api/auth/passkeys/options";
        let (asked, token) = begun(ledger, &options, &own("POST", path));
        let credential = device.register(&asked, &Manners::on(PAGE));
        let event = own("POST", PASSKEYS).json(&shown(&token, &credential));
        let made = ledger.apart.ask(&create, &event).expect(201).json();
        ids.push(format!("{PASSKEYS}/{}", made["id"].as_str().unwrap()));
    }
    let delete = ledger.function("passkeys-delete", &[]);
    let by = ("passkeys-delete", &delete);
    let removed = "TransactWriteItems DeleteItem _users, UpdateItem _sessions, UpdateItem _users";
    let one = format!("{CHECK} → {removed}");
    let design = "session check → T (user, passkey, identity, session)";
    let event = own("DELETE", &ids[0]);
    let _ = ledger.row(by, "one of two", (&event, 204), (&one, 2, 2.0, 9.0), design);
    let last = format!("{CHECK} → GetItem _users → {removed}");
    let design = "the same, and whether there is a password";
    let event = own("DELETE", &ids[1]);
    let _ = ledger.row(by, "the last", (&event, 204), (&last, 3, 3.0, 9.0), design);
}

//! Sign-ins by mail, and changes of one's own address.

use auth::proof::Purpose;

use super::strangers::{ASK, Accounts, for_every_address, primed, someone};
use super::*;
use crate::proofs::returning::{self, posting, trading, wish};
use crate::proofs::sent::{Sent, sent_to_flow, sent_to_user};

const TRY: &str = "PutItem _throttle ∥ UpdateItem _mail";
const BACK: &str = "UpdateItem _throttle";

pub(super) fn magic_links(ledger: &mut Ledger<'_>, accounts: &Accounts) {
    let on = [("BAKEND_AUTH_MAGIC_LINK", "signUp")];
    let ask = ledger.function("magic-link", &on);
    let by = ("magic-link", &ask);
    let path = "/api/auth/magic-link";
    let asking = |email: &str, n: u8| {
        let event = post(path, &json!({ "email": email }));
        event.source_ip(&format!("198.51.105.{n}"))
    };
    for_every_address(ledger, by, ("", accounts), asking);
    let event = asking(&fresh_email(), 10);
    let _ = ledger.apart.ask(&ask, &event).expect(202);
    let again = "PutItem _throttle (refused) ∥ PutItem _throttle (refused) → PutItem _throttle ∥ UpdateItem _throttle → PutItem _mail";
    let why = "as much again and a hop: source and address have asked of late";
    let _ = ledger.row(by, "again", (&event, 202), (again, 3, 0.0, 5.0), why);
    let off = ledger.function("magic-link", &[]);
    let by = ("magic-link", &off);
    let nothing = ("none", 0, 0.0, 0.0);
    let _ = ledger.row(by, "off", (&event, 403), nothing, "nothing");
    entries(ledger, &ask, asking, accounts);
}

fn entries(
    ledger: &mut Ledger<'_>,
    ask: &Instance<'_>,
    asking: impl Fn(&str, u8) -> Event,
    accounts: &Accounts,
) {
    let on = [("BAKEND_AUTH_MAGIC_LINK", "signUp")];
    let verify = ledger.function("magic-link-verify", &on);
    let by = ("magic-link-verify", &verify);
    let path = "/api/auth/magic-link/verify";
    let proof = |ledger: &Ledger<'_>, email: &str, user: Option<(&str, u64)>, n: u8| {
        let opened = ledger.apart.ask(ask, &asking(email, n)).expect(202);
        let flow = opened.json()["flow"].clone();
        let Sent { code, token } = sent_to_flow(&ledger.apart, Purpose::MagicLink, &flow, user);
        let by_code = json!({ "flow": flow, "code": code });
        let event = |body: &Value| post(path, body).source_ip(&format!("198.51.106.{n}"));
        (event(&by_code), event(&json!({ "token": token })))
    };
    let Accounts {
        known: (known, member),
        unverified: (unverified, unproven),
        ..
    } = accounts;
    let owner = Some((member.id.as_str(), 1));
    let (_, link) = proof(ledger, known, owner, 20);
    primed(ledger, &verify, &post(path, &json!({ "token": "x" })));
    const IN: &str = "TransactWriteItems DeleteItem _mail, PutItem _sessions";
    let by_link = format!("GetItem _mail → GetItem _users → {IN}");
    let design = "r → r → T (session, code): 3 hops, 2 / 4";
    let _ = ledger.row(by, "link", (&link, 200), (&by_link, 3, 2.0, 4.0), design);
    let (code, _) = proof(ledger, known, owner, 21);
    let by_code = format!("{TRY} → GetItem _users ∥ {BACK} → {IN}");
    let design = "w (tries) ∥ count → r → T (session, code) ∥ back: 3 hops, 2 / 7; the identity is not needed";
    let _ = ledger.row(by, "code", (&code, 200), (&by_code, 3, 1.0, 7.0), design);
    let used = "PutItem _throttle (refused) ∥ UpdateItem _mail (refused) → UpdateItem _throttle";
    let why = "the counts alone, a hop more: the source has tried of late";
    let _ = ledger.row(by, "used code", (&code, 400), (used, 2, 0.0, 3.0), why);
    let owner = Some((unproven.id.as_str(), 1));
    let (code, _) = proof(ledger, unverified, owner, 22);
    let taken = format!(
        "{TRY} → GetItem _users ∥ {BACK} → TransactWriteItems DeleteItem _mail, PutItem _sessions, UpdateItem _users"
    );
    let why = "more: user and identity, which loses its password";
    let _ = ledger.row(by, "take-over", (&code, 200), (&taken, 3, 1.0, 12.0), why);
    let (code, _) = proof(ledger, &fresh_email(), None, 23);
    let made = format!(
        "{TRY} → GetItem _users ∥ {BACK} → TransactWriteItems DeleteItem _mail, PutItem _sessions, PutItem _users"
    );
    let why = "the identity is read, and user and identity are made";
    let made = ledger.row(by, "new account", (&code, 200), (&made, 3, 1.0, 12.0), why);
    let delete = ledger.function("me-delete", &[]);
    let event = Event::new("DELETE", "/api/auth/me").json(&json!({}));
    let event = event.token(made.json()["accessToken"].as_str().unwrap());
    let gone = format!("{CHECK} → GetItem _users → TransactWriteItems UpdateItem _users");
    let design = "session check → r (is there a password?) → T";
    let by_session = ("me-delete", &delete);
    let _ = ledger.row(
        by_session,
        "no password",
        (&event, 204),
        (&gone, 3, 3.0, 5.0),
        design,
    );
    by_code_of_a_page(ledger);
    let garbage = post(path, &json!({ "token": "x" }));
    let nothing = ("none", 0, 0.0, 0.0);
    let _ = ledger.row(
        by,
        "garbage",
        (&garbage, 400),
        nothing,
        "nothing: the tag tells",
    );
}

/// The page of a mail leads back to the app, whose code signs in.
fn by_code_of_a_page(ledger: &mut Ledger<'_>) {
    let ask = ledger.function("magic-link", &returning::BACK);
    let event = post("/api/auth/magic-link", &wish(&fresh_email()));
    let opened = ledger.apart.ask(&ask, &event).expect(202).json();
    let Sent { token, .. } = sent_to_flow(&ledger.apart, Purpose::MagicLink, &opened["flow"], None);
    let verify = ledger.function("magic-link-verify", &returning::BACK);
    primed(ledger, &verify, &posting("x"));
    let by = ("magic-link-verify", &verify);
    let one = ("GetItem _mail", 1, 1.0, 0.0);
    let design = "r: nothing is used up";
    let led = ledger.row(by, "way back", (&posting(&token), 200), one, design);
    let exchange = ledger.function("oauth-exchange", &returning::BACK);
    let event = trading(&led.json(), &json!({}));
    primed(
        ledger,
        &exchange,
        &post("/api/auth/oauth/exchange", &json!({})),
    );
    let by = ("oauth-exchange", &exchange);
    let made = "GetItem _mail → GetItem _users → TransactWriteItems DeleteItem _mail, PutItem _sessions, PutItem _users";
    let design = "as magic-link/verify by a link";
    let _ = ledger.row(by, "mail, new", (&event, 200), (made, 3, 2.0, 9.0), design);
}

pub(super) fn address_changes(ledger: &mut Ledger<'_>, register: &Instance<'_>) {
    let own = someone(ledger, register, &fresh_email(), 30);
    let (path, confirm_path) = ("/api/auth/email/change", "/api/auth/email/change/confirm");
    let on = |method: &str, path: &str, body: Value, n: u8| {
        let event = Event::new(method, path).json(&body).token(&own.access);
        event.source_ip(&format!("198.51.107.{n}"))
    };
    let ask = ledger.function("email-change", &[]);
    let by = ("email-change", &ask);
    let (free, new) = (fresh_email(), fresh_email());
    primed(
        ledger,
        &ask,
        &on("POST", path, json!({ "newEmail": free }), 1),
    );
    let event = on("POST", path, json!({ "newEmail": free }), 2);
    let asked = format!("{CHECK} → {ASK}");
    let counted = asked.replacen("PutItem _throttle ∥ PutItem _throttle", "x", 1);
    let counted = counted.replace(
        "x",
        "PutItem _throttle ∥ PutItem _throttle (refused) → PutItem _throttle",
    );
    let design = "session check → counts → w: 3 hops, 2 / 3; w more: the user has asked of late";
    let _ = ledger.row(by, "recent", (&event, 202), (&counted, 4, 2.0, 4.0), design);
    let cancel = ledger.function("email-change-cancel", &[]);
    let event = Event::new("DELETE", path).token(&own.access);
    let expected = (&*format!("{CHECK} → DeleteItem _mail"), 2, 2.0, 1.0);
    let design = "session check → w: 2 hops, 2 / 1";
    let _ = ledger.row(
        ("email-change-cancel", &cancel),
        "right",
        (&event, 204),
        expected,
        design,
    );

    let body = json!({ "newEmail": new, "password": PASSWORD });
    let event = on("POST", path, body, 3);
    let by_password = format!(
        "{CHECK} → GetItem _throttle ∥ GetItem _users ∥ PutItem _throttle → DeleteItem _throttle ∥ PutItem _throttle ∥ PutItem _throttle (refused) → PutItem _throttle → PutItem _mail"
    );
    let _ = ledger.row(
        by,
        "by password",
        (&event, 202),
        (&by_password, 5, 4.0, 6.0),
        "as a login besides",
    );
    let Sent { code, .. } = sent_to_user(&ledger.apart, Purpose::EmailChange, (&own.id, 1));
    let confirm = ledger.function("email-change-confirm", &[]);
    let by = ("email-change-confirm", &confirm);
    primed(
        ledger,
        &confirm,
        &on("POST", confirm_path, json!({ "token": "x" }), 4),
    );
    let wrong = on(
        "POST",
        confirm_path,
        json!({ "code": crate::proofs::world::another(&code) }),
        5,
    );
    let tried = format!("{CHECK} → GetItem _users ∥ {TRY}");
    let why = "the counts and the hash alone";
    let _ = ledger.row(by, "wrong code", (&wrong, 400), (&tried, 2, 3.0, 2.0), why);
    let right = on("POST", confirm_path, json!({ "code": code }), 6);
    let done = format!(
        "{tried} → TransactWriteItems DeleteItem _mail, DeleteItem _users, PutItem _users, UpdateItem _sessions, UpdateItem _users ∥ {BACK}"
    );
    let design = "session check → w (tries) ∥ r → T (user, 2 identities, session, code): 3 hops, 3 / 12; the source's count besides";
    let _ = ledger.row(by, "right", (&right, 200), (&done, 3, 3.0, 14.0), design);
}

//! Second factors: their switches, and the ways in that ask for a code.

use auth::proof::Purpose;

use super::strangers::{ASK, primed, someone};
use super::*;
use crate::mfa::code;
use crate::proofs::sent::sent_to_flow;

const ENABLE: &str = "/api/auth/mfa/enable";
const CONFIRM: &str = "/api/auth/mfa/confirm";
const VERIFY: &str = "/api/auth/mfa/verify";
const LOGIN: &str = "/api/auth/login";
const RESTORE: &str = "/api/auth/me/restore";

/// A password or a code that is counted before it is looked at.
const COUNT: &str = "GetItem _throttle ∥ GetItem _users ∥ PutItem _throttle";
const BACK: &str = "DeleteItem _throttle";
/// A session that begins by a code.
const IN: &str = "TransactWriteItems PutItem _sessions, UpdateItem _users";

/// A user with a second factor.
struct Factored {
    email: String,
    member: Member,
    secret: String,
    codes: Vec<String>,
}

impl Factored {
    fn code(&self, steps: i64) -> Value {
        json!({ "code": code(&self.secret, steps) })
    }

    fn recovery(&self, at: usize) -> Value {
        json!({ "recoveryCode": self.codes[at] })
    }

    fn own(&self, path: &str, body: &Value, n: u8) -> Event {
        from(path, body, n).token(&self.member.access)
    }

    /// A request with the right password and a proof beside it.
    fn signing_in(&self, path: &str, proof: &Value, n: u8) -> Event {
        from(path, &with(credentials(&self.email, PASSWORD), proof), n)
    }
}

fn with(mut body: Value, proof: &Value) -> Value {
    let fields = proof.as_object().cloned().unwrap_or_default();
    body.as_object_mut().unwrap().extend(fields);
    body
}

/// An event with a body from a source of its own.
fn from(path: &str, body: &Value, n: u8) -> Event {
    post(path, body).source_ip(&format!("198.51.112.{n}"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The second step of a sign-in, whose first one this is.
fn second(first: &Reply, proof: &Value, n: u8) -> Event {
    let token = first.json()["error"]["mfa"]["token"].clone();
    from(VERIFY, &with(json!({ "mfaToken": token }), proof), n)
}

fn recovery_codes(reply: &Reply) -> Vec<String> {
    let body = reply.json();
    let codes = body["recoveryCodes"].as_array().unwrap();
    codes.iter().map(text).collect()
}

/// The functions that make factors, and the sources that their users register from.
struct Maker<'r, 'a> {
    register: &'r Instance<'r>,
    enable: Instance<'a>,
    confirm: Instance<'a>,
    next: u8,
}

impl Maker<'_, '_> {
    fn someone(&mut self, ledger: &Ledger<'_>) -> (String, Member) {
        let email = fresh_email();
        self.next += 1;
        let member = someone(ledger, self.register, &email, self.next);
        (email, member)
    }

    /// Switches a factor on by the code of the step before this one. The codes of this step and the next are unused.
    fn factored(&mut self, ledger: &Ledger<'_>) -> Factored {
        let (email, member) = self.someone(ledger);
        let own = |path: &str, body: &Value| from(path, body, 0).token(&member.access);
        let setup = ledger.apart.ask(&self.enable, &own(ENABLE, &json!({})));
        let secret = text(&setup.expect(200).json()["secret"]);
        let confirm = |_| {
            let body = json!({ "code": code(&secret, -1) });
            ledger.apart.ask(&self.confirm, &own(CONFIRM, &body))
        };
        // A step may end between here and there.
        let confirmed = (0..3).map(confirm).find(|reply| reply.status == 200);
        let codes = recovery_codes(&confirmed.unwrap());
        Factored {
            email,
            member,
            secret,
            codes,
        }
    }
}

pub(super) fn factors(ledger: &mut Ledger<'_>, register: &Instance<'_>, admin: &Member) {
    let mut maker = Maker {
        register,
        enable: ledger.function("mfa-enable", &[]),
        confirm: ledger.function("mfa-confirm", &[]),
        next: 80,
    };
    switched_on(ledger, &mut maker);
    let primer = maker.factored(ledger);
    let login = ledger.function("login", &[]);
    sign_ins(ledger, &mut maker, (&login, &primer));
    returns(ledger, &mut maker);
    proven_again(ledger, &mut maker, &primer);
    switched_off(ledger, &mut maker, (&primer, admin));
    resets(ledger, &mut maker);
}

/// Factors that are made in a session, and by a sign-in that waits for one.
fn switched_on(ledger: &mut Ledger<'_>, maker: &mut Maker<'_, '_>) {
    let (_, ada) = maker.someone(ledger);
    let own = |path: &str, body: &Value, n: u8| from(path, body, n).token(&ada.access);
    let event = own(ENABLE, &json!({}), 1);
    let expected = (&*format!("{CHECK} → PutItem _users"), 2, 2.0, 1.0);
    let by = ("mfa-enable", &maker.enable);
    let design = "session check → w";
    let setup = ledger.row(by, "session", (&event, 200), expected, design);
    let body = json!({ "code": code(&text(&setup.json()["secret"]), 0) });
    let event = own(CONFIRM, &body, 2);
    let on = format!(
        "{CHECK} ∥ GetItem _users → TransactWriteItems PutItem _users, UpdateItem _sessions, UpdateItem _users"
    );
    let by = ("mfa-confirm", &maker.confirm);
    let design = "session check ∥ r → T (user, identity, factor, session)";
    let _ = ledger.row(by, "session", (&event, 200), (&on, 2, 3.0, 9.0), design);
    let get = ledger.function("mfa-get", &[]);
    let event = Event::new("GET", "/api/auth/mfa").token(&ada.access);
    let expected = (&*format!("{CHECK} ∥ GetItem _users"), 1, 3.0, 0.0);
    let by = ("mfa-get", &get);
    let _ = ledger.row(by, "any", (&event, 200), expected, "session check ∥ r");

    let (email, _) = maker.someone(ledger);
    let login = ledger.function("login", &[("BAKEND_AUTH_MFA", "required")]);
    let nobody = from(LOGIN, &credentials(&fresh_email(), PASSWORD), 3);
    primed(ledger, &login, &nobody);
    let event = from(LOGIN, &credentials(&email, PASSWORD), 4);
    let expected = (&*format!("{COUNT} → GetItem _users → {BACK}"), 3, 3.0, 2.0);
    let by = ("login", &login);
    let design = "as a login, and no session";
    let waits = ledger.row(by, "to make a factor", (&event, 403), expected, design);
    let token = text(&waits.json()["error"]["mfa"]["token"]);
    let event = from(ENABLE, &json!({}), 5).token(&token);
    let expected = ("GetItem _users → PutItem _users", 2, 1.0, 1.0);
    let by = ("mfa-enable", &maker.enable);
    let waiting = "sign-in that waits";
    let setup = ledger.row(by, waiting, (&event, 200), expected, "r → w");
    let body = json!({ "code": code(&text(&setup.json()["secret"]), 0) });
    let event = from(CONFIRM, &body, 6).token(&token);
    let on = "GetItem _users → GetItem _users → TransactWriteItems PutItem _sessions, PutItem _users, UpdateItem _users";
    let by = ("mfa-confirm", &maker.confirm);
    let design = "r → r → T (user, identity, factor, session)";
    let _ = ledger.row(by, waiting, (&event, 200), (on, 3, 2.0, 9.0), design);
}

/// Sign-ins in two steps, and in one.
fn sign_ins(
    ledger: &mut Ledger<'_>,
    maker: &mut Maker<'_, '_>,
    (login, primer): (&Instance<'_>, &Factored),
) {
    let nobody = from(LOGIN, &credentials(&fresh_email(), PASSWORD), 10);
    primed(ledger, login, &nobody);
    let bob = maker.factored(ledger);
    let by = ("login", login);
    let counted = format!("{COUNT} → GetItem _users");
    let event = bob.signing_in(LOGIN, &json!({}), 11);
    let expected = (
        &*format!("{counted} → {BACK} ∥ GetItem _users"),
        3,
        4.0,
        2.0,
    );
    let design = "as a login, no session; (r ∥ count back): how many recovery codes are left";
    let first = ledger.row(by, "first step", (&event, 403), expected, design);

    let verify = ledger.function("mfa-verify", &[]);
    let by = ("mfa-verify", &verify);
    let wrong = json!({ "code": "12345" });
    let challenge = |user: &Factored, n: u8| user.signing_in(LOGIN, &json!({}), n);
    let failing = ledger.apart.ask(login, &challenge(primer, 12)).expect(403);
    primed(ledger, &verify, &second(&failing, &wrong, 0));
    let read = "GetItem _throttle ∥ GetItem _users ∥ GetItem _users ∥ PutItem _throttle";
    let begun = format!("{read} → {BACK} ∥ {IN}");
    let design = "(r ∥ r ∥ r ∥ count) → (T (session, code) ∥ count back)";
    let event = second(&first, &bob.code(0), 13);
    let _ = ledger.row(by, "code", (&event, 200), (&begun, 2, 3.0, 6.0), design);
    let first = ledger.apart.ask(login, &challenge(&bob, 14)).expect(403);
    let event = second(&first, &bob.recovery(0), 15);
    let expected = (&*begun, 2, 3.0, 6.0);
    let _ = ledger.row(by, "recovery code", (&event, 200), expected, "the same");
    let first = ledger.apart.ask(login, &challenge(&bob, 16)).expect(403);
    let event = second(&first, &wrong, 17);
    let expected = (&*format!("{read} → PutItem _throttle"), 2, 3.0, 2.0);
    let design = "(r ∥ r ∥ r ∥ count) → the source counts";
    let _ = ledger.row(by, "wrong code", (&event, 401), expected, design);

    let cyd = maker.factored(ledger);
    let proof = json!({ "mfaCode": code(&cyd.secret, 0) });
    let event = cyd.signing_in(LOGIN, &proof, 18);
    let expected = (
        &*format!("{counted} → {BACK} ∥ {COUNT} → {BACK} ∥ {IN}"),
        4,
        5.0,
        8.0,
    );
    let design = "as a login → (r ∥ r ∥ count) → (T (session, code) ∥ count back)";
    let by = ("login", login);
    let _ = ledger.row(by, "both steps", (&event, 200), expected, design);
}

/// Deleted accounts that come back by a code.
fn returns(ledger: &mut Ledger<'_>, maker: &mut Maker<'_, '_>) {
    let delete = ledger.function("me-delete", &[]);
    let leave = |ledger: &Ledger<'_>, token: &str, n: u8| {
        let event = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
        let event = event.token(token).source_ip(&format!("198.51.112.{n}"));
        let _ = ledger.apart.ask(&delete, &event).expect(204);
    };
    let restore = ledger.function("me-restore", &[]);
    let nobody = from(RESTORE, &credentials(&fresh_email(), PASSWORD), 20);
    primed(ledger, &restore, &nobody);
    let by = ("me-restore", &restore);
    let dan = maker.factored(ledger);
    leave(ledger, &dan.member.access, 21);
    let counted = format!("{COUNT} → GetItem _users");
    let event = dan.signing_in(RESTORE, &json!({}), 22);
    let expected = (
        &*format!("{counted} → {BACK} ∥ GetItem _users"),
        3,
        4.0,
        2.0,
    );
    let design = "as the first step of a login";
    let first = ledger.row(by, "first step", (&event, 403), expected, design);
    let verify = ledger.function("mfa-verify", &[]);
    // They open the connections of the row that follows.
    for (proof, status) in [(json!({ "code": "12345" }), 401), (dan.recovery(0), 200)] {
        let event = second(&first, &proof, 23);
        let _ = ledger.apart.ask(&verify, &event).expect(status);
    }

    let eve = maker.factored(ledger);
    leave(ledger, &eve.member.access, 26);
    let event = eve.signing_in(RESTORE, &json!({}), 27);
    let first = ledger.apart.ask(&restore, &event).expect(403);
    let event = second(&first, &eve.code(0), 28);
    let read = "GetItem _throttle ∥ GetItem _users ∥ GetItem _users ∥ PutItem _throttle";
    let expected = (&*format!("{read} → {BACK} ∥ {IN}"), 2, 3.0, 11.0);
    let by_code = ("mfa-verify", &verify);
    let design = "more: user and identity";
    let back = ledger.row(by_code, "deleted account", (&event, 200), expected, design);
    leave(ledger, &text(&back.json()["accessToken"]), 29);
    let proof = json!({ "mfaCode": code(&eve.secret, 1) });
    let event = eve.signing_in(RESTORE, &proof, 30);
    let expected = (
        &*format!("{counted} → {BACK} ∥ {COUNT} → {BACK} ∥ {IN}"),
        4,
        5.0,
        13.0,
    );
    let design = "as a login in both steps, but T: user, identity, session and code";
    let _ = ledger.row(by, "both steps", (&event, 200), expected, design);
}

/// Requests in a session that ask for password and code.
fn proven_again(ledger: &mut Ledger<'_>, maker: &mut Maker<'_, '_>, primer: &Factored) {
    let user = maker.factored(ledger);
    let failing =
        json!({ "password": "not the password", "newEmail": fresh_email(), "code": "12345" });
    let proven = format!("{CHECK} → {COUNT} → {BACK} ∥ {COUNT}");
    let path = "/api/auth/email/change";
    let change = ledger.function("email-change", &[]);
    primed(ledger, &change, &primer.own(path, &failing, 0));
    let body = json!({ "newEmail": fresh_email(), "password": PASSWORD });
    let event = user.own(path, &with(body, &user.code(0)), 40);
    let expected = (
        &*format!("{proven} → {BACK} ∥ UpdateItem _users → {ASK}"),
        6,
        6.0,
        8.0,
    );
    let by = ("email-change", &change);
    let design = "session check → as a login → (r ∥ r ∥ count) → w ∥ count back → as by password";
    let variant = "by password and code";
    let _ = ledger.row(by, variant, (&event, 202), expected, design);

    let path = "/api/auth/reauthenticate";
    let again = ledger.function("reauthenticate", &[]);
    let failing = with(
        json!({ "password": "not the password" }),
        &primer.recovery(0),
    );
    primed(ledger, &again, &primer.own(path, &failing, 0));
    let body = with(json!({ "password": PASSWORD }), &user.code(1));
    let event = user.own(path, &body, 41);
    let replaced = "TransactWriteItems PutItem _sessions, UpdateItem _sessions, UpdateItem _users";
    let expected = (&*format!("{proven} → {BACK} ∥ {replaced}"), 4, 6.0, 10.0);
    let by = ("reauthenticate", &again);
    let design =
        "session check → as a login → (r ∥ r ∥ count) → T (new session, old session, code) ∥ back";
    let _ = ledger.row(by, "password and code", (&event, 200), expected, design);
}

/// Other recovery codes, and factors that are removed by their user or an admin.
fn switched_off(
    ledger: &mut Ledger<'_>,
    maker: &mut Maker<'_, '_>,
    (primer, admin): (&Factored, &Member),
) {
    let wrong = json!({ "code": "12345" });
    let user = maker.factored(ledger);
    let path = "/api/auth/mfa/recovery-codes";
    let renew = ledger.function("mfa-recovery-codes", &[]);
    primed(ledger, &renew, &primer.own(path, &wrong, 0));
    let event = user.own(path, &user.code(0), 50);
    let renewed = "TransactWriteItems PutItem _users, UpdateItem _sessions, UpdateItem _users";
    let expected = (
        &*format!("{CHECK} → {COUNT} → {BACK} ∥ {renewed}"),
        3,
        4.0,
        11.0,
    );
    let by = ("mfa-recovery-codes", &renew);
    let design =
        "session check → (r ∥ r ∥ count) → T (user, identity, factor, session) ∥ count back";
    let _ = ledger.row(by, "code", (&event, 200), expected, design);
    let path = "/api/auth/mfa/disable";
    let disable = ledger.function("mfa-disable", &[]);
    primed(ledger, &disable, &primer.own(path, &wrong, 0));
    let event = user.own(path, &user.code(1), 51);
    let removed = "TransactWriteItems DeleteItem _users, UpdateItem _sessions, UpdateItem _users";
    let expected = (
        &*format!("{CHECK} → {COUNT} → {BACK} ∥ {removed}"),
        3,
        4.0,
        11.0,
    );
    let by = ("mfa-disable", &disable);
    let _ = ledger.row(by, "code", (&event, 204), expected, design);
    let user = maker.factored(ledger);
    let event = user.own(path, &wrong, 52);
    let expected = (
        &*format!("{CHECK} → {COUNT} → PutItem _throttle"),
        3,
        4.0,
        2.0,
    );
    let design = "session check → (r ∥ r ∥ count) → the source counts";
    let _ = ledger.row(by, "wrong code", (&event, 401), expected, design);

    let remove = ledger.function("users-mfa", &[]);
    let path = format!("/api/users/{}/mfa", user.member.id);
    let event = Event::new("DELETE", &path).token(&admin.access);
    let removed = "TransactWriteItems DeleteItem _users, UpdateItem _users";
    let expected = (
        &*format!("{CHECK} ∥ GetItem _users → {removed}"),
        2,
        3.0,
        7.0,
    );
    let by = ("users-mfa", &remove);
    let design = "session check ∥ r → T (user, identity, factor)";
    let _ = ledger.row(by, "any", (&event, 204), expected, design);
}

/// New passwords by mail, which forget the wrong codes once in a day.
fn resets(ledger: &mut Ledger<'_>, maker: &mut Maker<'_, '_>) {
    let user = maker.factored(ledger);
    let forgot = ledger.function("password-forgot", &[]);
    let reset = ledger.function("password-reset", &[]);
    let by = ("password-reset", &reset);
    let done = "DeleteItem _throttle ∥ PutItem _throttle";
    let changed = "TransactWriteItems DeleteItem _mail, UpdateItem _users";
    let first = format!("{done} ∥ {changed} → DeleteItem _throttle");
    let again = format!("{done} (refused) ∥ {changed}");
    let design = "as without: the wrong codes are forgotten beside, once in a day";
    for (variant, done, hops, units, version, n) in [
        ("link, second factor", first, 4, 10.0, 2, 60),
        ("link, second factor, again", again, 3, 9.0, 3, 62),
    ] {
        let body = json!({ "email": user.email });
        let event = from("/api/auth/password/forgot", &body, n);
        let opened = ledger.apart.ask(&forgot, &event).expect(202);
        let owner = Some((user.member.id.as_str(), version));
        let flow = &opened.json()["flow"];
        let sent = sent_to_flow(&ledger.apart, Purpose::PasswordReset, flow, owner);
        let body = json!({ "token": sent.token, "newPassword": "another long password" });
        let event = from("/api/auth/password/reset", &body, n + 1);
        let requests = format!("GetItem _mail → GetItem _users → {done}");
        let expected = (&*requests, hops, 2.0, units);
        let _ = ledger.row(by, variant, (&event, 204), expected, design);
    }
}

//! Requests of strangers that name an address: they cost and answer the same whoever has it.

use std::collections::BTreeSet;

use super::*;
use crate::invitations::PATH;

pub(super) const ASK: &str = "PutItem _throttle ∥ PutItem _throttle → PutItem _mail";

const FOR_EVERY_ADDRESS: &str = "counts → w: 2 hops, 0 / 3, for every address";

/// Accounts that a stranger may ask for, each with its address.
pub(super) struct Accounts {
    pub(super) known: (String, Member),
    pub(super) unverified: (String, Member),
    disabled: String,
    deleted: String,
}

impl Accounts {
    /// New ones: an address of which a mail was asked for of late costs more. They register from four sources, which begin
    /// with this number.
    pub(super) fn new(
        ledger: &Ledger<'_>,
        register: &Instance<'_>,
        admin: &Member,
        first: u8,
    ) -> Self {
        let account = |n: u8| {
            let email = fresh_email();
            let member = someone(ledger, register, &email, n);
            (email, member)
        };
        let (known, unverified) = (account(first), account(first + 1));
        verify(ledger, &known.1);
        let (disabled, member) = account(first + 2);
        let disable = Event::new("PATCH", &format!("/api/users/{}", member.id));
        let disable = disable.json(&json!({ "disabled": true }));
        let update = ledger.function("users-update", &[]);
        let _ = ledger
            .apart
            .ask(&update, &disable.token(&admin.access))
            .expect(200);
        let (deleted, member) = account(first + 3);
        let delete = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
        let me_delete = ledger.function("me-delete", &[]);
        let _ = ledger
            .apart
            .ask(&me_delete, &delete.token(&member.access))
            .expect(204);
        Self {
            known,
            unverified,
            disabled,
            deleted,
        }
    }
}

/// As if the user had proven the address.
pub(super) fn verify(ledger: &Ledger<'_>, member: &Member) {
    let verified = json!({ "TableName": "local-_users", "Key": { "id": { "S": member.id } },
        "UpdateExpression": "SET #v = :v", "ExpressionAttributeNames": { "#v": "email_verified_at" },
        "ExpressionAttributeValues": { ":v": { "N": "1790000000000" } } });
    let engine = ledger.apart.dynamo.engine();
    let _ = engine.call("UpdateItem", &verified).unwrap();
}

/// A new account, from a source of its own.
pub(super) fn someone(ledger: &Ledger<'_>, register: &Instance<'_>, email: &str, n: u8) -> Member {
    let body = post("/api/auth/register", &credentials(email, PASSWORD));
    let body = body.source_ip(&format!("198.51.103.{n}"));
    member(&ledger.apart.ask(register, &body).expect(201))
}

/// Connections that are open already: requests at the same time would wait for theirs.
pub(super) fn primed(ledger: &Ledger<'_>, instance: &Instance<'_>, event: &Event) {
    for n in 0..3 {
        let event = event.clone().source_ip(&format!("198.51.104.{n}"));
        let _ = ledger.apart.ask(instance, &event);
    }
}

/// A reply without what differs from request to request: the time, the request's id and the handle itself.
fn shape(reply: &Reply) -> Value {
    let told = |name: &str| !["x-request-id", "date"].contains(&name);
    let headers: BTreeSet<_> = reply.headers.iter().filter(|it| told(&it.0)).collect();
    let mut body = reply.json();
    let flow = body["flow"].as_str().map(str::len);
    assert!(flow.is_some_and(|length| length > 40), "{body}");
    body["flow"] = json!(flow);
    json!([reply.status, headers, body])
}

/// A row for each kind of address; all of them have to be equal, and their replies too. The names of the rows begin with the
/// setting.
pub(super) fn for_every_address(
    ledger: &mut Ledger<'_>,
    by: (&'static str, &Instance<'_>),
    (setting, accounts): (&str, &Accounts),
    asking: impl Fn(&str, u8) -> Event,
) {
    primed(ledger, by.1, &asking(&fresh_email(), 0));
    let unknown = fresh_email();
    let kinds = [
        ("unknown address", &unknown),
        ("known address", &accounts.known.0),
        ("unverified address", &accounts.unverified.0),
        ("disabled account", &accounts.disabled),
        ("deleted account", &accounts.deleted),
    ];
    let mut shapes = Vec::new();
    for (n, (variant, email)) in (10..).zip(kinds) {
        let (event, expected) = (asking(email, n), (ASK, 2, 0.0, 3.0));
        let variant = format!("{setting}{variant}");
        let reply = ledger.row(by, variant, (&event, 202), expected, FOR_EVERY_ADDRESS);
        shapes.push(shape(&reply));
    }
    let first = &shapes[0];
    assert!(shapes.iter().all(|it| it == first), "{}: {shapes:#?}", by.0);
}

/// Requests for a reset, and registrations that wait for the proof of their address.
pub(super) fn strangers(ledger: &mut Ledger<'_>, register: &Instance<'_>, admin: &Member) {
    let accounts = Accounts::new(ledger, register, admin, 40);
    let forgot = ledger.function("password-forgot", &[]);
    let asking = |email: &str, n: u8| {
        let event = post("/api/auth/password/forgot", &json!({ "email": email }));
        event.source_ip(&format!("198.51.108.{n}"))
    };
    for_every_address(
        ledger,
        ("password-forgot", &forgot),
        ("", &accounts),
        asking,
    );

    let required = [
        ("BAKEND_MAIL_FROM", "mail@example.com"),
        ("BAKEND_AUTH_EMAIL_VERIFICATION", "required"),
    ];
    let accounts = Accounts::new(ledger, register, admin, 50);
    let register = ledger.function("register", &required);
    let by = ("register", &register);
    let asking = |email: &str, n: u8| {
        let event = post("/api/auth/register", &credentials(email, PASSWORD));
        event.source_ip(&format!("198.51.109.{n}"))
    };
    for_every_address(ledger, by, ("`required`, ", &accounts), asking);
    let invited = fresh_email();
    let inviting = post(PATH, &json!({ "email": invited })).token(&admin.access);
    let invite = ledger.function("invitations-create", &[]);
    let _ = ledger.apart.ask(&invite, &inviting).expect(201);
    let (event, expected) = (asking(&invited, 20), (ASK, 2, 0.0, 3.0));
    let _ = ledger.row(
        by,
        "`required`, invited address",
        (&event, 202),
        expected,
        FOR_EVERY_ADDRESS,
    );
}

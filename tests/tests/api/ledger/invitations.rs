//! Invitations.

use super::*;
use crate::invitations::PATH;
use crate::invitations::token::token_of;

pub(super) fn invitations(ledger: &mut Ledger<'_>, register: &Instance<'_>, admin: &Member) {
    let create = ledger.function("invitations-create", &[]);
    let inviting = |email: &str| post(PATH, &json!({ "email": email })).token(&admin.access);
    let requests = format!(
        "{CHECK} → PutItem _throttle → TransactWriteItems PutItem _invitations, PutItem _mail"
    );
    let made = ledger.row(
        ("invitations-create", &create),
        "any",
        (&inviting(&fresh_email()), 201),
        (&requests, 3, 2.0, 5.0),
        "session check → count → T (invitation, mail)",
    );
    let id = made.json()["id"].as_str().unwrap_or_default().to_owned();
    let path = format!("{PATH}/{id}");
    let look = |requests: &str| format!("{CHECK} → {requests}");
    let list = ledger.function("invitations-list", &[]);
    let _ = ledger.row(
        ("invitations-list", &list),
        "1 invitation",
        (&Event::new("GET", PATH).token(&admin.access), 200),
        (&look("Query _invitations"), 2, 3.0, 0.0),
        "session check → query",
    );
    let get = ledger.function("invitations-get", &[]);
    let _ = ledger.row(
        ("invitations-get", &get),
        "any",
        (&Event::new("GET", &path).token(&admin.access), 200),
        (&look("GetItem _invitations"), 2, 3.0, 0.0),
        "session check → r",
    );
    let resend = ledger.function("invitations-resend", &[]);
    let again = "GetItem _invitations → PutItem _throttle (refused) → UpdateItem _throttle → \
                 TransactWriteItems PutItem _mail, UpdateItem _invitations";
    let _ = ledger.row(
        ("invitations-resend", &resend),
        "the second of the day",
        (
            &post(&format!("{path}/resend"), &json!({})).token(&admin.access),
            202,
        ),
        (&look(again), 5, 3.0, 6.0),
        "session check → r → count → T (invitation, mail)",
    );
    accepted(ledger, register, (&create, admin), &id);
    closed(ledger, (&create, admin));
}

fn accepted(
    ledger: &mut Ledger<'_>,
    register: &Instance<'_>,
    (create, admin): (&Instance<'_>, &Member),
    new: &str,
) {
    let accept = ledger.function("invitations-accept", &[]);
    let by = |ledger: &Ledger<'_>, id: &str| {
        let token = token_of(&ledger.apart, id);
        post(
            &format!("{PATH}/accept"),
            &json!({ "token": token, "password": PASSWORD }),
        )
    };
    let event = by(ledger, new);
    let made = "PutItem _sessions, PutItem _users, UpdateItem _invitations";
    let _ = ledger.row(
        ("invitations-accept", &accept),
        "new account",
        (&event, 201),
        (
            &format!("GetItem _invitations → TransactWriteItems {made}"),
            2,
            1.0,
            9.0,
        ),
        "r → hash → T (user, identity, session, invitation)",
    );
    let email = fresh_email();
    let body = credentials(&email, PASSWORD);
    let event = post("/api/auth/register", &body).source_ip("198.51.106.1");
    let _ = ledger.apart.ask(register, &event).expect(201);
    let event = post(PATH, &json!({ "email": email })).token(&admin.access);
    let id = ledger.apart.ask(create, &event).expect(201).json()["id"].clone();
    let event = by(ledger, id.as_str().unwrap_or_default());
    let taken = "PutItem _sessions, UpdateItem _invitations, UpdateItem _users";
    let requests = format!(
        "GetItem _invitations → TransactWriteItems {made} (refused) → GetItem _users → GetItem _users → \
         TransactWriteItems {taken}"
    );
    let _ = ledger.row(
        ("invitations-accept", &accept),
        "an account that nobody has proven",
        (&event, 201),
        (&requests, 5, 3.0, 17.0),
        "as a new account → r → r → hash → T (user, identity, session, invitation)",
    );
}

fn closed(ledger: &mut Ledger<'_>, (create, admin): (&Instance<'_>, &Member)) {
    let made = |ledger: &Ledger<'_>| {
        let event = post(PATH, &json!({ "email": fresh_email() })).token(&admin.access);
        let made = ledger.apart.ask(create, &event).expect(201).json();
        made["id"].as_str().unwrap_or_default().to_owned()
    };
    let ends =
        "GetItem _invitations → TransactWriteItems DeleteItem _mail, UpdateItem _invitations";
    let revoke = ledger.function("invitations-revoke", &[]);
    let event = Event::new("DELETE", &format!("{PATH}/{}", made(ledger)));
    let _ = ledger.row(
        ("invitations-revoke", &revoke),
        "any",
        (&event.token(&admin.access), 204),
        (&format!("{CHECK} → {ends}"), 3, 3.0, 4.0),
        "session check → r → T (invitation, mail)",
    );
    let reject = ledger.function("invitations-reject", &[]);
    let token = token_of(&ledger.apart, &made(ledger));
    let event = post(&format!("{PATH}/reject"), &json!({ "token": token }));
    let _ = ledger.row(
        ("invitations-reject", &reject),
        "any",
        (&event, 200),
        (ends, 2, 1.0, 4.0),
        "r → T (invitation, mail)",
    );
}

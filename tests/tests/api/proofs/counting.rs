//! Mails that are asked for too often: the answers are the same whether or not anybody has the address.

use blackbox::{Apart, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

type Variables<'v> = &'v [(&'v str, &'v str)];

/// An endpoint of strangers, with what switches it on.
struct Asked {
    function: &'static str,
    path: &'static str,
    on: Variables<'static>,
    body: fn(&str) -> Value,
}

const ASKED: [Asked; 3] = [
    Asked {
        function: "password-forgot",
        path: "/api/auth/password/forgot",
        on: &[],
        body: |email| json!({ "email": email }),
    },
    Asked {
        function: "magic-link",
        path: "/api/auth/magic-link",
        on: &[("BAKEND_AUTH_MAGIC_LINK", "signUp")],
        body: |email| json!({ "email": email }),
    },
    Asked {
        function: "register",
        path: "/api/auth/register",
        on: &[
            ("BAKEND_MAIL_FROM", "mail@example.com"),
            ("BAKEND_AUTH_EMAIL_VERIFICATION", "required"),
        ],
        body: |email| json!({ "email": email, "password": PASSWORD }),
    },
];

/// An account, and an address that nobody has.
fn addresses(apart: &Apart<'_>, register: &Instance<'_>) -> [String; 2] {
    let emails = [fresh_email(), fresh_email()];
    let body = json!({ "email": emails[0], "password": PASSWORD });
    let event = Event::new("POST", "/api/auth/register").json(&body);
    let _ = apart.ask(register, &event).expect(201);
    emails
}

/// The answers without what differs from request to request. A wait is told by its header alone: seconds go by.
fn answers(replies: &[Reply]) -> Vec<Value> {
    let answer = |reply: &Reply| {
        let body = reply.json();
        let flow = body["flow"].as_str().map(str::len);
        let waits = reply.header("retry-after").is_some();
        json!([
            reply.status,
            waits,
            flow,
            body["expiresIn"],
            body["error"]["code"]
        ])
    };
    replies.iter().map(answer).collect()
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.status).collect()
}

/// Asks for an address as often as there are sources.
fn ask(
    apart: &Apart<'_>,
    (asked, instance): (&Asked, &Instance<'_>),
    email: &str,
    sources: &[String],
) -> Vec<Reply> {
    let one = |source: &String| {
        let event = Event::new("POST", asked.path).json(&(asked.body)(email));
        apart.ask(instance, &event.source_ip(source))
    };
    sources.iter().map(one).collect()
}

/// Compares the answers for an account and for nobody: every address is asked for from sources of its own.
fn compare(limit: (&str, &str), sources: [&str; 4], expected: [u16; 4]) {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let register = apart.function("register", "counting", &[]);
    for (at, asked) in ASKED.iter().enumerate() {
        let variables = [asked.on, &[limit]].concat();
        let instance = apart.function(asked.function, "counting", &variables);
        let emails = addresses(&apart, &register);
        let of_each = emails.iter().enumerate().map(|(which, email)| {
            let place = |source: &&str| format!("198.51.{}.{source}", 10 * at + which);
            let sources: Vec<String> = sources.iter().map(place).collect();
            ask(&apart, (asked, &instance), email, &sources)
        });
        let of_each: Vec<Vec<Reply>> = of_each.collect();
        assert_eq!(statuses(&of_each[0]), expected, "{}", asked.function);
        let [known, unknown] = [0, 1].map(|which| answers(&of_each[which]));
        assert_eq!(known, unknown, "{}", asked.function);
        for reply in of_each.iter().flatten().filter(|it| it.status == 429) {
            assert_eq!(reply.code(), "auth/too-many-requests");
        }
    }
}

#[test]
fn an_address_waits_between_two_mails_of_a_source() {
    let interval = ("BAKEND_AUTH_THROTTLE_MAIL_INTERVAL", "60s");
    compare(interval, ["1", "1", "1", "2"], [202, 429, 429, 202]);
}

#[test]
fn an_address_gets_so_many_mails_from_a_source() {
    let mails = ("BAKEND_AUTH_THROTTLE_MAILS", "2");
    compare(mails, ["1", "1", "1", "2"], [202, 202, 429, 202]);
}

#[test]
fn an_address_that_is_asked_for_too_often_answers_as_before() {
    let mails = ("BAKEND_AUTH_THROTTLE_ADDRESS_MAILS", "2");
    compare(mails, ["1", "2", "3", "4"], [202; 4]);
}

#[test]
fn beyond_the_limit_of_an_address_no_flow_is_opened() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let register = apart.function("register", "counting", &[]);
    let limit = ("BAKEND_AUTH_THROTTLE_ADDRESS_MAILS", "2");
    for (at, asked) in ASKED.iter().enumerate() {
        let variables = [asked.on, &[limit]].concat();
        let instance = apart.function(asked.function, "counting", &variables);
        for (which, email) in addresses(&apart, &register).iter().enumerate() {
            let sources = [1, 2, 3, 4].map(|n| format!("198.51.{}.{n}", 10 * at + which));
            let count = || {
                let scan = json!({ "TableName": "local-_mail", "Select": "COUNT" });
                let counted = apart.dynamo.engine().call("Scan", &scan).unwrap();
                counted["Count"].as_u64().unwrap()
            };
            let before = count();
            let _ = ask(&apart, (asked, &instance), email, &sources);
            assert_eq!(count() - before, 2, "{} {which}", asked.function);
        }
    }
}

#[test]
fn a_source_asks_for_so_many_mails_whatever_their_addresses() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let register = apart.function("register", "counting", &[]);
    let limits = [
        ("BAKEND_AUTH_THROTTLE_SOURCE_MAILS", "2"),
        ("BAKEND_AUTH_THROTTLE_REGISTRATIONS", "2"),
    ];
    for (at, asked) in ASKED.iter().enumerate() {
        let variables = [asked.on, &limits].concat();
        let instance = apart.function(asked.function, "counting", &variables);
        let pairs = [(); 4].map(|()| addresses(&apart, &register));
        let of_each = [0, 1].map(|which| {
            let source = [format!("198.51.{}.1", 10 * at + which)];
            let replies = pairs.iter().flat_map(|pair| {
                let own = (asked, &instance);
                ask(&apart, own, &pair[which], &source)
            });
            replies.collect::<Vec<Reply>>()
        });
        let expected = [202, 202, 429, 429];
        assert_eq!(statuses(&of_each[0]), expected, "{}", asked.function);
        let [known, unknown] = [0, 1].map(|which| answers(&of_each[which]));
        assert_eq!(known, unknown, "{}", asked.function);
    }
}

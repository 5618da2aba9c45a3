//! Permissions: every collection, every caller, every operation; a refused operation changes nothing.

use blackbox::{Caller, Reply, stack};
use serde_json::{Value, json};

use super::look::{masked, now, path, record, refused};

const CREATE: usize = 0;
const GET: usize = 1;
const LIST: usize = 2;
const PATCH: usize = 3;
const PUT: usize = 4;
const DELETE: usize = 5;

const NO_TOKEN: (u16, &str) = (401, "auth/authentication-required");
const FORBIDDEN: (u16, &str) = (403, "auth/forbidden");
const HIDDEN: (u16, &str) = (404, "data/record-not-found");
const OK: (u16, &str) = (200, "");
const MADE: (u16, &str) = (201, "");
const GONE: (u16, &str) = (204, "");

/// The statuses for stranger, another member, owner and admin: create, get, list, PATCH, PUT, DELETE.
type Table = [[(u16, &'static str); 6]; 4];

const POSTS: Table = [
    [NO_TOKEN, OK, OK, NO_TOKEN, NO_TOKEN, NO_TOKEN],
    [MADE, OK, OK, FORBIDDEN, FORBIDDEN, FORBIDDEN],
    [MADE, OK, OK, OK, OK, GONE],
    [MADE, OK, OK, OK, OK, GONE],
];
const NOTES: Table = [
    [NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN],
    [MADE, HIDDEN, OK, HIDDEN, HIDDEN, HIDDEN],
    [MADE, OK, OK, OK, OK, GONE],
    [MADE, OK, OK, OK, OK, GONE],
];
const FEEDBACK: Table = [
    [MADE, NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN, NO_TOKEN],
    [MADE, HIDDEN, FORBIDDEN, HIDDEN, HIDDEN, HIDDEN],
    [MADE, HIDDEN, FORBIDDEN, HIDDEN, HIDDEN, HIDDEN],
    [MADE, OK, OK, OK, OK, GONE],
];

#[test]
fn posts() {
    the_table("posts", "title", true, &POSTS);
}

#[test]
fn notes() {
    the_table("notes", "title", false, &NOTES);
}

#[test]
fn feedback() {
    the_table("feedback", "message", true, &FEEDBACK);
}

fn the_table(collection: &str, field: &str, shows_owner: bool, table: &Table) {
    let (owner, admin) = (stack().member(), stack().admin());
    let callers = [
        stack().stranger(),
        stack().member(),
        owner.clone(),
        admin.clone(),
    ];
    let names = ["stranger", "another member", "owner", "admin"];
    for ((caller, name), row) in callers.iter().zip(names).zip(table) {
        for (operation, (status, code)) in row.iter().enumerate() {
            let made = owner
                .post(&format!("/api/{collection}"), &json!({ field: "before" }))
                .expect(201)
                .json();
            let reply = ask(operation, caller, collection, field, &made);
            let what = format!("{name} {operation} {collection}");
            assert_eq!(
                (reply.status, &*reply.code()),
                (*status, *code),
                "{what}: {}",
                reply.text()
            );
            if *status >= 400 {
                refused(&reply, *status, code);
                assert_eq!(
                    now(&admin, collection, &made),
                    made,
                    "{what}: a refusal changes nothing"
                );
                continue;
            }
            let of = |creator: &Caller, text: &str| {
                let id = Some(creator.id()).filter(|id| !id.is_empty());
                let mut fields = json!({ field: text });
                if let Some(id) = id.filter(|_| shows_owner) {
                    fields["user_id"] = json!(id);
                }
                record(id, &fields)
            };
            match operation {
                CREATE => assert_eq!(masked(&reply.json()), of(caller, "created"), "{what}"),
                GET => assert_eq!(reply.json(), made, "{what}"),
                PATCH | PUT => {
                    assert_eq!(masked(&reply.json()), of(&owner, "after"), "{what}");
                    assert_eq!(now(&admin, collection, &made), reply.json(), "{what}");
                }
                DELETE => refused(
                    &admin.get(&path(collection, &made)),
                    404,
                    "data/record-not-found",
                ),
                _ => assert!(reply.json()["items"].is_array(), "{what}"),
            }
        }
    }
}

fn ask(operation: usize, caller: &Caller, collection: &str, field: &str, made: &Value) -> Reply {
    let (all, one) = (format!("/api/{collection}"), path(collection, made));
    match operation {
        CREATE => caller.post(&all, &json!({ field: "created" })),
        GET => caller.get(&one),
        LIST => caller.get(&all),
        PATCH => caller.patch(&one, &json!({ field: "after" })),
        PUT => caller.put(&one, &json!({ field: "after" })),
        _ => caller.delete(&one),
    }
}

/// No operation tells a hidden record from a missing one.
#[test]
fn a_hidden_record_answers_like_none() {
    let (owner, other) = (stack().member(), stack().member());
    let (nothing, feedback) = (
        "01890000-0000-7000-8000-000000000000",
        json!({ "message": "hidden" }),
    );
    for (collection, body) in [
        ("notes", json!({ "title": "hidden" })),
        ("feedback", feedback),
    ] {
        let hidden = path(
            collection,
            &owner
                .post(&format!("/api/{collection}"), &body)
                .expect(201)
                .json(),
        );
        let none = format!("/api/{collection}/{nothing}");
        let replies = |path: &str| {
            let all = [
                other.get(path),
                other.patch(path, &body),
                other.put(path, &body),
                other.delete(path),
            ];
            all.map(|reply| {
                let mut body = reply.json();
                body["error"]["requestId"] = json!("<request id>");
                let ours = [
                    "content-type",
                    "content-length",
                    "cache-control",
                    "vary",
                    "www-authenticate",
                    "allow",
                ];
                let headers: Vec<_> = reply
                    .headers
                    .into_iter()
                    .filter(|(name, _)| ours.contains(&name.as_str()))
                    .collect();
                (reply.status, body, headers)
            })
        };
        assert_eq!(replies(&hidden), replies(&none), "{collection}");
    }
}

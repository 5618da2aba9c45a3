//! The permission table of docs/permissions.md: every cell is tested.

mod administration;
mod operations;

use std::sync::{Mutex, OnceLock, PoisonError};

use blackbox::{Caller, Reply, fresh_email, stack};
use serde_json::{Value, json};

use crate::keys::Key;
use crate::records::look::{fresh_sku, now, path, post, refused, refused_with, text};
use crate::records::shop::{settles, walk};

const GUIDE: &str = include_str!("../../../../docs/permissions.md");

/// The callers, as the tables' columns have them.
const COLUMNS: [&str; 15] = [
    "stranger",
    "member",
    "owner",
    "another",
    "editor",
    "own editor",
    "anonymous",
    "admin",
    "pk",
    "pk, owner",
    "sk",
    "sk this",
    "sk else",
    "disabled",
    "ended",
];

/// Every rule that each of the operations is to be shown with.
const RULES: [&str; 9] = [
    "public",
    "authenticated",
    "verified",
    "owner",
    "admin",
    "role:editor",
    "owner | role:editor",
    "owner & role:editor",
    "role:anonymous",
];

const OPERATIONS: [&str; 5] = ["create", "read", "list", "update", "delete"];

/// The number of records that the later disabled user makes in each collection without an owner field.
const SPARE: usize = 8;

/// A line of a table.
#[derive(Debug)]
struct Row {
    rule: String,
    /// The rule for reading, where the table says it.
    read: Option<String>,
    collection: String,
    cells: Vec<String>,
}

/// The table under a heading: its head and its lines, cell by cell. The last columns are the callers.
fn grid(heading: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let section = GUIDE
        .split(&format!("\n### {heading}\n"))
        .nth(1)
        .expect("the heading")
        .split("\n#")
        .next()
        .unwrap();
    let cells = |line: &str| -> Vec<String> {
        let line = line.replace("\\|", "\0");
        let cells = line.trim_matches('|').split('|');
        cells
            .map(|cell| cell.trim().trim_matches('`').replace('\0', "|"))
            .collect()
    };
    let mut lines = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(cells);
    let mut head = lines.next().expect("a head");
    let lines: Vec<Vec<String>> = lines.skip(1).collect();
    assert!(lines.iter().all(|cells| cells.len() == head.len()));
    assert!(lines.len() > 3, "{heading}");
    assert_eq!(head.split_off(head.len() - COLUMNS.len()), COLUMNS);
    (head, lines)
}

/// The table of an operation.
fn table(heading: &str) -> Vec<Row> {
    let (head, lines) = grid(heading);
    assert!(
        head == ["Rule", "In"] || head == ["Rule", "Read", "In"],
        "{head:?}"
    );
    let rows = lines.into_iter().map(|mut cells| {
        let rest = cells.split_off(head.len());
        let collection = cells.pop().unwrap_or_default();
        let mut cells = cells.into_iter();
        Row {
            rule: cells.next().unwrap_or_default(),
            read: cells.next(),
            collection,
            cells: rest,
        }
    });
    rows.collect()
}

/// All callers, with one account each for all tables.
struct Cast {
    admin: Caller,
    member: Caller,
    owner: Caller,
    another: Caller,
    editor: Caller,
    own_editor: Caller,
    anonymous: Caller,
    /// The user who is disabled after making records.
    disabled: Caller,
    /// Records that the disabled user has made, by collection.
    spare: Mutex<Vec<(&'static str, Value)>>,
    /// A session that has ended, and one of the same user that goes on.
    ended: [Caller; 2],
    publishable: String,
    secret: String,
    /// The post that comments name.
    post: Value,
}

fn cast() -> &'static Cast {
    static CAST: OnceLock<Cast> = OnceLock::new();
    CAST.get_or_init(|| {
        let admin = stack().admin();
        let editor = || {
            let email = fresh_email();
            let user = stack().register(&email);
            let _ = admin
                .patch(
                    &format!("/api/users/{}", user.id()),
                    &json!({ "role": "editor" }),
                )
                .expect(200);
            stack().login(&email)
        };
        let email = fresh_email();
        let living = stack().register(&email);
        let ended = stack().login(&email);
        let _ = ended
            .post(
                "/api/auth/logout",
                &json!({ "refreshToken": ended.refresh_token }),
            )
            .expect(204);
        let disabled = stack().member();
        let spare = ["notes", "products"]
            .iter()
            .flat_map(|name| (0..SPARE).map(|_| *name))
            .map(|name| {
                let body = if name == "products" {
                    json!({ "name": "a", "sku": fresh_sku() })
                } else {
                    json!({ "title": "a" })
                };
                (
                    name,
                    disabled
                        .post(&format!("/api/{name}"), &body)
                        .expect(201)
                        .json(),
                )
            });
        let spare = Mutex::new(spare.collect());
        let _ = admin
            .patch(
                &format!("/api/users/{}", disabled.id()),
                &json!({ "disabled": true }),
            )
            .expect(200);
        Cast {
            member: stack().member(),
            owner: stack().member(),
            another: stack().member(),
            editor: editor(),
            own_editor: editor(),
            anonymous: stack().nobody(),
            disabled,
            spare,
            ended: [ended, living],
            publishable: key(
                &admin,
                &json!({ "name": "table", "type": "publishable", "scopes": ["*:*"] }),
            ),
            secret: key(
                &admin,
                &json!({ "name": "table", "type": "secret", "scopes": ["*:*"] }),
            ),
            post: post(&admin, "what comments are about"),
            admin,
        }
    })
}

fn key(admin: &Caller, body: &Value) -> String {
    text(
        &admin.post("/api/admin/api-keys", body).expect(201).json(),
        "key",
    )
}

/// The callers of a row by column, with the owner of the record that each of them meets. The keys live as long as the
/// callers: there may be a hundred.
fn callers(row: &Row, operation: &str) -> (Vec<(&'static str, Caller, &'static Caller)>, [Key; 2]) {
    let cast = cast();
    let stranger = stack().stranger();
    let name = &row.collection;
    let other = OPERATIONS
        .iter()
        .filter(|other| **other != operation)
        .map(|other| format!("{name}:{other}"));
    let other: Vec<String> = other.chain(["orders:*".to_owned()]).collect();
    let related = usize::from(name == "comments");
    let secret = |scopes: Value| {
        Key::make(
            &json!({ "name": format!("{operation} {name}"), "type": "secret", "scopes": scopes }),
        )
    };
    // Writing a relation needs the right to read its target.
    let keys = [
        secret(json!(
            [&*format!("{name}:{operation}"), "posts:read"][..1 + related]
        )),
        secret(json!(other)),
    ];
    let callers = COLUMNS
        .iter()
        .map(|column| {
            let (caller, owner) = match *column {
                "stranger" => (stranger.clone(), &cast.owner),
                "member" => (cast.member.clone(), &cast.owner),
                "owner" => (cast.owner.clone(), &cast.owner),
                "another" => (cast.another.clone(), &cast.owner),
                "anonymous" => (cast.anonymous.clone(), &cast.owner),
                "editor" => (cast.editor.clone(), &cast.owner),
                "own editor" => (cast.own_editor.clone(), &cast.own_editor),
                "admin" => (cast.admin.clone(), &cast.owner),
                "pk" => (stranger.with_key(&cast.publishable), &cast.owner),
                "pk, owner" => (cast.owner.with_key(&cast.publishable), &cast.owner),
                "sk" => (stranger.with_key(&cast.secret), &cast.owner),
                "sk this" => (keys[0].caller(), &cast.owner),
                "sk else" => (keys[1].caller(), &cast.owner),
                "disabled" => (cast.disabled.clone(), &cast.disabled),
                _ => (cast.ended[0].clone(), &cast.ended[1]),
            };
            (*column, caller, owner)
        })
        .collect();
    (callers, keys)
}

/// The field of a collection that has the text of these tests, and the one that has its owner, if it is declared.
fn fields(collection: &str) -> (&'static str, Option<&'static str>) {
    match collection {
        "feedback" => ("message", Some("user_id")),
        "notes" => ("title", None),
        "products" => ("name", None),
        "comments" => ("text", Some("author")),
        _ => ("title", Some("user_id")),
    }
}

/// A whole record with this text.
fn body(collection: &str, text: &str) -> Value {
    let mut body = json!({ fields(collection).0: text });
    match collection {
        "products" => body["sku"] = json!(fresh_sku()),
        "comments" => body["post"] = cast().post["id"].clone(),
        _ => {}
    }
    body
}

/// A record that belongs to this user, as an admin sees it.
fn made(collection: &str, owner: &Caller, text: &str) -> Value {
    let all = format!("/api/{collection}");
    let mut body = body(collection, text);
    let cast = cast();
    match fields(collection).1 {
        Some(field) => {
            body[field] = json!(owner.id());
            cast.admin.post(&all, &body).expect(201).json()
        }
        None if owner.id() == cast.disabled.id() => {
            let mut spare = cast.spare.lock().unwrap_or_else(PoisonError::into_inner);
            let place = spare
                .iter()
                .position(|(name, _)| *name == collection)
                .expect("a spare record");
            let (_, record) = spare.swap_remove(place);
            let text = json!({ fields(collection).0: text });
            cast.admin
                .patch(&path(collection, &record), &text)
                .expect(200)
                .json()
        }
        None => owner.post(&all, &body).expect(201).json(),
    }
}

/// The row is about the rule that the collection has.
fn has_the_rule(row: &Row, operation: &str) {
    let spec = cast()
        .admin
        .get(&format!("/api/{}/spec", row.collection))
        .expect(200)
        .json();
    let rule = |operation: &str| spec["permissions"][operation].as_str().map(str::to_owned);
    let said = rule(operation).or_else(|| rule("read").filter(|_| operation == "list"));
    assert_eq!(
        said.as_ref(),
        Some(&row.rule),
        "{operation} in {}",
        row.collection
    );
    if let Some(read) = &row.read {
        assert_eq!(
            rule("read").as_ref(),
            Some(read),
            "read in {}",
            row.collection
        );
    }
}

/// Plays a table: `play` gets the row, the column, the caller, the owner of the record, and the cell.
fn plays(heading: &str, operation: &str, play: impl Fn(&Row, &str, &Caller, &Caller, &str)) {
    for row in table(heading) {
        has_the_rule(&row, operation);
        let (callers, _keys) = callers(&row, operation);
        for ((column, caller, owner), cell) in callers.iter().zip(&row.cells) {
            play(&row, column, caller, owner, cell);
        }
    }
}

/// The reply is what the cell says; a refusal is the one that its caller is due, to the letter. Whether it was done.
#[track_caller]
fn is(reply: &Reply, cell: &str, done: u16, column: &str, what: &str) -> bool {
    let said: u16 = cell
        .parse()
        .unwrap_or_else(|_| panic!("{cell} is no status: {what}"));
    assert_eq!(
        reply.status,
        if said < 300 { done } else { said },
        "{what} ({column}): {}",
        reply.text()
    );
    let code = reply.code();
    match (said, column) {
        (401, "disabled" | "ended") => refused(reply, 401, "auth/session-revoked"),
        (401, _) => refused(reply, 401, "auth/authentication-required"),
        (403, "sk else") => assert_eq!(code, "auth/scope-insufficient", "{what}"),
        (403, _) => assert_eq!(code, "auth/forbidden", "{what}"),
        (404, _) => refused(reply, 404, "data/record-not-found"),
        _ => {}
    }
    said < 300
}

/// Nothing is left out: every operation with every rule, by every caller.
#[test]
fn the_table_is_complete() {
    for operation in OPERATIONS {
        let rows = table(operation);
        for rule in RULES {
            assert!(
                rows.iter().any(|row| row.rule == rule),
                "{operation} has no row for {rule}"
            );
        }
        let cell =
            |cell: &String| ["all", "own"].contains(&cell.as_str()) || cell.parse::<u16>().is_ok();
        assert!(
            rows.iter().all(|row| row.cells.iter().all(cell)),
            "{operation}"
        );
    }
}

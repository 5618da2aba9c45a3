//! `cargo admin import`, `cargo admin export`

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use blackbox::{Apart, Inside, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::look::{login, path};
use crate::admin::{admin_on, said};
use crate::auth::items::{stored_hash, users};

/// A file of this test, which goes with it.
pub(crate) struct Scrap(PathBuf);

impl Scrap {
    pub(crate) fn new(name: &str) -> Self {
        let folder = local::root().join(".bakend/tests");
        fs::create_dir_all(&folder).unwrap();
        Self(folder.join(format!("{}-{name}", fresh_email())))
    }

    pub(crate) fn of(name: &str, lines: &[Value]) -> Self {
        let scrap = Self::new(name);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&scrap.0, text).unwrap();
        scrap
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// Its lines, in the order of their addresses.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.0).unwrap();
        let mut lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        lines.sort_by_key(|line| line["email"].as_str().unwrap_or_default().to_owned());
        lines
    }
}

impl Drop for Scrap {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A hash of [`PASSWORD`] as PHP writes it.
fn foreign_hash(inside: &Inside) -> String {
    stored_hash(inside, &stack().member().email).replacen("$2b$", "$2y$", 1)
}

/// How many admins some tables count.
fn admins(endpoint: &str) -> u64 {
    let counted = users(endpoint).get(&json!({ "id": { "S": "#admins" } }));
    counted["count"]["N"]
        .as_str()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[test]
fn a_foreign_hash_logs_in_and_is_renewed() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (email, hash) = (fresh_email(), foreign_hash(inside));
    let id = "0197a3b0-1234-7000-8000-0000000000aa";
    let file = Scrap::of(
        "one.jsonl",
        &[
            json!({ "email": email.to_uppercase(), "passwordHash": hash, "id": id,
        "role": "editor", "createdAt": "2020-02-29T12:00:00Z", "name": "Ada" }),
        ],
    );
    let endpoint = inside.dynamo.endpoint();
    let done = said(&admin_on(inside, &endpoint, &["import", file.path()]));
    assert_eq!(
        done,
        (
            true,
            "1 lines read, 1 users made, 0 there already, 0 refused.\n".to_owned()
        )
    );

    assert_eq!(stored_hash(inside, &email), hash);
    let body = login(&email, PASSWORD).expect(200).json();
    let expected = json!({ "id": id, "email": email, "emailVerifiedAt": null, "mfa": false, "role": "editor", "createdAt": "2020-02-29T12:00:00.000Z", "name": "Ada" });
    assert_eq!(body["user"], expected);
    let renewed = stored_hash(inside, &email);
    assert!(renewed.starts_with("$2b$") && renewed != hash, "{renewed}");
    let _ = login(&email, PASSWORD).expect(200);
    let mut shown = expected;
    shown["disabled"] = json!(false);
    shown["mailFailed"] = json!(null);
    assert_eq!(stack().admin().get(&path(id)).expect(200).json(), shown);

    // The line has made a user before, even if the user has changed since.
    let again = said(&admin_on(inside, &endpoint, &["import", file.path()]));
    assert_eq!(
        again,
        (
            true,
            "1 lines read, 0 users made, 1 there already, 0 refused.\n".to_owned()
        )
    );
    let _ = stack().admin().delete(&path(id)).expect(204);
}

#[test]
fn a_dry_run_makes_nobody_and_finds_what_would_be_refused() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.dynamo.endpoint();
    let email = fresh_email();
    let id = "0197a3b0-1234-7000-8000-0000000000ab";
    let there = Scrap::of(
        "there.jsonl",
        &[json!({ "email": email, "id": id, "username": "Somebody" })],
    );
    assert!(said(&admin_on(inside, &endpoint, &["import", there.path()])).0);

    let new = fresh_email();
    let file = Scrap::of(
        "dry.jsonl",
        &[
            json!({ "email": new }),
            json!({ "email": new, "role": "editor" }),
            json!({ "email": email }),
            json!({ "email": email, "id": id, "username": "Somebody" }),
            json!({ "email": fresh_email(), "id": id }),
            json!({ "email": fresh_email(), "username": "somebody" }),
            json!({ "email": "nobody" }),
        ],
    );
    let (ok, text) = said(&admin_on(
        inside,
        &endpoint,
        &["import", "--dry-run", file.path()],
    ));
    assert!(!ok);
    let told = [
        format!("line 2: {new}: has the address of line 1."),
        format!("line 3: {email}: somebody has this address."),
        "has the id of line 4.".to_owned(),
        "has the `username` of line 4.".to_owned(),
        "line 7: `email` must be an email address.".to_owned(),
        "1 there already, 5 refused; above is why.".to_owned(),
    ];
    for line in &told {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(
        text.contains("7 lines read, 1 users could be made, "),
        "{text}"
    );
    assert_eq!(
        users(&endpoint).get(&json!({ "id": { "S": format!("email#{new}") } })),
        Value::Null
    );
    // The run does what the dry run has said, line by line.
    let (ok, done) = said(&admin_on(inside, &endpoint, &["import", file.path()]));
    assert!(
        !ok && done.contains("7 lines read, 1 users made, "),
        "{done}"
    );
    let sorted = |text: &str| {
        let lines = text.lines().filter(|line| line.starts_with("line "));
        let mut lines: Vec<String> = lines.map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&done), sorted(&text));
    for line in &told {
        assert!(done.contains(line), "{line} in {done}");
    }
}

#[test]
fn of_two_lines_that_claim_the_same_the_first_wins() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // More lines than are under way at once, and the claim of the last one is free again.
    let taken = fresh_email();
    let mut lines = vec![json!({ "email": taken, "role": "editor" })];
    for number in 0..60 {
        let (email, name) = (fresh_email(), format!("first-{number}"));
        lines.push(json!({ "email": email, "username": name }));
        lines.push(json!({ "email": email, "role": "editor" }));
        lines.push(json!({ "email": fresh_email(), "username": name.to_uppercase() }));
    }
    lines.push(json!({ "email": taken, "username": "not-lost" }));
    lines.push(json!({ "email": fresh_email(), "username": "not-lost" }));
    let file = Scrap::of("order.jsonl", &lines);
    let apart = Apart::new(inside);
    let endpoint = apart.dynamo.endpoint();
    let (ok, dry) = said(&admin_on(
        inside,
        &endpoint,
        &["import", "--dry-run", file.path()],
    ));
    assert!(
        !ok && dry.contains("62 users could be made, 0 there already, 121 refused"),
        "{dry}"
    );
    let (ok, text) = said(&admin_on(inside, &endpoint, &["import", file.path()]));
    assert!(
        !ok && text.contains("62 users made, 0 there already, 121 refused"),
        "{text}"
    );
    for number in 0..60 {
        let (first, email) = (2 + 3 * number, &lines[1 + 3 * number]["email"]);
        let email = email.as_str().unwrap();
        let address = format!(
            "line {}: {email}: has the address of line {first}.",
            first + 1
        );
        assert!(
            text.contains(&address) && dry.contains(&address),
            "{address}"
        );
        let name = format!("has the `username` of line {first}.");
        assert!(text.contains(&name) && dry.contains(&name), "{name}");
        let identity = users(&endpoint).get(&json!({ "id": { "S": format!("email#{email}") } }));
        let user = users(&endpoint).get(&json!({ "id": identity["user_id"] }));
        assert_eq!(user["role"]["S"], "authenticated", "the first line won");
    }
    assert!(!text.contains("`username` of line 182"), "{text}");
}

#[test]
fn admins_are_made_where_that_is_allowed_and_are_named() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.dynamo.endpoint();
    let [admin, member] = [(); 2].map(|()| fresh_email());
    let lines = [
        json!({ "email": admin, "role": "admin" }),
        json!({ "email": member }),
    ];
    let file = Scrap::of("admins.jsonl", &lines);
    for more in [&["--dry-run"][..], &[]] {
        let (ok, text) = said(&admin_on(
            inside,
            &endpoint,
            &[&["import", file.path()], more].concat(),
        ));
        let refused = format!("line 1: {admin}: would be an admin; --allow-admins makes admins.");
        assert!(!ok && text.contains(&refused), "{text}");
        assert_eq!(admins(&endpoint), 0);
    }
    let (ok, text) = said(&admin_on(
        inside,
        &endpoint,
        &["import", "--allow-admins", file.path()],
    ));
    assert!(
        ok && text.contains(&format!("line 1: {admin} is an admin.")),
        "{text}"
    );
    assert!(
        text.contains("1 users made (1 of them admins), 1 there already"),
        "{text}"
    );
    assert_eq!(admins(&endpoint), 1);
}

#[test]
fn a_file_says_nothing_to_the_terminal() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let file = Scrap::of(
        "hostile.jsonl",
        &[
            json!({ "email": fresh_email(), "\u{1b}]0;owned\u{7}\u{1b}[2J\r": 1 }),
            json!({ "email": fresh_email(), "role": "\u{9b}31m\u{202e}x\n" }),
        ],
    );
    let endpoint = inside.dynamo.endpoint();
    let (ok, text) = said(&admin_on(
        inside,
        &endpoint,
        &["import", "--dry-run", file.path()],
    ));
    assert!(!ok && text.contains("2 refused"), "{text}");
    let bad = |char: &char| char.is_control() && *char != '\n' || *char == '\u{202e}';
    assert_eq!(text.chars().find(bad), None, "{text:?}");
    assert!(text.contains("\\u{1b}]0;owned"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
}

#[test]
fn what_is_refused_is_told_by_its_line_and_the_rest_is_there() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.dynamo.endpoint();
    let [good, twice, late] = [(); 3].map(|()| fresh_email());
    let hash = foreign_hash(inside);
    let mut lines = vec![
        json!({ "email": good, "passwordHash": hash, "role": "admin" }),
        json!({ "email": "ada" }),
        json!({ "email": fresh_email(), "passwordHash": hash.replacen("$04$", "$17$", 1) }),
        json!({ "email": fresh_email(), "role": "chief" }),
        json!({ "email": fresh_email(), "password": "plain" }),
        json!({ "email": fresh_email(), "username": "a" }),
        json!({ "email": late, "disabled": true, "role": "admin" }),
    ];
    let file = Scrap::of("some.jsonl", &lines);
    let report = Scrap::new("report.txt");
    let (ok, text) = said(&admin_on(
        inside,
        &endpoint,
        &[
            "import",
            "--allow-admins",
            file.path(),
            "--report",
            report.path(),
        ],
    ));
    let place = report.path();
    let expected = format!(
        "7 lines read, 2 users made (2 of them admins), 0 there already, 5 refused; in {place} is why."
    );
    assert!(!ok && text.contains(&expected), "{text}");
    let told = fs::read_to_string(place).unwrap();
    let mut told: Vec<&str> = told.lines().collect();
    told.sort_unstable();
    assert_eq!(told.len(), 5, "{told:?}");
    for (line, (number, reason)) in told.iter().zip([
        (2, "`email` must be an email address."),
        (3, "`passwordHash` has a cost over 16"),
        (4, "`role` must be one of: admin, authenticated, editor."),
        (5, "`password`"),
        (6, "`username`"),
    ]) {
        assert!(
            line.starts_with(&format!("line {number}: ")) && line.contains(reason),
            "{line}"
        );
    }
    assert!(
        !text.contains(&hash[7..]) && !told.concat().contains(&hash[7..]),
        "a hash is told"
    );
    assert_eq!(admins(&endpoint), 1, "who is disabled does not count");

    // Corrected, the same file goes on from there.
    lines[1] = json!({ "email": twice });
    lines.truncate(2);
    fs::write(
        &file.0,
        lines
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )
    .unwrap();
    let again = said(&admin_on(
        inside,
        &endpoint,
        &["import", "--allow-admins", file.path()],
    ));
    assert_eq!(
        again,
        (
            true,
            "2 lines read, 1 users made, 1 there already, 0 refused.\n".to_owned()
        )
    );
    assert_eq!(admins(&endpoint), 1);
}

#[test]
fn what_goes_out_comes_in_again() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (one, two) = (Apart::new(inside), Apart::new(inside));
    let [one, two] = [&one, &two].map(|apart| apart.dynamo.endpoint());
    let hash = foreign_hash(inside);
    let lines: Vec<Value> = (0..300)
        .map(|number| {
            let mut line =
                json!({ "email": fresh_email(), "createdAt": "2021-01-02T03:04:05.678Z" });
            if number % 2 == 0 {
                line["passwordHash"] = json!(hash);
            }
            if number % 3 == 0 {
                line["username"] = json!(format!("user-{number}"));
                line["badge"] = json!(number + 1);
            }
            line["role"] = json!(["admin", "authenticated", "editor"][number % 3]);
            line["disabled"] = json!(number % 5 == 0);
            line
        })
        .collect();
    let file = Scrap::of("many.jsonl", &lines);
    let done = said(&admin_on(
        inside,
        &one,
        &["import", "--allow-admins", file.path()],
    ));
    assert!(
        done.0 && done.1.contains("300 lines read, 300 users made"),
        "{}",
        done.1
    );
    assert_eq!(admins(&one), 80, "100 admins, every fifth of them disabled");

    let [first, second, bare] = ["first.jsonl", "second.jsonl", "bare.jsonl"].map(Scrap::new);
    let done = said(&admin_on(
        inside,
        &one,
        &["export", "--with-hashes", first.path()],
    ));
    let expected = format!(
        "300 users written to {}, with the hashes of their passwords.\n",
        first.path()
    );
    assert_eq!(done, (true, expected));
    assert_eq!(
        fs::metadata(&first.0).unwrap().permissions().mode() & 0o777,
        0o600,
        "nobody else may read it"
    );
    let mut exported = first.lines();
    assert_eq!(exported.len(), 300);
    let (mut sent, without_id) = (lines.clone(), |line: &mut Value| {
        line.as_object_mut()
            .and_then(|line| line.remove("id"))
            .map(|id| assert!(id.is_string()))
    });
    sent.sort_by_key(|line| line["email"].as_str().unwrap_or_default().to_owned());
    let _ = exported.iter_mut().map(without_id).count();
    assert_eq!(exported, sent);

    let done = said(&admin_on(
        inside,
        &two,
        &["import", "--allow-admins", first.path()],
    ));
    assert!(done.0 && done.1.contains("300 users made"), "{}", done.1);
    assert!(
        said(&admin_on(
            inside,
            &two,
            &["export", "--with-hashes", second.path()]
        ))
        .0
    );
    assert_eq!(second.lines(), first.lines(), "ids and all");
    assert_eq!(admins(&two), 80);

    let output = admin_on(inside, &two, &["export"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 300);
    assert!(
        !text.contains("passwordHash") && !text.contains(&hash[7..]),
        "hashes that nobody asked for"
    );
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "300 users written to the standard output, without their passwords.\n"
    );
    assert!(said(&admin_on(inside, &two, &["export", bare.path()])).0);
    let (ok, text) = said(&admin_on(inside, &two, &["export", bare.path()]));
    assert!(!ok && text.contains("is there already"), "{text}");
    let again = said(&admin_on(
        inside,
        &two,
        &["import", "--allow-admins", bare.path()],
    ));
    assert!(
        !again.0
            && again
                .1
                .contains("0 users made, 150 there already, 150 refused"),
        "without their hashes, those lines are others: {}",
        again.1
    );
}

#[test]
fn a_file_that_is_not_there_is_one_clear_line() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let endpoint = inside.dynamo.endpoint();
    let (ok, text) = said(&admin_on(
        inside,
        &endpoint,
        &["import", "no-such-file.jsonl"],
    ));
    assert!(
        !ok && text.starts_with("cargo admin: no-such-file.jsonl: ") && text.lines().count() == 1,
        "{text}"
    );
}

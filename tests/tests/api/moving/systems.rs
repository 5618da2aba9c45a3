//! `cargo admin import --from`: 5,000 users of each of four systems, as their exports have them.

use std::collections::BTreeMap;

use blackbox::{Event, PASSWORD, stack};
use serde_json::{Value, json};

use super::{Place, Scraps};
use crate::auth::items::{identity_key, stored_hash, user_key, users};

const USERS: usize = 5_000;

/// Every so many users have one that is refused for each reason.
const ROUND: usize = 1_000;

/// The users of a system that are refused in each round, by their place in it, each with the reason.
type Refused = [(usize, &'static str); 6];

/// A file of a system.
struct Export {
    name: &'static str,
    file: String,
    /// The word for a row, and the number of the first one.
    word: &'static str,
    first: usize,
    refused: Refused,
}

fn email(system: &str, number: usize) -> String {
    format!("{system}-{number}@example.com")
}

/// The day of a user, in the years 2019 to 2023.
fn day(number: usize) -> String {
    format!(
        "{}-{:02}-{:02}",
        2019 + number % 5,
        1 + number % 12,
        1 + number % 28
    )
}

/// The address of a user: the one of the user before where it is to be refused for that.
fn address(system: &str, number: usize) -> String {
    let is_double = number % ROUND == 11;
    email(system, number - usize::from(is_double))
}

/// As `sqlite3 -json` writes the table `users`.
fn pocketbase(hash: &str) -> Export {
    let rows: Vec<String> = (0..USERS)
        .map(|number| {
            let at = format!("{} 12:34:56.789Z", day(number));
            let mut row = json!({ "id": format!("pb{number:013}"), "email": address("pocketbase", number), "emailVisibility": 0,
                "verified": number % 2, "password": hash, "tokenKey": format!("{number:050}"), "name": format!("User {number}"),
                "username": format!("pocketbase_{number}"), "avatar": "", "created": at, "updated": at,
                "lastResetSentAt": "" });
            match number % ROUND {
                12 => row["password"] = json!("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"),
                13 => row["email"] = json!("not an address"),
                14 => row["created"] = json!("2999-01-15 12:34:56.789Z"),
                15 => row["username"] = json!("a"),
                16 => row["id"] = json!(""),
                _ => {}
            }
            row.to_string()
        })
        .collect();
    Export {
        name: "pocketbase",
        file: format!("[{}]\n", rows.join(",\n")),
        word: "entry",
        first: 1,
        refused: [
            (11, "has the address of entry"),
            (12, "the hash of the password is argon2 and cannot move"),
            (13, "`email` must be an email address."),
            (14, "`created` must be a time that has been."),
            (15, "`username`"),
            (16, "`id` is required"),
        ],
    }
}

/// As the SQL editor downloads `select * from auth.users`.
fn supabase(hash: &str) -> Export {
    let mut file = "instance_id,id,aud,role,email,encrypted_password,email_confirmed_at,raw_app_meta_data,raw_user_meta_data,\
                    created_at,phone,banned_until,is_anonymous,deleted_at\n"
        .to_owned();
    for number in 0..USERS {
        let id = format!("550e8400-e29b-41d4-a716-{number:012}");
        let at = format!("{} 12:34:56.789012+00", day(number));
        let confirmed = if number % 2 == 1 { at.as_str() } else { "" };
        let banned = if number % 7 == 0 {
            "2999-01-01 00:00:00+00"
        } else {
            ""
        };
        let metadata = format!(
            r#""{{""name"": ""User {number}"", ""username"": ""supabase_{number}"", ""email_verified"": true}}""#
        );
        let (mut mail, mut stored, mut anonymous, mut deleted) =
            (address("supabase", number), hash, "false", "");
        match number % ROUND {
            12 => stored = "\"$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA\"",
            13 => deleted = "2024-01-01 00:00:00+00",
            14 => anonymous = "true",
            15 => {
                file.push_str(&format!("{id},{mail}\n"));
                continue;
            }
            16 => mail = String::new(),
            _ => {}
        }
        file.push_str(&format!(
            "00000000-0000-0000-0000-000000000000,{id},authenticated,authenticated,{mail},{stored},{confirmed},\"{{}}\",\
             {metadata},{at},,{banned},{anonymous},{deleted}\n"
        ));
    }
    Export {
        name: "supabase",
        file,
        word: "line",
        first: 2,
        refused: [
            (11, "has the address of line"),
            (12, "the hash of the password is argon2 and cannot move"),
            (13, "the user was deleted there."),
            (14, "an anonymous user has no way to sign in that moves."),
            (15, "has 2 cells, and the first line has 14."),
            (16, "`email` is required without `identities`."),
        ],
    }
}

/// As `mongoexport` writes the collection `users`.
fn urbackend(hash: &str) -> Export {
    let rows: Vec<String> = (0..USERS)
        .map(|number| {
            let at = format!("{}T12:34:56.789Z", day(number));
            let mut row = json!({ "_id": { "$oid": format!("63c3f2f0{number:016x}") }, "email": address("urbackend", number),
                "password": hash, "username": format!("urbackend_{number}"), "name": format!("User {number}"),
                "emailVerified": number % 2 == 1, "createdAt": { "$date": at }, "updatedAt": { "$date": at }, "__v": 0 });
            match number % ROUND {
                12 => row["password"] = json!("pbkdf2_sha256$260000$salt$hash"),
                13 => return "{\"_id\":{\"$oid\":".to_owned(),
                14 => row["createdAt"] = json!({ "$date": "2999-01-15T12:34:56.789Z" }),
                15 => row["username"] = json!("a"),
                16 => row["_id"] = json!(null),
                _ => {}
            }
            row.to_string()
        })
        .collect();
    Export {
        name: "urbackend",
        file: rows.join("\n") + "\n",
        word: "line",
        first: 1,
        refused: [
            (11, "has the address of line"),
            (12, "the hash of the password is PBKDF2 and cannot move"),
            (13, "is not JSON: character"),
            (14, "`createdAt` must be a time that has been."),
            (15, "`username`"),
            (16, "`_id` is required"),
        ],
    }
}

/// As `GET /v1/users` lists them, in one reply.
fn bkend() -> Export {
    let rows: Vec<Value> = (0..USERS)
        .map(|number| {
            let at = format!("{}T12:34:56.789Z", day(number));
            let verified = if number % 2 == 1 { json!(at) } else { json!(null) };
            let mut row = json!({ "id": format!("usr_{number}"), "role": "user", "name": format!("User {number}"),
                "username": format!("bkend_{number}"), "email": address("bkend", number), "emailVerified": verified,
                "image": null, "onboardingStatus": "completed", "createdAt": at, "updatedAt": at });
            match number % ROUND {
                12 => row["role"] = json!("chief"),
                13 => row["role"] = json!("admin"),
                14 => row["emailVerified"] = json!("perhaps"),
                15 => row["email"] = json!(null),
                16 => row["id"] = json!(null),
                _ => {}
            }
            row
        })
        .collect();
    let page = json!({ "items": rows, "pagination": { "page": 1, "limit": USERS, "total": USERS, "totalPages": 1 } });
    Export {
        name: "bkend",
        file: page.to_string(),
        word: "entry",
        first: 1,
        refused: [
            (11, "has the address of entry"),
            (12, "`role` must be one of"),
            (13, "would be an admin; --allow-admins makes admins."),
            (14, "`emailVerified` must be true, false or a time."),
            (15, "`email` is required without `identities`."),
            (16, "`id` is required"),
        ],
    }
}

/// Imports a file twice: every row is made or refused with its number and the reason, and the second time is as the first.
fn assert_moves(export: &Export, has_passwords: bool) {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let file = scraps.write("export", &export.file);
    let (ids, report) = (scraps.at("ids.jsonl"), scraps.at("report"));
    let arguments = [
        "import",
        "--from",
        export.name,
        &file,
        "--ids",
        &ids,
        "--report",
        &report,
    ];
    let (refused, made) = (6 * USERS / ROUND, USERS - 6 * USERS / ROUND);
    let mut reports = Vec::new();
    let dry = [&arguments[..], &["--dry-run"]].concat();
    let mut runs = vec![
        (
            &arguments[..],
            format!("{made} users made, 0 there already, {refused} refused"),
        ),
        (
            &arguments[..],
            format!("0 users made, {made} there already, {refused} refused"),
        ),
    ];
    // A dry run is the same for every system.
    if export.name == "pocketbase" {
        let counts = format!("{made} users could be made, 0 there already, {refused} refused");
        runs.insert(0, (&dry[..], counts));
    }
    for (arguments, counts) in runs {
        let (is_done, told) = place.run(arguments);
        assert!(!is_done && told.contains(&counts), "{told}");
        let mut report: Vec<String> = scraps.read("report").lines().map(str::to_owned).collect();
        report.sort();
        reports.push(report);
    }
    assert!(reports.iter().all(|it| *it == reports[0]), "{reports:?}");
    assert_eq!(reports[0].len(), refused);
    for round in 0..USERS / ROUND {
        for (at, reason) in export.refused {
            let number = export.first + round * ROUND + at;
            let start = format!("{} {number}: ", export.word);
            let told = reports[0].iter().find(|line| line.starts_with(&start));
            let told = told.unwrap_or_else(|| panic!("{start} in {:?}", reports[0]));
            assert!(told.contains(reason), "{reason} in {told}");
            assert!(
                !told.contains("c2FsdA") && !told.contains("salt"),
                "a hash: {told}"
            );
        }
    }
    let lines = scraps.read("ids.jsonl");
    let ids: BTreeMap<String, String> = lines
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["collection"], "users");
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            (text("old"), text("new"))
        })
        .collect();
    assert_eq!((ids.len(), lines.lines().count()), (made, made));

    let endpoint = place.apart.dynamo.endpoint();
    for number in [0, 1, 7, USERS - 1] {
        let email = email(export.name, number);
        let identity = users(&endpoint).get(&identity_key(&email));
        let id = identity["user_id"]["S"].as_str().unwrap();
        assert!(ids.values().any(|new| new == id), "{email}");
        let user = users(&endpoint).get(&user_key(id));
        let name = json!({ "S": format!("User {number}") });
        assert_eq!(user["profile"]["M"]["name"], name, "{user}");
        // Users of urBackend write there themselves that they are verified.
        let is_proven = number % 2 == 1 && export.name != "urbackend";
        assert_eq!(user.get("email_verified_at").is_some(), is_proven, "{user}");
        assert_eq!(identity.get("password_hash").is_some(), has_passwords);
    }
    let login = place.apart.function("login", "moving", &[]);
    let body = json!({ "email": email(export.name, 1), "password": PASSWORD });
    let reply = place
        .apart
        .ask(&login, &Event::new("POST", "/api/auth/login").json(&body));
    if !has_passwords {
        assert_eq!(reply.expect(401).code(), "auth/invalid-credentials");
        return;
    }
    let user = reply.expect(200).json()["user"].clone();
    assert_eq!(user["createdAt"], format!("{}T12:34:56.789Z", day(1)));
    assert_eq!(user["username"], format!("{}_1", export.name));
}

/// A hash of [`PASSWORD`] as another system writes it.
fn hash(version: &str) -> Option<String> {
    let inside = stack().inside()?;
    let hash = stored_hash(inside, &stack().member().email);
    Some(hash.replacen("$2b$", version, 1))
}

#[test]
fn users_of_pocketbase_move() {
    if let Some(hash) = hash("$2a$") {
        assert_moves(&pocketbase(&hash), true);
    }
}

#[test]
fn users_of_supabase_move() {
    if let Some(hash) = hash("$2a$") {
        assert_moves(&supabase(&hash), true);
    }
}

#[test]
fn users_of_urbackend_move() {
    if let Some(hash) = hash("$2b$") {
        assert_moves(&urbackend(&hash), true);
    }
}

#[test]
fn users_of_bkend_move_without_passwords() {
    assert_moves(&bkend(), false);
}

#[test]
fn a_map_names_profile_fields_that_have_other_names_there() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (place, scraps) = (Place::new(inside), Scraps::new());
    let metadata =
        json!({ "full_name": "Ada", "bio": "no", "avatar_url": "https://example.com/a.png" });
    let row = json!({ "id": "550e8400-e29b-41d4-a716-446655440000", "email": "ada@example.com", "phone": "",
        "raw_user_meta_data": metadata, "raw_app_meta_data": { "role": "editor" }, "created_at": "2023-01-15 12:34:56+00" });
    let file = scraps.write("users.jsonl", row.to_string());
    let map = json!({ "full_name": "name", "raw_app_meta_data.role": "role", "bio": null });
    let fields = scraps.write("map.json", map.to_string());
    let ids = scraps.at("ids.jsonl");
    let arguments = [
        "import", "--from", "supabase", &file, "--fields", &fields, "--ids", &ids,
    ];
    let (is_done, told) = place.run(&arguments);
    assert!(is_done && told.contains("1 users made"), "{told}");
    assert!(
        told.contains("Left out, since users have no such field here: avatar_url of 1."),
        "{told}"
    );
    let endpoint = place.apart.dynamo.endpoint();
    let identity = users(&endpoint).get(&identity_key("ada@example.com"));
    let user = users(&endpoint).get(&user_key(identity["user_id"]["S"].as_str().unwrap()));
    assert_eq!(user["profile"], json!({ "M": { "name": { "S": "Ada" } } }));
    assert_eq!(user["role"], json!({ "S": "editor" }));
    // A row that has changed there since is the same user.
    let mut other = row.clone();
    other["email"] = json!("ada@changed.example.com");
    other["raw_user_meta_data"]["full_name"] = json!("Ada L.");
    scraps.write("users.jsonl", other.to_string());
    let (is_done, told) = place.run(&arguments);
    assert!(
        is_done && told.contains("0 users made, 1 there already"),
        "{told}"
    );
    for (map, reason) in [
        (
            "{\"a\":\"title\"}",
            "`title` is no profile field: declare it under users.fields in bakend.json",
        ),
        ("[]", "is not a JSON object"),
    ] {
        scraps.write("map.json", map);
        let (is_done, told) = place.run(&arguments);
        assert!(
            !is_done && told.contains(reason) && told.lines().count() == 1,
            "{told}"
        );
    }
}

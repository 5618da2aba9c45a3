//! `cargo admin`

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use blackbox::{Apart, Event, Inside, PASSWORD, fresh_email, stack};
use serde_json::json;

use crate::auth::items::{identity_key, user_key, users};

/// Makes a folder of tools whose SAM, and whose Python, is this script of a shell.
pub(crate) fn play_sam(folder: &Path, script: &str) {
    let tools = fs::read_to_string(local::root().join("infra/src/tools.rs")).unwrap();
    let (_, rest) = tools.split_once("\"aws-sam-cli==").unwrap();
    let version = rest.split('"').next().unwrap();
    let sam = folder.join(format!("sam-{version}"));
    fs::create_dir_all(sam.join("bin")).unwrap();
    fs::write(sam.join("installed"), format!("aws-sam-cli=={version}")).unwrap();
    for program in ["sam", "python"] {
        let path = sam.join("bin").join(program);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Runs `cargo admin` on the tables of the suite, as an operator with credentials would on a deployed stack.
fn admin(inside: &Inside, arguments: &[&str]) -> Output {
    admin_on(inside, &inside.dynamo.endpoint(), arguments)
}

/// The same on the tables of this DynamoDB.
pub(crate) fn admin_on(inside: &Inside, endpoint: &str, arguments: &[&str]) -> Output {
    admin_with(inside, endpoint, arguments, &[])
}

/// The same with more or other variables.
pub(crate) fn admin_with(
    inside: &Inside,
    endpoint: &str,
    arguments: &[&str],
    env: &[(&str, &str)],
) -> Output {
    let mut command = inside.command("admin");
    command.args(["--stack", "local"]).args(arguments);
    command
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .env("AWS_REGION", "us-east-1");
    command
        .env("AWS_ACCESS_KEY_ID", "operator")
        .env("AWS_SECRET_ACCESS_KEY", "local");
    command.envs(env.iter().copied());
    command.output().unwrap()
}

pub(crate) fn said(output: &Output) -> (bool, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn a_promotion_holds_on_the_next_request() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    assert_eq!(member.get("/api/feedback").code(), "auth/forbidden");

    let address = format!(" {} ", member.email.to_uppercase());
    let promoted = said(&admin(inside, &["promote", &address]));
    assert_eq!(
        promoted,
        (
            true,
            format!(
                "{} is an admin now; it holds on the next request.\n",
                member.email
            )
        )
    );

    let _ = member.get("/api/feedback").expect(200);
    let again = said(&admin(inside, &["promote", &member.email]));
    assert_eq!(
        again,
        (true, format!("{} was an admin already.\n", member.email))
    );
}

#[test]
fn what_cannot_be_promoted_is_one_clear_line() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let nobody = fresh_email();
    let unknown = said(&admin(inside, &["promote", &nobody]));
    let reason =
        format!("cargo admin: nobody has registered {nobody}; register first, then promote\n");
    assert_eq!(unknown, (false, reason));
    let malformed = said(&admin(inside, &["promote", "ada"]));
    assert_eq!(
        malformed,
        (
            false,
            "cargo admin: ada: `email` must be an email address.\n".to_owned()
        )
    );

    let mut bare = inside.command("admin");
    bare.args(["promote", "a@example.com"])
        .env_remove("AWS_REGION")
        .env_remove("AWS_DEFAULT_REGION");
    let (done, line) = said(&bare.output().unwrap());
    assert!(
        !done && line.starts_with("cargo admin: AWS_REGION: is not set"),
        "{line}"
    );
}

#[test]
fn an_account_with_an_address_of_before_signs_in_and_is_named() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.dynamo.endpoint();
    let [register, login] = ["register", "login"].map(|it| apart.function(it, "before", &[]));
    let post = |path: &str, email: &str| {
        let body = json!({ "email": email, "password": PASSWORD });
        Event::new("POST", path).json(&body)
    };
    let email = fresh_email();
    let spelled = format!("\"{}\"(c)@example.com", email.split('@').next().unwrap());
    let made = apart
        .ask(&register, &post("/api/auth/register", &email))
        .expect(201)
        .json();
    let id = made["user"]["id"].as_str().unwrap();
    // Nobody has such an address anew.
    for other in [
        spelled.clone(),
        format!("mailto:{email}"),
        format!("{email},"),
        format!("<{email}>"),
    ] {
        let reply = apart
            .ask(&register, &post("/api/auth/register", &other))
            .expect(400);
        assert_eq!(
            reply.json()["error"]["details"][0]["field"],
            "email",
            "{other}"
        );
    }
    let (users, key) = (users(&endpoint), identity_key(&email));
    let mut identity = users.get(&key);
    let before = identity_key(&spelled);
    identity.as_object_mut().unwrap().remove("id");
    users.set(&before, &identity);
    users.set(&user_key(id), &json!({ "email": { "S": spelled } }));
    let _ = apart
        .ask(&login, &post("/api/auth/login", &spelled))
        .expect(200);
    let (done, text) = said(&admin_on(inside, &endpoint, &["addresses"]));
    let expected = format!(
        "{id} {spelled}\n1 of 1 accounts have an address that no new account could have.\n"
    );
    assert_eq!((done, text), (true, expected));
    assert!(said(&admin_on(inside, &endpoint, &["promote", &spelled])).0);
}

#[test]
fn an_address_that_an_operator_verifies_counts_from_the_next_request_on() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let member = stack().member();
    assert_eq!(member.get("/api/votes").code(), "auth/forbidden");
    let email = &member.email;
    let shouted = format!(" {} ", email.to_uppercase());
    let (done, line) = said(&admin(inside, &["verify", &shouted]));
    let expected = format!("{email} is verified now; it holds on the next request.\n");
    assert_eq!((done, line), (true, expected));
    let _ = member.get("/api/votes").expect(200);
    let me = member.get("/api/auth/me").expect(200).json();
    let verified_at = me["emailVerifiedAt"].clone();
    assert!(verified_at.is_string(), "{me}");
    let again = said(&admin(inside, &["verify", email]));
    assert_eq!(again, (true, format!("{email} was verified already.\n")));
    let me = member.get("/api/auth/me").expect(200).json();
    assert_eq!(me["emailVerifiedAt"], verified_at);
}

#[test]
fn what_cannot_be_verified_is_one_clear_line() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (nobody, leaver) = (fresh_email(), stack().member());
    let password = json!({ "password": PASSWORD }).to_string();
    let headers = [("content-type", "application/json")];
    let left = leaver.send(
        "DELETE",
        "/api/auth/me",
        &headers,
        Some(password.as_bytes()),
    );
    let _ = left.expect(204);
    for (arguments, expected) in [
        (
            ["verify", &nobody].as_slice(),
            format!("cargo admin: nobody has registered {nobody}\n"),
        ),
        (
            &["verify", &leaver.email],
            format!("cargo admin: the account of {} is deleted\n", leaver.email),
        ),
        (
            &["verify", "ada"],
            "cargo admin: ada: `email` must be an email address.\n".to_owned(),
        ),
    ] {
        assert_eq!(said(&admin(inside, arguments)), (false, expected));
    }
    for (arguments, expected) in [
        (
            ["verify"].as_slice(),
            "required arguments were not provided",
        ),
        (
            &["verify", &nobody, "--before", "2026-01-01"],
            "cannot be used with",
        ),
        (
            &["verify", "--before", "yesterday"],
            "a date is written as 2026-11-29",
        ),
        (
            &["verify", "--before", "2026-02-30"],
            "a date is written as 2026-11-29",
        ),
        (
            &["verify", "--before", "1969-12-31"],
            "a date is written as 2026-11-29",
        ),
    ] {
        let (done, line) = said(&admin(inside, arguments));
        assert!(!done && line.contains(expected), "{arguments:?}: {line}");
    }
}

#[test]
fn all_accounts_from_before_a_date_are_verified_and_no_others() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let apart = Apart::new(inside);
    let endpoint = apart.dynamo.endpoint();
    let register = apart.function("register", "verify", &[]);
    let [me, disable] = ["me-get", "me-delete"].map(|it| apart.function(it, "verify", &[]));
    let body = |email: &str| json!({ "email": email, "password": PASSWORD });
    let accounts: Vec<_> = (0..4)
        .map(|_| {
            let event = Event::new("POST", "/api/auth/register").json(&body(&fresh_email()));
            apart.ask(&register, &event).expect(201).json()
        })
        .collect();
    let users = users(&endpoint);
    let text = |at: usize, name: &str| accounts[at]["user"][name].as_str().unwrap().to_owned();
    // The first two are old, and one of them is proven; the third is new; the last one is old and deleted.
    for (at, made) in [
        (0, "1700000000000"),
        (1, "1709251199999"),
        (2, "1709251200000"),
        (3, "1700000000000"),
    ] {
        users.set(
            &user_key(&text(at, "id")),
            &json!({ "created_at": { "N": made } }),
        );
    }
    let proven = json!({ "email_verified_at": { "N": "1700000000001" } });
    users.set(&user_key(&text(0, "id")), &proven);
    let token = |at: usize| accounts[at]["accessToken"].as_str().unwrap();
    let leave = Event::new("DELETE", "/api/auth/me").json(&json!({ "password": PASSWORD }));
    let _ = apart.ask(&disable, &leave.token(token(3))).expect(204);

    let verify = |before: &str| {
        said(&admin_on(
            inside,
            &endpoint,
            &["verify", "--before", before],
        ))
    };
    let none = (
        true,
        "0 verified, 0 verified already, 0 refused.\n".to_owned(),
    );
    assert_eq!(verify("2023-11-14"), none);
    let first = (
        true,
        "1 verified, 1 verified already, 0 refused.\n".to_owned(),
    );
    assert_eq!(verify("2024-03-01"), first);
    let again = (
        true,
        "0 verified, 2 verified already, 0 refused.\n".to_owned(),
    );
    assert_eq!(verify("2024-03-01T01:00:00+01:00"), again);
    for (at, expected) in [(0, true), (1, true), (2, false)] {
        let event = Event::new("GET", "/api/auth/me").token(token(at));
        let user = apart.ask(&me, &event).expect(200).json();
        assert_eq!(user["emailVerifiedAt"].is_string(), expected, "{user}");
    }
    let kept = users.get(&user_key(&text(0, "id")));
    assert_eq!(kept["email_verified_at"]["N"], "1700000000001");
    let deleted = users.get(&user_key(&text(3, "id")));
    assert!(deleted.get("email_verified_at").is_none(), "{deleted}");
}

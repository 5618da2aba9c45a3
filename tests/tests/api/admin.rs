//! `cargo admin`

use std::process::Output;

use blackbox::{Apart, Event, Inside, PASSWORD, fresh_email, stack};
use serde_json::json;

use crate::auth::items::{identity_key, user_key, users};

/// Runs `cargo admin` on the tables of the suite, as an operator with credentials would on a deployed stack.
fn admin(inside: &Inside, arguments: &[&str]) -> Output {
    admin_on(inside, &inside.dynamo.endpoint(), arguments)
}

/// The same on the tables of this DynamoDB.
pub(crate) fn admin_on(inside: &Inside, endpoint: &str, arguments: &[&str]) -> Output {
    let mut command = inside.command("admin");
    command.args(["--stack", "local"]).args(arguments);
    command
        .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        .env("AWS_REGION", "us-east-1");
    command
        .env("AWS_ACCESS_KEY_ID", "operator")
        .env("AWS_SECRET_ACCESS_KEY", "local");
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

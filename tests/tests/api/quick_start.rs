//! The README's quick start, step by step.

use std::process::{Command, Output};

use blackbox::{ADMIN_EMAIL, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

#[test]
fn register_login_create_list_refresh_logout() {
    let stranger = stack().stranger();
    let credentials = json!({ "email": fresh_email(), "password": PASSWORD });
    let _ = stranger
        .post("/api/auth/register", &credentials)
        .expect(201);
    let login = stranger
        .post("/api/auth/login", &credentials)
        .expect(200)
        .json();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();

    let member = stranger.with_token(Some(&text(&login, "accessToken")));
    let post = member
        .post("/api/posts", &json!({ "title": "Hello" }))
        .expect(201)
        .json();
    assert_eq!(post["user_id"], login["user"]["id"]);
    // Other tests post meanwhile; the newest hundred hold this one.
    let posts = stranger.get("/api/posts?limit=100").expect(200).json();
    assert!(
        posts["items"].as_array().unwrap().contains(&post),
        "{posts}"
    );

    let refreshed = stranger
        .post(
            "/api/auth/refresh",
            &json!({ "refreshToken": login["refreshToken"] }),
        )
        .expect(200);
    let logout = json!({ "refreshToken": refreshed.json()["refreshToken"] });
    let _ = stranger.post("/api/auth/logout", &logout).expect(204);
    assert_eq!(
        member.get("/api/notes").expect(401).code(),
        "auth/session-revoked"
    );
}

/// Runs the lines of a guide as written, but for the address of the API and the changes of `adapt`. Each is answered
/// with the status before it.
fn the_lines_are_answered_as_they_say(guide: &str, adapt: impl Fn(String) -> String) {
    let (script, expected) = script(guide, |lines| {
        adapt(lines.replace("http://localhost:8080", stack().url()))
    });
    let run = Command::new("sh").args(["-e", "-c", &script]).output();
    judge(&run.expect("sh"), &expected);
}

/// The lines of a guide as a script that tells the status of each reply, and the statuses that they say.
pub(crate) fn script(guide: &str, adapt: impl Fn(String) -> String) -> (String, Vec<String>) {
    let lines: String = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    let expected: Vec<String> = lines
        .lines()
        .filter_map(|line| Some(line.strip_prefix("# ")?.get(..3)?.to_owned()))
        .collect();
    assert!(
        expected.len() > 7 && lines.matches("curl").count() == expected.len(),
        "each line has a status before it"
    );
    let script = adapt(lines).replace(
        "curl -s ",
        "curl -s -w '%{stderr}answered %{http_code}\\n' ",
    );
    (script, expected)
}

/// Compares the answers that a script has told with those that its guide says.
pub(crate) fn judge(run: &Output, expected: &[String]) {
    let (said, heard) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert!(run.status.success(), "{said}{heard}");
    let answered: Vec<&str> = heard
        .lines()
        .filter_map(|line| line.strip_prefix("answered "))
        .collect();
    assert_eq!(answered, expected, "{said}");
}

/// But for Ada's address and the unique values.
#[test]
fn the_guides_lines_are_answered_as_it_says() {
    if stack().inside().is_none() {
        return;
    }
    let email = fresh_email();
    let unique = email.split('@').next().unwrap_or_default().to_uppercase();
    let unique: String = unique
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .rev()
        .take(20)
        .collect();
    the_lines_are_answered_as_they_say(include_str!("../../../docs/collections.md"), |lines| {
        lines
            .replace("ada@example.com", &email)
            .replace("LAMP-", &format!("L{unique}-"))
            .replace("ORDER-", &format!("O{unique}-"))
    });
}

/// But for Ada's address. The first code is of the step before this one, which must not end on its way.
#[test]
fn the_lines_about_second_factors_are_answered_as_they_say() {
    if stack().inside().is_none() {
        return;
    }
    while crate::mfa::seconds_of_step() > 26 {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let email = fresh_email();
    the_lines_are_answered_as_they_say(include_str!("../../../docs/mfa.md"), |lines| {
        lines.replace("ada@example.com", &email)
    });
}

/// But for the addresses and the admin's password; the harness has made that account already.
#[test]
fn the_quick_checks_lines_are_answered_as_it_says() {
    if stack().inside().is_none() {
        return;
    }
    let guide = include_str!("../../../docs/quick-check.md");
    let drafts = guide
        .split("```json\n")
        .find(|block| block.contains(r#""name": "drafts""#))
        .and_then(|block| block.split("```").next())
        .expect("the definition of drafts");
    let [shown, ours] = [drafts, include_str!("../../collections/drafts.json")]
        .map(|text| serde_json::from_str::<Value>(&text.replace("../../docs", "../docs")).unwrap());
    assert_eq!(shown, ours);
    let _ = stack().admin();
    let (ada, bob) = (fresh_email(), fresh_email());
    the_lines_are_answered_as_they_say(guide, |lines| {
        with_our_admin(lines)
            .replace("ada@example.com", &ada)
            .replace("bob@example.com", &bob)
    });
}

#[test]
fn the_lines_about_keys_are_answered_as_they_say() {
    if stack().inside().is_none() {
        return;
    }
    let _ = stack().admin();
    the_lines_are_answered_as_they_say(include_str!("../../../docs/api-keys.md"), with_our_admin);
}

/// The lines with the suite's own admin, whose account is there already: another address signs up instead.
fn with_our_admin(lines: String) -> String {
    let sign_up = r#"curl -s $api/auth/register -H "$json" -d '{"email":"admin@example.com","password":"password123"}'"#;
    let admin = r#"{"email":"admin@example.com","password":"password123"}"#;
    assert!(lines.contains(sign_up));
    lines
        .replace(
            sign_up,
            &sign_up.replace("admin@example.com", &fresh_email()),
        )
        .replace(
            admin,
            &json!({ "email": ADMIN_EMAIL, "password": PASSWORD }).to_string(),
        )
}

/// The lines of the README as they are written, but for the address of the API and of Ada.
#[test]
fn the_readmes_lines_do_what_they_say() {
    if stack().inside().is_none() {
        return;
    }
    let readme = include_str!("../../../README.md");
    let block = readme
        .split("```sh\n")
        .find(|block| block.starts_with("# Register."))
        .expect("the quick start");
    let lines = block.split("```").next().unwrap();
    let script = lines
        .replace("http://localhost:8080", stack().url())
        .replace("ada@example.com", &fresh_email());
    assert!(
        !script.contains("localhost:8080") && script.matches("curl").count() == 6,
        "{script}"
    );

    let run = Command::new("sh")
        .args(["-e", "-c", &script])
        .output()
        .expect("sh");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    // register, create and list say what they did; login and refresh are kept; logout shows its status.
    for (what, times) in [
        (r#""accessToken":""#, 1),
        (r#""title":"Hello""#, 2),
        (r#"{"items":["#, 1),
        ("HTTP/1.1 204 No Content", 1),
        (r#"{"error""#, 0),
    ] {
        let least = said.matches(what).count();
        assert!(
            if times == 0 {
                least == 0
            } else {
                least >= times
            },
            "{what} is there {least} times: {said}"
        );
    }
}

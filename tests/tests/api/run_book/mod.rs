//! `docs/operations.md`: every command of the run book is run here, or named with the place where it runs.

mod document;
mod scene;

use std::fs;
use std::process;

use blackbox::stack;
use serde_json::json;

use self::document::{Command, begins, commands, fits, mentions};
use self::scene::{PREPARED, Scene};

/// Commands that need a deployment, with a file and the words in it by which they run there.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("cargo generate", REHEARSAL, WALK),
    ("cargo ship --steps --plan-only", REHEARSAL, WALK),
    ("cargo ship --steps", REHEARSAL, WALK),
    (
        "cargo admin recover --table posts --at 2026-11-29T12:00:00Z --dry-run",
        RECOVERY,
        "\"--dry-run\"",
    ),
    (
        "cargo admin recover --table posts --at 2026-11-29T12:00:00Z --yes",
        RECOVERY,
        "\"--yes\"",
    ),
    (
        "git checkout HEAD~1",
        YEAR,
        "back to the definitions before",
    ),
    ("sam delete", YEAR, REMOVAL),
    (
        "sam delete --stack-name bakend-front --region us-east-1",
        YEAR,
        REMOVAL,
    ),
    (
        "aws dynamodb update-table --table-name bakend-posts --no-deletion-protection-enabled",
        YEAR,
        "\"aws dynamodb update-table\"",
    ),
    (
        "aws dynamodb delete-table --table-name bakend-posts",
        YEAR,
        "\"aws dynamodb update-table\"",
    ),
    (
        "aws s3 cp \"s3://$BUCKET/$OBJECT\" - | jq -j .payload > batch.json",
        YEAR,
        REPLAY,
    ),
    (
        "aws lambda invoke --function-name \"$STACK-events\" --payload fileb://batch.json reply.json",
        YEAR,
        REPLAY,
    ),
    ("secret=$(openssl rand -hex 32)", YEAR, FRONT),
    (
        "sam deploy --template-file front.yaml --config-file \"$PWD/samconfig.toml\" --stack-name bakend-front --region us-east-1 --parameter-overrides ApiHost=<host of the API's Url> FrontSecret=$secret",
        YEAR,
        FRONT,
    ),
    (
        "sam deploy --region eu-central-1 --parameter-overrides FrontSecret=$secret",
        YEAR,
        FRONT,
    ),
];

const REHEARSAL: &str = "infra/src/rehearse.rs";
const YEAR: &str = "infra/src/rehearse/year.rs";
const RECOVERY: &str = "tests/tests/api/checking/asking.rs";
const REMOVAL: &str = "\"sam delete\"";
const REPLAY: &str = "\"aws s3 cp";
const FRONT: &str = "\"secret=$(openssl rand -hex 32)\"";
const WALK: &str = "\"docs/operations.md\", \"cargo ship --steps\"";

/// Commands that are refused without an answer in the document: a plan that is not confirmed.
const REFUSED: &[&str] = &["cargo admin recover --table posts --at 2026-11-29T12:00:00Z"];

/// Whether a command runs elsewhere.
fn is_named(line: &str) -> bool {
    ELSEWHERE.iter().any(|(named, ..)| *named == line)
}

#[test]
fn every_command_is_run_here_or_named_and_nothing_else_is() {
    let all = commands();
    assert!(all.len() > 40, "{}", all.len());
    for Command { line, .. } in &all {
        let is_run = begins(line, "cargo admin") || begins(line, "curl");
        assert!(
            is_run || is_named(line),
            "docs/operations.md: `{line}` is neither run nor named"
        );
    }
    let is_there = |line: &str| all.iter().any(|command| command.line == line);
    let named = ELSEWHERE.iter().map(|(named, ..)| *named);
    let prepared = PREPARED.iter().map(|(line, _)| *line);
    for line in named.chain(prepared).chain(REFUSED.iter().copied()) {
        assert!(is_there(line), "docs/operations.md has no `{line}`");
    }
    for (line, file, words) in ELSEWHERE {
        let text = fs::read_to_string(local::root().join(file)).unwrap_or_default();
        assert!(text.contains(words), "`{line}` does not run in {file}");
    }
}

#[test]
fn a_command_in_a_sentence_is_the_beginning_of_one_that_is_run() {
    let all = commands();
    let found = mentions();
    assert!(found.len() > 10, "{found:?}");
    for mention in found {
        let is_begun = all.iter().any(|command| begins(&command.line, &mention));
        assert!(
            is_begun,
            "docs/operations.md mentions `{mention}`, and no block has it"
        );
    }
}

#[test]
fn the_commands_answer_as_the_run_book_shows() {
    let Some(mut scene) = Scene::open() else {
        return;
    };
    for command in commands() {
        if is_named(&command.line) {
            continue;
        }
        if begins(&command.line, "curl") {
            removes_a_factor(&command.line);
            continue;
        }
        let (done, answer) = scene.run(&command.line);
        let line = &command.line;
        let is_refused = |shown: &String| shown.starts_with("cargo admin: ");
        let fails = command.shown.iter().any(is_refused) || REFUSED.contains(&line.as_str());
        assert_eq!(done, !fails, "{line}\n{answer}");
        let mut lines = answer.lines();
        for shown in &command.shown {
            assert!(
                lines.any(|it| fits(shown, it)),
                "{line}\nno {shown:?} in\n{answer}"
            );
        }
    }
    scene.look_at_files();
}

/// Runs a line of a shell that removes a user's second factor, as an admin of the shared stack.
fn removes_a_factor(line: &str) {
    let (member, admin) = (stack().member(), stack().admin());
    let setup = member.post("/api/auth/mfa/enable", &json!({})).expect(200);
    let code = crate::mfa::code(setup.json()["secret"].as_str().unwrap(), -1);
    let confirm = json!({ "code": code });
    let _ = member.post("/api/auth/mfa/confirm", &confirm).expect(200);
    let run = process::Command::new("sh")
        .args(["-e", "-c", &format!("{line} -w '%{{http_code}}'")])
        .env("api", stack().url())
        .env("id", member.id())
        .env("access", admin.token.unwrap())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stdout), "204", "{run:?}");
    let _ = member.get("/api/auth/me").expect(401);
}

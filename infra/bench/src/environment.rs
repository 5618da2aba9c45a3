//! The environment in which Lambda starts a function, as far as the function reads it.

use std::path::{Path, PathBuf};
use std::process::Command;

use api::endpoints::Entry;
use api::fingerprint::{self, Fingerprints};

use crate::world::{ADMIN, COST};

/// The bytes of a session token of Lambda, about. The SDK signs it and sends it with every request.
const SESSION_TOKEN: usize = 1_000;

/// A command that starts `binary` in Lambda's environment and nothing else. The program `watcher` starts it, if there is
/// one.
///
/// `LD_LIBRARY_PATH` is left out: the folders that it names are those of Lambda's image.
pub(crate) fn start(binary: &Path, api: &str, dynamo: &str, watcher: &[String]) -> Command {
    let mut words = watcher
        .iter()
        .map(PathBuf::from)
        .chain([binary.to_path_buf()]);
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).env_clear().envs([
        ("AWS_LAMBDA_RUNTIME_API", api),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamo),
        ("AWS_REGION", local::REGION),
    ]);
    command
        .envs(LAMBDA)
        .env("AWS_SESSION_TOKEN", "t".repeat(SESSION_TOKEN));
    command
}

/// The variables that Lambda sets itself.
const LAMBDA: [(&str, &str); 17] = [
    ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    ),
    ("AWS_DEFAULT_REGION", local::REGION),
    ("AWS_LAMBDA_FUNCTION_NAME", "local-function"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/local-function"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/28/[$LATEST]0"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("AWS_XRAY_DAEMON_ADDRESS", "169.254.79.129:2000"),
    ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
    ("LAMBDA_TASK_ROOT", "/var/task"),
    ("LANG", "en_US.UTF-8"),
    ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
    ("TZ", ":UTC"),
    ("_HANDLER", "bootstrap"),
];

/// The variables of template.yaml that this function reads.
pub(crate) fn template(entry: &Entry, marks: &Fingerprints) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("BAKEND_ADMIN_EMAIL", ADMIN.to_owned()),
        ("BAKEND_ENV", "cloud".to_owned()),
        ("BAKEND_TABLE_PREFIX", local::TABLE_PREFIX.to_owned()),
        (
            fingerprint::VARIABLE,
            marks.for_guard(entry.guard).to_owned(),
        ),
    ];
    if entry.hashes {
        // Only a developer's machine may have a hash that is quick.
        variables.push(("BAKEND_ENV", "local".to_owned()));
        variables.push(("BAKEND_AUTH_BCRYPT_COST", COST.to_owned()));
    }
    variables
}

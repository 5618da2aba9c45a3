//! The DynamoDB under the suite: embedded, or the one that `BAKEND_TEST_DYNAMODB` names.

use std::env;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use local::dynamo::{Dynamo, Storage};
use local::template::Template;
use serde_json::json;

/// The address of a DynamoDB that runs already, such as `http://127.0.0.1:8000`.
const VARIABLE: &str = "BAKEND_TEST_DYNAMODB";

/// Whether the tables are in another engine than the embedded one.
pub(crate) fn is_another() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// The tables that all tests share.
pub(crate) fn shared(template: &Template) -> Result<Dynamo, String> {
    match env::var(VARIABLE) {
        Ok(endpoint) => made(Dynamo::signed(&endpoint, &fresh_key())?, template),
        Err(_) => embedded(template),
    }
}

/// Empty tables for one test. An engine that keeps no database for each access key has none: those tests run on the
/// embedded engine.
pub(crate) fn apart(template: &Template) -> Result<Dynamo, String> {
    let Ok(endpoint) = env::var(VARIABLE) else {
        return embedded(template);
    };
    if separates(&endpoint)? {
        return made(Dynamo::signed(&endpoint, &fresh_key())?, template);
    }
    println!(
        "{VARIABLE} keeps one database for all access keys: this test has its tables in the embedded engine"
    );
    embedded(template)
}

/// Whether a key that is new sees no tables. The shared tables are there by now.
fn separates(endpoint: &str) -> Result<bool, String> {
    static SEPARATES: OnceLock<Result<bool, String>> = OnceLock::new();
    let found = || {
        let new = Dynamo::signed(endpoint, &fresh_key())?;
        let tables = new.engine().call("ListTables", &json!({}))?;
        Ok(tables["TableNames"].as_array().is_some_and(Vec::is_empty))
    };
    SEPARATES.get_or_init(found).clone()
}

/// Empty tables with streams, which a pump can read.
pub(crate) fn streaming(template: &Template) -> Result<Dynamo, String> {
    let dynamo = made(Dynamo::start(&Storage::Scratch, 0)?, template)?;
    dynamo.stream(&template.tables()?)?;
    Ok(dynamo)
}

fn embedded(template: &Template) -> Result<Dynamo, String> {
    made(Dynamo::start(&Storage::Memory, 0)?, template)
}

fn made(dynamo: Dynamo, template: &Template) -> Result<Dynamo, String> {
    dynamo.make(&template.tables()?)?;
    Ok(dynamo)
}

/// An access key that no run has had: letters and digits, which is all that DynamoDB Local accepts.
fn fresh_key() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    format!(
        "suite{}x{now}x{}",
        process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}

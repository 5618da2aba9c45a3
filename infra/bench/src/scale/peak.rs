//! The peak of memory of a list over 16 shards of the densest records. A process of its own answers each request.

use std::process::Command;

use api::query::parse;
use api::wire::RecordPage;
use api::{Definition, Error, Id, Timestamp};
use auth::caller::admit_by_claims;
use auth::{Caller, Credentials, Scope, Visibility};
use serde_json::json;
use store::{Budget, Store};

use super::base::{definition, deployment};
use super::replies;
use crate::figures::table;
use crate::world::kilobytes;

/// The most megabytes that a request may take: half of what its function has.
const AIM: f64 = 128.0;

const DEFINITION: &str = r#"{ "name": "dense", "shards": 16,
  "fields": [ { "name": "list", "type": "array", "items": { "type": "integer" } } ],
  "permissions": { "create": "authenticated" } }"#;

/// The parameters of a request.
type Parameters = &'static [(&'static str, &'static str)];

/// The requests: their parameters, and whether they count.
const ASKED: [(&str, Parameters, bool); 4] = [
    ("list of 20", &[], false),
    ("list of 100", &[("limit", "100")], false),
    (
        "filter that no index serves",
        &[("list_contains", "-1")],
        false,
    ),
    ("count with such a filter", &[("list_contains", "-1")], true),
];

/// Asks each request, and returns the table of peaks and whether they are below the aim.
///
/// # Errors
/// One line: no port, or a request that fails.
pub(crate) fn report() -> Result<(String, bool), String> {
    let endpoint = replies::start()?;
    let mut rows = vec![
        ["peak memory at 16 shards, MB", "", "aim", ""]
            .map(str::to_owned)
            .to_vec(),
    ];
    let mut all_met = true;
    for (name, ..) in ASKED {
        let mut child = Command::new("/proc/self/exe");
        let child = child.args(["peak", &endpoint, name]);
        let output = child.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stdout);
        let peak: f64 = said
            .trim()
            .parse()
            .map_err(|_| format!("{name}: {said}{}", String::from_utf8_lossy(&output.stderr)))?;
        let met = peak < AIM;
        all_met &= met;
        let verdict = if met { "met" } else { "MISSED" };
        rows.push(vec![
            name.to_owned(),
            format!("{peak:.0}"),
            format!("under {AIM:.0}"),
            verdict.to_owned(),
        ]);
    }
    Ok((table(&rows), all_met))
}

/// Answers one of the requests as its function does, and returns the most megabytes that this process has had.
///
/// # Errors
/// One line: a request that fails.
pub(crate) fn ask(endpoint: &str, name: &str) -> Result<String, String> {
    let asked = ASKED.iter().find(|(known, ..)| *known == name);
    let (_, parameters, counts) = asked.ok_or("no such request")?;
    let definition = definition(DEFINITION)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let store = Store::connect_patiently(&deployment(endpoint.to_owned()));
    let answer = answer(&store, &definition, parameters, *counts);
    let bytes = runtime
        .block_on(answer)
        .map_err(|error| super::said(&error))?;
    if bytes == 0 {
        return Err("an empty answer".to_owned());
    }
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let peak = kilobytes(&status, "VmHWM").ok_or("no peak of memory")?;
    Ok(format!("{}\n", peak * 1024.0 / 1e6))
}

/// A member, who may read more than a stranger.
fn member() -> Result<Caller, Error> {
    let id = Id::new(Timestamp::from_millis(0), [1; 10]);
    let user = id.to_string();
    let claims =
        json!({ "iss": "", "sub": user, "role": "authenticated", "sid": user, "iat": 0, "exp": 0 });
    let claims =
        serde_json::from_value(claims).map_err(|error| Error::internal(error.to_string()))?;
    let credentials = Credentials {
        claims: Some(claims),
        ..Credentials::default()
    };
    Ok(admit_by_claims(&credentials))
}

/// The number of bytes of the reply.
async fn answer(
    store: &Store,
    definition: &Definition,
    parameters: &[(&str, &str)],
    counts: bool,
) -> Result<usize, Error> {
    let caller = member()?;
    let budget = Budget::of(&caller);
    let query = parse(definition, parameters.iter().copied())?;
    if counts {
        let plan = store::plan(definition, &Scope::All, None, &query.filter)?;
        let count = store
            .count(definition, &plan, &query.filter, budget)
            .await?;
        return Ok(count.cost.requests as usize);
    }
    let plan = store::plan(definition, &Scope::All, Some(&query.sort), &query.filter)?;
    let page = store
        .list(definition, &plan, &query.filter, None, query.limit, budget)
        .await?;
    let visibility = Visibility::new(definition, &caller);
    let items = page.records.into_iter();
    let page = RecordPage {
        items: items
            .map(|record| visibility.of(record).view(None))
            .collect(),
        next_cursor: None,
        explain: None,
    };
    // The runtime makes a text of it, and a text within its own reply of that.
    let body = serde_json::to_string(&page).map_err(|error| Error::internal(error.to_string()))?;
    let reply = serde_json::to_string(&body).map_err(|error| Error::internal(error.to_string()))?;
    Ok(reply.len())
}

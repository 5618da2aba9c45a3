//! The dashboard of CloudWatch: requests, faults, functions, tables and mails of the stack on one page.

use std::collections::BTreeMap;

use api::consumers::{Source, Worker};
use api::tables;
use serde_json::{Value as Json, json};

use super::Plan;
use super::resource::{Resource, Resources};
use super::worker::{DROPPED, FAILING, NAMESPACE};
use crate::intrinsic::sub;
use crate::names;

/// How many resources it is.
pub(super) const RESOURCES: usize = 1;

/// Its logical id, which must not be that of the parameter.
const ID: &str = "StackDashboard";

/// The condition that makes it: beyond three dashboards, or 50 metrics, CloudWatch takes money for it.
const CONDITION: &str = "HasDashboard";

/// The columns of the grid, and the rows of a widget.
const COLUMNS: usize = 24;
const WIDTH: usize = 12;
const HEIGHT: usize = 6;

/// The faults and refusals that the functions' log tells, by endpoint.
const REFUSALS: &str = "SOURCE '/bakend/${AWS::StackName}/functions' | filter ispresent(status) and status >= 400 \
    | stats count() as replies by endpoint, status, code | sort replies desc | limit 50";

/// The endpoints that take the longest.
const SLOWEST: &str = "SOURCE '/bakend/${AWS::StackName}/functions' | filter ispresent(endpoint) \
    | stats count() as requests, pct(ms, 50) as median, pct(ms, 99) as p99 by endpoint | sort p99 desc | limit 50";

/// Adds the dashboard.
///
/// # Errors
/// One line: a name is taken, or too long.
pub(super) fn add(resources: &mut Resources<'_>, plan: &Plan<'_>) -> Result<(), String> {
    let body = body(plan)?.to_string();
    let properties = BTreeMap::from([
        ("DashboardName", sub("${AWS::StackName}")),
        ("DashboardBody", sub(&body)),
    ]);
    let dashboard = Resource {
        condition: Some(CONDITION),
        ..Resource::of("AWS::CloudWatch::Dashboard", properties)
    };
    resources.add(ID.to_owned(), &dashboard)
}

/// The page, with the names of the stack as substitutions.
fn body(plan: &Plan<'_>) -> Result<Json, String> {
    let api = |metric: &str| json!(["AWS/ApiGateway", metric, "ApiId", "${Api}"]);
    let latency = |statistic: &str| {
        let label = json!({ "stat": statistic, "label": statistic });
        json!(["AWS/ApiGateway", "Latency", "ApiId", "${Api}", label])
    };
    let workers: Vec<(&Worker, String)> = plan
        .standing()
        .map(|worker| Ok((worker, names::deployed(worker.name)?)))
        .collect::<Result<_, String>>()?;
    let of_worker = |metric: &str, name: &str| json!(["AWS/Lambda", metric, "FunctionName", name]);
    let errors = workers.iter().map(|(_, name)| of_worker("Errors", name));
    let late = workers
        .iter()
        .filter(|(worker, _)| matches!(worker.source, Source::Streams | Source::Mails))
        .map(|(_, name)| of_worker("IteratorAge", name));
    let whole = |metric: &str| json!(["AWS/Lambda", metric]);
    let own = |metric: &str| json!([NAMESPACE, metric]);
    let (read, write) = ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits");
    let graphs = [
        graph(
            "Requests and faults",
            "Sum",
            ["Count", "4xx", "5xx"].map(api),
        ),
        graph("Latency in ms", "p99", ["p50", "p99"].map(latency)),
        graph("Units read, by table", "Sum", units(plan, read)),
        graph("Units written, by table", "Sum", units(plan, write)),
        graph(
            "Events and mails: the age of the oldest in ms",
            "Maximum",
            late,
        ),
        graph("Workers that fail", "Sum", errors),
        graph(
            "Functions of the account: at once, and throttled",
            "Maximum",
            ["ConcurrentExecutions", "Throttles"].map(whole),
        ),
        graph(
            "Failing webhooks and mails that were dropped",
            "Maximum",
            [FAILING, DROPPED].map(own),
        ),
    ];
    let tables = [
        table("Refusals and faults, by endpoint", REFUSALS),
        table("The slowest endpoints", SLOWEST),
    ];
    let widgets = graphs.into_iter().chain(tables).enumerate();
    let widgets: Vec<Json> = widgets.map(|(at, widget)| placed(at, widget)).collect();
    Ok(json!({ "start": "-P1D", "widgets": widgets }))
}

/// The units of every table of the stack.
fn units(plan: &Plan<'_>, metric: &str) -> Vec<Json> {
    let systems = tables::ALL
        .iter()
        .map(|table| names::system_table(table.name));
    let collections = plan.collections.iter();
    let collections = collections.map(|collection| names::collection(&collection.name));
    let all = systems.chain(collections);
    all.map(|id| json!(["AWS/DynamoDB", metric, "TableName", format!("${{{id}}}")]))
        .collect()
}

fn graph(title: &str, statistic: &str, metrics: impl IntoIterator<Item = Json>) -> Json {
    let metrics: Vec<Json> = metrics.into_iter().collect();
    json!({ "type": "metric", "properties": { "title": title, "region": "${AWS::Region}", "stat": statistic, "period": 300,
        "view": "timeSeries", "metrics": metrics } })
}

fn table(title: &str, query: &str) -> Json {
    json!({ "type": "log", "properties": { "title": title, "region": "${AWS::Region}", "query": query, "view": "table" } })
}

/// The widget at its place in the grid: two in a row.
fn placed(at: usize, mut widget: Json) -> Json {
    let in_row = COLUMNS / WIDTH;
    let place = json!({ "x": at % in_row * WIDTH, "y": at / in_row * HEIGHT, "width": WIDTH, "height": HEIGHT });
    if let (Some(widget), Json::Object(place)) = (widget.as_object_mut(), place) {
        widget.extend(place);
    }
    widget
}

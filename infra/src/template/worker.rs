//! A worker: its function, the event source mappings of the tables it reads, its schedule and its alarms.

use std::collections::BTreeMap;

use api::Definition;
use api::consumers::{Source, Worker};
use api::fingerprint::Fingerprints;
use api::tables::{self, Stream, SystemTable};
use serde::Serialize;
use serde_json::{Value as Json, json};
use serde_yaml_ng::Value;

use super::Plan;
use super::function::{Environment, Function};
use super::resource::{Metadata, Resource, Resources};
use crate::intrinsic::{get_att, reference, sub};
use crate::names;
use crate::policy::{Targets, worker_policy};

/// The most records of a batch.
const BATCH: u16 = 100;

/// The age of a record, in seconds, at which it goes to the bucket of lost records: a stream keeps it for 24 hours.
const LOST_AFTER: u32 = 72_000;

/// The most mails of a batch, the lanes of the stream, and the age of a mail, in seconds, at which it is given up.
const MAILS: u16 = 10;
const LANES: u16 = 2;
const MAIL_LOST_AFTER: u32 = 3600;

/// How old the oldest record may be, in milliseconds, before an alarm.
const LATE: u32 = 5 * 60 * 1000;

/// The log group of all functions, in `infra/base.yaml`.
const LOGS: &str = "FunctionLogs";

/// The metrics of webhooks that have been failing for an hour, and of mails that are never sent.
pub(super) const NAMESPACE: &str = "Bakend/${AWS::StackName}";
pub(super) const FAILING: &str = "FailingWebhooks";
pub(super) const DROPPED: &str = "DroppedMails";

/// Every shard, as a stream writes the number: index entries of other partitions make no event.
const RECORD_SHARDS: u8 = 16;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Mapping {
    event_source_arn: Value,
    function_name: Value,
    starting_position: &'static str,
    batch_size: u16,
    maximum_batching_window_in_seconds: u16,
    parallelization_factor: u16,
    bisect_batch_on_function_error: bool,
    function_response_types: [&'static str; 1],
    /// -1 is no limit but the age.
    maximum_retry_attempts: i32,
    maximum_record_age_in_seconds: u32,
    destination_config: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_criteria: Option<Json>,
}

/// Adds everything that a worker needs.
///
/// # Errors
/// One line: a name or a policy is longer than AWS allows, or a name is taken.
pub(super) fn add(
    resources: &mut Resources<'_>,
    worker: &'static Worker,
    plan: &Plan<'_>,
) -> Result<(), String> {
    let id = names::function(worker.name);
    let function = function(worker, plan)?;
    resources.add(id.clone(), &function)?;
    match worker.source {
        Source::Streams => {
            for (table, filters) in streams(plan.collections) {
                resources.add(names::changes(&table), &mapping(&table, &id, &filters))?;
            }
            resources.add(format!("{id}Alarm"), &age_alarm(worker, "Events are made"))?;
        }
        Source::Mails => {
            let table = names::system_table(tables::MAIL.name);
            resources.add(names::changes(&table), &mails(&table, &id))?;
            resources.add(format!("{id}Alarm"), &age_alarm(worker, "Mails are sent"))?;
            resources.add(format!("{id}Dropped"), &filter(worker, "dropped", DROPPED))?;
            let alarm = alarm("A mail is never sent: SES refuses it.", (DROPPED, "Sum"));
            resources.add(format!("{id}DroppedAlarm"), &alarm)?;
        }
        // The topic and its subscription come with the rest of SES.
        Source::Feedback => {
            let permission =
                permission(&id, "sns.amazonaws.com", json!({ "Ref": names::FEEDBACK }));
            resources.add(format!("{id}Permission"), &permission)?;
            resources.add(format!("{id}Subscription"), &subscription(&id))?;
        }
        Source::Wakes | Source::WakesAndSweeps => {
            resources.add(format!("{id}Tries"), &one_try(&id))?;
        }
    }
    if worker.source == Source::WakesAndSweeps && plan.sweeps {
        resources.add(format!("{id}Sweep"), &sweep(&id))?;
        let rule = json!({ "Fn::GetAtt": [format!("{id}Sweep"), "Arn"] });
        let permission = permission(&id, "events.amazonaws.com", rule);
        resources.add(format!("{id}SweepPermission"), &permission)?;
        resources.add(format!("{id}Failing"), &filter(worker, "failing", FAILING))?;
        let alarm = alarm(
            "A webhook has been failing for an hour.",
            (FAILING, "Maximum"),
        );
        resources.add(format!("{id}FailingAlarm"), &alarm)?;
    }
    Ok(())
}

/// How many resources a worker has beside its function, its role and the mappings.
pub(super) fn extras(worker: &Worker, sweeps: bool) -> usize {
    match worker.source {
        Source::WakesAndSweeps if sweeps => 5,
        Source::Mails => 4,
        Source::Feedback => 2,
        Source::Streams | Source::Wakes | Source::WakesAndSweeps => 1,
    }
}

/// The tables with a stream by their logical ids, each with the patterns of the changes that may make an event. One of
/// them is enough, and without any every change may.
pub(super) fn streams(collections: &[&Definition]) -> Vec<(String, Vec<Json>)> {
    let changes = |table: &&&SystemTable| table.stream == Some(Stream::NewAndOldImages);
    let systems = tables::ALL.iter().filter(changes);
    let systems = systems.map(|table| (names::system_table(table.name), patterns(table)));
    let shards: Vec<String> = (0..RECORD_SHARDS).map(|shard| shard.to_string()).collect();
    let records = vec![json!({ "Keys": { "shard": { "N": shards } } })];
    let collections = collections.iter().filter(|collection| collection.events);
    let collections =
        collections.map(|collection| (names::collection(&collection.name), records.clone()));
    systems.chain(collections).collect()
}

/// The patterns of a system table. They look at keys and images alone, and at leaves: `exists` knows nothing else.
fn patterns(table: &SystemTable) -> Vec<Json> {
    let there = json!([{ "exists": true }]);
    let user = json!({ "role": { "S": there } });
    if *table == tables::USERS {
        // Neither identities, nor reservations, nor the number of admins have a role.
        vec![json!({ "NewImage": user }), json!({ "OldImage": user })]
    } else if *table == tables::SESSIONS {
        // A session begins in generation 0, and no refresh is in it.
        vec![
            json!({ "NewImage": { "generation": { "N": ["0"] } } }),
            json!({ "NewImage": { "revoked_at": { "N": there } } }),
        ]
    } else if *table == tables::API_KEYS {
        vec![json!({ "NewImage": { "type": { "S": there } } })]
    } else if *table == tables::DELIVERIES {
        vec![json!({ "Keys": { "consumer": { "S": [tables::CONSUMERS] } } })]
    } else {
        Vec::new()
    }
}

/// The mapping of the mails that are due. A mail that cannot be sent within an hour has a code that has expired.
fn mails(table: &str, function: &str) -> Resource<Mapping> {
    let due = json!({ "NewImage": { "mail": { "S": ["due"] } } });
    let mapping = mapping(table, function, &[due]);
    Resource {
        properties: Mapping {
            batch_size: MAILS,
            parallelization_factor: LANES,
            maximum_record_age_in_seconds: MAIL_LOST_AFTER,
            ..mapping.properties
        },
        ..mapping
    }
}

fn mapping(table: &str, function: &str, patterns: &[Json]) -> Resource<Mapping> {
    let filters: Vec<Json> = patterns
        .iter()
        .map(|pattern| json!({ "Pattern": json!({ "dynamodb": pattern }).to_string() }))
        .collect();
    let filter_criteria = (!filters.is_empty()).then(|| json!({ "Filters": filters }));
    Resource::of(
        "AWS::Lambda::EventSourceMapping",
        Mapping {
            event_source_arn: get_att(table, "StreamArn"),
            function_name: reference(function),
            starting_position: "TRIM_HORIZON",
            batch_size: BATCH,
            maximum_batching_window_in_seconds: 0,
            parallelization_factor: 1,
            bisect_batch_on_function_error: true,
            function_response_types: ["ReportBatchItemFailures"],
            maximum_retry_attempts: -1,
            maximum_record_age_in_seconds: LOST_AFTER,
            destination_config: json!({ "OnFailure": {
                "Destination": { "Fn::GetAtt": [names::LOST, "Arn"] } } }),
            filter_criteria,
        },
    )
}

fn function(worker: &'static Worker, plan: &Plan<'_>) -> Result<Resource<Function>, String> {
    let policy = worker_policy(
        worker,
        plan.workers,
        plan.mail_from,
        Targets {
            collections: plan.collections,
            triggers: plan.triggers,
        },
    )?;
    let metadata = Metadata {
        skip_build: Some(true),
        ..Metadata::default()
    };
    Ok(Resource {
        metadata: Some(metadata),
        ..Resource::of(
            "AWS::Serverless::Function",
            Function {
                function_name: sub(&names::deployed(worker.name)?),
                description: worker.doc,
                code_uri: format!("target/lambda/{}/", worker.name),
                memory_size: Some(worker.memory),
                timeout: Some(worker.timeout),
                environment: environment(worker, plan.fingerprints),
                policies: policy.into_iter().collect(),
            },
        )
    })
}

fn environment(worker: &Worker, fingerprints: &Fingerprints) -> Environment {
    let mut variables: BTreeMap<&'static str, Value> =
        super::function::common(&fingerprints.records);
    variables.extend(
        worker
            .needs
            .iter()
            .map(|variable| (variable.name(), reference(variable.parameter()))),
    );
    Environment { variables }
}

/// Stops Lambda from trying an invocation again: leases and the sweep do that.
fn one_try(function: &str) -> Resource<Json> {
    Resource::of(
        "AWS::Lambda::EventInvokeConfig",
        json!({ "FunctionName": { "Ref": function }, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0 }),
    )
}

fn sweep(function: &str) -> Resource<Json> {
    Resource::of(
        "AWS::Events::Rule",
        json!({ "Description": "Looks once a minute for deliveries that are due.",
            "ScheduleExpression": "rate(1 minute)", "Targets": [{ "Id": "sweep",
            "Arn": { "Fn::GetAtt": [function, "Arn"] }, "Input": json!({ "sweep": true }).to_string() }] }),
    )
}

fn permission(function: &str, principal: &str, source: Json) -> Resource<Json> {
    Resource::of(
        "AWS::Lambda::Permission",
        json!({ "Action": "lambda:InvokeFunction", "FunctionName": { "Ref": function },
            "Principal": principal, "SourceArn": source }),
    )
}

fn subscription(function: &str) -> Resource<Json> {
    Resource::of(
        "AWS::SNS::Subscription",
        json!({ "Protocol": "lambda", "TopicArn": { "Ref": names::FEEDBACK },
            "Endpoint": { "Fn::GetAtt": [function, "Arn"] } }),
    )
}

fn age_alarm(worker: &Worker, late: &str) -> Resource<Json> {
    let properties = json!({
        "AlarmDescription": format!("{late} more than five minutes late."),
        "Namespace": "AWS/Lambda",
        "MetricName": "IteratorAge",
        "Dimensions": [{ "Name": "FunctionName", "Value": { "Ref": names::function(worker.name) } }],
        "Statistic": "Maximum",
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": LATE,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{ "Ref": "AlarmTopicArn" }],
    });
    alarmed(Resource::of("AWS::CloudWatch::Alarm", properties))
}

/// Makes a metric of a number that each invocation of a worker tells the log.
fn filter(worker: &Worker, number: &str, metric: &str) -> Resource<Json> {
    let pattern = format!("{{ $.worker = \"{}\" && $.{number} >= 0 }}", worker.name);
    let properties = json!({
        "LogGroupName": { "Ref": LOGS },
        "FilterPattern": pattern,
        "MetricTransformations": [{ "MetricNamespace": sub(NAMESPACE), "MetricName": metric,
            "MetricValue": format!("$.{number}") }],
    });
    alarmed(Resource::of("AWS::Logs::MetricFilter", properties))
}

fn alarm(description: &str, (metric, statistic): (&str, &str)) -> Resource<Json> {
    let properties = json!({
        "AlarmDescription": description,
        "Namespace": sub(NAMESPACE),
        "MetricName": metric,
        "Statistic": statistic,
        "Period": 300,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{ "Ref": "AlarmTopicArn" }],
    });
    alarmed(Resource::of("AWS::CloudWatch::Alarm", properties))
}

/// Leaves out a resource that costs money where no topic hears an alarm.
fn alarmed(resource: Resource<Json>) -> Resource<Json> {
    Resource {
        condition: Some("HasAlarmTopic"),
        ..resource
    }
}

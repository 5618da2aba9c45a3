//! Workers: mappings, filters, rights, schedule and alarms.

use api::consumers::{Source, Worker};
use api::endpoints::{Action, Right, Table};
use serde_json::{Value as Json, json};

use super::*;

pub(super) const READER: Worker = Worker {
    name: "reader",
    doc: "Reads.",
    source: Source::Streams,
    access: &[(Action::BatchWriteItem, Table::Audit)],
    rights: &[Right::WakeWorkers, Right::PutEvents],
    needs: &[Variable::EventBusName],
    serves: None,
    timeout: 60,
    memory: 256,
};

pub(super) const SWEEPER: Worker = Worker {
    name: "sweeper",
    doc: "Sweeps.",
    source: Source::WakesAndSweeps,
    access: &[(Action::Query, Table::Deliveries)],
    rights: &[Right::WakeWorkers],
    needs: &[],
    serves: None,
    timeout: 30,
    memory: 128,
};

fn template(sweeps: bool) -> Json {
    let mut silent = definition("silent");
    silent.events = false;
    let (notes, marks) = (definition("notes"), marks());
    let text = draw(&Plan {
        workers: &[&READER, &SWEEPER],
        sweeps,
        ..Plan::whole(&[&notes, &silent], &marks)
    });
    serde_yaml_ng::from_str(&text.expect("drawn")).expect("YAML")
}

fn of_type<'a>(template: &'a Json, kind: &str) -> Vec<(&'a str, &'a Json)> {
    let all = template["Resources"].as_object().expect("there");
    let wanted = all.iter().filter(|(_, it)| it["Type"] == kind);
    wanted
        .map(|(id, it)| (id.as_str(), &it["Properties"]))
        .collect()
}

#[test]
fn every_number_is_a_number() {
    let marks = marks();
    let text = draw(&Plan::whole(&[], &marks)).expect("drawn");
    assert!(text.contains("MaximumRetryAttempts: 0\n"), "{text}");
    assert!(!text.contains("$serde_json"), "{text}");
}

#[test]
fn every_table_with_a_stream_has_a_mapping_with_its_filters() {
    let template = template(true);
    let shards: Vec<String> = (0..16).map(|shard| shard.to_string()).collect();
    let there = json!([{ "exists": true }]);
    let expected = [
        (
            "UsersTable",
            vec![
                json!({ "NewImage": { "role": { "S": there } } }),
                json!({ "OldImage": { "role": { "S": there } } }),
            ],
        ),
        (
            "SessionsTable",
            vec![
                json!({ "NewImage": { "generation": { "N": ["0"] } } }),
                json!({ "NewImage": { "revoked_at": { "N": there } } }),
            ],
        ),
        (
            "ApiKeysTable",
            vec![json!({ "NewImage": { "type": { "S": there } } })],
        ),
        (
            "DeliveriesTable",
            vec![json!({ "Keys": { "consumer": { "S": ["consumers"] } } })],
        ),
        ("ConfigurationTable", vec![]),
        ("InvitationsTable", vec![]),
        (
            "NotesCollection",
            vec![json!({ "Keys": { "shard": { "N": shards } } })],
        ),
    ];
    let mappings = of_type(&template, "AWS::Lambda::EventSourceMapping");
    assert_eq!(mappings.len(), expected.len());
    for (table, patterns) in expected {
        let id = format!("{table}Changes");
        let (_, mapping) = mappings.iter().find(|(it, _)| *it == id).expect(table);
        let mut wanted = json!({
            "EventSourceArn": { "Fn::GetAtt": [table, "StreamArn"] },
            "FunctionName": { "Ref": "ReaderFunction" },
            "StartingPosition": "TRIM_HORIZON", "BatchSize": 100, "MaximumBatchingWindowInSeconds": 0,
            "ParallelizationFactor": 1, "BisectBatchOnFunctionError": true,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumRetryAttempts": -1, "MaximumRecordAgeInSeconds": 72_000,
            "DestinationConfig": { "OnFailure": { "Destination": { "Fn::GetAtt": ["LostBucket", "Arn"] } } },
        });
        assert!(patterns.len() <= 5, "Lambda takes five");
        if !patterns.is_empty() {
            let filter =
                |pattern: &Json| json!({ "Pattern": json!({ "dynamodb": pattern }).to_string() });
            let filters: Vec<Json> = patterns.iter().map(filter).collect();
            wanted["FilterCriteria"] = json!({ "Filters": filters });
        }
        assert_eq!(**mapping, wanted, "{id}");
    }
}

#[test]
fn a_worker_has_its_policy_and_the_rights_that_follow_from_its_source() {
    let template = template(true);
    let statements =
        |id: &str| template["Resources"][id]["Properties"]["Policies"][0]["Statement"].clone();
    let allow = |actions: &[&str], resource: Json| json!({ "Effect": "Allow", "Action": actions, "Resource": resource });
    let arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-sweeper";
    let wakes = allow(&["lambda:InvokeFunction"], json!([{ "Fn::Sub": arn }]));
    let table = |id: &str| json!([{ "Fn::GetAtt": [id, "Arn"] }]);
    let stream = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-*/stream/*";
    let bus =
        "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}";
    let reads = [
        "DescribeStream",
        "GetRecords",
        "GetShardIterator",
        "ListStreams",
    ]
    .map(|action| format!("dynamodb:{action}"));
    let lost =
        json!([{ "Fn::GetAtt": ["LostBucket", "Arn"] }, { "Fn::Sub": "${LostBucket.Arn}/*" }]);
    let expected = json!([
        allow(&["dynamodb:BatchWriteItem"], table("AuditTable")),
        wakes,
        allow(&["events:PutEvents"], json!([{ "Fn::Sub": bus }])),
        allow(
            &reads.each_ref().map(String::as_str),
            json!([{ "Fn::Sub": stream }])
        ),
        allow(&["s3:ListBucket", "s3:PutObject"], lost),
    ]);
    assert_eq!(statements("ReaderFunction"), expected);
    let expected = json!([allow(&["dynamodb:Query"], table("DeliveriesTable")), wakes]);
    assert_eq!(statements("SweeperFunction"), expected);
    let function = &template["Resources"]["ReaderFunction"]["Properties"];
    assert_eq!(
        (&function["Timeout"], &function["MemorySize"]),
        (&json!(60), &json!(256))
    );
    let variables = &function["Environment"]["Variables"];
    assert_eq!(
        variables["BAKEND_EVENT_BUS_NAME"],
        json!({ "Ref": "EventBusName" })
    );
    assert_eq!(variables["BAKEND_FINGERPRINT"], json!(marks().records));
}

#[test]
fn a_woken_worker_is_tried_once_and_swept_where_the_settings_say_so() {
    let swept = template(true);
    let tries = of_type(&swept, "AWS::Lambda::EventInvokeConfig");
    let once = json!({ "FunctionName": { "Ref": "SweeperFunction" }, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0 });
    assert_eq!(tries, [("SweeperFunctionTries", &once)]);
    let rules = of_type(&swept, "AWS::Events::Rule");
    assert_eq!(rules[0].1["ScheduleExpression"], "rate(1 minute)");
    assert_eq!(rules[0].1["Targets"][0]["Input"], r#"{"sweep":true}"#);
    assert_eq!(of_type(&swept, "AWS::Lambda::Permission").len(), 1);
    let still = template(false);
    for kind in ["AWS::Events::Rule", "AWS::Lambda::Permission"] {
        assert_eq!(of_type(&still, kind), [], "{kind}");
    }
}

#[test]
fn lost_records_are_private_encrypted_for_tls_alone_and_expire() {
    let template = template(true);
    let (_, bucket) = of_type(&template, "AWS::S3::Bucket")[0];
    let private = bucket["PublicAccessBlockConfiguration"]
        .as_object()
        .expect("there");
    assert!(private.len() == 4 && private.values().all(|it| *it == true));
    assert_eq!(
        bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"],
        90
    );
    assert!(
        bucket["BucketEncryption"].is_object() && bucket.get("VersioningConfiguration").is_none()
    );
    let (_, policy) = of_type(&template, "AWS::S3::BucketPolicy")[0];
    let statement = &policy["PolicyDocument"]["Statement"];
    assert_eq!(statement.as_array().map(Vec::len), Some(1));
    assert_eq!(statement[0]["Effect"], "Deny");
    assert_eq!(
        statement[0]["Condition"],
        json!({ "Bool": { "aws:SecureTransport": "false" } })
    );
}

#[test]
fn late_and_lost_events_raise_an_alarm_where_a_topic_hears_it() {
    let template = template(true);
    for (id, metric) in [
        ("ReaderFunctionAlarm", "IteratorAge"),
        ("LostAlarm", "NumberOfObjects"),
    ] {
        let alarm = &template["Resources"][id];
        assert_eq!(alarm["Condition"], "HasAlarmTopic");
        assert_eq!(alarm["Properties"]["MetricName"], metric);
        assert_eq!(
            alarm["Properties"]["AlarmActions"],
            json!([{ "Ref": "AlarmTopicArn" }])
        );
    }
    assert_eq!(
        template["Resources"]["ReaderFunctionAlarm"]["Properties"]["Threshold"],
        300_000
    );
}

#[test]
fn a_webhook_that_fails_for_an_hour_raises_an_alarm_where_sweeps_look() {
    let template = template(true);
    let filter = &template["Resources"]["SweeperFunctionFailing"];
    let alarm = &template["Resources"]["SweeperFunctionFailingAlarm"];
    for resource in [filter, alarm] {
        assert_eq!(resource["Condition"], "HasAlarmTopic");
    }
    let (filter, alarm) = (&filter["Properties"], &alarm["Properties"]);
    // The line of the log has `worker` and `failing` as numbers and texts of their own.
    assert_eq!(
        filter["FilterPattern"],
        "{ $.worker = \"sweeper\" && $.failing >= 0 }"
    );
    let group = filter["LogGroupName"]["Ref"].as_str().expect("a group");
    assert_eq!(template["Resources"][group]["Type"], "AWS::Logs::LogGroup");
    let logging = &template["Globals"]["Function"]["LoggingConfig"];
    assert_eq!(logging["LogGroup"]["Ref"], group);
    let metric = &filter["MetricTransformations"][0];
    assert_eq!(metric["MetricValue"], "$.failing");
    assert_eq!(metric["MetricNamespace"], alarm["Namespace"]);
    assert_eq!(metric["MetricName"], alarm["MetricName"]);
    assert_eq!(
        (&alarm["Threshold"], &alarm["Statistic"]),
        (&json!(1), &json!("Maximum"))
    );
    assert_eq!(alarm["AlarmActions"], json!([{ "Ref": "AlarmTopicArn" }]));
    let without = self::template(false);
    for id in ["SweeperFunctionFailing", "SweeperFunctionFailingAlarm"] {
        assert!(without["Resources"].get(id).is_none(), "{id}");
    }
}

//! The script against stand-ins of AWS.

use std::process::{Command, Stdio};

use super::*;

/// The beginning of a program in whose place of AWS the helper goes through these states, one at each look.
const STAND_IN: &str = r#"
import sys, time, types

states = sys.argv.pop(1).split(",")
time.sleep = lambda seconds: None

class Gone(Exception):
    pass

class Table:
    exceptions = types.SimpleNamespace(ResourceNotFoundException=Gone)

    def describe_table(self, TableName):
        if TableName != "helper":
            whole = {"DeletionProtectionEnabled": True, "StreamSpecification": {"StreamViewType": "NEW_IMAGE"}}
            return {"Table": {"TableStatus": "ACTIVE", **({} if states == ["bare"] else whole)}}
        state = states.pop(0)
        if state == "-":
            raise Gone()
        return {"Table": {"TableStatus": state}}

    def restore_table_to_point_in_time(self, **restored):
        print("restored", file=sys.stderr)

    def delete_table(self, TableName):
        print("deleted", file=sys.stderr)

    # Where its state is `bare`, a table has nothing of what the template says.
    def describe_time_to_live(self, TableName):
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED" if states == ["bare"] else "ENABLED"}}

    def describe_continuous_backups(self, TableName):
        recovery = {"PointInTimeRecoveryStatus": "DISABLED" if states == ["bare"] else "ENABLED"}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": recovery}}

    def update_time_to_live(self, TableName, TimeToLiveSpecification):
        print(TimeToLiveSpecification["AttributeName"], file=sys.stderr)

    def update_continuous_backups(self, TableName, PointInTimeRecoverySpecification):
        print("recovery", file=sys.stderr)

    def update_table(self, TableName, DeletionProtectionEnabled):
        print("protection", file=sys.stderr)

class Stack:
    def get_template(self, StackName, TemplateStage):
        properties = {
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": {"Ref": "DeletionProtection"},
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        }
        return {"TemplateBody": {"Resources": {"PostsTable": {"Properties": properties}}}}

    def describe_stacks(self, StackName):
        return {"Stacks": [{"Parameters": [{"ParameterKey": "DeletionProtection", "ParameterValue": "true"}]}]}

    def get_paginator(self, operation):
        return self

    def paginate(self, StackName):
        table = {"LogicalResourceId": "PostsTable", "PhysicalResourceId": "shop-posts"}
        return [{"StackResourceSummaries": [table]}]

class Session:
    def __init__(self, region_name):
        pass

    def client(self, service):
        return Stack() if service == "cloudformation" else Table()

exceptions = types.ModuleType("botocore.exceptions")
exceptions.BotoCoreError = exceptions.ClientError = Gone
botocore = types.ModuleType("botocore")
botocore.exceptions = exceptions
boto3 = types.ModuleType("boto3")
boto3.Session = Session
sys.modules.update({"boto3": boto3, "botocore": botocore, "botocore.exceptions": exceptions})
"#;

/// The answer where the helper goes through these states, and everything else that is said.
fn ask(states: &str, what: &str, more: &[&str]) -> (String, String) {
    let program = format!("{STAND_IN}\nexec(sys.argv.pop(1))");
    let output = Command::new("python3")
        .args(["-c", &program, states, SCRIPT])
        .args([what, "shop", "eu-central-1"])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .expect("python3");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
    (text(output.stdout), text(output.stderr))
}

fn make(states: &str) -> (String, String) {
    ask(states, "make", &["shop-posts", "helper", "1"])
}

#[test]
fn a_helper_is_removed_once() {
    for (states, said) in [("ACTIVE", "deleted\n"), ("DELETING", ""), ("-", "")] {
        let answer = ask(states, "remove", &["helper"]);
        let expected = ("{\"removed\": true}".to_owned(), said.to_owned());
        assert_eq!(answer, expected, "{states}");
    }
}

#[test]
fn a_helper_is_waited_for_while_it_is_made_and_no_longer() {
    let made = "{\"made\": true}".to_owned();
    let restored = "restored\n".to_owned();
    assert_eq!(
        make("-,CREATING,CREATING,ACTIVE"),
        (made.clone(), restored.clone())
    );
    // One of an earlier run that is on its way out is no helper of this run.
    assert_eq!(
        make("DELETING,DELETING,-,CREATING,ACTIVE"),
        (made, restored)
    );
    let (answer, said) = make("ACTIVE");
    assert_eq!((answer.as_str(), said.as_str()), ("{\"made\": false}", ""));
    for (states, state) in [
        ("-,CREATING,-", "gone"),
        ("-,CREATING,DELETING", "DELETING"),
    ] {
        let (answer, said) = make(states);
        let expected =
            format!("restored\nhelper is {state} before it could be read: run this again\n");
        assert_eq!((answer.as_str(), said), ("", expected), "{states}");
    }
}

#[test]
fn settings_are_set_as_the_template_has_them_and_the_stream_is_told() {
    let bare = r#"{"changed": ["TTL", "point-in-time recovery", "deletion protection"], "differs": ["the stream"]}"#;
    let whole = r#"{"changed": [], "differs": []}"#;
    for (state, answer, said) in [
        ("bare", bare, "expires_at\nrecovery\nprotection\n"),
        ("whole", whole, ""),
    ] {
        let expected = (answer.to_owned(), said.to_owned());
        assert_eq!(ask(state, "settings", &["shop-posts"]), expected, "{state}");
    }
    let foreign = ask("whole", "settings", &["shop-eu-posts"]);
    let said = "the stack shop has no table shop-eu-posts\n";
    assert_eq!(foreign, (String::new(), said.to_owned()));
}

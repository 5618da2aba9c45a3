//! Mail: its identity, its configuration set, its feedback and its alarms, and none of them without a sender.

use serde_json::{Value as Json, json};

use super::*;

fn template(mail_from: Option<&str>) -> Json {
    let marks = marks();
    let text = draw(&Plan {
        mail_from,
        ..Plan::whole(&[], &marks)
    });
    serde_yaml_ng::from_str(&text.expect("drawn")).expect("YAML")
}

#[test]
fn a_sender_brings_identity_configuration_set_and_feedback() {
    let template = template(Some("hello@mail.example.com"));
    let all = &template["Resources"];
    assert_eq!(all["MailDomain"]["Type"], "AWS::SES::EmailIdentity");
    assert_eq!(
        all["MailDomain"]["Properties"],
        json!({ "EmailIdentity": "mail.example.com" })
    );
    assert_eq!(all["MailDomain"]["Condition"], "CreatesMailIdentity");
    let choice = &template["Parameters"]["MailIdentity"];
    assert_eq!(choice["Default"], "create");
    assert_eq!(choice["AllowedValues"], json!(["create", "existing"]));
    assert_eq!(
        template["Conditions"]["CreatesMailIdentity"],
        json!({ "Fn::Equals": [{ "Ref": "MailIdentity" }, "create"] })
    );
    // Neither opened mails nor clicked links are counted, so SES changes no mail.
    assert_eq!(
        all["MailSet"]["Properties"],
        json!({ "Name": { "Ref": "AWS::StackName" } })
    );
    let destination = &all["MailSetFeedback"]["Properties"];
    assert_eq!(
        destination["EventDestination"]["MatchingEventTypes"],
        json!(["BOUNCE", "COMPLAINT"])
    );
    let topic = json!({ "Ref": "MailFeedback" });
    assert_eq!(
        destination["EventDestination"]["SnsDestination"]["TopicARN"],
        topic
    );
    let subscription = &all["MailFeedbackFunctionSubscription"]["Properties"];
    assert_eq!(subscription["TopicArn"], topic);
    assert_eq!(
        subscription["Endpoint"],
        json!({ "Fn::GetAtt": ["MailFeedbackFunction", "Arn"] })
    );
    let permission = &all["MailFeedbackFunctionPermission"]["Properties"];
    assert_eq!(permission["Principal"], "sns.amazonaws.com");
    assert_eq!(permission["SourceArn"], topic);
    let policy = &all["MailFeedbackPolicy"]["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(
        policy["Principal"],
        json!({ "Service": "ses.amazonaws.com" })
    );
    assert!(policy["Condition"].is_object(), "this account alone");
    for number in 1..=3 {
        let record = &template["Outputs"][format!("MailDkim{number}")];
        let name = format!("${{MailDomain.DkimDNSTokenName{number}}}");
        let value = record["Value"]["Fn::Sub"].as_str().expect("a text");
        assert!(value.starts_with(&name), "{value}");
        assert_eq!(record["Condition"], "CreatesMailIdentity");
    }
}

#[test]
fn mails_that_are_late_or_dropped_raise_an_alarm() {
    let template = template(Some("hello@example.com"));
    let all = &template["Resources"];
    for id in [
        "MailFunctionAlarm",
        "MailFunctionDropped",
        "MailFunctionDroppedAlarm",
    ] {
        assert_eq!(all[id]["Condition"], "HasAlarmTopic", "{id}");
    }
    let filter = &all["MailFunctionDropped"]["Properties"];
    assert_eq!(
        filter["FilterPattern"],
        "{ $.worker = \"mail\" && $.dropped >= 0 }"
    );
    let metric = &filter["MetricTransformations"][0];
    assert_eq!(metric["MetricValue"], "$.dropped");
    let alarm = &all["MailFunctionDroppedAlarm"]["Properties"];
    assert_eq!(alarm["MetricName"], metric["MetricName"]);
    assert_eq!(alarm["Statistic"], "Sum");
}

#[test]
fn without_a_sender_there_is_none_of_it() {
    let without = template(None);
    for part in ["Resources", "Parameters", "Conditions", "Outputs"] {
        let names = without[part].as_object().expect("there").keys();
        let of_mail =
            names.filter(|name| name.contains("Mail") && !name.starts_with("MailTemplates"));
        // The table is there: a project that sends mails later finds it.
        let of_mail: Vec<&String> = of_mail.filter(|name| *name != "MailTable").collect();
        assert!(of_mail.is_empty(), "{part}: {of_mail:?}");
    }
}

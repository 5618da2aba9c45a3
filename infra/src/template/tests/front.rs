//! The parts that stand before the API, and its log.

use serde_json::json;

use super::*;

/// Nobody evades the part that stands before a domain, and a request is logged once.
#[test]
fn beside_a_domain_there_is_no_other_address_and_the_gateway_logs_on_demand() {
    let template = drawn(&[]).expect("drawn");
    let api = serde_json::to_value(properties(&template, "Api")).expect("JSON");
    let off = json!({ "Fn::If": ["HasDomain", true, false] });
    assert_eq!(api["DisableExecuteApiEndpoint"], off);
    let log = &api["AccessLogSettings"]["Fn::If"];
    let (when, otherwise) = (&log[0], &log[2]);
    assert_eq!(
        (when, otherwise),
        (&json!("HasAccessLog"), &json!({ "Ref": "AWS::NoValue" }))
    );
    let logs = serde_json::to_value(&template["Resources"]["ApiLogs"]).expect("JSON");
    assert_eq!(logs["Condition"], "HasAccessLog");
    let default = &template["Parameters"]["AccessLog"]["Default"];
    assert_eq!(default.as_str(), Some("false"));
}

/// The distribution replaces both headers that the functions believe, and limits each source before it.
#[test]
fn the_front_names_the_source_and_limits_it() {
    let text = include_str!("../../../../front.yaml");
    let front: serde_json::Value = serde_yaml_ng::from_str(text).expect("YAML");
    let resource = |id: &str| &front["Resources"][id]["Properties"];
    let shown = &resource("Front")["DistributionConfig"];
    let secret = &shown["Origins"][0]["OriginCustomHeaders"];
    let expected = json!([{ "HeaderName": api::Front::SECRET_HEADER, "HeaderValue": { "Ref": "FrontSecret" } }]);
    assert_eq!(*secret, expected);
    let code = resource("Source")["FunctionCode"].as_str().expect("code");
    let source = format!(
        "request.headers['{}'] = {{ value: event.viewer.ip }};",
        api::Front::SOURCE_HEADER
    );
    assert!(code.contains(&source), "{code}");
    let behavior = &shown["DefaultCacheBehavior"];
    let run = json!([{ "EventType": "viewer-request", "FunctionARN": { "Fn::GetAtt": ["Source", "FunctionARN"] } }]);
    assert_eq!(behavior["FunctionAssociations"], run);
    assert_eq!(
        shown["WebACLId"],
        json!({ "Fn::GetAtt": ["WebAcl", "Arn"] })
    );
    let rules = resource("WebAcl")["Rules"].as_array().expect("rules");
    let limits = rules.iter().map(|rule| {
        let limit = &rule["Statement"]["RateBasedStatement"];
        (
            rule["Action"]["Block"].is_object(),
            &limit["AggregateKeyType"],
            &limit["Limit"]["Ref"],
        )
    });
    let limits: Vec<_> = limits.collect();
    let by_source = |name| (true, json!("IP"), json!(name));
    let expected = [by_source("PasswordRate"), by_source("RequestRate")];
    let expected: Vec<_> = expected
        .iter()
        .map(|(block, by, limit)| (*block, by, limit))
        .collect();
    assert_eq!(limits, expected);
}

//! The parts of SES: the identity that mails come from, the configuration set, and the topic that hears of failures.

use api::consumers::{MailFeedback, Work};
use serde_json::{Value as Json, json};
use serde_yaml_ng::{Mapping, Value};

use super::resource::{Resource, Resources};
use crate::names;

/// How many resources these are.
pub(super) const RESOURCES: usize = 5;

/// The parameter that says whether the stack makes the identity.
const PARAMETER: &str = "MailIdentity";

/// The condition of the identity.
const CREATES: &str = "CreatesMailIdentity";

const IDENTITY: &str = "MailDomain";
const SET: &str = "MailSet";

/// The number of DKIM records that SES asks for.
const RECORDS: u8 = 3;

/// The failures that the topic hears of.
const FAILURES: [&str; 2] = ["BOUNCE", "COMPLAINT"];

/// Adds the resources.
///
/// # Errors
/// One line: a name is taken.
pub(super) fn add(resources: &mut Resources<'_>, from: &str) -> Result<(), String> {
    resources.add(IDENTITY.to_owned(), &identity(domain(from)))?;
    resources.add(SET.to_owned(), &set())?;
    resources.add(names::FEEDBACK.to_owned(), &topic())?;
    resources.add(format!("{}Policy", names::FEEDBACK), &topic_policy())?;
    resources.add(format!("{SET}Feedback"), &destination())
}

/// Adds the parameter, its condition, and the DKIM records of the identity as outputs.
///
/// # Errors
/// `infra/base.yaml` is not understood.
pub(super) fn add_choice(template: &mut Mapping, from: &str) -> Result<(), String> {
    let domain = domain(from);
    let parameter = json!({
        "Type": "String",
        "Default": "create",
        "AllowedValues": ["create", "existing"],
        "Description": format!(
            "Whether the stack makes the identity of {domain} in SES, or there is one that has been verified."
        ),
    });
    insert(template, "Parameters", PARAMETER, &parameter)?;
    let creates = json!({ "Fn::Equals": [{ "Ref": PARAMETER }, "create"] });
    insert(template, "Conditions", CREATES, &creates)?;
    for number in 1..=RECORDS {
        let part = |of: &str| format!("${{{IDENTITY}.DkimDNSToken{of}{number}}}");
        let output = json!({
            "Condition": CREATES,
            "Description": format!("A CNAME record of {domain}: its name, then its value."),
            "Value": { "Fn::Sub": format!("{} {}", part("Name"), part("Value")) },
        });
        insert(template, "Outputs", &format!("MailDkim{number}"), &output)?;
    }
    Ok(())
}

/// The domain of an address.
fn domain(from: &str) -> &str {
    from.rsplit_once('@').map_or(from, |(_, domain)| domain)
}

fn insert(template: &mut Mapping, part: &str, name: &str, value: &Json) -> Result<(), String> {
    let value: Value = serde_yaml_ng::to_value(value).map_err(|error| error.to_string())?;
    let part = template
        .get_mut(part)
        .and_then(Value::as_mapping_mut)
        .ok_or_else(|| format!("infra/base.yaml has no {part}."))?;
    match part.insert(name.into(), value) {
        None => Ok(()),
        Some(_) => Err(format!("infra/base.yaml has a {name} already.")),
    }
}

fn identity(domain: &str) -> Resource<Json> {
    Resource {
        condition: Some(CREATES),
        ..Resource::of(
            "AWS::SES::EmailIdentity",
            json!({ "EmailIdentity": domain }),
        )
    }
}

/// The configuration set. It has no event of opened mails or clicked links, so SES changes neither text nor links.
fn set() -> Resource<Json> {
    Resource::of(
        "AWS::SES::ConfigurationSet",
        json!({ "Name": { "Ref": "AWS::StackName" } }),
    )
}

fn destination() -> Resource<Json> {
    Resource::of(
        "AWS::SES::ConfigurationSetEventDestination",
        json!({ "ConfigurationSetName": { "Ref": SET }, "EventDestination": { "Enabled": true,
            "MatchingEventTypes": FAILURES, "SnsDestination": { "TopicARN": { "Ref": names::FEEDBACK } } } }),
    )
}

fn topic() -> Resource<Json> {
    let name = format!("${{AWS::StackName}}-{}", MailFeedback::WORKER.name);
    Resource::of(
        "AWS::SNS::Topic",
        json!({ "TopicName": { "Fn::Sub": name } }),
    )
}

/// SES alone may publish, for this account.
fn topic_policy() -> Resource<Json> {
    let statement = json!({ "Effect": "Allow", "Action": "sns:Publish",
        "Principal": { "Service": "ses.amazonaws.com" }, "Resource": { "Ref": names::FEEDBACK },
        "Condition": { "StringEquals": { "AWS:SourceAccount": { "Ref": "AWS::AccountId" } } } });
    Resource::of(
        "AWS::SNS::TopicPolicy",
        json!({ "Topics": [{ "Ref": names::FEEDBACK }],
            "PolicyDocument": { "Version": "2012-10-17", "Statement": [statement] } }),
    )
}

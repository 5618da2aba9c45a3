//! The base of a measurement: a definition, its tables, and the way to them.

use std::time::Duration;

use api::deployment::Aws;
use api::fingerprint::Fingerprints;
use api::{Definition, Deployment};
use local::dynamo::{Dynamo, Storage};
use local::proxy::OPERATOR;
use local::template::Template;
use serde_json::Value;

/// The definition of a collection.
pub(super) fn definition(text: &str) -> Result<Definition, String> {
    let problems =
        |problems: Vec<api::check::Problem>| problems.iter().map(ToString::to_string).collect();
    let name = serde_json::from_str::<Value>(text).map_err(|error| error.to_string())?;
    let name = name["name"].as_str().unwrap_or_default();
    let files = [(format!("{name}.json"), text.to_owned())];
    let checked = api::check::check(&files).map_err(|all| -> String { problems(all) })?;
    let mut definitions = checked.definitions.into_iter();
    definitions.next().ok_or_else(|| "no definition".to_owned())
}

/// A DynamoDB with the tables of a collection, and their template.
pub(super) fn made(definition: &Definition) -> Result<(Dynamo, Template), String> {
    let marks = Fingerprints::default();
    let template = infra::template::draw(&infra::template::Plan::whole(&[definition], &marks))?;
    let template = Template::parse(&template)?;
    let dynamo = Dynamo::start(&Storage::Memory, 0)?;
    dynamo.make(&template.tables()?)?;
    Ok((dynamo, template))
}

/// The deployment whose tables are at an endpoint.
pub(super) fn deployment(endpoint: String) -> Deployment {
    Deployment {
        local: true,
        table_prefix: local::TABLE_PREFIX.to_owned(),
        admin_email: None,
        clock_offset: Duration::ZERO,
        keys_age: Duration::MAX,
        front: None,
        has_domain: false,
        event_bus: None,
        aws: Aws {
            region: local::REGION.to_owned(),
            access_key_id: OPERATOR.to_owned(),
            secret_access_key: "local".to_owned(),
            session_token: None,
            endpoint: Some(endpoint),
            lambda: None,
            event_bridge: None,
            ses: None,
        },
    }
}

//! The function of an endpoint; SAM makes its role out of the policy.

use std::collections::BTreeMap;

use api::endpoints::Entry;
use api::fingerprint::{self, Fingerprints};
use api::{Definition, Front};
use serde::Serialize;
use serde_yaml_ng::Value;

use super::resource::{Metadata, Resource};
use crate::intrinsic::{reference, sub};
use crate::names;
use crate::policy::{Policy, policy};

/// The memory, in MB, that comes with one whole vCPU.
const ONE_VCPU: u16 = 1769;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Function {
    pub(super) function_name: Value,
    pub(super) description: &'static str,
    pub(super) code_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memory_size: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout: Option<u16>,
    pub(super) environment: Environment,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) policies: Vec<Policy>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Environment {
    pub(super) variables: BTreeMap<&'static str, Value>,
}

/// The function of an endpoint.
///
/// # Errors
/// One line: its name or its policy is longer than AWS allows.
pub(super) fn function(
    entry: &Entry,
    collections: &[&Definition],
    fingerprints: &Fingerprints,
) -> Result<Resource<Function>, String> {
    Ok(Resource {
        metadata: Some(Metadata {
            skip_build: Some(true),
            ..Metadata::default()
        }),
        ..Resource::of(
            "AWS::Serverless::Function",
            Function {
                function_name: sub(&names::deployed(entry.name)?),
                description: entry.doc,
                code_uri: format!("target/lambda/{}/", entry.name),
                memory_size: entry.hashes.then_some(ONE_VCPU),
                timeout: entry.timeout,
                environment: environment(entry, fingerprints),
                policies: policy(entry, collections)?.into_iter().collect(),
            },
        )
    })
}

/// The settings of an endpoint: where it runs, for which definitions, and the variables that the page says or derives.
fn environment(entry: &Entry, fingerprints: &Fingerprints) -> Environment {
    let mut variables = common(fingerprints.for_guard(entry.guard));
    variables.extend([
        ("BAKEND_DOMAIN_NAME", reference("DomainName")),
        (Front::VARIABLE, reference("FrontSecret")),
    ]);
    variables.extend(
        entry
            .variables()
            .map(|variable| (variable.name(), reference(variable.parameter()))),
    );
    Environment { variables }
}

/// The variables of every function: where it runs, and for which definitions.
pub(super) fn common(mark: &str) -> BTreeMap<&'static str, Value> {
    BTreeMap::from([
        ("BAKEND_ENV", "cloud".into()),
        (fingerprint::VARIABLE, mark.into()),
        ("BAKEND_TABLE_PREFIX", sub("${AWS::StackName}-")),
    ])
}

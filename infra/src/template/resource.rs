//! A resource of the template, and the map that gathers them.

use serde::Serialize;
use serde_yaml_ng::{Mapping, Value};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Resource<P> {
    pub(super) r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) condition: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deletion_policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) update_replace_policy: Option<&'static str>,
    pub(super) properties: P,
}

impl<P> Resource<P> {
    /// A resource of this type, with these properties alone.
    pub(super) fn of(r#type: &'static str, properties: P) -> Self {
        Self {
            r#type,
            condition: None,
            metadata: None,
            deletion_policy: None,
            update_replace_policy: None,
            properties,
        }
    }
}

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    /// `cargo ship` builds all binaries at once; SAM only packs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) skip_build: Option<bool>,
    /// Over how many partitions the records are spread, so that the next `cargo generate` sees it shrink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shards: Option<u8>,
    /// The field that shows the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner_field: Option<String>,
    /// The unique fields: a new one has to be filled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) unique: Vec<String>,
}

/// The template's resources while they are put together.
pub(super) struct Resources<'a> {
    map: &'a mut Mapping,
}

impl<'a> Resources<'a> {
    pub(super) fn of(template: &'a mut Mapping) -> Result<Self, String> {
        let map = template
            .get_mut("Resources")
            .and_then(Value::as_mapping_mut);
        Ok(Self {
            map: map.ok_or("infra/base.yaml has no Resources.")?,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn add<P: Serialize>(
        &mut self,
        id: String,
        resource: &Resource<P>,
    ) -> Result<(), String> {
        // By way of JSON's text: a number of serde_json, as any precision has it, would become a map in YAML.
        let text = serde_json::to_string(resource);
        let text = text.map_err(|error| format!("Cannot write {id}: {error}"))?;
        let value: Value = serde_yaml_ng::from_str(&text)
            .map_err(|error| format!("Cannot write {id}: {error}"))?;
        match self.map.insert(Value::from(id.as_str()), value) {
            None => Ok(()),
            Some(_) => Err(format!(
                "Two resources would be called {id}: rename an endpoint or a collection."
            )),
        }
    }

    /// The properties of the HTTP API, which the base declares.
    pub(super) fn api(&mut self) -> Result<&mut Mapping, String> {
        let api = self
            .map
            .get_mut("Api")
            .and_then(|api| api.get_mut("Properties"))
            .and_then(Value::as_mapping_mut);
        api.ok_or_else(|| "infra/base.yaml has no Resources.Api.Properties.".to_owned())
    }
}

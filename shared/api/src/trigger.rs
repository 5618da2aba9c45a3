//! Triggers: the owner's code that runs after events, as `functions/triggers/triggers.json` declares it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{Envelope, Pattern};

/// The file, from the project's folder.
pub const FILE: &str = "functions/triggers/triggers.json";

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The name that its code is called with: a small letter, then small letters, digits and hyphens, 32 at most.
    #[schemars(regex(pattern = "^[a-z][a-z0-9-]{0,31}$"))]
    pub name: String,
    /// The events that it runs after: `*`, a family such as `auth.*`, or a type.
    #[schemars(length(min = 1, max = 20))]
    pub on: Vec<Pattern>,
    /// The collections whose record events it wants; all of them where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 50))]
    pub collections: Option<Vec<String>>,
    /// The collections that its code reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
    /// The collections that its code writes, which includes reading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writes: Vec<String>,
}

impl Trigger {
    /// Whether it wants an event. `collections` narrows record events alone.
    #[must_use]
    pub fn wants(&self, event: &Envelope) -> bool {
        let kind = event.event.kind();
        let is_of = |collections: &Vec<String>| collections.contains(&event.subject.collection);
        self.on.iter().any(|pattern| pattern.matches(kind))
            && (!kind.is_of_records() || self.collections.as_ref().is_none_or(is_of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Kind, example};

    fn trigger(on: &[&str], collections: Option<&[&str]>) -> Trigger {
        Trigger {
            name: "sample".to_owned(),
            on: on
                .iter()
                .map(|text| text.parse().expect("a pattern"))
                .collect(),
            collections: collections
                .map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
            reads: Vec::new(),
            writes: Vec::new(),
        }
    }

    #[test]
    fn collections_narrow_record_events_alone() {
        let record = example::of(Kind::RecordCreated);
        let login = example::of(Kind::LoggedIn);
        let of = record.subject.collection.clone();
        for (trigger, wants) in [
            (trigger(&["*"], None), [true, true]),
            (trigger(&["record.*"], None), [true, false]),
            (trigger(&["*"], Some(&[&of])), [true, true]),
            (trigger(&["*"], Some(&["others"])), [false, true]),
            (trigger(&["auth.login"], Some(&["others"])), [false, true]),
            (
                trigger(&["key.*", "record.created"], Some(&["others", &of])),
                [true, false],
            ),
        ] {
            let found = [trigger.wants(&record), trigger.wants(&login)];
            assert_eq!(found, wants, "{trigger:?}");
        }
    }
}

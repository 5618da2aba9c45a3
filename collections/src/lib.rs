//! The collections: the definitions beside this crate, embedded and checked when it is built, and the triggers.

use std::sync::OnceLock;

use api::Definition;
use api::fingerprint::Fingerprints;
use api::trigger::Trigger;

#[cfg(debug_assertions)]
mod other;

/// Name and text of a definition.
type File = (&'static str, &'static str);

/// A definition, once it was asked for.
type Parsed = OnceLock<Option<Definition>>;

/// Name and text of every definition, by name.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/collections.rs"));

/// The marks of a build: for endpoints of records, and for the others.
static FINGERPRINTS: (&str, &str) = include!(concat!(env!("OUT_DIR"), "/fingerprints.rs"));

/// The triggers as JSON.
const TRIGGERS_JSON: &str = include_str!(concat!(env!("OUT_DIR"), "/triggers.json"));

/// The definitions that were asked for, in the order of [`FILES`]. Parsed once, on first use: a cold start pays only
/// for the collection that it serves.
static PARSED: [Parsed; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

/// The files, and a place for each definition.
fn table() -> (&'static [File], &'static [Parsed]) {
    #[cfg(debug_assertions)]
    if let Some(table) = other::table() {
        return table;
    }
    (FILES, &PARSED)
}

fn index(name: &str) -> Option<usize> {
    table()
        .0
        .binary_search_by_key(&name, |(name, _)| *name)
        .ok()
}

/// The definition of a collection, or `None` when there is none of that name.
#[must_use]
pub fn get(name: &str) -> Option<&'static Definition> {
    let index = index(name)?;
    let (files, parsed) = table();
    // The build script has parsed the same text.
    parsed
        .get(index)?
        .get_or_init(|| serde_json::from_str(files.get(index)?.1).ok())
        .as_ref()
}

/// Whether there is a collection of that name; parses nothing.
#[must_use]
pub fn exists(name: &str) -> bool {
    index(name).is_some()
}

/// The marks of the definitions and of the settings that were built with them.
#[must_use]
pub fn fingerprints() -> Fingerprints {
    #[cfg(debug_assertions)]
    if let Some(fingerprints) = other::fingerprints() {
        return fingerprints;
    }
    let (records, others) = FINGERPRINTS;
    Fingerprints {
        records: records.to_owned(),
        others: others.to_owned(),
    }
}

/// The triggers, in the order of their file. Parsed once, on first use.
#[must_use]
pub fn triggers() -> &'static [Trigger] {
    #[cfg(debug_assertions)]
    if let Some(triggers) = other::triggers() {
        return triggers;
    }
    static TRIGGERS: OnceLock<Vec<Trigger>> = OnceLock::new();
    // The build script has written what it had parsed.
    TRIGGERS.get_or_init(|| serde_json::from_str(TRIGGERS_JSON).unwrap_or_default())
}

/// Whether there is a trigger of that name.
#[must_use]
pub fn is_trigger(name: &str) -> bool {
    triggers().iter().any(|trigger| trigger.name == name)
}

/// Every definition, by name.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    table().0.iter().filter_map(|(name, _)| get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_collection() {
        assert_eq!(all().count(), table().0.len());
        for definition in all() {
            assert!(exists(&definition.name));
            assert_eq!(get(&definition.name), Some(definition));
        }
        assert!(!exists("users") && get("_users").is_none());
    }

    #[test]
    fn every_embedded_file_is_a_definition_of_its_name() {
        for (name, text) in FILES {
            let definition: Definition = serde_json::from_str(text).expect("a definition");
            assert_eq!(definition.name, *name);
        }
    }
}

//! The collections: the definitions beside this crate, embedded and checked when it is built.

use std::sync::OnceLock;

use api::Definition;

/// Name and text of every definition, by name.
static FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/collections.rs"));

/// The definitions that were asked for, in the order of [`FILES`]. Parsed once, on first use: a cold start pays for
/// the collection it serves and no other.
static PARSED: [OnceLock<Option<Definition>>; FILES.len()] =
    [const { OnceLock::new() }; FILES.len()];

/// The definition of a collection, or `None` when there is none of that name.
#[must_use]
pub fn get(name: &str) -> Option<&'static Definition> {
    let index = FILES.binary_search_by_key(&name, |(name, _)| *name).ok()?;
    // The build script has parsed the same text.
    PARSED
        .get(index)?
        .get_or_init(|| serde_json::from_str(FILES.get(index)?.1).ok())
        .as_ref()
}

/// Whether there is a collection of that name; parses nothing.
#[must_use]
pub fn exists(name: &str) -> bool {
    FILES.binary_search_by_key(&name, |(name, _)| *name).is_ok()
}

/// Every definition, by name.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    FILES.iter().filter_map(|(name, _)| get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_collection() {
        assert_eq!(all().count(), FILES.len());
        for definition in all() {
            assert!(exists(&definition.name));
            assert_eq!(get(&definition.name), Some(definition));
        }
        assert!(!exists("users") && get("_users").is_none());
    }
}

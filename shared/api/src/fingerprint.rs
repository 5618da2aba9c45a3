//! Marks of the definitions and settings that a binary embeds, by which a function notices the template of others.

use serde_json::Value;

use crate::definition::Definition;
use crate::endpoints::Guard;
use crate::trigger::Trigger;
use crate::value;

/// The variable with the mark of the definitions and settings that the template was drawn for.
pub const VARIABLE: &str = "BAKEND_FINGERPRINT";

/// The marks of a project. Both cover the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprints {
    /// For endpoints of records and for workers: covers every definition and trigger.
    pub records: String,
    /// For the other endpoints: covers the names of the collections, which is all they know of them.
    pub others: String,
}

impl Fingerprints {
    /// The marks of the text of `bakend.json`, of these definitions and triggers. Spaces and the order of keys do not
    /// matter.
    #[must_use]
    pub fn of(settings: &str, definitions: &[Definition], triggers: &[Trigger]) -> Self {
        let settings = value::parse(settings).unwrap_or_default();
        let (mut records, mut others) = (String::new(), String::new());
        write_sorted(&settings, &mut records);
        write_sorted(&settings, &mut others);
        for definition in definitions {
            let tree = serde_json::to_value(definition).unwrap_or_default();
            write_sorted(&tree, &mut records);
            write_sorted(&definition.name.as_str().into(), &mut others);
        }
        for trigger in triggers {
            let tree = serde_json::to_value(trigger).unwrap_or_default();
            write_sorted(&tree, &mut records);
        }
        Self {
            records: hash(&records),
            others: hash(&others),
        }
    }

    /// The mark for an endpoint with this guard.
    #[must_use]
    pub fn for_guard(&self, guard: Guard) -> &str {
        if guard.is_of_records() {
            &self.records
        } else {
            &self.others
        }
    }
}

/// Compares the mark of the environment with the embedded one. Only a developer's machine may leave it out.
///
/// # Errors
/// One line with the remedy: the template belongs to other definitions or settings.
pub fn check(told: Option<&str>, embedded: &str, local: bool) -> Result<(), String> {
    match told.filter(|told| !told.is_empty()) {
        Some(told) if told == embedded => Ok(()),
        None if local => Ok(()),
        Some(_) => Err(format!(
            "{VARIABLE}: the template was drawn for other definitions or settings than this binary was built with. \
             Run cargo generate and cargo ship, then deploy again"
        )),
        None => Err(format!(
            "{VARIABLE} is not set; the template sets it. Run cargo generate and cargo ship, then deploy again"
        )),
    }
}

/// Writes a tree with its keys in order. The order that `serde_json` has depends on the features of the build.
fn write_sorted(tree: &Value, text: &mut String) {
    match tree {
        Value::Object(entries) => {
            let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in entries {
                write_sorted(&key.as_str().into(), text);
                write_sorted(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write_sorted(item, text);
            }
            text.push(']');
        }
        leaf => {
            text.push_str(&leaf.to_string());
            text.push(' ');
        }
    }
}

/// FNV-1a: finds mistakes, and no more is asked of it. The same in every build.
fn hash(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(name: &str, rule: &str) -> Definition {
        let permissions = json!({ "read": rule });
        let tree = json!({ "name": name, "fields": [], "permissions": permissions });
        serde_json::from_value(tree).expect("a definition")
    }

    #[test]
    fn every_change_of_settings_and_definitions_shows() {
        let settings = r#"{ "auth": { "roles": ["a", "b"], "bcryptCost": 10 } }"#;
        let of = |settings: &str, definitions: &[Definition]| {
            Fingerprints::of(settings, definitions, &[])
        };
        let posts = definition("posts", "owner");
        let before = of(settings, std::slice::from_ref(&posts));
        assert_eq!(before.records.len(), 16);
        for other in [
            r#"{ "auth": { "roles": ["b", "a"], "bcryptCost": 10 } }"#,
            r#"{ "auth": { "roles": ["a, b"], "bcryptCost": 10 } }"#,
            r#"{ "auth": { "roles": ["a", "b"], "bcryptCost": 11 } }"#,
            r#"{ "auth": { "roles": ["a", "b"] }, "bcryptCost": 10 }"#,
            "{}",
        ] {
            let after = of(other, std::slice::from_ref(&posts));
            assert!(
                after.records != before.records && after.others != before.others,
                "{other}"
            );
        }
        let spaced = r#"{"auth":{"bcryptCost":10,"roles":["a","b"]}}"#;
        assert_eq!(of(spaced, std::slice::from_ref(&posts)), before);

        let text = r#"[{ "name": "welcome", "on": ["auth.register"] }]"#;
        let triggers: Vec<Trigger> = serde_json::from_str(text).expect("triggers");
        let ran = Fingerprints::of(settings, std::slice::from_ref(&posts), &triggers);
        assert_ne!(ran.records, before.records);
        assert_eq!(ran.others, before.others);

        let opened = of(settings, &[definition("posts", "public")]);
        assert_ne!(opened.records, before.records);
        assert_eq!(opened.others, before.others, "they know the name alone");
        let more = of(settings, &[definition("news", "owner"), posts]);
        assert!(more.records != before.records && more.others != before.others);
    }

    #[test]
    fn the_mark_is_the_same_in_every_build() {
        assert_eq!(hash(""), "cbf29ce484222325");
        assert_eq!(hash("a"), "af63dc4c8601ec8c");
    }

    #[test]
    fn another_template_is_refused_with_the_remedy() {
        assert_eq!(check(Some("a"), "a", false), Ok(()));
        assert_eq!(check(None, "a", true), Ok(()));
        for (told, local) in [
            (Some("b"), false),
            (Some("b"), true),
            (None, false),
            (Some(""), false),
        ] {
            let refused = check(told, "a", local).expect_err("refused");
            assert!(refused.contains("cargo ship"), "{refused}");
        }
    }
}

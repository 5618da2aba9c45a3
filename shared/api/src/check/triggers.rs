//! Problems of `functions/triggers/triggers.json`.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::definition::Definition;
use crate::event::Consumer;
use crate::trigger::{FILE, Trigger};
use crate::value;

/// The most triggers, and the most patterns and collections of one.
const MAX_TRIGGERS: usize = 50;
const MAX_PATTERNS: usize = 20;
const MAX_COLLECTIONS: usize = 50;

/// Reads the triggers of a project with these collections.
///
/// # Errors
/// Every problem, a line each, with the trigger and the reason.
pub fn check_triggers(text: &str, definitions: &[Definition]) -> Result<Vec<Trigger>, Vec<String>> {
    let whole = |reason: &dyn Display| vec![format!("{FILE}: {reason}")];
    let tree = value::parse(text).map_err(|error| whole(&format!("not JSON: {error}")))?;
    let triggers: Vec<Trigger> = value::read(tree).map_err(|(place, reason)| {
        let separator = if place.is_empty() { "" } else { ": " };
        vec![format!("{FILE}{separator}{place}: {reason}")]
    })?;
    let mut problems = Vec::new();
    if triggers.len() > MAX_TRIGGERS {
        problems.push(format!(
            "{FILE}: has {} triggers, and {MAX_TRIGGERS} is the most",
            triggers.len()
        ));
    }
    let mut names = BTreeSet::new();
    for trigger in &triggers {
        let mut reasons = of_one(trigger, definitions);
        if !names.insert(&trigger.name) {
            reasons.push("two triggers have this name".to_owned());
        }
        let lines = reasons
            .into_iter()
            .map(|reason| format!("{FILE}: {}: {reason}", trigger.name));
        problems.extend(lines);
    }
    if problems.is_empty() {
        Ok(triggers)
    } else {
        Err(problems)
    }
}

fn of_one(trigger: &Trigger, definitions: &[Definition]) -> Vec<String> {
    let mut reasons = Vec::new();
    if !Consumer::is_name(&trigger.name) {
        reasons.push(
            "a name has a small letter, then small letters, digits and hyphens, 32 at most"
                .to_owned(),
        );
    }
    let patterns: Vec<String> = trigger.on.iter().map(ToString::to_string).collect();
    reasons.extend(list("on", &patterns, MAX_PATTERNS, true));
    let lists = [
        ("collections", trigger.collections.as_deref(), true),
        ("reads", Some(&trigger.reads[..]), false),
        ("writes", Some(&trigger.writes[..]), false),
    ];
    for (member, names, needed) in lists {
        let Some(names) = names else { continue };
        reasons.extend(list(member, names, MAX_COLLECTIONS, needed));
        let unknown = names
            .iter()
            .filter(|name| !definitions.iter().any(|known| known.name == **name));
        reasons.extend(unknown.map(|name| format!("{member}: there is no collection {name}")));
    }
    for name in trigger.collections.iter().flatten() {
        let silent = |definition: &&Definition| definition.name == *name && !definition.events;
        if definitions.iter().any(|definition| silent(&definition)) {
            reasons.push(format!("collections: {name} makes no events"));
        }
    }
    reasons
}

/// Problems of a list: empty, too long, or with one entry twice.
fn list(member: &str, entries: &[String], most: usize, needed: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if needed && entries.is_empty() {
        reasons.push(format!("{member} must name one at least"));
    }
    if entries.len() > most {
        reasons.push(format!(
            "{member} has {} entries, and {most} is the most",
            entries.len()
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = entries.iter().find(|entry| !seen.insert(*entry)) {
        reasons.push(format!("{member} has {twice} twice"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions() -> Vec<Definition> {
        [
            r#"{"name":"notes","fields":[]}"#,
            r#"{"name":"quiet","fields":[],"events":false}"#,
        ]
        .iter()
        .map(|text| serde_json::from_str(text).expect("a definition"))
        .collect()
    }

    #[test]
    fn a_file_is_read_as_it_is_written() {
        let text = r#"[{ "name": "welcome", "on": ["auth.register"], "writes": ["notes"] },
                       { "name": "all-2", "on": ["record.*", "key.created"], "collections": ["notes"],
                         "reads": ["notes", "quiet"] }]"#;
        let triggers = check_triggers(text, &definitions()).expect("triggers");
        let names: Vec<&str> = triggers
            .iter()
            .map(|trigger| trigger.name.as_str())
            .collect();
        assert_eq!(names, ["welcome", "all-2"]);
        assert_eq!(triggers[0].writes, ["notes"]);
        assert_eq!(
            triggers[1].collections.as_deref(),
            Some(&["notes".to_owned()][..])
        );
        assert_eq!(check_triggers("[]", &[]), Ok(Vec::new()));
    }

    #[test]
    fn every_problem_is_a_line_with_file_and_trigger() {
        let with = |rest: &str| format!(r#"[{{ "name": "a", {rest} }}]"#);
        let many = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("\"n{n}\"")).collect();
            names.join(",")
        };
        for (text, reason) in [
            ("{".to_owned(), "not JSON"),
            ("{}".to_owned(), "expected a sequence"),
            (
                r#"[["a", ["*"]]]"#.to_owned(),
                "must be an object, not a list",
            ),
            (r#"[{ "name": "a" }]"#.to_owned(), "missing field `on`"),
            (with(r#""on": ["mail.*"]"#), "`mail.*` is no pattern"),
            (with(r#""on": ["*"], "when": 1"#), "unknown field `when`"),
            (with(r#""on": []"#), "a: on must name one at least"),
            (with(r#""on": ["*", "*"]"#), "a: on has * twice"),
            (
                with(r#""on": ["*"], "collections": []"#),
                "a: collections must name one",
            ),
            (
                with(r#""on": ["*"], "collections": ["nope"]"#),
                "a: collections: there is no collection nope",
            ),
            (
                with(r#""on": ["*"], "collections": ["quiet"]"#),
                "a: collections: quiet makes no events",
            ),
            (
                with(r#""on": ["*"], "writes": ["nope"]"#),
                "a: writes: there is no collection nope",
            ),
            (
                with(r#""on": ["*"], "reads": ["notes", "notes"]"#),
                "a: reads has notes twice",
            ),
            (
                with(&format!(r#""on": ["*"], "reads": [{}]"#, many(51))),
                "a: reads has 51 entries, and 50 is",
            ),
            (
                r#"[{ "name": "A", "on": ["*"] }]"#.to_owned(),
                "A: a name has a small letter",
            ),
            (
                r#"[{ "name": "a", "on": ["*"] }, { "name": "a", "on": ["*"] }]"#.to_owned(),
                "two triggers",
            ),
        ] {
            let problems = check_triggers(&text, &definitions()).expect_err(&text);
            assert!(
                problems.iter().any(|line| line.contains(reason)),
                "{problems:?}"
            );
            assert!(
                problems
                    .iter()
                    .all(|line| line.starts_with(FILE) && !line.contains('\n'))
            );
        }
        let all: Vec<String> = (0..51)
            .map(|n| format!(r#"{{"name":"t{n}","on":["*"]}}"#))
            .collect();
        let problems = check_triggers(&format!("[{}]", all.join(",")), &[]).expect_err("51");
        assert_eq!(
            problems,
            [format!("{FILE}: has 51 triggers, and 50 is the most")]
        );
    }
}

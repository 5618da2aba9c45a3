//! `infra/yours.yaml`: the parts of the template that the project's owner adds. We never change that file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde_yaml_ng::{Mapping, Value};

/// The file's path from the project's folder.
pub(super) const FILE: &str = "infra/yours.yaml";

/// The sections that the file may have.
const SECTIONS: [&str; 4] = ["Parameters", "Conditions", "Resources", "Outputs"];

/// The owner's parts of the template, by section.
#[derive(Clone, Debug, Default)]
pub struct Yours(Vec<(&'static str, Mapping)>);

impl Yours {
    /// Reads the file of the project in `folder`; without one there are no parts.
    ///
    /// # Errors
    /// One line: the file cannot be read, or holds something else than these sections.
    pub fn read(folder: &Path) -> Result<Self, String> {
        match fs::read_to_string(folder.join(FILE)) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("Cannot read {FILE}: {error}")),
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let value: Value =
            serde_yaml_ng::from_str(text).map_err(|error| format!("{FILE}: {error}"))?;
        let sections = match value {
            Value::Null => return Ok(Self::default()),
            Value::Mapping(sections) => sections,
            _ => {
                return Err(format!(
                    "{FILE} must have the sections {}.",
                    SECTIONS.join(", ")
                ));
            }
        };
        let mut yours = Vec::new();
        for (name, parts) in sections {
            let known = SECTIONS
                .iter()
                .find(|section| name.as_str() == Some(section));
            match (known, parts) {
                (Some(_), Value::Null) => {}
                (Some(section), Value::Mapping(parts)) => yours.push((*section, parts)),
                (Some(section), _) => {
                    return Err(format!("{FILE}: {section} must be a mapping of names."));
                }
                (None, _) => {
                    let name = name.as_str().unwrap_or("?");
                    return Err(format!(
                        "{FILE}: {name} is no section; it has {}.",
                        SECTIONS.join(", ")
                    ));
                }
            }
        }
        Ok(Self(yours))
    }

    /// How many resources there are.
    pub(super) fn len(&self) -> usize {
        let resources = self.0.iter().filter(|(section, _)| *section == "Resources");
        resources.map(|(_, parts)| parts.len()).sum()
    }

    /// Adds the parts to a template.
    ///
    /// # Errors
    /// One line: a name that the template has already.
    pub(super) fn add_to(&self, template: &mut Mapping) -> Result<(), String> {
        for (section, parts) in self.0.iter().filter(|(_, parts)| !parts.is_empty()) {
            let all = template
                .entry((*section).into())
                .or_insert_with(|| Mapping::new().into());
            let all = all
                .as_mapping_mut()
                .ok_or_else(|| format!("infra/base.yaml: {section} is no mapping."))?;
            for (name, part) in parts {
                if all.contains_key(name) {
                    let name = name.as_str().unwrap_or("?");
                    return Err(format!(
                        "{FILE}: {section}.{name} is a name of the project's template: choose another one."
                    ));
                }
                all.insert(name.clone(), part.clone());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Mapping {
        serde_yaml_ng::from_str("{Parameters: {A: {Type: String}}, Resources: {Api: {Type: X}}}")
            .expect("YAML")
    }

    fn merged(text: &str) -> Result<Mapping, String> {
        let mut template = template();
        Yours::parse(text)?.add_to(&mut template)?;
        Ok(template)
    }

    #[test]
    fn parts_stand_beside_those_of_the_template() {
        let text = "Parameters: {B: {Type: String}}\nResources: {Queue: {Type: AWS::SQS::Queue}}\n\
                    Outputs: {Q: {Value: x}}";
        let merged = merged(text).expect("merged");
        let names = |section: &str| -> Vec<String> {
            let all = merged.get(section).and_then(Value::as_mapping);
            let names = all.expect("a section").keys();
            names
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect()
        };
        assert_eq!(names("Parameters"), ["A", "B"]);
        assert_eq!(names("Resources"), ["Api", "Queue"]);
        assert_eq!(names("Outputs"), ["Q"]);
    }

    #[test]
    fn an_empty_file_and_empty_sections_add_nothing() {
        for text in ["", "# yours\n", "Resources:\n", "Resources: {}\nOutputs:\n"] {
            assert_eq!(merged(text).expect(text), template(), "{text}");
        }
    }

    #[test]
    fn a_taken_name_and_anything_else_is_one_line_that_names_it() {
        for (text, named) in [
            ("Resources: {Api: {Type: Y}}", "Resources.Api is a name"),
            ("Parameters: {A: {Type: Y}}", "Parameters.A is a name"),
            ("Functions: {}", "Functions is no section"),
            ("- a", "must have the sections"),
            ("Resources: []", "Resources must be"),
            ("Resources: text", "Resources must be"),
            ("{", "infra/yours.yaml"),
        ] {
            let error = merged(text).expect_err(text);
            assert!(error.contains(named) && error.starts_with(FILE), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}

//! The files of `collections/`, read and checked together.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use crate::check::definition::definition_problems;
use crate::check::names::fold;
use crate::check::notation::translate;
use crate::check::problem::{Problem, Remark};
use crate::check::warnings::definition_warnings;
use crate::definition::Definition;
use crate::rule::ANONYMOUS;
use crate::settings::{Auth, SessionCheck};
use crate::value::{self, count_colons, count_members};

/// The definitions that were read, and the warnings about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The definitions, by name.
    pub definitions: Vec<Definition>,
    /// The warnings about definitions that are allowed.
    pub warnings: Vec<Problem>,
}

impl Checked {
    /// The rules that these settings do not allow: the roles and the session check decide.
    #[must_use]
    pub fn refused_by(&self, settings: &Auth) -> Vec<Problem> {
        let mut problems = self.undeclared_roles(&settings.roles);
        if settings.session_check != SessionCheck::Immediate {
            problems.extend(self.of_proven_addresses());
        }
        problems
    }

    /// The rules that name a proven address, which only the session check knows.
    fn of_proven_addresses(&self) -> impl Iterator<Item = Problem> {
        let problem = |file: &str, field: String| {
            Problem {
            file: format!("{file}.json"),
            field,
            reason: "`verified` needs `auth.sessionCheck` `immediate`: a token alone does not tell whether an address is proven"
                .to_owned(),
        }
        };
        self.definitions.iter().flat_map(move |definition| {
            let named = definition.rules().filter(|(_, rule)| rule.names_verified());
            named.map(move |(field, _)| problem(&definition.name, field))
        })
    }

    /// The rules that name a role outside `roles`, the `auth.roles` of the settings. That of anonymous accounts is always there.
    fn undeclared_roles(&self, roles: &[String]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for definition in &self.definitions {
            for (field, rule) in definition.rules() {
                for role in rule
                    .roles()
                    .into_iter()
                    .filter(|role| *role != ANONYMOUS)
                    .filter(|role| !roles.iter().any(|declared| declared == role))
                {
                    let reason = format!(
                        "there is no role `{role}`; declare it in auth.roles of bakend.json or correct its name"
                    );
                    let file = format!("{}.json", definition.name);
                    problems.push(Problem {
                        file,
                        field: field.clone(),
                        reason,
                    });
                }
            }
        }
        problems
    }
}

/// The definition files of a folder as `(file name, content)`, by name.
///
/// # Errors
/// The folder or a file cannot be read.
pub fn read_folder(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let content = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            files.push((
                path.file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                content,
            ));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads definitions out of `(file name, content)` pairs.
///
/// # Errors
/// Every problem found, with file, field and reason.
pub fn check(files: &[(String, String)]) -> Result<Checked, Vec<Problem>> {
    let mut definitions: Vec<Definition> = Vec::new();
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    // Report a broken file once, not again for each file that points to it.
    let known: BTreeSet<&str> = files
        .iter()
        .filter_map(|(file, _)| file.strip_suffix(".json"))
        .collect();
    for (file, content) in files {
        let problem = |(field, reason): (String, String)| Problem {
            file: file.clone(),
            field,
            reason,
        };
        match parse(content) {
            Err(reason) => problems.push(problem(reason)),
            Ok((definition, remarks)) => {
                warnings.extend(remarks.into_iter().map(problem));
                problems.extend(
                    definition_problems(&definition, file, &known)
                        .into_iter()
                        .map(problem),
                );
                warnings.extend(definition_warnings(&definition).into_iter().map(problem));
                let folded = fold(&definition.name);
                if let Some(other) = definitions.iter().find(|other| fold(&other.name) == folded) {
                    let reason = format!(
                        "differs from `{}` only in case, `-` or `_`; rename one",
                        other.name
                    );
                    problems.push(problem(("name".to_owned(), reason)));
                }
                definitions.push(definition);
            }
        }
    }
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    if problems.is_empty() {
        Ok(Checked {
            definitions,
            warnings,
        })
    } else {
        Err(problems)
    }
}

/// Reads a definition in any of the notations, with the warnings about it. The error is the place and the reason.
fn parse(content: &str) -> Result<(Definition, Vec<Remark>), Remark> {
    let mut tree =
        value::parse(content).map_err(|error| (String::new(), format!("not JSON: {error}")))?;
    // A condition of a row filter must not be lost.
    if count_members(&tree) != count_colons(content) {
        return Err((
            String::new(),
            "an object has one name twice; leave one out".to_owned(),
        ));
    }
    let remarks = translate(&mut tree)?;
    Ok((value::read(tree)?, remarks))
}

//! Environment variables: every key of the settings has its own.

use serde_json::{Map, Value};

use crate::settings::problem::Problem;
use crate::value::parse;

/// `refreshTokenTtl` under `BAKEND_AUTH` is `BAKEND_AUTH_REFRESH_TOKEN_TTL`.
fn variable_name(prefix: &str, key: &str) -> String {
    key.chars().fold(format!("{prefix}_"), |mut name, c| {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(if c == '-' {
            '_'
        } else {
            c.to_ascii_uppercase()
        });
        name
    })
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Lets the environment override every key of a tree.
///
/// # Errors
/// The first key whose variable cannot be read.
pub(crate) fn override_leaves(
    tree: &mut Value,
    path: &str,
    prefix: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<(), Problem> {
    let Value::Object(entries) = tree else {
        return Ok(());
    };
    for (key, value) in entries {
        let (path, name) = (join(path, key), variable_name(prefix, key));
        override_leaves(value, &path, &name, variable)?;
        let Some(text) = variable(&name).filter(|text| !text.is_empty() && !value.is_object())
        else {
            continue;
        };
        *value = match value {
            Value::Number(_) => parse(&text).map_err(|_| Problem {
                path,
                reason: format!("{name}={text} is not a number"),
            })?,
            Value::Array(_) if text.starts_with('[') => parse(&text).map_err(|error| Problem {
                path,
                reason: format!("{name} is not JSON: {error}"),
            })?,
            Value::Bool(_) => {
                parse(&text)
                    .ok()
                    .filter(Value::is_boolean)
                    .ok_or_else(|| Problem {
                        path,
                        reason: format!("{name}={text} is neither true nor false"),
                    })?
            }
            Value::Array(_) => text
                .split(',')
                .map(|item| Value::from(item.trim()))
                .collect(),
            _ => Value::String(text),
        };
    }
    Ok(())
}

/// Lists every key of a tree with its variable and its value.
pub(super) fn list_leaves(
    tree: &Value,
    path: &str,
    prefix: &str,
    keys: &mut Vec<(String, String, Value)>,
) {
    for (key, value) in tree.as_object().unwrap_or(&Map::new()) {
        let (path, name) = (join(path, key), variable_name(prefix, key));
        if value.is_object() {
            list_leaves(value, &path, &name, keys);
        } else {
            keys.push((path, name, value.clone()));
        }
    }
}

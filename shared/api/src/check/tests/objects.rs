//! Objects of the files, as lists and as null: no struct is read from anything but an object.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::check_one;
use crate::check::Notations;
use crate::definition::Definition;
use crate::settings::Settings;
use crate::value;

/// The most times that a type is found within itself.
const DEPTH: usize = 2;

/// Values with every member that a type has, one for each of its forms. They are drawn from the types themselves, so
/// that a new struct is in them.
fn samples<T: JsonSchema>() -> Vec<Value> {
    let schema = Value::from(SchemaGenerator::default().into_root_schema_for::<T>());
    Sampler(&schema).of(&schema, &mut Vec::new())
}

struct Sampler<'a>(&'a Value);

impl<'a> Sampler<'a> {
    /// The samples of a schema; none where a type is within itself too often.
    fn of(&self, schema: &'a Value, within: &mut Vec<&'a str>) -> Vec<Value> {
        if let Some(name) = schema["$ref"].as_str() {
            if within.iter().filter(|other| **other == name).count() == DEPTH {
                return Vec::new();
            }
            within.push(name);
            let target = self.0.pointer(name.trim_start_matches('#'));
            let samples = self.of(target.expect(name), within);
            within.pop();
            return samples;
        }
        if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            let samples = choices.iter().flat_map(|choice| self.of(choice, within));
            let samples: Vec<Value> = samples.collect();
            let (mut objects, others): (Vec<_>, Vec<_>) =
                samples.into_iter().partition(Value::is_object);
            objects.extend(others.into_iter().next());
            return objects;
        }
        if let Some(first) = schema["enum"].get(0).or(schema.get("const")) {
            return vec![first.clone()];
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => &kinds[0],
            kind => kind,
        };
        match kind.as_str() {
            Some("object") => self.objects(schema, within),
            Some("array") => {
                let items = self.of(&schema["items"], within);
                vec![Value::Array(items)]
            }
            Some("string") if schema["pattern"] == "^[0-9]+[smhd]$" => vec![json!("1s")],
            Some("string") => vec![json!("a")],
            Some("integer" | "number") => vec![json!(1)],
            Some("boolean") => vec![json!(true)],
            Some("null") => Vec::new(),
            Some(other) => panic!("{other} has no sample"),
            None => vec![json!(1)],
        }
    }

    /// The objects of a schema: one with all members, and more where a member has several forms.
    fn objects(&self, schema: &'a Value, within: &mut Vec<&'a str>) -> Vec<Value> {
        if schema["additionalProperties"].is_object() {
            let members = self.of(&schema["additionalProperties"], within);
            let objects = members.into_iter().map(|member| json!({ "read": member }));
            return objects.collect();
        }
        let mut objects = vec![Map::new()];
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let samples = self.of(member, within);
            let more = samples.len().saturating_sub(1);
            objects.extend(vec![objects[0].clone(); more]);
            for (at, object) in objects.iter_mut().enumerate() {
                if let Some(sample) = samples.get(at).or(samples.first()) {
                    object.insert(name.clone(), sample.clone());
                }
            }
        }
        objects.into_iter().map(Value::Object).collect()
    }
}

/// The place of every object in a value, with the value that has `other` there instead.
fn replaced(value: &Value, other: &impl Fn(&Value) -> Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            all.push((String::new(), other(value)));
            for (name, member) in members {
                for (place, member) in replaced(member, other) {
                    let mut value = value.clone();
                    value[name] = member;
                    let dot = if place.is_empty() || place.starts_with('[') {
                        ""
                    } else {
                        "."
                    };
                    all.push((format!("{name}{dot}{place}"), value));
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                for (place, item) in replaced(item, other) {
                    let mut value = value.clone();
                    value[at] = item;
                    let dot = if place.is_empty() { "" } else { "." };
                    all.push((format!("[{at}]{dot}{place}"), value));
                }
            }
        }
        _ => {}
    }
    all
}

/// The objects that null leaves unset, so that the file of before goes on beneath what an admin sends.
const UNSET: [&str; 2] = [
    "auth.providers.read.endpoints",
    "auth.providers.read.profile",
];

/// Demands that no object of a sample can be a list of its values, an empty list or null. Returns the number of cases.
fn refuses(sample: &Value, problems: impl Fn(&Value) -> Vec<String>) -> usize {
    let by_position =
        |object: &Value| Value::Array(object.as_object().expect("one").values().cloned().collect());
    let mut cases = replaced(sample, &by_position);
    cases.extend(replaced(sample, &|_| json!([])));
    let nulls = replaced(sample, &|_| Value::Null).into_iter();
    cases.extend(nulls.filter(|(place, _)| !UNSET.contains(&place.as_str())));
    for (place, file) in &cases {
        let problems = problems(file);
        let told = problems.iter().any(|problem| {
            let named = problem.replace(": ", ".");
            named.starts_with(place.as_str())
        });
        assert!(told, "{place} of {file}: {problems:#?}");
    }
    cases.len()
}

#[test]
fn no_object_of_a_collection_is_read_from_a_list_or_null() {
    let problems = |file: &Value| -> Vec<String> {
        let problems = check_one("a.json", &file.to_string()).expect_err("a list is no object");
        let problems = problems.iter();
        problems
            .map(|problem| {
                problem
                    .trim_start_matches("collections/a.json: ")
                    .to_owned()
            })
            .collect()
    };
    let mut cases = 0;
    for sample in samples::<Definition>() {
        let read = value::read::<Definition>(sample.clone());
        assert!(read.is_ok(), "{sample}: {read:?}");
        cases += refuses(&sample, problems);
    }
    for notation in samples::<Notations>() {
        for (name, sample) in notation.as_object().expect("an object") {
            let fields = json!([{ "name": "a", "type": "string" }]);
            let file = json!({ "name": "a", "fields": fields, name: sample });
            assert!(check_one("a.json", &file.to_string()).is_ok(), "{file}");
            cases += refuses(&file, problems);
        }
    }
    assert!(cases > 60, "{cases}");
}

#[test]
fn no_object_of_the_settings_is_read_from_a_list_or_null() {
    let problems = |file: &Value| -> Vec<String> {
        let problem = Settings::read(&file.to_string(), |_| None, false).err();
        vec![problem.expect("a list is no object").to_string()]
    };
    let mut cases = 0;
    for sample in samples::<Settings>() {
        assert!(value::read::<Settings>(sample.clone()).is_ok(), "{sample}");
        cases += refuses(&sample, problems);
    }
    assert!(cases > 30, "{cases}");
}

#[test]
fn a_list_of_rules_opens_nothing() {
    let file = |part: Value| {
        let mut file = json!({ "name": "a", "fields": [{ "name": "x", "type": "string" }] });
        file.as_object_mut()
            .expect("one")
            .extend(part.as_object().expect("one").clone());
        check_one("a.json", &file.to_string())
    };
    for (part, problem) in [
        (
            json!({ "permissions": ["admin"] }),
            "permissions: must be an object, not a list",
        ),
        (
            json!({ "permissions": [] }),
            "permissions: must be an object, not a list",
        ),
        (
            json!({ "permissions": null }),
            "permissions: must be an object, not null",
        ),
        (
            json!({ "permissions": "admin" }),
            "permissions: must be an object, not \"admin\"",
        ),
        (
            json!({ "rls": [true, "private"] }),
            "rls: must be an object, not a list",
        ),
        (json!({ "rls": null }), "rls: must be an object, not null"),
        (
            json!({ "expressionPermissions": null }),
            "expressionPermissions: must be an object, not null",
        ),
        (
            json!({ "fields": [["x", "string"]] }),
            "fields[0]: must be an object, not a list",
        ),
        (
            json!({ "fields": [{ "name": "x", "type": "array", "items": null }] }),
            "fields[0].items: must be an object, not null",
        ),
        (
            json!({ "rowFilters": [["owner", {}]] }),
            "rowFilters[0]: must be an object, not a list",
        ),
        (
            json!({ "rowFilters": [{ "filter": null }] }),
            "rowFilters[0].filter: must be an object, not null",
        ),
    ] {
        let expected = vec![format!("collections/a.json: {problem}")];
        assert_eq!(file(part.clone()).expect_err("refused"), expected, "{part}");
    }
    let settings = |file: Value| {
        Settings::read(&file.to_string(), |_| None, true).map_err(|problem| problem.to_string())
    };
    for (file, problem) in [
        (
            json!({ "auth": { "password": [8, 128] } }),
            "auth.password: must be an object, not a list",
        ),
        (json!([]), "must be an object, not a list"),
        (json!({ "cors": null }), "cors: must be an object, not null"),
        (
            json!({ "users": [[]] }),
            "users: must be an object, not a list",
        ),
    ] {
        assert_eq!(
            settings(file.clone()).err().as_deref(),
            Some(problem),
            "{file}"
        );
    }
    assert!(file(json!({ "permissions": { "create": "admin" } })).is_ok());
}

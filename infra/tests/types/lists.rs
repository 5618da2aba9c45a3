//! Conditions, orders and relations are those that the parameters of a list take, by the API document.

use std::collections::BTreeMap;

use infra::names::pascal;
use serde_json::Value;

use crate::reader::{Declared, list_of, normal, object_of, one_of};
use crate::schemas::{Schemas, alternatives, drawn};

#[test]
fn conditions_of_every_collection_are_as_their_schemas() {
    let (declared, document, collections) = drawn();
    let schemas = Schemas::of(&document, &declared);
    for collection in &collections {
        let (name, schema) = (
            pascal(&collection.name),
            format!("{}Filter", pascal(&collection.name)),
        );
        let Declared::Interface(members) = &declared[&format!("{name}Where")] else {
            panic!("{name}Where is no interface");
        };
        let properties = schemas.all[&schema]["properties"].as_object().unwrap();
        let names: Vec<&String> = properties.keys().collect();
        assert_eq!(members.keys().collect::<Vec<_>>(), names, "{name}");
        for (field, member) in members {
            assert!(member.optional, "{name}.{field}");
            let expected = match field.as_str() {
                "$and" | "$or" => list_of(&format!("{name}Where")),
                "$not" => format!("{name}Where"),
                _ => condition(&schemas, &properties[field], &document, &name, field),
            };
            assert_eq!(member.kind, expected, "{name}.{field}");
        }
    }
}

/// The type of a condition, by its schema: the value, null, or tests of the value.
fn condition(
    schemas: &Schemas,
    schema: &Value,
    document: &Value,
    name: &str,
    field: &str,
) -> String {
    let Some(forms) = schema["anyOf"].as_array() else {
        let mut members = schemas.members(schema);
        if members.len() == 1 {
            // A condition has an operator, so the only one is there.
            members
                .values_mut()
                .for_each(|member| member.optional = false);
        }
        return object_of(&members).replace('$', "");
    };
    // A field with choices is compared with these.
    let record = &document["components"]["schemas"][format!("{name}Record")]["properties"][field];
    let value = match record["enum"].is_array() {
        true => schemas.shape(record),
        false => schemas.shape(&forms[0]),
    };
    let tests = forms[2]["$ref"].as_str().unwrap();
    let tests = if tests.ends_with("/TextTests") {
        "TextTests"
    } else {
        "Tests"
    };
    one_of(
        [
            value.clone(),
            "null".to_owned(),
            format!("{tests}<{value}>"),
        ]
        .iter()
        .flat_map(|it| {
            if it.contains('<') {
                vec![it.clone()]
            } else {
                alternatives(it)
            }
        }),
    )
}

#[test]
fn tests_have_the_operators_of_the_document() {
    let (declared, document, _) = drawn();
    let schemas = Schemas::of(&document, &BTreeMap::new());
    let members = |name: &str| match &declared[name] {
        Declared::Interface(members) => members,
        Declared::Alias(_) => panic!("{name} is no interface"),
    };
    let of_all = members("Tests");
    for (schema, value) in [
        ("TextTests", "string"),
        ("IdTests", "string"),
        ("DateTests", "string"),
        ("NumberTests", "number"),
        ("IntegerTests", "number"),
        ("BooleanTests", "boolean"),
    ] {
        let mut there: BTreeMap<String, String> = BTreeMap::new();
        let of_text = members("TextTests")
            .iter()
            .filter(|_| schema == "TextTests");
        for (name, member) in of_all.iter().chain(of_text) {
            assert!(member.optional, "{name}");
            let kind = member
                .kind
                .replace("null | T", "T | null")
                .replace('T', value);
            there.insert(format!("${name}"), normal(&kind));
        }
        let expected = schemas.members(&schemas.all[schema]).into_iter();
        let expected: BTreeMap<String, String> =
            expected.map(|(name, member)| (name, member.kind)).collect();
        assert_eq!(there, expected, "{schema}");
    }
}

#[test]
fn orders_and_relations_are_those_of_the_parameters() {
    let (declared, document, collections) = drawn();
    let texts = |name: String| -> Vec<String> {
        let Declared::Alias(kind) = &declared[&name] else {
            panic!("{name} is no alias");
        };
        kind.split(" | ")
            .map(|text| text.trim_matches('"').to_owned())
            .collect()
    };
    let listed = |schema: &Value| -> Vec<String> {
        let values = schema["enum"].as_array().unwrap().iter();
        values
            .map(|value| value.as_str().unwrap().to_owned())
            .collect()
    };
    let parameters = &document["components"]["parameters"];
    for collection in &collections {
        let name = pascal(&collection.name);
        let orders = texts(format!("{name}Order"));
        let served = listed(&parameters[format!("{name}Sort")]["schema"]);
        for order in &orders {
            assert!(served.contains(order), "{name}: {order}");
        }
        // The other orders need conditions: each is the end of one whose first fields these fix.
        for order in served.iter().filter(|order| !orders.contains(order)) {
            let end = format!(",{order}");
            assert!(
                orders.iter().any(|whole| whole.ends_with(&end)),
                "{name}: {order}"
            );
        }
        let expand = &parameters[format!("{name}Expand")]["schema"]["items"];
        let mut paths = if expand.is_null() {
            vec!["never".to_owned()]
        } else {
            listed(expand)
        };
        paths.sort();
        assert_eq!(texts(format!("{name}Expand")), paths, "{name}");
    }
}

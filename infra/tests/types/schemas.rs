//! Every generated type has the members, the optional ones among them, and the values of the schema of its name in the
//! API document.

use std::collections::{BTreeMap, BTreeSet};

use api::Definition;
use api::endpoints::PAGE;
use api::error::Code;
use api::project::Project;
use infra::names::pascal;
use infra::{events, openapi, plans, types};
use serde_json::{Map, Value, json};

use crate::reader::{Declared, Member, OTHERS, declarations, list_of, map_of, object_of, one_of};

/// The suite's project, whose collections are of every kind.
pub(crate) fn suite() -> Project {
    plans::read(&plans::root().join("tests")).unwrap()
}

/// The types of the package.
pub(crate) fn package() -> String {
    let files = types::draw(&plans::root(), &suite()).unwrap();
    let mut files = files.into_iter();
    let (path, text) = files.next().unwrap();
    assert_eq!(path, "clients/typescript/src/generated.ts");
    assert!(files.next().is_none(), "the suite names no file of types");
    text
}

/// The API document of the suite's project.
fn document() -> Value {
    let project = suite();
    let collections: Vec<&Definition> = project.collections.definitions.iter().collect();
    let profile = &project.settings.users.fields;
    serde_json::from_str(&openapi::draw(PAGE, &collections, profile).unwrap()).unwrap()
}

/// The schemas of a document, read beside some declarations.
pub(crate) struct Schemas {
    pub(crate) all: Map<String, Value>,
    /// The names that a type may point to; every other schema is written out.
    named: BTreeSet<String>,
}

impl Schemas {
    pub(crate) fn of(document: &Value, declared: &BTreeMap<String, Declared>) -> Self {
        Self {
            all: document["components"]["schemas"]
                .as_object()
                .unwrap()
                .clone(),
            named: declared.keys().cloned().collect(),
        }
    }

    /// The notation of a schema's type.
    pub(crate) fn shape(&self, schema: &Value) -> String {
        if let Some(path) = schema["$ref"].as_str() {
            let name = path.rsplit('/').next().unwrap();
            return match self.named.contains(name) {
                true => name.to_owned(),
                false => self.shape(&self.all[name]),
            };
        }
        let listed = |key: &str| schema[key].as_array();
        if let Some(value) = schema.get("const") {
            value.to_string()
        } else if let Some(values) = listed("enum") {
            one_of(values.iter().map(Value::to_string))
        } else if let Some(forms) = listed("anyOf").or_else(|| listed("oneOf")) {
            let shapes = forms.iter().map(|form| self.shape(form));
            let each = shapes.flat_map(|shape| alternatives(&shape));
            one_of(each)
        } else if let Some(kinds) = listed("type") {
            one_of(
                kinds
                    .iter()
                    .map(|kind| self.basic(kind.as_str().unwrap(), schema)),
            )
        } else {
            schema["type"]
                .as_str()
                .map_or_else(|| "unknown".to_owned(), |kind| self.basic(kind, schema))
        }
    }

    fn basic(&self, kind: &str, schema: &Value) -> String {
        match kind {
            "integer" => "number".to_owned(),
            "array" => list_of(&self.shape(&schema["items"])),
            "object" if has_members(schema) => object_of(&self.members(schema)),
            // The package knows no profile, so every profile fits.
            "object" => map_of(&self.shape(&schema["additionalProperties"])),
            other => other.to_owned(),
        }
    }

    /// The members of an object's schema that are not ignored.
    pub(crate) fn members(&self, schema: &Value) -> BTreeMap<String, Member> {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let properties = schema["properties"].as_object().unwrap().iter();
        let kept = properties.filter(|(_, schema)| schema["description"] != "Ignored.");
        let declared = kept.map(|(name, schema)| {
            let optional = !required.iter().any(|it| it == name);
            let kind = self.shape(schema);
            (name.clone(), Member { optional, kind })
        });
        let others = (schema["additionalProperties"] == true).then(|| {
            let (optional, kind) = (false, "unknown".to_owned());
            (OTHERS.to_owned(), Member { optional, kind })
        });
        declared.chain(others).collect()
    }

    /// The differences between a declaration and the schema called `name`.
    fn differences(&self, declared: &Declared, name: &str) -> Vec<String> {
        let Some(schema) = self.all.get(name) else {
            return vec![format!("no schema {name}")];
        };
        match declared {
            Declared::Alias(kind) => {
                let shape = self.shape(schema);
                (*kind != shape)
                    .then(|| format!("{name}: {kind}, but {shape}"))
                    .into_iter()
                    .collect()
            }
            Declared::Interface(members) => {
                let expected = self.members(schema);
                let names: BTreeSet<&String> = members.keys().chain(expected.keys()).collect();
                let told = |member: Option<&Member>| {
                    member.map_or_else(
                        || "nothing".to_owned(),
                        |it| format!("{} {}", it.optional, it.kind),
                    )
                };
                names
                    .into_iter()
                    .map(|member| {
                        (
                            member,
                            told(members.get(member)),
                            told(expected.get(member)),
                        )
                    })
                    .filter(|(_, there, expected)| there != expected)
                    .map(|(member, there, expected)| {
                        format!("{name}.{member}: {there}, but {expected}")
                    })
                    .collect()
            }
        }
    }
}

fn has_members(schema: &Value) -> bool {
    let members = schema["properties"].as_object();
    members.is_some_and(|members| !members.is_empty())
}

/// The types of a union that is written out.
pub(crate) fn alternatives(shape: &str) -> Vec<String> {
    let is_plain = !shape.contains(['{', '(']);
    if is_plain {
        shape.split(" | ").map(str::to_owned).collect()
    } else {
        vec![shape.to_owned()]
    }
}

#[test]
fn every_type_of_the_package_is_as_its_schema() {
    // The package is for every project, so it knows no profile.
    let document: Value = serde_json::from_str(&openapi::draw(PAGE, &[], &[]).unwrap()).unwrap();
    let declared = declarations(&package());
    assert!(declared.len() > 50, "{} types", declared.len());
    let schemas = Schemas::of(&document, &declared);
    let events = of_events(&declared);
    for (name, it) in &declared {
        // A user in an event has profile fields that the package does not know.
        let of_event = events.all.contains_key(name);
        let schemas = if of_event { &events } else { &schemas };
        assert_eq!(schemas.differences(it, name), [""; 0]);
    }
    let codes = one_of(
        Code::ALL
            .iter()
            .map(|code| format!("\"{}\"", code.as_str())),
    );
    assert!(matches!(&declared["ErrorCode"], Declared::Alias(kind) if *kind == codes));
}

/// The schemas of events, as those of types: the members of an event, and the content of each type by its name.
fn of_events(declared: &BTreeMap<String, Declared>) -> Schemas {
    let drawn: Value = serde_json::from_str(&events::draw().unwrap()).unwrap();
    let mut all = drawn["$defs"].as_object().unwrap().clone();
    let types = drawn["oneOf"].as_array().unwrap().iter();
    let types: Map<String, Value> = types
        .map(|one| {
            let name = one["title"].as_str().unwrap().to_owned();
            (name, one["properties"]["data"].clone())
        })
        .collect();
    let names: Vec<&String> = types.keys().collect();
    all.insert(
        "EventData".to_owned(),
        json!({ "properties": types, "required": names }),
    );
    let mut event = json!({ "properties": drawn["properties"], "required": drawn["required"] });
    // The type decides the content.
    event["properties"]["type"] = json!({ "$ref": "T" });
    event["properties"]["data"] = json!({ "$ref": "EventData[T]" });
    all.insert("BakendEventOf".to_owned(), event);
    let parameters = ["T", "EventData[T]"].map(str::to_owned);
    let named = declared.keys().cloned().chain(parameters).collect();
    Schemas { all, named }
}

/// The declarations of the suite's collections, its document, and its definitions.
pub(crate) fn drawn() -> (BTreeMap<String, Declared>, Value, Vec<Definition>) {
    let project = suite();
    let declared = declarations(&types::of_collections(&project).unwrap());
    (declared, document(), project.collections.definitions)
}

#[test]
fn records_and_bodies_of_every_collection_are_as_their_schemas() {
    let (declared, document, collections) = drawn();
    let schemas = Schemas::of(&document, &BTreeMap::new());
    let mut differences = Vec::new();
    for collection in &collections {
        let name = pascal(&collection.name);
        for (kind, schema) in [
            ("Record", "Record"),
            ("Create", "Create"),
            ("Update", "Patch"),
        ] {
            let it = &declared[&format!("{name}{kind}")];
            differences.extend(schemas.differences(it, &format!("{name}{schema}")));
        }
    }
    assert_eq!(differences, [""; 0]);
}

#[test]
fn records_with_relations_inlined_are_as_views() {
    let (declared, document, collections) = drawn();
    // A view has what `fields` asks for; here it has all of a record.
    let document = document.to_string().replace("View\"", "Expanded\"");
    let mut document: Value = serde_json::from_str(&document).unwrap();
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    let mut relations = 0;
    for collection in &collections {
        let name = pascal(&collection.name);
        let record = schemas[&format!("{name}Record")].clone();
        let view = &mut schemas[&format!("{name}Expanded")];
        view["required"] = record["required"].clone();
        if let Declared::Alias(kind) = &declared[&format!("{name}Expanded")] {
            assert_eq!(*kind, format!("{name}Record"));
            assert_eq!(view["properties"], record["properties"], "{name}");
        } else {
            relations += 1;
        }
    }
    assert!(relations > 3, "{relations}");
    let schemas = Schemas::of(&document, &declared);
    let names = declared
        .iter()
        .filter(|(name, it)| name.ends_with("Expanded") && matches!(it, Declared::Interface(_)));
    let differences = names.flat_map(|(name, it)| schemas.differences(it, name));
    assert_eq!(differences.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn users_and_profiles_are_as_their_schemas() {
    let (declared, document, _) = drawn();
    let schemas = Schemas::of(&document, &BTreeMap::new());
    assert_eq!(schemas.differences(&declared["User"], "User"), [""; 0]);
    for (name, schema) in [
        ("Profile", "User"),
        ("PublicProfile", "PublicUser"),
        ("NewProfile", "RegisterRequest"),
        ("ProfileChanges", "ProfileChanges"),
    ] {
        let others = declarations(&package());
        let own = |member: &str| match others.get(schema) {
            Some(Declared::Interface(members)) => members.contains_key(member),
            _ => false,
        };
        let told = schemas.differences(&declared[name], schema);
        let told = told.iter().filter(|line| {
            let member = line.split([':', '.']).nth(1).unwrap();
            !own(member)
        });
        assert_eq!(told.collect::<Vec<_>>(), [""; 0]);
    }
}

#[test]
fn a_type_that_is_unlike_its_schema_is_told() {
    let (_, document, _) = drawn();
    let text = types::of_collections(&suite()).unwrap();
    for (right, wrong) in [
        ("  sku: string;\n", "  sku?: string;\n"),
        ("  sku: string;\n", "  sku: number;\n"),
        ("  sku: string;\n", ""),
        ("  sku: string;\n", "  sku: string;\n  colour?: string;\n"),
        (
            r#"  status?: "draft" | "active" | "retired";"#,
            r#"  status?: "draft" | "active";"#,
        ),
        ("  tags?: string[];", "  tags?: number[];"),
        (
            "  size?: { height?: number; width?: number };",
            "  size?: { height?: number };",
        ),
    ] {
        let changed = text.replacen(right, wrong, 1);
        assert_ne!(changed, text, "{right}");
        let declared = declarations(&changed);
        let schemas = Schemas::of(&document, &BTreeMap::new());
        let told = schemas.differences(&declared["ProductsRecord"], "ProductsRecord");
        assert_eq!(told.len(), 1, "{wrong}: {told:?}");
    }
}

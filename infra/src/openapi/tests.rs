use api::endpoints::PAGE;

use std::collections::BTreeSet;

use api::error::Code;
use serde_json::Map;

use super::operation::{both, key, token};
use super::shared::schema;
use super::*;

/// The suite's collections: of every kind.
fn collections() -> Vec<Definition> {
    let project = crate::plans::read(&crate::plans::root().join("tests"));
    project.expect("a project").collections.definitions
}

fn document() -> Value {
    let collections = collections();
    let collections: Vec<&Definition> = collections.iter().collect();
    serde_json::from_str(&draw(PAGE, &collections, &[]).expect("drawn")).expect("JSON")
}

fn codes(document: &Value, path: &str, method: &str, status: &str) -> Vec<String> {
    let response = &document["paths"][path][method]["responses"][status];
    let reference = response["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    let response = reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(response);
    let codes =
        &response["content"]["application/json"]["schema"]["allOf"][1]["properties"]["error"];
    let codes = codes["properties"]["code"]["enum"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    codes
        .iter()
        .filter_map(|code| code.as_str().map(str::to_owned))
        .collect()
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("local");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_endpoint_is_there_once_for_each_collection() {
    let document = document();
    let mut ids = BTreeSet::new();
    for entry in PAGE {
        for method in entry.methods {
            for collection in &collections() {
                let path = entry.path.replace("{collection}", &collection.name);
                let operation = &document["paths"][&path][method.as_str().to_lowercase()];
                let id = operation["operationId"].as_str().expect("an id");
                assert!(
                    operation["summary"].is_string() && operation["tags"][0].is_string(),
                    "{id}"
                );
                assert!(
                    operation["responses"][entry.status.to_string()].is_object(),
                    "{id}"
                );
                ids.insert(id.to_owned());
            }
        }
    }
    let count: usize = document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .map(|p| p.as_object().map_or(0, Map::len))
        .sum();
    assert_eq!(ids.len(), count);
}

#[test]
fn a_body_is_required_where_it_has_required_fields() {
    let document = document();
    let body = |path: &str| &document["paths"][path]["post"]["requestBody"];
    assert_eq!(body("/api/auth/login")["required"], json!(true));
    assert_eq!(body("/api/auth/logout")["required"], json!(false));
    assert_eq!(
        document["paths"]["/api/health"]["get"].get("requestBody"),
        None
    );
    assert_eq!(
        document["components"]["schemas"]["LogoutRequest"].get("required"),
        None
    );
}

#[test]
fn codes_follow_the_page_the_rules_and_the_body() {
    let document = document();
    let keys = ["auth/invalid-api-key", "auth/api-key-required"];
    let login = codes(&document, "/api/auth/login", "post", "401");
    assert_eq!(
        login,
        [
            &["auth/invalid-credentials", "auth/invalid-mfa-code"],
            &keys[..]
        ]
        .concat()
    );
    assert_eq!(codes(&document, "/api/health", "get", "401"), [""; 0]);
    assert_eq!(
        codes(&document, "/api/auth/login", "post", "415"),
        ["common/unsupported-media-type"]
    );
    assert_eq!(codes(&document, "/api/posts", "get", "415"), [""; 0]);
    let tokens = [
        "auth/invalid-token",
        "auth/token-expired",
        "auth/session-revoked",
    ];
    assert_eq!(
        codes(&document, "/api/posts", "get", "401"),
        [&tokens[..], &keys[..]].concat()
    );
    assert!(
        codes(&document, "/api/notes", "get", "401")
            .contains(&"auth/authentication-required".to_owned())
    );
    let bound = ["auth/scope-insufficient", "auth/origin-not-allowed"];
    assert_eq!(codes(&document, "/api/notes/{id}", "get", "403"), bound);
    let put = codes(&document, "/api/posts/{id}", "put", "403");
    assert_eq!(
        put,
        [
            "auth/scope-insufficient",
            "auth/forbidden",
            "auth/origin-not-allowed"
        ]
    );
    assert_eq!(
        codes(&document, "/api/posts/{id}", "delete", "404"),
        ["data/record-not-found"]
    );
    assert_eq!(
        document["paths"]["/api/health"]["get"]["responses"].get("503"),
        None
    );
    let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
    assert_eq!(
        security("/api/posts", "get"),
        json!([{}, token(), key(), both()])
    );
    assert_eq!(
        security("/api/notes", "get"),
        json!([token(), key(), both()])
    );
    assert_eq!(security("/api/auth/login", "post"), json!([{}, key()]));
    assert_eq!(
        security("/api/admin/api-keys", "get"),
        json!([token(), both()])
    );
    assert_eq!(security("/api/health", "get"), json!([]));
}

#[test]
fn a_field_says_what_it_demands() {
    let schemas = &document()["components"]["schemas"];
    let create = &schemas["ProductsCreate"]["properties"];
    assert_eq!(
        schemas["ProductsCreate"]["required"],
        json!(["name", "sku"])
    );
    assert_eq!(
        (&create["name"]["maxLength"], &create["name"]["type"]),
        (&json!(200), &json!("string"))
    );
    assert_eq!(create["sku"]["pattern"], json!("^[A-Z0-9-]{3,32}$"));
    assert_eq!(
        create["status"]["enum"],
        json!(["draft", "active", "retired", null])
    );
    assert_eq!(create["status"]["default"], json!("draft"));
    assert_eq!(create["price"]["anyOf"][0]["minimum"], json!(0));
    assert_eq!(create["tags"]["items"]["maxLength"], json!(20));
    assert_eq!(create["size"]["additionalProperties"], json!(false));
    assert_eq!(
        schemas["ProductsRecord"]["properties"]["homepage"]["pattern"],
        json!(r#"^[Hh][Tt][Tt][Pp][Ss]?://[^\s"<>\\`]+$"#)
    );
    assert_eq!(
        schemas["ProductsPatch"]["properties"]["status"].get("default"),
        None
    );
    let post = &schemas["CommentsView"]["properties"]["post"]["anyOf"][1];
    assert_eq!(*post, schema("PostsView"));
    assert_eq!(
        schemas["CommentsRecord"]["properties"]["post"]["type"],
        json!("string")
    );
}

#[test]
fn a_list_says_how_it_may_be_asked() {
    let document = document();
    let parameters = &document["components"]["parameters"];
    let sort = &parameters["ProductsSort"]["schema"]["enum"];
    for order in [
        "-createdAt",
        "status,-createdAt",
        "-status,createdAt",
        "-price",
        "name,-price",
    ] {
        assert!(
            sort.as_array()
                .is_some_and(|orders| orders.contains(&json!(order))),
            "{order}: {sort}"
        );
    }
    let paths = &parameters["CommentsExpand"]["schema"]["items"]["enum"];
    assert!(
        paths
            .as_array()
            .is_some_and(|paths| paths.contains(&json!("order.product"))),
        "{paths}"
    );
    assert_eq!(parameters.get("ProductsExpand"), None);
    let conditions = &document["components"]["schemas"]["ProductsConditions"]["properties"];
    for name in [
        "status",
        "price_gte",
        "name_startsWith",
        "tags_contains",
        "createdAt_lt",
        "size_exists",
    ] {
        assert!(conditions[name].is_object(), "{name}");
    }
    for name in ["price_contains", "size", "tags", "tags_in", "status_eq"] {
        assert_eq!(conditions.get(name), None, "{name}");
    }
    assert_eq!(
        document["paths"]["/api/products/count"]["get"]["parameters"]
            .as_array()
            .map(Vec::len),
        Some(5)
    );
    assert_eq!(codes(&document, "/api/products", "post", "409").len(), 2);
    assert_eq!(
        codes(&document, "/api/posts", "post", "409"),
        ["common/idempotency-mismatch"]
    );
}

#[test]
fn a_collection_has_schemas_of_its_own() {
    let schemas = &document()["components"]["schemas"];
    assert_eq!(schemas["PostsCreate"]["required"], json!(["title"]));
    assert_eq!(schemas["PostsPatch"].get("required"), None);
    assert_eq!(
        schemas["PostsRecord"]["required"],
        json!(["id", "createdAt", "updatedAt", "createdBy", "title"])
    );
    assert_eq!(
        schemas["PostsRecord"]["properties"]["id"]["readOnly"],
        json!(true)
    );
    assert_eq!(
        schemas["NotesRecord"]["properties"]["due"]["format"],
        json!("date-time")
    );
    let assignee = json!({ "anyOf": [schema("Reference"), { "type": "null" }] });
    assert_eq!(schemas["NotesCreate"]["properties"]["assignee"], assignee);
    assert_eq!(
        schemas["NotesCreate"]["properties"]["title"]["type"],
        json!("string")
    );
    assert_eq!(
        schemas["NotesPatch"]["properties"]["body"]["type"],
        json!(["string", "null"])
    );
    assert_eq!(
        schemas["ErrorCode"]["enum"].as_array().map(Vec::len),
        Some(Code::ALL.len())
    );
    assert_eq!(
        schemas["ErrorContent"]["properties"]["code"],
        schema("ErrorCode")
    );
}

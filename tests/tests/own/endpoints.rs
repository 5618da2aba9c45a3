//! Every endpoint of the page, on every collection of the project, and the profile that the project declares.

use api::definition::{FieldType, ProfileField};
use api::endpoints::PAGE;
use blackbox::contract::takes_body;
use blackbox::project::tested;
use blackbox::{Reply, fresh_email, owners_stack};
use serde_json::{Map, Value};

/// A well-formed id of no record.
const NO_ID: &str = "0197a3b0-0000-7000-8000-000000000000";

/// Every path of an entry: one for each collection, where it is for collections.
fn paths(template: &str) -> Vec<String> {
    let definitions = &tested().project.collections.definitions;
    let filled = |collection: &str| {
        let segments = template.split('/').map(|segment| match segment {
            "{collection}" => collection,
            segment if segment.starts_with('{') => NO_ID,
            literal => literal,
        });
        segments.collect::<Vec<_>>().join("/")
    };
    if template.contains("{collection}") {
        definitions.iter().map(|it| filled(&it.name)).collect()
    } else {
        vec![filled("")]
    }
}

/// The harness compares each reply with the document; a fault is none of what it may be.
#[track_caller]
fn assert_answered(what: &str, reply: &Reply) {
    assert!(reply.status < 500, "{what}: {}", reply.text());
}

#[test]
fn every_endpoint_answers_as_documented() {
    let Some(stack) = owners_stack() else { return };
    let stranger = stack.stranger();
    for entry in PAGE {
        // A member that ends its own session is replaced for the next entry.
        let member = stack.member();
        for path in paths(entry.path) {
            for method in entry.methods.iter().map(|method| method.as_str()) {
                let body = takes_body(method, &path).then_some(&b"{}"[..]);
                let json = [("content-type", "application/json")];
                let garbage = [json[0], ("authorization", "Bearer garbage")];
                let what = format!("{method} {path}");
                assert_answered(&what, &stranger.send(method, &path, &json, body));
                assert_answered(&what, &stranger.send(method, &path, &garbage, body));
                assert_answered(&what, &member.send(method, &path, &json, body));
            }
        }
    }
}

/// A value for a field of text that has no form of its own; no other user has it.
fn value(declared: &ProfileField) -> Option<(String, Value)> {
    let field = &declared.field;
    let free = field.pattern.is_none() && field.format.is_none() && field.choices.is_none();
    let text: String = fresh_email().split('@').next()?.to_owned();
    if !free || field.kind != FieldType::String || field.min_length > Some(text.len()) {
        return None;
    }
    let longest = field.max_length.unwrap_or(50).min(text.len());
    // The end of it is what differs.
    Some((
        field.name.clone(),
        Value::from(&text[text.len() - longest..]),
    ))
}

#[test]
fn the_declared_profile_is_kept() {
    let Some(stack) = owners_stack() else { return };
    let member = stack.member();
    let fields = &tested().project.settings.users.fields;
    let profile: Map<String, Value> = fields.iter().filter_map(value).collect();
    if profile.is_empty() {
        return;
    }
    let _ = member
        .patch("/api/auth/me", &Value::Object(profile.clone()))
        .expect(200);
    let me = member.get("/api/auth/me").expect(200).json();
    for (name, value) in &profile {
        assert_eq!(me[name], *value, "{name}");
    }
}

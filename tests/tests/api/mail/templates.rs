//! `GET, PUT, DELETE /api/admin/mail-templates`, `POST …/preview`. Each test has a kind of its own.

use api::mail::Kind;
use blackbox::stack;
use serde_json::{Value, json};

use super::TEMPLATES;

/// The line of a kind in the list.
#[track_caller]
fn listed(kind: &str) -> Value {
    let body = stack().admin().get(TEMPLATES).expect(200).json();
    let items = body["items"].as_array().unwrap();
    let mut found = items.iter().filter(|item| item["kind"] == kind);
    found.next().unwrap_or_else(|| panic!("no {kind}")).clone()
}

fn path(place: &str) -> String {
    format!("{TEMPLATES}/{place}")
}

#[track_caller]
fn preview(place: &str, body: &Value) -> Value {
    let path = format!("{}/preview", path(place));
    stack().admin().post(&path, body).expect(200).json()
}

/// The fields that a template is refused for, each with its code.
#[track_caller]
fn refused(method: &str, path: &str, body: &Value) -> Vec<String> {
    let admin = stack().admin();
    let reply = match method {
        "PUT" => admin.put(path, body),
        _ => admin.post(path, body),
    };
    let error = reply.expect(400).json()["error"].clone();
    let details = error["details"].as_array().cloned().unwrap_or_default();
    let shown = details.iter().map(|it| {
        let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("field"), text("code"))
    });
    shown.collect()
}

#[test]
fn every_kind_is_listed_with_its_variables_and_languages() {
    let body = stack().admin().get(TEMPLATES).expect(200).json();
    let items = body["items"].as_array().unwrap();
    let kinds: Vec<&str> = items
        .iter()
        .filter_map(|item| item["kind"].as_str())
        .collect();
    let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(kinds, all);
    let variables = [
        "appName",
        "userEmail",
        "userName",
        "locale",
        "code",
        "resetUrl",
        "minutes",
    ];
    let reset = listed("password-reset");
    assert_eq!(reset["variables"], json!(variables));
    assert_eq!(reset["locales"], json!(["en", "de"]));
    let reply = stack().admin().get(&format!("{TEMPLATES}?kind=a"));
    assert_eq!(reply.expect(400).code(), "common/validation-failed");
}

#[test]
fn a_template_takes_the_place_of_the_shipped_one_until_it_is_taken_back() {
    let (admin, place) = (stack().admin(), "account-linked/de");
    let shipped = preview(place, &json!({}));
    assert!(
        shipped["html"]
            .as_str()
            .is_some_and(|html| html.contains("lang=\"de\""))
    );
    let own = json!({ "subject": "Verknüpft: {{ what }}", "text": "Hallo {{ userName|upper }}", "html": null });
    assert_eq!(admin.put(&path(place), &own).expect(200).json(), own);
    assert_eq!(listed("account-linked")["overridden"], json!(["de"]));
    let shown = preview(place, &json!({}));
    assert_eq!(
        shown,
        json!({ "subject": "Verknüpft: google", "text": "Hallo ADA", "html": null })
    );
    // The other language and a sent template are not touched by it.
    assert_ne!(
        preview("account-linked/en", &json!({}))["text"],
        shown["text"]
    );
    let html = json!({ "subject": "a", "text": "b", "html": "<p>{{ place }}</p>" });
    assert_eq!(preview(place, &html)["html"], "<p>203.0.0.0&#x2f;16</p>");
    assert_eq!(preview(place, &json!({})), shown);
    // A template without HTML takes that of the one before it with it.
    let _ = admin.put(&path(place), &html).expect(200);
    let _ = admin.put(&path(place), &own).expect(200);
    assert_eq!(preview(place, &json!({}))["html"], Value::Null);
    for _ in 0..2 {
        assert_eq!(admin.delete(&path(place)).expect(204).text(), "");
        assert_eq!(preview(place, &json!({})), shipped);
    }
    assert_eq!(listed("account-linked")["overridden"], json!([]));
}

#[test]
fn a_template_that_cannot_be_sent_is_refused_by_its_parts() {
    let place = path("mfa-disabled/en");
    let long = "x".repeat(65_537);
    for (body, expected) in [
        (json!({}), vec!["subject required", "text required"]),
        (json!({ "subject": "a" }), vec!["text required"]),
        (
            json!({ "subject": " ", "text": "" }),
            vec!["subject required", "text required"],
        ),
        (
            json!({ "subject": 1, "text": "a", "html": [] }),
            vec!["subject type", "html type"],
        ),
        (
            json!({ "subject": "a", "text": "b", "other": 1 }),
            vec!["other unknown-field"],
        ),
        (
            json!({ "subject": "x".repeat(201), "text": "a" }),
            vec!["subject max-length"],
        ),
        (
            json!({ "subject": "a", "text": long }),
            vec!["text max-length"],
        ),
        (
            json!({ "subject": "a", "text": "b", "html": long }),
            vec!["html max-length"],
        ),
        (
            json!({ "subject": "{{ code }}", "text": "{% if code %}{% endif %}" }),
            vec!["subject unknown-variable", "text unknown-variable"],
        ),
        (
            json!({ "subject": "a", "text": "{{ what", "html": "{% include 'x' %}" }),
            vec!["text format", "html format"],
        ),
        (
            json!({ "subject": "a", "text": "{% for a in [1] %}{% endfor %}" }),
            vec!["text format"],
        ),
        (
            json!({ "subject": "a", "text": "b", "html": "{{ what|safe }}" }),
            vec!["html format"],
        ),
        (
            json!({ "subject": "a", "text": "{{ 'x' * 100000000 }}" }),
            vec!["text format"],
        ),
    ] {
        assert_eq!(refused("PUT", &place, &body), expected, "{body}");
        if body != json!({}) {
            let preview = format!("{place}/preview");
            assert_eq!(refused("POST", &preview, &body), expected, "{body}");
        }
    }
    assert_eq!(listed("mfa-disabled")["overridden"], json!([]));
}

#[test]
fn a_preview_shows_samples_escaped_and_in_one_pass() {
    let body = json!({ "subject": "{{ '{{ what }}' }}\r\nBcc: a", "text": "<{{ '<b>' }}>", "html": "<i>{{ '<b>' }}</i>" });
    let shown = preview("mfa-enabled/en", &body);
    let expected =
        json!({ "subject": "{{ what }}Bcc: a", "text": "<<b>>", "html": "<i>&lt;b&gt;</i>" });
    assert_eq!(shown, expected);
    for kind in Kind::ALL {
        for locale in ["en", "de"] {
            let shown = preview(&format!("{kind}/{locale}"), &json!({}));
            assert!(
                shown["text"]
                    .as_str()
                    .is_some_and(|text| !text.contains("{{")),
                "{kind}"
            );
        }
    }
}

#[test]
fn a_kind_or_a_language_that_there_is_not_is_404() {
    let (admin, body) = (stack().admin(), json!({ "subject": "a", "text": "b" }));
    for place in [
        "other/en",
        "Invitation/en",
        "invitation/fr",
        "invitation/de-CH",
        "invitation/DE",
        "invitation%20/en",
    ] {
        let path = path(place);
        for reply in [
            admin.put(&path, &body),
            admin.put(&path, &json!({ "subject": 1 })),
            admin.delete(&path),
            admin.post(&format!("{path}/preview"), &json!({})),
        ] {
            assert_eq!(
                reply.expect(404).code(),
                "mail/template-not-found",
                "{place}"
            );
        }
    }
}

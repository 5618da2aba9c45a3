//! The templates of mails.

use super::*;

const ID: &str = "template#password-reset#de";

fn told(old: &Value, new: &Value) -> Vec<Value> {
    let events = events("_configuration", &json!({ "id": ID }), old, new);
    let told = events.iter().map(|event| {
        assert_eq!(event.kind().as_str(), "template.changed");
        assert_eq!(
            (event.subject.collection.as_str(), event.subject.id.as_str()),
            ("configuration", ID)
        );
        assert_eq!(event.at, Timestamp::from_millis(AT));
        let actor = event.actor.as_ref().and_then(|actor| actor.id);
        assert_eq!(actor, Some(id(1)));
        serde_json::to_value(event)
            .map(|it| it["data"].clone())
            .expect("JSON")
    });
    told.collect()
}

#[test]
fn a_template_tells_which_parts_have_changed_and_never_their_text() {
    let none = Value::Null;
    let change = |at: u64| json!({ "at": at, "by": "user", "user": id(1), "reason": "update" });
    let item = |parts: Value| with(&json!({ "id": ID, "change": change(AT) }), parts);
    let made = item(json!({ "subject": "a", "text": "b" }));
    let html = item(json!({ "subject": "a", "text": "c", "html": "d" }));
    let same = with(&made, json!({ "change": change(AT + 1) }));
    let gone = item(json!({}));
    let data = |names: &[&str]| {
        vec![json!({ "kind": "password-reset", "locale": "de", "changed": names })]
    };
    for (old, new, expected) in [
        (&none, &made, data(&["subject", "text"])),
        (&made, &html, data(&["text", "html"])),
        (&html, &made, data(&["text", "html"])),
        (&made, &gone, data(&["deleted"])),
        (&gone, &made, data(&["subject", "text"])),
        (&made, &same, vec![]),
        (&none, &gone, vec![]),
        (&gone, &none, vec![]),
        (&made, &none, vec![]),
    ] {
        assert_eq!(told(old, new), expected, "{old} {new}");
    }
}

#[test]
fn a_step_of_a_rotation_tells_its_key() {
    let key = json!({ "id": "keys" });
    let item = |kid: &str, step: &str, at: u64| {
        let change = json!({ "at": at, "by": "cli", "reason": "rotate" });
        json!({ "id": "keys", "kid": kid, "step": step, "change": change })
    };
    let published = item("a", "published", AT - 1);
    let promoted = item("a", "promoted", AT);
    for (old, new) in [(&Value::Null, &promoted), (&published, &promoted)] {
        let [event] = &events("_configuration", &key, old, new)[..] else {
            panic!("one event");
        };
        assert_eq!(event.kind().as_str(), "keys.rotated");
        let subject = (event.subject.collection.as_str(), event.subject.id.as_str());
        assert_eq!(
            (subject, event.at),
            (("configuration", "keys"), Timestamp::from_millis(AT))
        );
        let told = serde_json::to_value(event).expect("JSON");
        assert_eq!(told["data"], json!({ "kid": "a", "step": "promoted" }));
        assert_eq!(told["actor"]["type"], "cli");
    }
    assert_eq!(
        events("_configuration", &key, &promoted, &Value::Null).len(),
        0
    );
    let revoked = &events("_configuration", &key, &promoted, &item("b", "revoked", AT))[0];
    let told = serde_json::to_value(revoked).expect("JSON");
    assert_eq!(told["data"], json!({ "kid": "b", "step": "revoked" }));
    let broken = item("a", "stolen", AT);
    assert!(read(&record("_configuration", &key, &Value::Null, &broken)).is_err());
}

#[test]
fn attempts_that_were_cleared_tell_the_user_and_never_a_source() {
    let key = json!({ "id": "throttle" });
    let mark = json!({ "id": "throttle", "change": { "at": AT, "by": "cli", "reason": "update" } });
    let of_user = with(&mark, json!({ "user_id": id(1) }));
    let user = id(1).to_string();
    for (new, subject, told) in [
        (&mark, ("configuration", "throttle"), Value::Null),
        (&of_user, ("users", user.as_str()), json!(id(1))),
    ] {
        let [event] = &events("_configuration", &key, &Value::Null, new)[..] else {
            panic!("one event");
        };
        assert_eq!(event.kind().as_str(), "throttle.cleared");
        let found = (event.subject.collection.as_str(), event.subject.id.as_str());
        assert_eq!(found, subject);
        let event = serde_json::to_value(event).expect("JSON");
        assert_eq!(event["data"], json!({ "userId": told }));
        assert_eq!(
            (&event["actor"]["type"], &event["request"]),
            (&json!("cli"), &Value::Null)
        );
    }
    let gone = events("_configuration", &key, &mark, &Value::Null);
    assert_eq!(gone.len(), 0);
}

#[test]
fn a_table_that_was_taken_back_or_repaired_is_told_with_its_counts() {
    let key = json!({ "id": "table#posts" });
    let recovered = json!({ "table": "posts", "to": "2026-11-29T12:00:00.000Z", "source": null, "putBack": 3,
        "removed": 2, "left": 1 });
    let repaired = json!({ "table": "posts", "repaired": 4 });
    let item = |kind: &str, told: &Value, at: u64| {
        let change = json!({ "at": at, "by": "cli", "reason": "restore" });
        json!({ "id": "table#posts", "kind": kind, "told": told.to_string(), "change": change })
    };
    let first = item("table.recovered", &recovered, AT - 1);
    let second = item("table.repaired", &repaired, AT);
    for (old, new, kind, data) in [
        (&Value::Null, &first, "table.recovered", &recovered),
        (&first, &second, "table.repaired", &repaired),
    ] {
        let [event] = &events("_configuration", &key, old, new)[..] else {
            panic!("one event");
        };
        assert_eq!(event.kind().as_str(), kind);
        let event = serde_json::to_value(event).expect("JSON");
        assert_eq!(event["data"], *data);
        let subject = json!({ "collection": "configuration", "id": "table#posts", "owner": null });
        assert_eq!(event["subject"], subject);
        assert_eq!(
            (&event["actor"]["type"], &event["request"]),
            (&json!("cli"), &Value::Null)
        );
    }
    let gone = events("_configuration", &key, &second, &Value::Null);
    assert_eq!(gone.len(), 0);
    // Nothing but such a deed can be told by such an item.
    for broken in [
        item("user.purged", &json!({ "userId": id(1) }), AT),
        item("table.repaired", &json!({ "table": "posts" }), AT),
        with(&second, json!({ "told": "{" })),
    ] {
        let record = record("_configuration", &key, &Value::Null, &broken);
        assert!(read(&record).is_err(), "{broken}");
    }
}

#[test]
fn other_configuration_makes_no_event_and_a_broken_item_does_not_fit() {
    let key = json!({ "id": "other#google" });
    let item = json!({ "id": "other#google", "subject": "a" });
    assert_eq!(events("_configuration", &key, &Value::Null, &item).len(), 0);
    let key = json!({ "id": ID });
    let item = json!({ "id": ID, "subject": "a", "text": "b" });
    assert!(read(&record("_configuration", &key, &Value::Null, &item)).is_err());
}

#[test]
fn a_provider_that_changes_names_its_settings_and_never_a_value() {
    let key = json!({ "id": "provider#google" });
    let change = |at: u64| json!({ "at": at, "by": "user", "user": id(1), "reason": "update" });
    let item = |settings: Value, secret_at: u64| {
        json!({ "id": "provider#google", "settings": settings.to_string(), "secret": format!("s{secret_at}"),
            "secret_at": secret_at, "change": change(AT) })
    };
    let none = json!({ "id": "provider#google", "change": change(AT + 1) });
    let made = item(json!({ "clientId": "a", "tenant": null }), 1);
    let other = item(json!({ "clientId": "b", "enabled": false }), 1);
    let sealed_anew = with(&made, json!({ "secret": "s2" }));
    for (old, new, expected) in [
        (
            &Value::Null,
            &made,
            Some(json!(["clientId", "clientSecret"])),
        ),
        (&made, &other, Some(json!(["clientId", "enabled"]))),
        (
            &made,
            &item(json!({ "clientId": "a" }), 2),
            Some(json!(["clientSecret"])),
        ),
        (&made, &sealed_anew, None),
        (&made, &none, Some(json!(["deleted"]))),
        (&none, &none, None),
    ] {
        let events = events("_configuration", &key, old, new);
        let found = events
            .first()
            .map(|event| json!(event)["data"]["changed"].clone());
        assert_eq!(found, expected, "{old} {new}");
        assert!(!json!(events).to_string().contains("s1"));
    }
}

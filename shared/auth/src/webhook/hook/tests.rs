use api::event::{Kind, example};

use super::*;
use crate::sample;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn id(number: u8) -> Id {
    Id::new(NOW, [number; 10])
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn asked(events: &[&str], collections: Option<&[&str]>) -> NewWebhook {
    NewWebhook {
        name: "a hook".into(),
        url: "https://a.example/".into(),
        events: texts(events),
        collections: collections.map(texts),
        timeout: None,
        concurrency: None,
    }
}

fn make(asked: NewWebhook) -> Result<Webhook, Vec<(String, String)>> {
    let made = Webhook::new(asked, id(1), "sealed".into(), |name| {
        ["posts", "notes"].contains(&name)
    });
    made.map_err(details)
}

fn details(error: Error) -> Vec<(String, String)> {
    let details = error.details.into_iter();
    details.map(|detail| (detail.field, detail.code)).collect()
}

fn no_changes() -> WebhookChanges {
    WebhookChanges {
        name: None,
        url: None,
        events: None,
        collections: None,
        timeout: None,
        concurrency: None,
        disabled: None,
    }
}

#[test]
fn a_webhook_is_made_with_defaults() {
    let webhook = make(asked(&["*"], None)).expect("a webhook");
    assert_eq!((webhook.timeout, webhook.concurrency), (10, 5));
    let wire = webhook.to_wire();
    assert_eq!((wire.state, wire.created_at), (WebhookState::Active, NOW));
    assert!(
        !serde_json::to_string(&wire)
            .expect("json")
            .contains("sealed")
    );
}

#[test]
fn wrong_parts_are_named() {
    let name = |name: &str| NewWebhook {
        name: name.to_owned(),
        ..asked(&["*"], None)
    };
    for (asked, place, code) in [
        (name(""), "name", "format"),
        (name("  "), "name", "format"),
        (name("a\r\nb"), "name", "format"),
        (name(&"a".repeat(101)), "name", "format"),
        (asked(&["*", "mail.*"], None), "events[1]", "enum"),
        (asked(&["auth.*", "auth.*"], None), "events[1]", "repeated"),
        (
            asked(&["*"], Some(&["posts", "x"])),
            "collections[1]",
            "unknown-collection",
        ),
        (
            asked(&["*"], Some(&["posts", "posts"])),
            "collections[1]",
            "repeated",
        ),
        (
            asked(&["*"], Some(&["_users"])),
            "collections[0]",
            "unknown-collection",
        ),
    ] {
        let refused = make(asked).expect_err("refused");
        assert_eq!(refused, [(place.to_owned(), code.to_owned())]);
    }
}

#[test]
fn what_is_left_out_of_a_change_stays() {
    let webhook = make(asked(&["auth.*"], Some(&["posts"]))).expect("a webhook");
    let exists = |name: &str| name == "posts";
    let same = webhook.clone().changed(no_changes(), exists);
    assert_eq!(same.expect("changed"), webhook);
    let all = WebhookChanges {
        name: Some("b".into()),
        url: Some("https://b.example/".into()),
        events: Some(texts(&["key.*"])),
        collections: Some(None),
        timeout: Some(1),
        concurrency: Some(10),
        disabled: Some(true),
    };
    let changed = webhook.clone().changed(all, exists).expect("changed");
    assert_eq!((changed.name.as_str(), changed.timeout), ("b", 1));
    assert_eq!(
        (changed.collections.clone(), changed.disabled),
        (None, true)
    );
    assert_eq!((changed.id, &changed.secret), (webhook.id, &webhook.secret));
    let wrong = WebhookChanges {
        events: Some(texts(&["x"])),
        collections: Some(Some(texts(&["y"]))),
        ..no_changes()
    };
    let refused = details(webhook.changed(wrong, exists).expect_err("refused"));
    assert_eq!(refused.len(), 2, "{refused:?}");
}

#[test]
fn an_event_goes_where_it_is_wanted() {
    let made = |events: &[&str], collections| make(asked(events, collections)).expect("it");
    let posts: Option<&[&str]> = Some(&["posts"]);
    let notes: Option<&[&str]> = Some(&["notes"]);
    let (record, login) = (Kind::RecordCreated, Kind::LoggedIn);
    for (webhook, kind, wanted) in [
        (made(&["*"], None), record, true),
        (made(&["*"], posts), record, true),
        (made(&["*"], notes), record, false),
        (made(&["*"], notes), login, true),
        (made(&["auth.*"], None), login, true),
        (made(&["auth.*"], None), record, false),
        (made(&["record.deleted"], None), record, false),
        (
            made(&["record.deleted", "record.created"], None),
            record,
            true,
        ),
    ] {
        assert_eq!(webhook.wants(&example::of(kind)), wanted, "{webhook:?}");
        let off = Webhook {
            disabled: true,
            ..webhook
        };
        assert!(!off.wants(&example::of(kind)));
    }
}

#[test]
fn an_old_secret_signs_for_a_day_after_its_rotation() {
    let keys = sample::sealing_keys(&[1]);
    let (old, new) = (Secret::new([1; 32]), Secret::new([2; 32]));
    let seal = |secret: &Secret| seal(&keys, id(1), secret, [3; 12]).expect("sealed");
    let webhook = Webhook {
        secret: seal(&old),
        ..make(asked(&["*"], None)).expect("a webhook")
    };
    let open = |webhook: &Webhook, now| webhook.secrets(&keys, now).expect("open");
    assert_eq!(open(&webhook, NOW), std::slice::from_ref(&old));
    let rotated = webhook.rotated(seal(&new), NOW);
    let after = |millis| Timestamp::from_millis(NOW.millis() + millis);
    let both = [new.clone(), old];
    assert_eq!(open(&rotated, after(0)), both);
    assert_eq!(open(&rotated, after(86_399_999)), both);
    assert_eq!(open(&rotated, after(86_400_000)), [new]);
    assert_eq!(rotated.to_wire().rotated_at, Some(NOW));
}

#[test]
fn a_secret_of_another_webhook_does_not_open() {
    let keys = sample::sealing_keys(&[1]);
    let sealed = seal(&keys, id(2), &Secret::new([1; 32]), [3; 12]).expect("sealed");
    let webhook = Webhook {
        secret: sealed,
        ..make(asked(&["*"], None)).expect("a webhook")
    };
    assert!(webhook.secrets(&keys, NOW).is_err());
}

#[test]
fn secrets_are_sealed_anew_under_the_highest_number() {
    let old = sample::sealing_keys(&[1]);
    let (first, second) = (Secret::new([1; 32]), Secret::new([2; 32]));
    let seal = |secret: &Secret| seal(&old, id(1), secret, [3; 12]).expect("sealed");
    let webhook = Webhook {
        secret: seal(&first),
        ..make(asked(&["*"], None)).expect("a webhook")
    };
    let rotated = webhook.rotated(seal(&second), NOW);
    let both = sample::sealing_keys(&[1, 2]);
    let nonces = [[4; 12], [5; 12]];
    let anew = rotated.clone().resealed(&both, nonces).expect("resealed");
    assert!(both.are_newest(anew.sealed()) && !both.are_newest(rotated.sealed()));
    assert_eq!(anew.sealed().count(), 2);
    let open = anew.secrets(&both, NOW).expect("open");
    assert_eq!(open, [second, first]);
    assert!(anew.secrets(&old, NOW).is_err());
    // Twice is as once, and nothing else changes.
    let again = anew.clone().resealed(&both, nonces).expect("resealed");
    assert_eq!(again, anew);
    let back = Webhook {
        secret: rotated.secret.clone(),
        previous: rotated.previous.clone(),
        ..anew
    };
    assert_eq!(back, rotated);
    assert!(
        rotated
            .resealed(&sample::sealing_keys(&[2]), nonces)
            .is_err()
    );
}

#[test]
fn a_webhook_fails_for_long_after_an_hour() {
    let hour = 60 * 60 * 1000;
    for (since, disabled, is_long) in [
        (None, false, false),
        (Some(hour - 1), false, false),
        (Some(hour), false, true),
        (Some(hour), true, false),
    ] {
        let before = |ago| Timestamp::from_millis(NOW.millis() - ago);
        let webhook = Webhook {
            failing_since: since.map(before),
            disabled,
            ..make(asked(&["*"], None)).expect("a webhook")
        };
        assert_eq!(webhook.fails_long(NOW), is_long, "{webhook:?}");
    }
}

//! Invitations.

use super::*;

fn item(status: &str, nonce: &str) -> Value {
    let change = json!({ "at": AT, "by": "user", "user": id(1), "reason": "invitation" });
    json!({ "kind": "invitation", "id": id(7), "email": "a@b", "role": "editor", "status": status, "invited_by": id(6),
        "nonce": nonce, "valid_until": AT + 1000, "expires_at": 1, "message": "secret", "change": change,
        "resource": { "type": "team", "id": "7" } })
}

fn told(old: &Value, new: &Value) -> Vec<(String, Value)> {
    let key = json!({ "kind": "invitation", "id": id(7) });
    let events = events("_invitations", &key, old, new);
    let told = events.iter().map(|event| {
        let subject = (event.subject.collection.as_str(), event.subject.id.clone());
        assert_eq!(subject, ("invitations", id(7).to_string()));
        assert_eq!(event.at, Timestamp::from_millis(AT));
        let actor = event.actor.as_ref().and_then(|actor| actor.id);
        assert_eq!(actor, Some(id(1)));
        let data = serde_json::to_value(event).expect("JSON")["data"].clone();
        (event.kind().as_str().to_owned(), data["invitation"].clone())
    });
    told.collect()
}

#[test]
fn an_invitation_tells_how_it_was_made_sent_again_and_closed() {
    let pending = item("pending", "a");
    for (old, new, expected) in [
        (Value::Null, pending.clone(), Some("invitation.created")),
        (
            pending.clone(),
            item("pending", "b"),
            Some("invitation.resent"),
        ),
        (
            pending.clone(),
            item("accepted", "a"),
            Some("invitation.accepted"),
        ),
        (
            pending.clone(),
            item("rejected", "a"),
            Some("invitation.rejected"),
        ),
        (
            pending.clone(),
            item("revoked", "a"),
            Some("invitation.revoked"),
        ),
        (pending.clone(), pending.clone(), None),
        (pending, Value::Null, None),
    ] {
        let told = told(&old, &new);
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, expected.into_iter().collect::<Vec<_>>(), "{new}");
    }
}

#[test]
fn an_event_has_the_invitation_as_on_the_wire_and_no_token() {
    let (_, data) = told(&Value::Null, &item("pending", "a")).remove(0);
    let at = |millis: u64| json!(Timestamp::from_millis(millis));
    let expected = json!({ "id": id(7), "email": "a@b", "role": "editor", "resource": { "type": "team", "id": "7" },
        "status": "pending", "invitedBy": id(6), "createdAt": id(7).created_at(), "expiresAt": at(AT + 1000) });
    assert_eq!(data, expected);
}

#[test]
fn a_broken_invitation_does_not_fit() {
    let key = json!({ "kind": "invitation", "id": id(7) });
    let broken = with(&item("pending", "a"), json!({ "status": "open" }));
    assert!(read(&record("_invitations", &key, &Value::Null, &broken)).is_err());
}

//! Webhooks, as admins manage them. Values are never told: a URL may hold a token.

use super::*;
use crate::webhooks::receiver::{OK, Receiver};

pub(super) const WRITES: &[&str] = &[
    "register",
    "webhooks-create",
    "webhooks-update",
    "webhooks-rotate",
    "webhooks-test",
    "webhooks-delete",
    "deliveries-redeliver",
];

const ALL: &str = "/api/admin/webhooks";
const CHANGED: &[&str] = &["webhook.changed"];

/// The event is about this webhook, by the admin, and names what has changed.
#[track_caller]
fn changed(play: &Play<'_>, event: &Value, id: &str, names: &Value) {
    let subject = json!({ "collection": "webhooks", "id": id, "owner": null });
    assert_eq!(event["subject"], subject, "{event}");
    let data = json!({ "webhookId": id, "changed": names });
    assert_eq!(event["data"], data, "{event}");
    assert_eq!(event["actor"]["id"], json!(play.admin.id), "{event}");
}

#[test]
fn webhooks_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let receiver = Receiver::new(OK);
    let member = play.registers();
    let admin = |event: Event| event.token(&play.admin.access);
    let asked =
        json!({ "name": "a name that is nobody's business", "url": receiver.url, "events": ["*"] });
    let event = || post(ALL, &asked);
    let _ = play.ask("webhooks-create", event().token(&member.access), 403, &[]);
    let broken = json!({ "name": "a", "url": "ftp://127.0.0.1/", "events": ["*"] });
    let _ = play.ask("webhooks-create", admin(post(ALL, &broken)), 400, &[]);
    let done = play.ask("webhooks-create", admin(event()), 201, CHANGED);
    let id = text(&done.reply.json()["id"]);
    let all = json!([
        "name",
        "url",
        "events",
        "timeout",
        "concurrency",
        "disabled",
        "secret"
    ]);
    changed(&play, &done.events[0], &id, &all);
    let own = format!("{ALL}/{id}");

    // A change of settings, one that changes nothing, and a refused one.
    let update = |body: Value| admin(patch(&own, &body));
    let body = json!({ "url": format!("{}&token=letters", receiver.url), "timeout": 7 });
    let done = play.ask("webhooks-update", update(body.clone()), 200, CHANGED);
    changed(&play, &done.events[0], &id, &json!(["url", "timeout"]));
    let _ = play.ask("webhooks-update", update(body), 200, &[]);
    let _ = play.ask(
        "webhooks-update",
        update(json!({ "timeout": 16 })),
        400,
        &[],
    );
    let rotate = |path: &str| admin(post(&format!("{path}/rotate"), &json!({})));
    let done = play.ask("webhooks-rotate", rotate(&own), 200, CHANGED);
    changed(&play, &done.events[0], &id, &json!(["secret"]));

    // A test sends a message and makes no event, but where it shows that a failing receiver is well again.
    let test = || admin(post(&format!("{own}/test"), &json!({})));
    let _ = play.ask("webhooks-test", test(), 200, &[]);
    let failing = json!({ "TableName": "local-_deliveries",
        "Key": { "consumer": { "S": "consumers" }, "id": { "S": format!("webhook:{id}") } },
        "UpdateExpression": "SET #f = :f", "ExpressionAttributeNames": { "#f": "failing_since" },
        "ExpressionAttributeValues": { ":f": { "N": "1790000000000" } } });
    let engine = play.apart.dynamo.engine();
    let _ = engine.call("UpdateItem", &failing).unwrap();
    let failing = play.seen(&["webhook.failing"]);
    assert_eq!(failing[0]["actor"]["type"], "system");
    let done = play.ask("webhooks-test", test(), 200, &["webhook.recovered"]);
    let data = json!({ "webhookId": id, "changed": ["state"] });
    assert_eq!(done.events[0]["data"], data);

    // A redelivery changes a queue alone.
    let event = "01971a2b-3c4d-7e5f-8a6b-9c0d1e2f3a4b";
    let kept = json!({ "TableName": "local-_events", "Item": { "id": { "S": event },
        "type": { "S": "record.deleted" }, "body": { "S": "{}" }, "expires_at": { "N": "99999999999" } } });
    let _ = engine.call("PutItem", &kept).unwrap();
    let path = format!("/api/admin/consumers/{id}/deliveries/{event}/redeliver");
    let again = admin(post(&path, &json!({})));
    let _ = play.ask("deliveries-redeliver", again, 202, &[]);

    let done = play.ask("webhooks-delete", admin(delete(&own)), 204, CHANGED);
    changed(&play, &done.events[0], &id, &json!(["deleted"]));
    let _ = play.ask("webhooks-delete", admin(delete(&own)), 404, &[]);
    let _ = play.ask("webhooks-rotate", rotate(&own), 404, &[]);
    play.end(WRITES);
}

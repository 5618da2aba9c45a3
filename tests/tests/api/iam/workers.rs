//! The policies of the workers: every granted action is used where changes flow, and nothing else is tried.

use local::mailbox::Mailbox;

use super::*;
use crate::webhooks::receiver::Manner;
use crate::world::World;

const WEBHOOKS: &str = "/api/admin/webhooks";

/// A minute is the term of a lease twice over.
const LATER: (&str, &str) = ("BAKEND_CLOCK_OFFSET", "1m");

fn make(world: &World<'_>, url: &str) -> String {
    let body =
        json!({ "name": "a", "url": url, "events": ["record.created"], "collections": ["posts"] });
    let event = Event::new("POST", WEBHOOKS).json(&body);
    text(&world.ask("webhooks-create", event, 201), "id")
}

fn states<'d>(items: &'d [Value], name: &str) -> Vec<&'d Value> {
    items.iter().map(|item| &item[name]).collect()
}

/// A webhook gets an event, is deleted, and its queue goes. The worker of another one dies while it waits for a reply, and
/// the next worker counts that.
fn webhooks_are_served(world: &World<'_>) {
    // One instance serves one consumer at a time, so the mute receiver comes second.
    let (well, mute) = (Receiver::new(OK), Receiver::new(Manner::Never));
    let first = make(world, &well.url);
    let _ = world.create("posts", &json!({ "title": "a" }));
    let _ = world.wait_for_deliveries(&first, |items| states(items, "state") == ["delivered"]);
    let own = Event::new("DELETE", &format!("{WEBHOOKS}/{first}"));
    let _ = world.ask("webhooks-delete", own, 204);
    let second = make(world, &mute.url);
    let _ = world.create("posts", &json!({ "title": "b" }));
    let _ = world.until(|| mute.requests(), |requests| !requests.is_empty());
    world.flow.stop_worker("webhooks-deliver");
    world.flow.start_worker("webhooks-deliver", &[LATER]);
    world.flow.sweep();
    let stopped = |items: &[Value]| {
        items
            .iter()
            .any(|it| it["last"]["error"] == "worker-stopped")
    };
    let _ = world.wait_for_deliveries(&second, stopped);
    let _ = world.until(
        || items_of(world, &format!("webhook:{first}")),
        Vec::is_empty,
    );
}

/// A trigger does everything that it may. The worker of another one dies while its code runs, and the next worker counts
/// that. The queue of one that is no longer declared goes.
fn triggers_are_served(world: &World<'_>) {
    let product = world.create(
        "products",
        &json!({ "name": "a", "sku": "GRANTS-1", "price": 1 }),
    );
    let post = world.create("posts", &json!({ "title": "a" }));
    let order = world.create("orders", &json!({ "product": product }));
    let user = &world.admin["user"]["id"];
    let targets = json!({ "product": product, "post": post, "order": order, "user": user });
    let _ = world.create(
        "wiki",
        &json!({ "title": "a", "body": targets.to_string() }),
    );
    let done = world.wait_for_deliveries("whole", |items| {
        // It stands in the log before it leaves the queue.
        items.len() == 1 && items[0]["attempts"] == 1
    });
    assert_eq!(states(&done, "state"), ["delivered"], "{done:#?}");

    let _ = world.create("feedback", &json!({ "message": "sleep" }));
    let runs = |leases: &Vec<Value>| {
        let mut of_picky = leases.iter().filter(|it| it["id"]["S"] == "trigger:picky");
        of_picky.any(|lease| {
            lease["running"]["L"]
                .as_array()
                .is_some_and(|it| !it.is_empty())
        })
    };
    let _ = world.until(|| items_of(world, "leases"), runs);
    world.flow.stop_worker("triggers");
    world.flow.start_worker("triggers", &[LATER]);
    world.flow.sweep();
    let stopped = |items: &[Value]| {
        items
            .iter()
            .any(|it| it["last"]["error"] == "worker-stopped")
    };
    let _ = world.wait_for_deliveries("picky", stopped);
    let removed = json!({ "consumer": "trigger:removed" });
    let _ = world.flow.front.invoke("triggers", &removed).unwrap();
}

/// The items of `_deliveries` under this consumer.
fn items_of(world: &World<'_>, consumer: &str) -> Vec<Value> {
    let query = json!({ "TableName": "local-_deliveries", "KeyConditionExpression": "#c = :c",
        "ExpressionAttributeNames": { "#c": "consumer" },
        "ExpressionAttributeValues": { ":c": { "S": consumer } } });
    let found = world.flow.apart.dynamo.engine().call("Query", &query);
    found.unwrap()["Items"].as_array().unwrap().clone()
}

/// A template is mailed to the admin, who reads of a new password, and of a new address that was asked for. Then a mail comes
/// back.
fn mails_are_sent(world: &World<'_>, mailbox: &Mailbox) {
    let email = text(&world.admin["user"], "email");
    let arrived = |count: usize| {
        let look = || mailbox.messages_to(&email).len();
        let _ = world.until(look, |found| *found == count);
    };
    let path = "/api/admin/mail-templates/verify-email/en/preview";
    let event = Event::new("POST", path).json(&json!({ "send": true }));
    let _ = world.ask("mail-templates-preview", event, 200);
    arrived(1);
    let body = json!({ "currentPassword": PASSWORD, "newPassword": "another long password" });
    let event = Event::new("POST", "/api/auth/password/change").json(&body);
    let _ = world.ask("password-change", event, 204);
    arrived(2);
    let event = Event::new("POST", "/api/auth/email/change");
    let event = event.json(&json!({ "newEmail": fresh_email() }));
    let _ = world.ask("email-change", event, 202);
    arrived(3);
    let bounce = json!({ "eventType": "Bounce", "bounce": { "bounceType": "Permanent",
        "bouncedRecipients": [{ "emailAddress": email }] } });
    let message = json!({ "Records": [{ "Sns": { "Message": bounce.to_string() } }] });
    let _ = world.flow.front.invoke("mail-feedback", &message).unwrap();
}

#[test]
fn every_grant_of_a_worker_is_used_and_nothing_else_is_tried() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mailbox = Mailbox::start(0).unwrap();
    let endpoint = mailbox.endpoint();
    let mails = [
        ("BAKEND_MAIL_FROM", "mail@example.com"),
        ("AWS_ENDPOINT_URL_SESV2", endpoint.as_str()),
    ];
    let workers = [
        "webhooks-deliver",
        "triggers",
        "events",
        "mail",
        "mail-feedback",
    ];
    let workers = workers.map(|name| (name, &mails[..]));
    let world = World::new(inside, &workers);
    webhooks_are_served(&world);
    triggers_are_served(&world);
    mails_are_sent(&world, &mailbox);
    let proxy = &world.flow.apart.proxy;
    assert_eq!(proxy.denied(), [], "{}", world.flow.log());
    let mut unused = proxy.unused_grants();
    unused.retain(|grant| {
        WORKERS
            .iter()
            .any(|it| grant.starts_with(&format!("{} ", it.name)))
    });
    assert_eq!(unused, Vec::<String>::new(), "{}", world.flow.log());
}

//! Bounces and complaints: nothing more is sent to such an address, until an admin forgets it.

use blackbox::{Event, PASSWORD, fresh_email, stack};
use serde_json::{Value, json};

use super::world::MailWorld;

/// A message of SNS as Lambda gets it.
fn told(event: &Value) -> Value {
    let sns = json!({ "Type": "Notification", "Message": event.to_string() });
    json!({ "Records": [{ "EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns }] })
}

fn bounce(kind: &str, email: &str) -> Value {
    told(
        &json!({ "eventType": "Bounce", "mail": {}, "bounce": { "bounceType": kind,
        "bouncedRecipients": [{ "emailAddress": email }] } }),
    )
}

fn complaint(email: &str) -> Value {
    told(
        &json!({ "eventType": "Complaint", "mail": {}, "complaint": {
        "complainedRecipients": [{ "emailAddress": email }] } }),
    )
}

#[test]
fn an_address_that_fails_gets_nothing_until_an_admin_forgets_it() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::with(inside, &["mail-feedback"], &[]);
    let email = fresh_email();
    let account = world.register(&email);
    let _verification = world.mail(&email, 1);
    let path = format!("/api/users/{}", account["user"]["id"].as_str().unwrap());
    let failed = || world.ask("users-get", Event::new("GET", &path), 200)["mailFailed"].clone();
    let tell = |message: &Value| {
        let _ = world.flow.front.invoke("mail-feedback", message).unwrap();
    };
    tell(&bounce("Transient", &email));
    tell(&bounce("Permanent", &fresh_email()));
    tell(&told(&json!("no message of SES")));
    assert_eq!(failed(), Value::Null);
    tell(&bounce("Permanent", &email));
    assert_eq!(failed()["kind"], "bounce");
    tell(&complaint(&email.to_uppercase()));
    tell(&bounce("Permanent", &email));
    assert_eq!(failed()["kind"], "complaint", "a complaint stays one");
    // The user is not told.
    let body = json!({ "email": email, "password": PASSWORD });
    let signed_in = world
        .post("login", "/api/auth/login", &body)
        .expect(200)
        .json();
    assert!(signed_in["user"].get("mailFailed").is_none(), "{signed_in}");

    let forgot = || {
        let body = json!({ "email": email });
        let _ = world
            .post("password-forgot", "/api/auth/password/forgot", &body)
            .expect(202);
    };
    forgot();
    let dropped = |items: &Vec<Value>| items.iter().any(|it| it["mail"]["S"] == "dropped");
    let _ = world.until(|| world.scan("local-_mail"), dropped);
    let change = |body: Value, status| {
        world.ask(
            "users-update",
            Event::new("PATCH", &path).json(&body),
            status,
        )
    };
    let refused = change(json!({ "mailFailed": { "kind": "bounce" } }), 400);
    assert_eq!(refused["error"]["details"][0]["field"], "mailFailed");
    let changed = change(json!({ "mailFailed": null }), 200);
    assert_eq!(changed["mailFailed"], Value::Null);
    forgot();
    assert_eq!(world.mail(&email, 2).kind, "password-reset");
    assert_eq!(world.flow.apart.proxy.denied(), []);
}

//! `POST /api/admin/webhooks/{id}/test`: a signed request, and what comes of every kind of answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackbox::{Event, stack};
use ring::hmac;
use serde_json::{Value, json};

use super::receiver::{Manner, OK, Receiver, header};
use super::{Webhook, asked};
use crate::keys::text;

fn test(webhook: &Webhook) -> Value {
    let path = format!("{}/test", webhook.path());
    webhook.admin.post(&path, &json!({})).expect(200).json()
}

/// The signature that a receiver computes from the secret that was shown.
pub(super) fn sign(secret: &str, request: &str) -> String {
    let key = STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let body = request.split_once("\r\n\r\n").unwrap().1;
    let part = |name: &str| header(request, name).unwrap().to_owned();
    let signed = format!(
        "{}.{}.{body}",
        part("webhook-id"),
        part("webhook-timestamp")
    );
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes());
    format!("v1,{}", STANDARD.encode(tag.as_ref()))
}

#[test]
fn a_test_is_signed_with_the_secret_that_was_shown() {
    if stack().inside().is_none() {
        return;
    }
    let receiver = Receiver::new(OK);
    let webhook = Webhook::to(&receiver.url);
    let result = test(&webhook);
    assert_eq!(
        (&result["status"], &result["error"]),
        (&json!(200), &Value::Null)
    );
    assert!(result["ms"].is_u64());
    let request = receiver.requests().remove(0);
    assert!(
        request.starts_with("POST /hook?key=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert_eq!(header(&request, "content-type"), Some("application/json"));
    let secret = text(&webhook.made["secret"]);
    assert_eq!(
        header(&request, "webhook-signature"),
        Some(&*sign(&secret, &request))
    );
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["type"], "webhook.test");
    assert_eq!(body["id"].as_str(), header(&request, "webhook-id"));
    assert!(
        !request.contains(&webhook.made["name"].to_string()),
        "the name is never sent"
    );
}

#[test]
fn after_a_rotation_both_secrets_sign() {
    if stack().inside().is_none() {
        return;
    }
    let receiver = Receiver::new(OK);
    let webhook = Webhook::to(&receiver.url);
    let path = format!("{}/rotate", webhook.path());
    let rotated = webhook.admin.post(&path, &json!({})).expect(200).json();
    let (old, new) = (text(&webhook.made["secret"]), text(&rotated["secret"]));
    assert_ne!(old, new);
    assert!(rotated["rotatedAt"].is_string());
    let _ = test(&webhook);
    let request = receiver.requests().remove(0);
    let both = format!("{} {}", sign(&new, &request), sign(&old, &request));
    assert_eq!(header(&request, "webhook-signature"), Some(&*both));
}

#[test]
fn what_is_no_success_is_told() {
    if stack().inside().is_none() {
        return;
    }
    let with = |bytes: &'static str| Receiver::new(Manner::With(bytes)).url;
    let gone = "http://127.0.0.1:1024/".to_owned();
    for (url, status, error) in [
        (
            with("HTTP/1.1 204 No Content\r\n\r\n"),
            json!(204),
            Value::Null,
        ),
        (
            with("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"),
            json!(500),
            Value::Null,
        ),
        (
            with("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n"),
            json!(410),
            Value::Null,
        ),
        (
            with("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n"),
            json!(302),
            json!("redirect-not-followed"),
        ),
        (with("HTTP/1.1 200 O"), Value::Null, json!("reply-broken")),
        (with("nonsense\r\n\r\n"), Value::Null, json!("reply-broken")),
        (
            Receiver::new(Manner::ByteByByte).url,
            Value::Null,
            json!("timeout"),
        ),
        (
            Receiver::new(Manner::Never).url,
            Value::Null,
            json!("timeout"),
        ),
        (gone, Value::Null, json!("connect-failed")),
    ] {
        let mut body = asked(&url);
        body["timeout"] = json!(1);
        let result = test(&Webhook::make(&body));
        assert_eq!(
            (&result["status"], &result["error"]),
            (&status, &error),
            "{url}"
        );
    }
}

#[test]
fn an_address_that_is_not_public_gets_nothing() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let receiver = Receiver::new(OK);
    let webhook = Webhook::to(&receiver.url);
    let token = webhook.admin.token.as_deref().unwrap();
    let strict = [("BAKEND_EVENTS_ALLOW_PRIVATE_ADDRESSES", "false")];
    let function = inside.variant("webhooks-test", "strict", 1, &strict);
    let event = Event::new("POST", &format!("{}/test", webhook.path())).token(token);
    let result = function.invoke(&event).expect(200).json();
    assert_eq!(result["error"], "address-not-allowed");
    assert_eq!(receiver.requests(), Vec::<String>::new());
    let create = inside.variant("webhooks-create", "strict", 1, &strict);
    for url in [
        receiver.url.as_str(),
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
        "https://2130706433/",
        "https://169.254.169.254/latest/meta-data/",
        "https://user@example.com/",
        "https://example.com/#x",
        "https://example.com:22/",
    ] {
        let event = Event::new("POST", super::PATH)
            .json(&asked(url))
            .token(token);
        let reply = create.invoke(&event).expect(400);
        assert_eq!(reply.code(), "webhooks/address-not-allowed", "{url}");
    }
}

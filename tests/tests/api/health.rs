//! `GET /api/health`

use blackbox::{Event, stack};
use serde_json::json;

#[test]
fn it_answers_ok() {
    let reply = stack().stranger().get("/api/health").expect(200);
    assert_eq!(reply.json(), json!({ "status": "ok" }));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(
        reply
            .header("x-request-id")
            .is_some_and(|id| !id.is_empty())
    );
}

#[test]
fn every_reply_has_an_id_of_its_own() {
    let id = || {
        stack()
            .stranger()
            .get("/api/health")
            .header("x-request-id")
            .map(str::to_owned)
    };
    assert_ne!(id(), id());
}

#[test]
fn it_reads_neither_token_nor_body_nor_query() {
    let stranger = stack().stranger();
    let headers = [
        ("authorization", "Bearer garbage"),
        ("content-type", "text/plain"),
    ];
    for path in [
        "/api/health",
        "/api/health?a=b&a=c",
        "/api/health?status=broken",
    ] {
        let reply = stranger.send("GET", path, &headers, None).expect(200);
        assert_eq!(reply.json(), json!({ "status": "ok" }));
    }
    let Some(inside) = stack().inside() else {
        return;
    };
    let reply = inside.invoke("health", &Event::new("GET", "/api/health").text("{"));
    assert_eq!(
        (reply.status, reply.json()),
        (200, json!({ "status": "ok" }))
    );
}

#[test]
fn it_touches_no_table() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let variant = inside.variant("health", "ledger", 1, &[]);
    for _ in 0..5 {
        let _ = variant
            .invoke(&Event::new("GET", "/api/health"))
            .expect(200);
    }
    assert_eq!(
        variant.calls().len(),
        0,
        "neither at start nor at a request"
    );
}

#[test]
fn it_answers_without_a_dynamodb() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let variant = inside.variant(
        "health",
        "alone",
        1,
        &[("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")],
    );
    let reply = variant
        .invoke(&Event::new("GET", "/api/health"))
        .expect(200);
    assert_eq!(reply.json(), json!({ "status": "ok" }));
}

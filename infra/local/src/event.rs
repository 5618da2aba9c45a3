//! Events of API Gateway (HTTP API, payload format 2.0).

use serde_json::{Map, Value, json};

/// A request without a body, from `agent`; `path` may have a query string after `?`.
#[must_use]
pub fn event(method: &str, path: &str, agent: &str, request_id: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "host": "api.example.com", "user-agent": agent },
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "0123456789",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": agent },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": "21/Nov/2026:00:00:00 +0000",
            "timeEpoch": 1_795_219_200_000_u64
        },
        "isBase64Encoded": false
    });
    if !query.is_empty() {
        let pairs = query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let pairs: Map<String, Value> = pairs
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect();
        event["queryStringParameters"] = Value::Object(pairs);
    }
    event
}

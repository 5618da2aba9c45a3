//! API Gateway events (HTTP API, payload format 2.0) made by hand, for the Invoke API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::Reply;

/// An event: what API Gateway would hand to a function.
#[derive(Clone, Debug)]
pub struct Event(Value);

impl Event {
    /// A request without headers and body. `path` may have a query string after `?`.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        let id = crate::stack::unique("event");
        Self(local::event(method, path, "blackbox", &id))
    }

    /// With a header; names in lower case, as API Gateway writes them.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = json!(value);
        self
    }

    /// With a cookie, `name=value`, listed as API Gateway lists them.
    #[must_use]
    pub fn cookie(mut self, pair: &str) -> Self {
        match self.0["cookies"].as_array_mut() {
            Some(cookies) => cookies.push(json!(pair)),
            None => self.0["cookies"] = json!([pair]),
        }
        self
    }

    /// With a Bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With an API key.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.header("x-api-key", key)
    }

    /// With a JSON body and its content type.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .text(&body.to_string())
    }

    /// With a body of text.
    #[must_use]
    pub fn text(mut self, body: &str) -> Self {
        self.0["body"] = json!(body);
        self
    }

    /// With a body of any bytes, in base64, as API Gateway hands over bodies that are not text.
    #[must_use]
    pub fn bytes(mut self, body: &[u8]) -> Self {
        self.0["body"] = json!(STANDARD.encode(body));
        self.0["isBase64Encoded"] = json!(true);
        self
    }

    /// From another source address.
    #[must_use]
    pub fn source_ip(mut self, address: &str) -> Self {
        self.0["requestContext"]["http"]["sourceIp"] = json!(address);
        self
    }

    /// The event as JSON, for changes that no function here makes.
    #[must_use]
    pub fn into_json(self) -> Value {
        self.0
    }

    /// The event as JSON.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }
}

impl From<Value> for Event {
    fn from(event: Value) -> Self {
        Self(event)
    }
}

/// The reply that API Gateway would make of a function's return value: 502 if it is no reply.
pub(crate) fn reply(returned: &Reply) -> Reply {
    let value: Value = serde_json::from_slice(&returned.body).unwrap_or_default();
    let status = value["statusCode"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let Some(status) = status.filter(|_| returned.status == 200) else {
        return Reply {
            status: 502,
            headers: Vec::new(),
            body: returned.body.clone(),
        };
    };
    let mut headers: Vec<(String, String)> = Vec::new();
    for (name, value) in value["headers"].as_object().into_iter().flatten() {
        headers.push((
            name.to_ascii_lowercase(),
            value.as_str().unwrap_or_default().to_owned(),
        ));
    }
    for (name, values) in value["multiValueHeaders"].as_object().into_iter().flatten() {
        for value in values
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let header = (name.to_ascii_lowercase(), value.to_owned());
            if !headers.contains(&header) {
                headers.push(header);
            }
        }
    }
    for cookie in value["cookies"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        headers.push(("set-cookie".to_owned(), cookie.to_owned()));
    }
    let text = value["body"].as_str().unwrap_or_default();
    let body = if value["isBase64Encoded"] == json!(true) {
        STANDARD.decode(text).expect("a body in base64")
    } else {
        text.as_bytes().to_vec()
    };
    Reply {
        status,
        headers,
        body,
    }
}

//! A caller and its replies.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderValue, Method, Request, Response};
use ureq::{Agent, Body};

use crate::contract;
use crate::seen;
use crate::shown;

/// A reply; no status is an error.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header called `name` (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(there, _)| there == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `null` if it is empty.
    ///
    /// # Panics
    /// The body is something else.
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }

    /// The error's code, such as `common/not-found`; empty if the body has none.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Itself, if the status is `expected`.
    ///
    /// # Panics
    /// It is another one.
    #[must_use]
    #[track_caller]
    pub fn expect(self, expected: u16) -> Self {
        assert_eq!(self.status, expected, "{}", self.text());
        self
    }
}

/// A caller of the API: a stranger, a member or an admin.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) base: String,
    pub(crate) host: Option<String>,
    /// The access token, if the caller has one; every call carries it.
    pub token: Option<String>,
    /// The API key, if the caller has one; every call carries it.
    pub key: Option<String>,
    /// The refresh token; empty for a stranger.
    pub refresh_token: String,
    /// The address; empty for a stranger.
    pub email: String,
    /// The password; empty for a stranger.
    pub password: String,
    /// The user as sign-up or login replied it; `null` for a stranger.
    pub user: Value,
}

impl Caller {
    pub(crate) fn stranger(base: &str, host: Option<&str>) -> Self {
        Self {
            base: base.to_owned(),
            host: host.map(str::to_owned),
            token: None,
            key: None,
            refresh_token: String::new(),
            email: String::new(),
            password: String::new(),
            user: Value::Null,
        }
    }

    /// The user's id; empty for a stranger.
    #[must_use]
    pub fn id(&self) -> &str {
        self.user["id"].as_str().unwrap_or_default()
    }

    /// The same caller with another access token, or none.
    #[must_use]
    pub fn with_token(&self, token: Option<&str>) -> Self {
        Self {
            token: token.map(str::to_owned),
            ..self.clone()
        }
    }

    /// The same caller with an API key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self.clone()
        }
    }

    /// `GET path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }

    /// `POST path` with a JSON body.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.json("POST", path, body)
    }

    /// `PATCH path` with a JSON body.
    #[must_use]
    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.json("PATCH", path, body)
    }

    /// `PUT path` with a JSON body.
    #[must_use]
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.json("PUT", path, body)
    }

    /// `DELETE path`.
    #[must_use]
    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        let body = body.to_string();
        self.send(
            method,
            path,
            &[("content-type", "application/json")],
            Some(body.as_bytes()),
        )
    }

    /// Any method, path, headers and body. The caller's token is added unless `headers` has an `authorization`, and
    /// so is its key.
    ///
    /// # Panics
    /// The request cannot be sent or nothing answers.
    #[must_use]
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = Request::builder()
            .method(&method)
            .uri(format!("{}{path}", self.base));
        let names = |name: &str| {
            headers
                .iter()
                .any(|(there, _)| there.eq_ignore_ascii_case(name))
        };
        if let Some(host) = self.host.as_ref().filter(|_| !names("host")) {
            request = request.header("host", host);
        }
        if let Some(token) = self.token.as_ref().filter(|_| !names("authorization")) {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = self.key.as_ref().filter(|_| !names("x-api-key")) {
            request = request.header("x-api-key", key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = match body {
            Some(body) => request.body(body).map(|request| agent().run(request)),
            None => request.body(()).map(|request| agent().run(request)),
        };
        let reply = sent
            .expect("a request")
            .unwrap_or_else(|error| panic!("{}{path} does not answer: {error}", self.base));
        let reply = read(reply);
        contract::assert_documented(method.as_str(), path, &reply);
        seen::answered(method.as_str(), path, &reply);
        shown::keep(&reply);
        reply
    }
}

/// One pool of connections for all callers.
fn agent() -> &'static Agent {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    AGENT.get_or_init(|| {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)));
        config.build().into()
    })
}

fn read(mut reply: Response<Body>) -> Reply {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = reply
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect();
    let body = reply
        .body_mut()
        .with_config()
        .limit(64 << 20)
        .read_to_vec()
        .expect("the whole body");
    Reply {
        status: reply.status().as_u16(),
        headers,
        body,
    }
}

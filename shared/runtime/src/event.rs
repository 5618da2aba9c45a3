//! API Gateway's event and reply, payload format 2.0: the parts that are read and written here.
//!
//! `lambda_http`'s own request type parses `x-forwarded-proto`, `host` and path into a URL, and panics where they do
//! not make a URL. A caller may choose all of them; see docs/decisions.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    raw_path: String,
    /// Null from some emulators where API Gateway sends an empty string.
    raw_query_string: Option<String>,
    /// Names in lower case; several headers of one name are joined with commas.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The content of the `cookie` headers, as `name=value`.
    cookies: Option<Vec<String>>,
    request_context: Context,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
struct Context {
    http: Http,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: Option<String>,
    user_agent: Option<String>,
}

/// The parts of a request that are needed after it has been taken apart.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) origin: Option<String>,
    pub(crate) asks_preflight: bool,
}

impl Event {
    pub(crate) fn head(&self) -> Head {
        Head {
            method: self.method().to_owned(),
            path: self.raw_path.clone(),
            origin: self.header("origin").map(ToOwned::to_owned),
            asks_preflight: self.header("access-control-request-method").is_some(),
        }
    }

    pub(crate) fn method(&self) -> &str {
        &self.request_context.http.method
    }

    pub(crate) fn path(&self) -> &str {
        &self.raw_path
    }

    pub(crate) fn query(&self) -> &str {
        self.raw_query_string.as_deref().unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .or_else(|| {
                self.headers
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value)
            })
            .map(String::as_str)
    }

    /// The first cookie of this name; an emulator may leave it in the header.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let listed = self.cookies.iter().flatten().map(String::as_str);
        let mut pairs = listed
            .chain(self.header("cookie"))
            .flat_map(|cookies| cookies.split(';'));
        pairs.find_map(|pair| {
            pair.trim()
                .split_once('=')
                .filter(|(there, _)| *there == name)
                .map(|(_, value)| value)
        })
    }

    pub(crate) fn source_ip(&self) -> &str {
        self.request_context
            .http
            .source_ip
            .as_deref()
            .unwrap_or_default()
    }

    pub(crate) fn user_agent(&self) -> &str {
        self.header("user-agent")
            .or(self.request_context.http.user_agent.as_deref())
            .unwrap_or_default()
    }

    /// The body's bytes; `None` when it claims to be base64 and is not.
    pub(crate) fn body(&mut self) -> Option<Vec<u8>> {
        let body = self.body.take().unwrap_or_default();
        if self.is_base64_encoded {
            STANDARD.decode(body).ok()
        } else {
            Some(body.into_bytes())
        }
    }
}

/// A reply.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pub(crate) status_code: u16,
    pub(crate) headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    is_base64_encoded: bool,
    /// The `Set-Cookie` headers; cargo-lambda's emulator needs the list, also when it is empty.
    pub(crate) cookies: Vec<String>,
}

impl Response {
    pub(crate) fn new(status_code: u16, body: Option<String>) -> Self {
        Self {
            status_code,
            headers: BTreeMap::new(),
            body,
            is_base64_encoded: false,
            cookies: Vec::new(),
        }
    }

    pub(crate) fn header(&mut self, name: &'static str, value: impl Into<String>) {
        self.headers.insert(name, value.into());
    }
}

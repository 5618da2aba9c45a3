//! API Gateway's event and reply, payload format 2.0: the parts that are read and written here.
//!
//! `lambda_http`'s own request type parses `x-forwarded-proto`, `host` and path into a URL, and panics where they do
//! not make a URL. A caller may choose all of them; see docs/decisions.

use std::collections::BTreeMap;
use std::net::IpAddr;

use api::Front;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// The most bytes of a query string.
pub(crate) const MAX_QUERY: usize = 4096;

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
#[serde(rename_all = "camelCase")]
struct Context {
    http: Http,
    domain_name: Option<String>,
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
    /// The source address; where a front is evaded, that which the gateway sees.
    pub(crate) source: String,
    pub(crate) origin: Option<String>,
    pub(crate) asks_preflight: bool,
}

impl Event {
    pub(crate) fn head(&self, front: Option<&Front>) -> Head {
        let source = self.source(front).or(self.source(None));
        Head {
            method: self.method().to_owned(),
            path: self.raw_path.clone(),
            source: source.unwrap_or_default().to_owned(),
            origin: self.header("origin").map(ToOwned::to_owned),
            asks_preflight: self.header("access-control-request-method").is_some(),
        }
    }

    /// The host by which API Gateway was reached, as it says itself.
    pub(crate) fn domain_name(&self) -> &str {
        self.request_context
            .domain_name
            .as_deref()
            .unwrap_or_default()
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

    /// The source address: that which the gateway sees, or that which the distribution in front names. `None` for a
    /// request that the distribution has not passed on.
    pub(crate) fn source(&self, front: Option<&Front>) -> Option<&str> {
        let Some(front) = front else {
            let seen = self.request_context.http.source_ip.as_deref();
            return Some(seen.unwrap_or_default());
        };
        let shown = self.header(Front::SECRET_HEADER)?;
        // Every secret is compared, each in constant time.
        let known = front
            .secrets()
            .fold(false, |known, secret| is_same(secret, shown) | known);
        let source = self.header(Front::SOURCE_HEADER)?;
        (known && source.parse::<IpAddr>().is_ok()).then_some(source)
    }

    pub(crate) fn user_agent(&self) -> &str {
        self.header("user-agent")
            .or(self.request_context.http.user_agent.as_deref())
            .unwrap_or_default()
    }

    /// The body's bytes, which stay here; `None` as in [`Event::body`].
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        let body = self.body.clone().unwrap_or_default();
        if self.is_base64_encoded {
            STANDARD.decode(body).ok()
        } else {
            Some(body.into_bytes())
        }
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

/// Whether two texts are the same, in a time that does not depend on where they differ.
fn is_same(one: &str, other: &str) -> bool {
    let tag = |text: &str| hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
    hmac::verify(&tag(one), &[], hmac::sign(&tag(other), &[]).as_ref()).is_ok()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const NEXT: &str = "fedcba9876543210fedcba9876543210";

    fn source(front: Option<&str>, headers: &[(&str, &str)]) -> Option<String> {
        let headers: BTreeMap<&str, &str> = headers.iter().copied().collect();
        let event: Event = serde_json::from_value(json!({
            "rawPath": "/", "headers": headers,
            "requestContext": { "http": { "method": "GET", "sourceIp": "192.0.2.1" } }
        }))
        .expect("an event");
        let front = front.map(|text| Front::parse(text).expect("a secret"));
        event.source(front.as_ref()).map(ToOwned::to_owned)
    }

    #[test]
    fn the_source_is_named_by_the_front_alone_and_nothing_passes_beside_it() {
        let (secret, named) = (Front::SECRET_HEADER, Front::SOURCE_HEADER);
        let both = format!("{SECRET},{NEXT}");
        let claim = (named, "203.0.113.7");
        let seen = Some("192.0.2.1".to_owned());
        assert_eq!(source(None, &[(secret, SECRET), claim]), seen);
        for front in [SECRET, &both] {
            let found = source(Some(front), &[(secret, SECRET), claim]);
            assert_eq!(found.as_deref(), Some("203.0.113.7"));
        }
        let six = source(Some(SECRET), &[(secret, SECRET), (named, "2001:db8::1")]);
        assert_eq!(six.as_deref(), Some("2001:db8::1"));
        assert!(source(Some(&both), &[(secret, NEXT), claim]).is_some());
        let twice = format!("{NEXT}, {SECRET}");
        let refused: [&[(&str, &str)]; 9] = [
            &[],
            &[claim],
            &[(secret, SECRET)],
            &[(secret, ""), claim],
            &[(secret, NEXT), claim],
            &[(secret, &SECRET[1..]), claim],
            &[(secret, &twice), claim],
            &[(secret, SECRET), (named, "")],
            &[(secret, SECRET), (named, "203.0.113.7, 192.0.2.9")],
        ];
        for headers in refused {
            assert_eq!(source(Some(SECRET), headers), None, "{headers:?}");
        }
    }
}

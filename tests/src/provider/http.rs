//! Requests as a provider reads them, and the way back of a browser.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;

/// The pairs of a form, decoded.
#[must_use]
pub fn pairs(form: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let decoded = match byte {
                b'%' => {
                    let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                    let digits = String::from_utf8_lossy(&digits).into_owned();
                    u8::from_str_radix(&digits, 16).unwrap_or(b'?')
                }
                b'+' => b' ',
                byte => byte,
            };
            bytes.push(decoded);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// A request with its body.
pub(super) fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut next = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_it = name.eq_ignore_ascii_case("content-length");
                is_it.then(|| value.parse::<usize>().ok()).flatten()
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut next) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend(&next[..count]),
        }
    }
}

/// The reply that leads a browser back with a code, in the address or by a form. `consent` makes the code, for the request and
/// the name of the provider that is played.
pub(super) fn led_back(
    asked: &BTreeMap<String, String>,
    url: &str,
    consent: impl FnOnce(BTreeMap<String, String>, &str) -> String,
) -> String {
    let back = asked["redirect_uri"].as_str();
    let mut segments = back.rsplit('/');
    let name = segments.nth(1).unwrap_or_default();
    let (code, state) = (consent(asked.clone(), name), asked["state"].as_str());
    let (head, text) = match asked.get("response_mode").map(String::as_str) {
        Some("form_post") => {
            let field = |name: &str, value: &str| format!("<input name={name} value=\"{value}\">");
            let fields = [field("code", &code), field("state", state)].concat();
            let script = "<script>document.forms[0].submit()</script>";
            let page = format!(
                "<!doctype html><form method=post action=\"{back}\">{fields}</form>{script}"
            );
            ("200 OK\r\ncontent-type: text/html".to_owned(), page)
        }
        _ => {
            let place = format!("{back}?code={code}&state={state}&iss={url}");
            // Google and the others name their own issuer, or none.
            let place = match name {
                "own" => place.as_str(),
                _ => place.split("&iss=").next().unwrap_or_default(),
            };
            (format!("302 Found\r\nlocation: {place}"), String::new())
        }
    };
    let length = text.len();
    format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}")
}

//! A provider on loopback, strict about what it is asked, with a switch for each misbehaviour.

mod http;
mod keys;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

pub use self::http::pairs;
use self::http::read;
use self::keys::Keys;
pub use self::keys::{apple_key, apple_secret};
use crate::shown;
use crate::stack::unique;

/// The client id and the secret that the provider knows.
pub const CLIENT: &str = "bakend-client";
/// The id of a native app.
pub const NATIVE: &str = "com.example.app";
/// See [`CLIENT`].
pub const SECRET: &str = "a-secret-of-the-provider";

/// How a provider answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Manner {
    /// As it should.
    Right,
    /// With these claims in place of its own; null removes one.
    Claims(Value),
    /// With this header of the ID token.
    Header(Value),
    /// With this status.
    Status(u16),
    /// With a redirect to itself.
    Redirect,
    /// With a body of a megabyte.
    Huge,
    /// With this content type.
    Type(&'static str),
    /// With a body that is no JSON.
    Garbage,
    /// After four seconds.
    Slow,
    /// With the end of the connection in the middle.
    Cut,
    /// Without an ID token, or an access token.
    Empty,
    /// With this refusal.
    Refuses(&'static str),
    /// With metadata of this issuer.
    Issuer(&'static str),
}

/// A provider on loopback.
pub struct Provider {
    /// Its address.
    pub url: String,
    state: Arc<Mutex<State>>,
}

struct State {
    manner: Manner,
    grants: BTreeMap<String, Grant>,
    requests: Vec<String>,
    keys: Arc<Keys>,
    /// The users at the browser, by the name of the provider.
    visitors: BTreeMap<String, Value>,
}

/// A code that was given out, with all that it is bound to.
#[derive(Clone)]
struct Grant {
    asked: BTreeMap<String, String>,
    account: Value,
}

impl Provider {
    /// Starts a provider.
    ///
    /// # Panics
    /// There is no port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            manner: Manner::Right,
            grants: BTreeMap::new(),
            requests: Vec::new(),
            keys: Arc::new(Keys::new(1)),
            visitors: BTreeMap::new(),
        }));
        let (shared, own) = (Arc::clone(&state), url.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, own) = (Arc::clone(&shared), own.clone());
                thread::spawn(move || serve(stream, &own, &shared));
            }
        });
        Self { url, state }
    }

    /// Behaves in another way from now on.
    pub fn turn(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// The requests so far, each with head and body.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// The settings that lead a provider of this name here.
    #[must_use]
    pub fn settings(&self, name: &str) -> Value {
        let at = |path: &str| format!("{}{path}", self.url);
        let mut settings = json!({ "clientId": CLIENT, "clientIds": [NATIVE], "clientSecret": SECRET,
            "endpoints": { "authorize": at("/authorize"), "token": at("/token"), "user": at("/user"),
                "emails": at("/emails"), "jwks": at("/keys") } });
        match name {
            "google" | "github" | "microsoft" => {}
            "apple" => {
                settings["clientSecret"] = json!(apple_key());
                settings["teamId"] = json!("TEAM");
                settings["keyId"] = json!("KEY");
            }
            _ => {
                settings["issuer"] = json!(self.url);
                settings["profile"] = json!({ "name": "name", "picture": "website" });
                settings.as_object_mut().unwrap().remove("endpoints");
            }
        }
        settings
    }

    /// Signs with other keys from now on.
    pub fn rotate(&self) {
        let mut state = self.state();
        state.keys = Arc::new(Keys::new(state.keys.number() + 1));
    }

    /// The user with this account sits at the browser from now on, and consents.
    pub fn seat(&self, name: &str, account: &Value) {
        let mut state = self.state();
        state.visitors.insert(name.to_owned(), account.clone());
    }

    /// How often the keys were asked for.
    #[must_use]
    pub fn keys_asked(&self) -> usize {
        let state = self.state();
        let asked = state.requests.iter();
        asked.filter(|it| it.starts_with("GET /keys ")).count()
    }

    /// The id of the key of an algorithm.
    #[must_use]
    pub fn kid(&self, algorithm: &str) -> String {
        self.state().keys.kid(algorithm)
    }

    /// An ID token with this header and these claims.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let keys = Arc::clone(&self.state().keys);
        keys.sign(header, claims)
    }

    /// The user with this account consents in a native app; returns the code.
    #[must_use]
    pub fn grant(&self, [client, address, challenge]: [&str; 3], account: &Value) -> String {
        let asked = [
            ("client_id", client),
            ("redirect_uri", address),
            ("code_challenge", challenge),
        ];
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let code = unique("code");
        let grant = Grant {
            asked: asked.map(pair).into(),
            account: account.clone(),
        };
        self.state().grants.insert(code.clone(), grant);
        code
    }

    /// The user with this account consents to a request at the address; returns the code and the state of the answer.
    ///
    /// # Panics
    /// The request lacks what a provider asks for.
    #[must_use]
    pub fn consent(&self, address: &str, account: &Value) -> (String, String) {
        let (place, query) = address.split_once('?').unwrap();
        assert_eq!(place, format!("{}/authorize", self.url));
        let asked = pairs(query);
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{address}");
        }
        assert_eq!(asked["code_challenge"].len(), 43);
        let (code, state) = (unique("code"), asked["state"].clone());
        let grant = Grant {
            asked,
            account: account.clone(),
        };
        self.state().grants.insert(code.clone(), grant);
        (code, state)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(mut stream: TcpStream, url: &str, shared: &Mutex<State>) {
    let Some(request) = read(&mut stream) else {
        return;
    };
    if let Some(query) = asked_by_browser(&request) {
        let reply = http::led_back(&pairs(query), url, |asked, account| {
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let account = state.visitors[account].clone();
            let code = unique("code");
            state.grants.insert(code.clone(), Grant { asked, account });
            code
        });
        let _ = stream.write_all(reply.as_bytes());
        return;
    }
    let (manner, grants, keys) = {
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests.push(request.clone());
        let keys = state.keys.set();
        (state.manner.clone(), state.grants.clone(), keys)
    };
    let body = match request.starts_with("GET /keys ") {
        true => Ok(keys),
        false => answer(&request, url, &manner, &grants),
    };
    let (mut status, mut kind, mut text) = match body {
        Ok(body) => (200, "application/json", body.to_string()),
        Err(refusal) => (
            400,
            "application/json",
            json!({ "error": refusal }).to_string(),
        ),
    };
    let mut location = String::new();
    match manner {
        Manner::Status(other) => status = other,
        Manner::Redirect => {
            status = 302;
            location = format!("location: {url}/token\r\n");
        }
        Manner::Huge => text = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20)),
        Manner::Type(other) => kind = other,
        Manner::Garbage => text = "<html>".to_owned(),
        Manner::Slow => thread::sleep(Duration::from_secs(4)),
        _ => {}
    }
    let length = text.len() + usize::from(manner == Manner::Cut);
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{location}content-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(text.as_bytes());
}

/// The query of a browser that comes to sign in.
fn asked_by_browser(request: &str) -> Option<&str> {
    let rest = request.strip_prefix("GET /authorize?")?;
    rest.split(' ').next()
}

/// The answer to a request; a provider refuses whatever is not as it was asked for.
fn answer(
    request: &str,
    url: &str,
    manner: &Manner,
    grants: &BTreeMap<String, Grant>,
) -> Result<Value, &'static str> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    let path = head.split(' ').nth(1).unwrap_or_default();
    let of_token = || {
        let lines = head.lines();
        let lower = lines.map(|line| line.to_owned());
        let mut tokens = lower.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_it = name.eq_ignore_ascii_case("authorization");
            is_it.then(|| value.trim_start_matches("Bearer ").to_owned())
        });
        let code = tokens.next().ok_or("invalid_token")?;
        let code = code
            .strip_prefix("access-")
            .ok_or("invalid_token")?
            .to_owned();
        grants.get(&code).cloned().ok_or("invalid_token")
    };
    match path {
        "/token" => trade(head, &pairs(body), url, manner, grants),
        "/user" => Ok(of_token()?.account["user"].clone()),
        "/emails" => Ok(of_token()?.account["emails"].clone()),
        "/.well-known/openid-configuration" => {
            let issuer = match manner {
                Manner::Issuer(other) => (*other).to_owned(),
                _ => url.to_owned(),
            };
            Ok(
                json!({ "issuer": issuer, "authorization_endpoint": format!("{url}/authorize"),
                "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
                "authorization_response_iss_parameter_supported": true }),
            )
        }
        _ => Err("no such path"),
    }
}

fn trade(
    head: &str,
    form: &BTreeMap<String, String>,
    url: &str,
    manner: &Manner,
    grants: &BTreeMap<String, Grant>,
) -> Result<Value, &'static str> {
    if let Manner::Refuses(refusal) = manner {
        return Err(refusal);
    }
    let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let grant = grants.get(text("code")).ok_or("invalid_grant")?;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    let client = grant.asked["client_id"].as_str();
    let of_form = (text("client_id"), text("client_secret"));
    let is_native = client == NATIVE && of_form == (NATIVE, "");
    let is_apples = of_form.0 == client && of_form.1.split('.').count() == 3;
    let is_client = client == CLIENT
        && (head.contains(&format!("Basic {basic}")) || of_form == (CLIENT, SECRET));
    let is_client = is_client || is_native || is_apples;
    shown::add(text("code_verifier"));
    if !is_client {
        return Err("invalid_client");
    }
    let is_ours = grant.asked["redirect_uri"] == text("redirect_uri")
        && grant.asked["code_challenge"] == challenge(text("code_verifier"))
        && text("grant_type") == "authorization_code";
    if !is_ours {
        return Err("invalid_grant");
    }
    if *manner == Manner::Empty {
        return Ok(json!({ "token_type": "bearer" }));
    }
    let token = format!("access-{}", text("code"));
    let mut tokens =
        json!({ "access_token": token, "token_type": "bearer", "refresh_token": "kept-by-nobody" });
    if !grant.account["user"].is_object() {
        tokens["id_token"] = json!(id_token(grant, url, manner));
    }
    Ok(tokens)
}

/// An ID token. Its signature is none: TLS stands for it.
fn id_token(grant: &Grant, url: &str, manner: &Manner) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let mut claims = json!({ "iss": url, "aud": grant.asked["client_id"], "iat": now, "exp": now + 300,
        "nonce": grant.asked.get("nonce") });
    let mut merge = |more: &Value| {
        for (name, value) in more.as_object().unwrap_or(&Map::new()) {
            if value.is_null() {
                claims.as_object_mut().map(|claims| claims.remove(name));
            } else {
                claims[name] = value.clone();
            }
        }
    };
    merge(&grant.account);
    let mut header = json!({ "alg": "RS256", "kid": "1" });
    match manner {
        Manner::Claims(more) => merge(more),
        Manner::Header(other) => header = other.clone(),
        _ => {}
    }
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&header), part(&claims))
}

/// The challenge of a verifier (RFC 7636, section 4.2).
#[must_use]
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(
        &ring::digest::SHA256,
        verifier.as_bytes(),
    ))
}

//! Sign-ins by providers, as their users meet them: against a provider on loopback.

mod abusing;
mod app;
mod apple;
mod bounds;
mod browsing;
mod checking;
mod deployed;
mod entering;
mod failing;
mod joining;
mod last_way;
mod leaving;
mod linking;
mod native;
mod native_keys;
mod racing;
mod racing_links;
mod secrets;
mod setting_up;
mod telling;

use blackbox::provider::{NATIVE, Provider, challenge, pairs};
use blackbox::{Event, Inside, PASSWORD, Reply, fresh_email, shown};
use serde_json::{Value, json};

use crate::world::{Variables, World};

const EXCHANGE: &str = "/api/auth/oauth/exchange";
const ACCOUNTS: &str = "/api/auth/accounts";

/// The address of the app, and the verifier of its sign-in.
const APP: &str = "http://localhost:3000/done";
const VERIFIER: &str = "an-app-has-a-verifier-of-43-characters-aaaa";

/// A stack of its own, with a provider.
struct Stage<'a> {
    world: World<'a>,
    provider: Provider,
}

/// A sign-in that has begun.
struct Started {
    name: &'static str,
    /// The address at the provider.
    address: String,
    /// The cookie of the browser, as `name=value`.
    cookie: String,
}

impl<'a> Stage<'a> {
    fn new(inside: &'a Inside, variables: Variables<'_>) -> Self {
        Self::at_origin(inside, "http://localhost:8080", variables)
    }

    /// The same, where browsers find the API at this origin.
    fn at_origin(inside: &'a Inside, origin: &str, variables: Variables<'_>) -> Self {
        let own = [("BAKEND_AUTH_PUBLIC_URL", origin)];
        shown::add(VERIFIER);
        let stage = Self {
            world: World::with(inside, &[], &[&own, variables].concat()),
            provider: Provider::start(),
        };
        for name in ["google", "github", "microsoft", "own"] {
            let _ = stage.set(name, &json!({}));
        }
        stage
    }

    /// Sets a provider up that is played here, with more settings.
    fn set(&self, name: &str, more: &Value) -> Reply {
        let mut settings = self.provider.settings(name);
        for (name, value) in more.as_object().unwrap() {
            settings[name] = value.clone();
        }
        self.put(name, &settings)
    }

    fn put(&self, name: &str, settings: &Value) -> Reply {
        let token = self.world.admin["accessToken"].as_str().unwrap();
        let path = format!("/api/admin/providers/{name}");
        let event = Event::new("PUT", &path).json(settings).token(token);
        self.world.reply("providers-set", &event)
    }

    fn start(&self, name: &'static str) -> Started {
        self.start_to(name, APP)
    }

    fn start_to(&self, name: &'static str, app: &str) -> Started {
        let query = [("redirectTo", app), ("codeChallenge", &challenge(VERIFIER))];
        let reply = self.ask_start(name, &query).expect(302);
        let cookie = reply.header("set-cookie").unwrap();
        Started {
            name,
            address: reply.header("location").unwrap().to_owned(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
        }
    }

    fn ask_start(&self, name: &str, query: &[(&str, &str)]) -> Reply {
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let path = format!("/api/auth/oauth/{name}/start?{}", query.join("&"));
        self.world.reply("oauth-start", &Event::new("GET", &path))
    }

    /// The answer of the provider comes back to the browser that began.
    fn answer(&self, started: &Started, query: &[(&str, &str)]) -> Reply {
        self.answer_as(started.name, Some(&started.cookie), query)
    }

    fn answer_as(&self, name: &str, cookie: Option<&str>, query: &[(&str, &str)]) -> Reply {
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        let path = format!("/api/auth/oauth/{name}/callback?{}", query.join("&"));
        let event = Event::new("GET", &path);
        let event = match cookie {
            Some(cookie) => event.cookie(cookie),
            None => event,
        };
        self.world.reply("oauth-callback", &event)
    }

    /// The user consents; what the app gets.
    fn consent(&self, started: &Started, account: &Value) -> Reply {
        let (code, state) = self.provider.consent(&started.address, account);
        let url = self.provider.url.as_str();
        let mut query = vec![("code", code.as_str()), ("state", state.as_str())];
        if started.name == "own" {
            query.push(("iss", url));
        }
        self.answer(started, &query)
    }

    /// A sign-in of an account at a provider; the code that the app gets.
    fn code(&self, name: &'static str, account: &Value) -> String {
        let started = self.start(name);
        let reply = self.consent(&started, account).expect(302);
        let back = parameters(&reply);
        assert!(back.contains_key("code"), "{back:?}");
        back["code"].clone()
    }

    /// Trades a code, with more fields.
    fn exchange(&self, code: &str, more: &Value) -> Reply {
        let event = Event::new("POST", EXCHANGE).json(&trade(code, more));
        self.world.reply("oauth-exchange", &event)
    }

    /// A sign-in from its start to its tokens, or to its refusal.
    fn sign_in(&self, name: &'static str, account: &Value) -> Reply {
        self.exchange(&self.code(name, account), &json!({}))
    }

    /// A new account with a password, whose address nobody has proven.
    fn register(&self) -> (String, Value) {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        (email, self.world.send("register", &event, 201))
    }

    /// A new account whose address a provider has proven.
    fn proven(&self) -> (String, Value) {
        let email = fresh_email();
        let account = own(&email, &json!({ "email": email, "email_verified": true }));
        (email, self.sign_in("own", &account).expect(200).json())
    }

    fn login(&self, email: &str) -> Reply {
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/login").json(&body);
        self.world.reply("login", &event)
    }

    fn ask_as(&self, signed_in: &Value, function: &str, event: Event) -> Reply {
        let token = signed_in["accessToken"].as_str().unwrap();
        self.world.reply(function, &event.token(token))
    }

    fn accounts(&self, signed_in: &Value) -> Vec<String> {
        let reply = self.ask_as(signed_in, "accounts-list", Event::new("GET", ACCOUNTS));
        let items = reply.expect(200).json()["items"].clone();
        let ids = items.as_array().unwrap().iter();
        ids.map(|item| item["id"].as_str().unwrap().to_owned())
            .collect()
    }

    fn stands(&self, signed_in: &Value) -> bool {
        self.ask_as(signed_in, "me-get", Event::new("GET", "/api/auth/me"))
            .status
            == 200
    }
}

/// Sends an event to a function.
pub(crate) type Ask<'a> = &'a dyn Fn(&str, &Event) -> Reply;

/// Sets Google up at a provider on loopback, by a token of an admin.
pub(crate) fn set_up(provider: &Provider, ask: Ask<'_>, admin: &str) {
    let event = Event::new("PUT", "/api/admin/providers/google").json(&provider.settings("google"));
    let _ = ask("providers-set", &event.token(admin)).expect(200);
}

/// The event that begins a sign-in by Google.
pub(crate) fn starting() -> Event {
    let query = format!(
        "redirectTo={}&codeChallenge={}",
        encoded(APP),
        challenge(VERIFIER)
    );
    Event::new("GET", &format!("/api/auth/oauth/google/start?{query}"))
}

/// The event that comes back to the callback, of an account at Google.
pub(crate) fn coming_back(provider: &Provider, ask: Ask<'_>, account: &Value) -> Event {
    let begun = ask("oauth-start", &starting()).expect(302);
    let cookie = begun
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let (code, state) = provider.consent(begun.header("location").unwrap(), account);
    let path = format!("/api/auth/oauth/google/callback?code={code}&state={state}");
    Event::new("GET", &path).cookie(&cookie)
}

/// The body that trades the code of a sign-in by Google.
pub(crate) fn traded(provider: &Provider, ask: Ask<'_>, account: &Value) -> Value {
    let back = ask("oauth-callback", &coming_back(provider, ask, account)).expect(302);
    trade(&parameters(&back)["code"], &json!({}))
}

/// The body of a native sign-in by Google, with more claims.
pub(crate) fn native_body(provider: &Provider, subject: &str, more: &Value) -> Value {
    let (now, nonce) = (seconds(), "a-nonce-of-the-app-itself");
    let mut claims = json!({ "iss": "https://accounts.google.com", "sub": subject, "aud": NATIVE, "iat": now,
        "exp": now + 300, "nonce": challenge(nonce) });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let header = json!({ "alg": "ES256", "kid": provider.kid("ES256") });
    json!({ "idToken": provider.sign(&header, &claims), "nonce": nonce })
}

/// A request of this endpoint with a code that nobody has given out.
pub(crate) fn trading(name: &str) -> Event {
    let path = match name {
        "oauth-token" => "/api/auth/oauth/google/token",
        "oauth-exchange" => "/api/auth/oauth/exchange",
        "accounts-check" => "/api/auth/accounts/check",
        _ => "/api/auth/accounts",
    };
    let more = match name {
        "oauth-token" => json!({ "redirectUri": APP }),
        _ => json!({}),
    };
    Event::new("POST", path).json(&trade("x", &more))
}

/// The body of an exchange.
fn trade(code: &str, more: &Value) -> Value {
    let mut body = json!({ "code": code, "codeVerifier": VERIFIER });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// An account at Google.
pub(crate) fn google(subject: &str, email: &str) -> Value {
    json!({ "iss": "https://accounts.google.com", "sub": subject, "email": email, "email_verified": true,
        "hd": "example.com", "name": "Ada at Google" })
}

/// An account at the provider with metadata.
fn own(subject: &str, more: &Value) -> Value {
    let mut account = json!({ "sub": subject });
    for (name, value) in more.as_object().unwrap() {
        account[name] = value.clone();
    }
    account
}

/// The parameters of the address that the browser goes back to.
fn parameters(reply: &Reply) -> std::collections::BTreeMap<String, String> {
    let location = reply.header("location").unwrap();
    let (place, query) = location.split_once('?').unwrap();
    assert_eq!(place, APP);
    pairs(query)
}

/// An address that a sign-in has led back to, with all that is secret about it known.
pub(crate) fn led_to() -> Option<String> {
    let stage = Stage::new(blackbox::stack().inside()?, &[]);
    let started = stage.start("google");
    let reply = stage.consent(&started, &google("led", "led@example.com"));
    let location = reply.header("location").map(ToOwned::to_owned);
    let code = parameters(&reply)["code"].clone();
    let _ = stage.exchange(&code, &json!({})).expect(200);
    location
}

/// The time, in seconds.
fn seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let parts = text.bytes().map(|byte| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    parts.collect()
}

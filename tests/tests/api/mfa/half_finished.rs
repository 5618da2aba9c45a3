//! Sign-ins that are not finished grant nothing: their tokens, in every place where a token can stand, at every endpoint.

use api::endpoints::{Entry, PAGE};
use blackbox::contract::takes_body;
use blackbox::{Caller, stack};

use super::policies::{REQUIRED, enrolment};
use super::*;

const NO_ID: &str = "0197a3b0-0000-7000-8000-000000000000";
const JSON: (&str, &str) = ("content-type", "application/json");
/// A page that may send cookies.
const ORIGIN: (&str, &str) = ("origin", "http://localhost:5173");

/// A request that the page knows.
struct Request {
    entry: &'static Entry,
    method: &'static str,
    path: String,
}

fn page() -> Vec<Request> {
    let filled = |entry: &Entry| {
        let segments = entry.path.split('/').map(|segment| match segment {
            "{collection}" => "posts",
            "{kind}" => "password-reset",
            "{locale}" => "en",
            "{page}" => "verify-email",
            segment if segment.starts_with('{') => NO_ID,
            literal => literal,
        });
        segments.collect::<Vec<_>>().join("/")
    };
    let of = |entry: &'static Entry| {
        let methods = entry.methods.iter();
        methods.map(move |method| Request {
            entry,
            method: method.as_str(),
            path: filled(entry),
        })
    };
    PAGE.iter().copied().flat_map(of).collect()
}

impl Request {
    fn takes_body(&self) -> bool {
        takes_body(self.method, &self.path)
    }

    /// The status and the code of the reply to a stranger who sends this.
    fn told(&self, query: &str, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
        let path = format!("{}{query}", self.path);
        let stranger = stack().stranger();
        let reply = if self.takes_body() {
            let headers = [&[JSON], headers].concat();
            let body = body.to_string();
            stranger.send(self.method, &path, &headers, Some(body.as_bytes()))
        } else {
            stranger.send(self.method, &path, headers, None)
        };
        (reply.status, reply.code())
    }
}

/// A place where a token can stand.
#[derive(Clone, Copy, Debug)]
enum Place {
    Bearer,
    ApiKey,
    RefreshHeader,
    Cookie,
    Query(&'static str),
    /// A field of the body, with the field that belongs to it.
    Body(&'static str, Option<(&'static str, &'static str)>),
}

const PLACES: [Place; 15] = [
    Place::Bearer,
    Place::ApiKey,
    Place::RefreshHeader,
    Place::Cookie,
    Place::Query("token"),
    Place::Query("access_token"),
    Place::Body("refreshToken", None),
    Place::Body("token", None),
    Place::Body("token", Some(("password", PASSWORD))),
    Place::Body("token", Some(("newPassword", PASSWORD))),
    Place::Body("flow", Some(("code", "12345678"))),
    Place::Body("flow", Some(("email", "nobody@example.com"))),
    Place::Body("challengeToken", None),
    Place::Body("mfaToken", Some(("code", "000000"))),
    Place::Body("mfaToken", Some(("recoveryCode", "0000-0000-0000-0000"))),
];

impl Place {
    /// The answer to a request with the token there.
    fn ask(self, request: &Request, token: &str) -> (u16, String) {
        let nothing = json!({});
        let with = |header: (&str, &str)| request.told("", &[header, ORIGIN], &nothing);
        match self {
            Self::Bearer => with(("authorization", &format!("Bearer {token}"))),
            Self::ApiKey => with(("x-api-key", token)),
            Self::RefreshHeader => with(("x-refresh-token", token)),
            Self::Cookie => with(("cookie", &format!("refresh={token}"))),
            Self::Query(name) => request.told(&format!("?{name}={token}"), &[], &nothing),
            Self::Body(name, beside) => {
                let mut body = json!({ name: token });
                if let Some((name, value)) = beside {
                    body[name] = json!(value);
                }
                request.told("", &[], &body)
            }
        }
    }

    fn is_asked(self, request: &Request) -> bool {
        !matches!(self, Self::Body(..)) || request.takes_body()
    }
}

/// A token of the same form that nobody has sealed.
fn nobodys(token: &str) -> String {
    let kept = token.len() - 8;
    let end = match &token[kept..] {
        "AAAAAAAA" => "BBBBBBBB",
        _ => "AAAAAAAA",
    };
    format!("{}{end}", &token[..kept])
}

/// Compares the answers to a token with those to one that nobody has sealed. `opens` names what the token is for.
fn sweep(token: &str, opens: &[&str]) {
    let (page, nobodys) = (page(), nobodys(token));
    let mut asked = 0;
    for place in PLACES {
        for request in page.iter().filter(|request| place.is_asked(request)) {
            if matches!(place, Place::Bearer) && opens.contains(&request.entry.name) {
                continue;
            }
            let (found, expected) = (place.ask(request, token), place.ask(request, &nobodys));
            let at = format!("{place:?} {} {}", request.method, request.path);
            assert_eq!(found, expected, "{at}");
            asked += 1;
        }
    }
    assert!(asked > 7 * page.len(), "{asked}");
}

/// A member with a second factor, and its secret and recovery codes.
fn enrolled() -> (Caller, Vec<String>) {
    let member = stack().member();
    let setup = member.post(ENABLE, &json!({})).expect(200).json();
    let body = json!({ "code": code(&text(&setup["secret"]), -1) });
    let confirmed = member.post(CONFIRM, &body).expect(200).json();
    let codes = confirmed["recoveryCodes"].as_array().unwrap().iter();
    let codes = codes.map(text).collect();
    (member, codes)
}

#[test]
fn the_token_of_the_first_step_grants_nothing() {
    let (member, codes) = enrolled();
    let stranger = stack().stranger();
    let login = json!({ "email": member.email, "password": PASSWORD });
    let challenge = || {
        let waits = stranger.post(LOGIN, &login).expect(403).json();
        text(&waits["error"]["mfa"]["token"])
    };
    let token = challenge();
    sweep(&token, &[]);
    // A sweep on a busy machine may outlast the token.
    let proof = json!({ "recoveryCode": codes[0] });
    let verify = |token: &str| stranger.post(VERIFY, &second(token, &proof));
    let reply = verify(&token);
    if reply.status != 200 {
        refused(reply, 401, "auth/invalid-mfa-code");
        let _ = verify(&challenge()).expect(200);
    }
    let _ = member.get("/api/auth/me").expect(200);
}

#[test]
fn the_token_of_an_enrolment_grants_nothing_else() {
    let Some(inside) = stack().inside() else {
        return;
    };
    // The functions behind the routes have another policy; what the token opens does not depend on it.
    let member = stack().member();
    let asks = inside.variant("login", "enrolling", 1, &[REQUIRED]);
    let body = json!({ "email": member.email, "password": PASSWORD });
    let login = Event::new("POST", LOGIN).json(&body);
    let token = enrolment(asks.invoke(&login));
    sweep(&token, &["mfa-enable", "mfa-confirm"]);

    let token = enrolment(asks.invoke(&login));
    let waiting = stack().stranger().with_token(Some(&token));
    let setup = waiting.post(ENABLE, &json!({})).expect(200).json();
    let body = json!({ "code": code(&text(&setup["secret"]), 0) });
    let confirmed = waiting.post(CONFIRM, &body).expect(200).json();
    let access = text(&confirmed["accessToken"]);
    let signed_in = stack().stranger().with_token(Some(&access));
    let _ = signed_in.get("/api/auth/sessions").expect(200);
    refused(waiting.post(CONFIRM, &body), 401, "auth/invalid-token");
}

#[test]
fn a_token_of_one_step_is_none_of_the_other() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let (member, codes) = enrolled();
    let stranger = stack().stranger();
    let login = json!({ "email": member.email, "password": PASSWORD });
    let waits = stranger.post(LOGIN, &login).expect(403).json();
    let challenge = text(&waits["error"]["mfa"]["token"]);
    let waiting = stranger.with_token(Some(&challenge));
    let (nothing, proof) = (json!({}), json!({ "code": "000000" }));
    for (path, body) in [
        (ENABLE, &nothing),
        (CONFIRM, &proof),
        (DISABLE, &proof),
        (CODES, &proof),
    ] {
        refused(waiting.post(path, body), 401, "auth/invalid-token");
    }
    let other = stack().member();
    let body = json!({ "email": other.email, "password": PASSWORD });
    let asks = inside.variant("login", "enrolling", 1, &[REQUIRED]);
    let token = enrolment(asks.invoke(&Event::new("POST", LOGIN).json(&body)));
    let proof = json!({ "recoveryCode": codes[0] });
    let reply = stranger.post(VERIFY, &second(&token, &proof));
    refused(reply, 401, "auth/invalid-mfa-code");
    // Nor does a session stand for one.
    let access = other.token.unwrap();
    let reply = stranger.post(VERIFY, &second(&access, &proof));
    refused(reply, 401, "auth/invalid-mfa-code");
    let _ = stranger
        .post(VERIFY, &second(&challenge, &proof))
        .expect(200);
}

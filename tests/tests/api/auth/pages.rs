//! `GET /api/auth/pages/{page}`: the pages that the links of mails lead to.

use std::collections::BTreeMap;
use std::time::Duration;

use api::{Id, Timestamp};
use auth::Keys;
use auth::keys::Stored;
use auth::proof::{Link, Page, Place, Purpose, Subject, Ticket};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blackbox::{Event, Inside, JWT_SECRET, Reply, stack};
use ring::digest;
use serde_json::{Value, json};

use super::items;

pub(super) const PAGES: [(&str, Purpose, Option<&str>); 6] = [
    (
        "verify-email",
        Purpose::VerifyEmail,
        Some("../verify-email"),
    ),
    (
        "register",
        Purpose::Registration,
        Some("../register/confirm"),
    ),
    ("reset", Purpose::PasswordReset, Some("../password/reset")),
    (
        "invitation",
        Purpose::Invitation,
        Some("../invitations/accept"),
    ),
    ("magic-link", Purpose::MagicLink, None),
    ("email-change", Purpose::EmailChange, None),
];

const REDIRECT: &str = "https://app.example.com/done?a=1";

/// The keys of the stack, as its table has them.
pub(super) fn keys(inside: &Inside) -> Keys {
    // Registering keeps the keys that are missing.
    let _ = stack().member();
    let item = items::settings(&inside.dynamo.endpoint()).get(&json!({ "id": { "S": "signing" } }));
    let sealing = item["sealing"]["M"].as_object().unwrap();
    let key = |key: &Value| {
        let bytes = STANDARD.decode(key["S"].as_str().unwrap()).unwrap();
        bytes.try_into().unwrap()
    };
    let sealing: BTreeMap<u32, [u8; 32]> = sealing
        .iter()
        .map(|(number, it)| (number.parse().unwrap(), key(it)))
        .collect();
    let stored = Stored {
        current: JWT_SECRET.as_bytes().to_vec(),
        sealing,
        ..Stored::default()
    };
    Keys::of("local-", stored).unwrap()
}

pub(super) fn token(
    keys: &Keys,
    purpose: Purpose,
    locale: &str,
    masked: &str,
    redirect: Option<&str>,
) -> String {
    let now = Timestamp::from_millis(4_000_000_000_000);
    let id = Id::new(now, [1; 10]);
    let link = Link {
        ticket: Ticket {
            place: Place {
                purpose,
                subject: Subject::Flow(id),
            },
            nonce: "n".repeat(22),
            key: 1,
        },
        until: now.after(Duration::from_secs(60)),
        page: Page {
            masked: masked.to_owned(),
            locale: locale.to_owned(),
            redirect: redirect.map(ToOwned::to_owned),
            leads_back: false,
        },
    };
    keys.link(&link).unwrap()
}

fn event(page: &str, query: &str) -> Event {
    Event::new("GET", &format!("/api/auth/pages/{page}{query}"))
}

/// The text between two marks, the first time.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text
        .split_once(from)
        .unwrap_or_else(|| panic!("no {from} in {text}"))
        .1;
    rest.split_once(to).unwrap().0
}

/// The data of the script.
fn data(text: &str) -> Value {
    let data = between(text, "data-page=\"", "\"");
    let data = data
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    serde_json::from_str(&data.replace("&#39;", "'").replace("&amp;", "&")).unwrap()
}

#[track_caller]
fn assert_page(reply: &Reply, status: u16, language: &str) -> String {
    assert_eq!(reply.status, status, "{}", reply.text());
    let text = reply.text().clone();
    let hash = |name: &str| {
        let content = between(&text, &format!("<{name}>"), &format!("</{name}>"));
        STANDARD.encode(digest::digest(&digest::SHA256, content.as_bytes()))
    };
    let policy = format!(
        "default-src 'none'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; \
         script-src 'sha256-{}'; style-src 'sha256-{}'",
        hash("script"),
        hash("style")
    );
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy.as_str()),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(text.contains(&format!("<html lang=\"{language}\">")));
    // Nothing from elsewhere, and nothing that the policy would stop.
    for part in ["src=", "<link", " style=", " onclick=", "@import", "url("] {
        assert!(!text.contains(part), "{part}");
    }
    text
}

#[test]
fn each_page_asks_before_it_posts_and_shows_the_masked_address() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let keys = keys(inside);
    let function = inside.variant(
        "pages",
        "pages",
        1,
        &[("BAKEND_MAIL_APP_NAME", "A <b>\"app\"</b>")],
    );
    function.settle();
    for (page, purpose, to) in PAGES {
        for (locale, language) in [("en", "en"), ("de", "de"), ("de-CH", "de"), ("fr", "en")] {
            let token = token(&keys, purpose, locale, "a***@<i>x", Some(REDIRECT));
            let reply = function.invoke(&event(page, &format!("?token={token}")));
            let text = assert_page(&reply, 200, language);
            assert!(
                text.contains("a***@&lt;i&gt;x") && !text.contains("<i>"),
                "{text}"
            );
            assert!(
                text.contains("A &lt;b&gt;&quot;app&quot;&lt;/b&gt;"),
                "{text}"
            );
            let Some(to) = to else {
                assert!(!text.contains("<form") && !text.contains(&token), "{text}");
                continue;
            };
            assert!(text.contains("<button type=\"submit\">"));
            // The token is in the data alone, never in the code.
            assert_eq!(text.matches(&token).count(), 1);
            let data = data(&text);
            assert_eq!(
                (&data["to"], &data["body"]["token"]),
                (&json!(to), &json!(token))
            );
            let session = data["body"].get("session");
            let resets = purpose == Purpose::PasswordReset;
            assert_eq!(session, (!resets).then_some(&json!(false)));
            let field = if resets { "newPassword" } else { "password" };
            assert_eq!(data["field"], field);
            assert_eq!(data["next"], format!("{REDIRECT}&verified=true"));
            let is_new = matches!(purpose, Purpose::PasswordReset | Purpose::Invitation);
            let kind = if is_new {
                "new-password"
            } else {
                "current-password"
            };
            let fields = text.matches(&format!("autocomplete=\"{kind}\"")).count();
            assert_eq!(fields, if is_new { 2 } else { 1 }, "{page}");
            // The app accepts for those who have an account.
            let links = text
                .matches("<a href=\"https://app.example.com/done?a=1\"")
                .count();
            assert_eq!(links, usize::from(page == "invitation"));
        }
    }
    assert!(function.calls().is_empty(), "a page reads a table");
}

#[test]
fn a_page_leads_back_to_an_app_and_to_nothing_that_runs() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let keys = keys(inside);
    let function = inside.variant("pages", "redirects", 1, &[]);
    for (redirect, next) in [
        (None, Value::Null),
        (
            Some("https://a.example"),
            json!("https://a.example?verified=true"),
        ),
        (
            Some("https://a.example/?"),
            json!("https://a.example/?verified=true"),
        ),
        (
            Some("http://localhost:3000/x"),
            json!("http://localhost:3000/x?verified=true"),
        ),
        (
            Some("http://127.0.0.1:3000/x"),
            json!("http://127.0.0.1:3000/x?verified=true"),
        ),
        (
            Some("com.example.app:/done"),
            json!("com.example.app:/done?verified=true"),
        ),
        (Some("javascript:alert(1)"), Value::Null),
        (Some("data:text/html,x"), Value::Null),
        (Some("http://a.example/"), Value::Null),
        (Some("http://localhost.evil.example/"), Value::Null),
        (Some("//evil.example"), Value::Null),
    ] {
        let token = token(&keys, Purpose::Invitation, "en", "a***@b", redirect);
        let reply = function.invoke(&event("invitation", &format!("?token={token}")));
        let text = assert_page(&reply, 200, "en");
        assert_eq!(data(&text)["next"], next, "{redirect:?}");
        assert_eq!(text.contains("<a href"), !next.is_null(), "{redirect:?}");
    }
}

#[test]
fn a_link_that_is_not_good_is_told_so_in_plain_words() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let keys = keys(inside);
    let function = inside.variant("pages", "garbage", 1, &[("BAKEND_MAIL_LOCALE", "de")]);
    function.settle();
    let good = token(&keys, Purpose::PasswordReset, "en", "a***@b", None);
    let cut = &good[..good.len() - 1];
    for query in [
        String::new(),
        "?token=".to_owned(),
        "?token=garbage".to_owned(),
        format!("?token={cut}"),
        format!("?token={good}&token={good}"),
        format!("?token={good}&other=1"),
        format!("?token={}", "x".repeat(513)),
        format!("?Token={good}"),
        "?token=%3Cscript%3E".to_owned(),
    ] {
        let text = assert_page(&function.invoke(&event("reset", &query)), 400, "de");
        assert!(
            text.contains("nicht mehr gültig") && !text.contains(&good),
            "{query}"
        );
    }
    // A token of another purpose.
    let other = function.invoke(&event("register", &format!("?token={good}")));
    let _ = assert_page(&other, 400, "de");
    let _ = function
        .invoke(&event("reset", &format!("?token={good}")))
        .expect(200);
    assert!(function.calls().is_empty(), "garbage reads a table");
    // Past its end.
    let late = [("BAKEND_CLOCK_OFFSET", "36500d")];
    let late = inside.variant("pages", "late", 1, &late);
    let reply = late.invoke(&event("reset", &format!("?token={good}")));
    let _ = assert_page(&reply, 400, "en");
    let english = inside.variant("pages", "english", 1, &[("BAKEND_MAIL_LOCALE", "en")]);
    let text = assert_page(&english.invoke(&event("reset", "")), 400, "en");
    assert!(text.contains("no longer good"));
}

#[test]
fn a_page_needs_no_key_and_reads_no_credentials() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let keys = keys(inside);
    let needs = [("BAKEND_AUTH_REQUIRE_API_KEY", "true")];
    let function = inside.variant("pages", "keys", 1, &needs);
    let good = token(&keys, Purpose::PasswordReset, "en", "a***@b", None);
    let event = || event("reset", &format!("?token={good}"));
    let first = assert_page(&function.invoke(&event()), 200, "en");
    for event in [
        event().token("garbage"),
        event().key("garbage"),
        event().header("cookie", "a=b"),
    ] {
        assert_eq!(assert_page(&function.invoke(&event), 200, "en"), first);
    }
}

#[test]
fn other_methods_are_405_and_other_pages_404() {
    let stranger = stack().stranger();
    for (page, ..) in PAGES {
        let path = format!("/api/auth/pages/{page}?token=x");
        for method in ["HEAD", "POST", "PUT", "DELETE"] {
            let reply = stranger.send(method, &path, &[], None);
            assert_eq!(
                (reply.status, reply.header("allow")),
                (405, Some("GET")),
                "{method}"
            );
        }
        let _ = assert_page(&stranger.get(&path), 400, "en");
    }
    for path in [
        "/api/auth/pages/other",
        "/api/auth/pages/Reset",
        "/api/auth/pages",
    ] {
        let reply = stranger.get(path);
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (404, "common/not-found"),
            "{path}"
        );
    }
}

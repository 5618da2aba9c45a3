//! Texts that would end a line of a mail's header, markup as values, and templates that would never end.

use blackbox::{Event, PASSWORD, Reply, fresh_email, stack};
use serde_json::{Value, json};

use super::changing::CHANGE;
use super::signing_in::{LINK, SIGN_UP};
use super::world::{MailWorld, token};
use crate::invitations::PATH;
use crate::mail::TEMPLATES;

/// Ends of a line, each with a header behind it.
const ENDS: [&str; 6] = [
    "\r\nBcc: mallory@example.com",
    "\nBcc: mallory@example.com",
    "\rBcc: mallory@example.com",
    "\u{0}Bcc: mallory@example.com",
    "\u{85}Bcc: mallory@example.com",
    "\u{2028}Bcc: mallory@example.com",
];

const APP: &str = "https://app.example.com/in";
const REDIRECTS: (&str, &str) = ("BAKEND_AUTH_REDIRECTS", r#"["https://app.example.com/in"]"#);

/// The endpoints that send a mail to an address of the body: function, path and field.
const ASKED: [(&str, &str, &str); 5] = [
    ("password-forgot", "/api/auth/password/forgot", "email"),
    ("magic-link", LINK, "email"),
    ("register", "/api/auth/register", "email"),
    ("email-change", CHANGE, "newEmail"),
    ("invitations-create", PATH, "email"),
];

/// Asks one of them as the admin, whose token strangers' endpoints do not read.
fn ask(world: &MailWorld<'_>, (function, path, field): (&str, &str, &str), more: Value) -> Reply {
    let mut body = json!({ field: fresh_email() });
    if function == "register" {
        body["password"] = json!(PASSWORD);
    }
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    let event = Event::new("POST", path).json(&body);
    let admin = world.admin["accessToken"].as_str().unwrap();
    world.reply(function, &event.token(admin))
}

/// Sets a template as the admin.
fn set(world: &MailWorld<'_>, place: &str, body: &Value) -> Reply {
    let event = Event::new("PUT", &format!("{TEMPLATES}/{place}")).json(body);
    let admin = world.admin["accessToken"].as_str().unwrap();
    world.reply("mail-templates-set", &event.token(admin))
}

/// Every mail so far goes to one address that was asked for, and its header is one line a field.
fn assert_plain(world: &MailWorld<'_>) {
    let mails = world.mailbox.messages();
    assert!(!mails.is_empty());
    for mail in mails {
        for field in [&mail.subject, &mail.to, &mail.from, &mail.kind] {
            let bends = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            assert!(!field.contains(bends), "{field:?}");
        }
        assert!(mail.to.ends_with("@example.com") && !mail.to.contains("mallory"));
    }
}

#[test]
fn no_line_ends_in_what_a_mail_is_asked_for_with() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for mode in ["optional", "required"] {
        let verification = ("BAKEND_AUTH_EMAIL_VERIFICATION", mode);
        let world = MailWorld::new(inside, &[SIGN_UP, REDIRECTS, verification]);
        for asked in ASKED {
            let field = asked.2;
            for end in ENDS {
                let email = fresh_email();
                for address in [format!("{email}{end}"), format!("a{end}{email}")] {
                    let refused = ask(&world, asked, json!({ field: address })).expect(400);
                    let details = refused.json()["error"]["details"].clone();
                    assert_eq!(details[0]["field"], field, "{asked:?} {end:?}");
                }
                let locale = json!({ "locale": format!("de{end}") });
                let refused = ask(&world, asked, locale).expect(400);
                let details = refused.json()["error"]["details"].clone();
                assert_eq!(details[0]["field"], "locale", "{asked:?} {end:?}");
                let redirect = json!({ "redirectTo": format!("{APP}{end}") });
                let refused = ask(&world, asked, redirect).expect(400);
                assert_eq!(refused.code(), "auth/redirect-not-allowed", "{asked:?}");
            }
        }
        assert_eq!(world.mailbox.messages(), []);
        assert_eq!(world.scan("local-_mail"), Vec::<Value>::new(), "{mode}");
    }
}

#[test]
fn a_subject_that_names_the_user_stays_one_line() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let subject = "Hi {{ userName }}\r\nBcc: mallory@example.com";
    let own = json!({ "subject": subject, "text": "{{ userName }}" });
    let _ = set(&world, "verify-email/en", &own).expect(200);
    for end in ENDS {
        let email = fresh_email();
        let body = json!({ "email": email, "password": PASSWORD, "name": format!("Eve{end}") });
        let reply = world.post("register", "/api/auth/register", &body);
        if end.starts_with('\0') {
            assert_eq!(
                reply.expect(400).json()["error"]["details"][0]["field"],
                "name"
            );
            continue;
        }
        let _ = reply.expect(201);
        let mail = world.mail(&email, 1);
        assert!(mail.subject.starts_with("Hi Eve"), "{:?}", mail.subject);
        assert!(mail.subject.ends_with("Bcc: mallory@example.com"));
    }
    assert_plain(&world);
}

#[test]
fn an_invitation_says_nothing_in_a_header_of_its_own() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let subject = "{{ inviterName }}: {{ resourceName }} {{ roleName }} {{ message }}";
    let own = json!({ "subject": subject, "text": "{{ message }}" });
    let _ = set(&world, "invitation/en", &own).expect(200);
    for end in ENDS {
        let name = json!({ "name": format!("Eve{end}") });
        let status = if end.starts_with('\0') { 400 } else { 200 };
        let update = Event::new("PATCH", "/api/auth/me").json(&name);
        let _ = world.ask("me-update", update, status);
        let message = json!({ "email": fresh_email(), "message": format!("Hi{end}") });
        let resource = |field: &str| {
            let mut resource =
                json!({ "type": "team", "id": "7", "name": "Blue", "role": "captain" });
            resource[field] = json!(format!("Blue{end}"));
            json!({ "email": fresh_email(), "resource": resource })
        };
        let bodies = [message, resource("name"), resource("role"), resource("id")];
        for body in bodies {
            let event = Event::new("POST", PATH).json(&body);
            let admin = world.admin["accessToken"].as_str().unwrap();
            let reply = world.reply("invitations-create", &event.token(admin));
            let email = body["email"].as_str().unwrap();
            match reply.status {
                // A line that ends is none of a header where it is taken.
                201 => assert!(world.mail(email, 1).subject.contains("Eve")),
                status => assert_eq!(status, 400, "{}", reply.text()),
            }
        }
        // Everything of the body was refused or taken: the inviter's name was in a mail of this round.
        let email = fresh_email();
        let event = Event::new("POST", PATH).json(&json!({ "email": email }));
        let _ = world.ask("invitations-create", event, 201);
        assert!(world.mail(&email, 1).subject.starts_with("Eve"));
    }
    assert_plain(&world);
}

#[test]
fn markup_in_a_value_is_text_in_a_mail() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let own = json!({ "subject": "-", "text": "{{ userName }}",
        "html": "<a title=\"{{ userName }}\" id='{{ userName }}'>{{ userName }}</a>" });
    let _ = set(&world, "verify-email/en", &own).expect(200);
    let name = "<script>alert(1)</script>\" onload=\"a' b {{ code }}{% if 1 %}";
    let email = fresh_email();
    let body = json!({ "email": email, "password": PASSWORD, "name": name });
    let account = world
        .post("register", "/api/auth/register", &body)
        .expect(201)
        .json();
    let mail = world.mail(&email, 1);
    assert_eq!(mail.text, name, "text is no markup");
    let html = mail.html.unwrap();
    assert_eq!(html.matches('<').count(), 2, "{html}");
    assert_eq!(html.matches('"').count(), 2, "{html}");
    assert_eq!(html.matches('\'').count(), 2, "{html}");
    assert_eq!(
        html.matches("{{ code }}{% if 1 %}").count(),
        3,
        "rendered once: {html}"
    );

    // The shipped templates, which name the user and what somebody has typed.
    let forgot = json!({ "email": email });
    let _ = world
        .post("password-forgot", "/api/auth/password/forgot", &forgot)
        .expect(202);
    let shown = world.mail(&email, 2).html.unwrap();
    let mark = json!({ "name": name });
    let update = Event::new("PATCH", "/api/auth/me").json(&mark);
    let _ = world.ask("me-update", update, 200);
    let invited = fresh_email();
    let fields = json!({ "email": invited, "message": name,
        "resource": { "type": "team", "id": "7", "name": name, "role": name } });
    let _ = world.ask(
        "invitations-create",
        Event::new("POST", PATH).json(&fields),
        201,
    );
    let invitation = world.mail(&invited, 1).html.unwrap();
    assert!(invitation.contains("&lt;script&gt;"), "{invitation}");
    for html in [shown, invitation] {
        assert!(
            !html.contains("<script") && !html.contains("\" onload"),
            "{html}"
        );
    }
    assert!(world.stands(&token(&account)));
}

/// Templates that would take for ever, or all memory: as text, and whether they parse.
fn endless() -> Vec<String> {
    let repeated = |part: &str, count: usize| part.repeat(count);
    let within = |open: &str, inside: &str, close: &str, count: usize| {
        format!("{}{inside}{}", open.repeat(count), close.repeat(count))
    };
    vec![
        "{% for i in range(1000000000) %}x{% endfor %}".to_owned(),
        "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}".to_owned(),
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}".to_owned(),
        "{% set a = 'x' %}{% set a = a ~ a %}".to_owned(),
        "{{ range(1000000000) }}".to_owned(),
        "{{ 'x' * 1000000000 }}".to_owned(),
        within("{% if code %}", "x", "{% endif %}", 2_700),
        format!("{{{{ {} }}}}", within("(", "1", ")", 30_000)),
        format!("{{{{ {} }}}}", within("[", "1", "]", 30_000)),
        format!("{{{{ {}1 }}}}", repeated("not ", 16_000)),
        format!("{{{{ {}1 }}}}", repeated("-", 60_000)),
        format!("{{{{ 1{} }}}}", repeated(" ~ 1", 16_000)),
        format!("{{{{ code{} }}}}", repeated("|upper", 10_000)),
        format!("{{{{ {}1 }}}}", repeated("1 if 1 else ", 5_000)),
        format!("{{{{ code{} }}}}", repeated(".a", 30_000)),
        format!("{{{{ code{} }}}}", repeated("[0]", 20_000)),
        format!(
            "{{% if code %}}{}{{% endif %}}",
            repeated("{% elif code %}", 4_000)
        ),
        repeated("{{ code }}", 6_500),
    ]
}

#[test]
fn a_template_that_would_never_end_is_refused_or_shown_at_once() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let admin = world.admin["accessToken"].as_str().unwrap();
    let place = "verify-email/en";
    for template in endless() {
        let head: String = template.chars().take(40).collect();
        let body = json!({ "subject": "a", "text": template });
        let path = format!("{TEMPLATES}/{place}/preview");
        let preview = Event::new("POST", &path).json(&body).token(admin);
        let shown = world.reply("mail-templates-preview", &preview);
        assert!(
            matches!(shown.status, 200 | 400),
            "{head}: {}",
            shown.text()
        );
        assert!(shown.body.len() < 600_000, "{head}");
        let saved = set(&world, place, &body);
        assert_eq!(saved.status, shown.status, "{head}: {}", saved.text());
        if saved.status == 200 {
            let email = fresh_email();
            let _ = world.register(&email);
            let _ = world.mail(&email, 1);
        }
    }
}

#[test]
fn a_stored_template_that_would_never_end_costs_its_mail_and_no_other() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let engine = world.flow.apart.dynamo.engine();
    for (number, template) in endless().iter().enumerate() {
        let head: String = template.chars().take(40).collect();
        // As one that was saved by another version, whose check was another.
        let item = json!({ "id": { "S": "template#verify-email#en" }, "subject": { "S": "a" },
            "text": { "S": template } });
        let put = json!({ "TableName": "local-_configuration", "Item": item });
        let _ = engine.call("PutItem", &put).unwrap();
        let email = fresh_email();
        let _ = world.register(&email);
        let ended = |states: &Vec<String>| {
            let ends = states
                .iter()
                .filter(|it| matches!(it.as_str(), "sent" | "dropped"));
            ends.count() == number + 1
        };
        let _ = world.until(|| world.states(), ended);
        let log = world.flow.log();
        assert!(
            !log.contains("\"ERROR\"") && !log.contains("overflow"),
            "{head}: {log}"
        );
    }
    let delete = json!({ "TableName": "local-_configuration",
        "Key": { "id": { "S": "template#verify-email#en" } } });
    let _ = engine.call("DeleteItem", &delete).unwrap();
    let email = fresh_email();
    let _ = world.register(&email);
    let _ = world.mail(&email, 1);
}

#[test]
fn a_mail_that_its_values_make_too_large_is_dropped() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let world = MailWorld::new(inside, &[]);
    let own = json!({ "subject": "a", "text": "{{ message }}".repeat(5_000) });
    let _ = set(&world, "invitation/en", &own).expect(200);
    let invite = |message: &str| {
        let email = fresh_email();
        let body = json!({ "email": email, "message": message });
        let _ = world.ask(
            "invitations-create",
            Event::new("POST", PATH).json(&body),
            201,
        );
        email
    };
    let large = invite(&"x".repeat(500));
    let dropped = |states: &Vec<String>| *states == ["dropped"];
    let _ = world.until(|| world.states(), dropped);
    let small = invite("x");
    let _ = world.mail(&small, 1);
    assert_eq!(world.mailbox.messages_to(&large), []);
    let is_told = |log: &String| log.contains("a mail is dropped: text");
    let _ = world.until(|| world.flow.log(), is_told);
}

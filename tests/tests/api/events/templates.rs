//! Templates of mails, as admins change them. Their text is never told.

use super::*;
use crate::mail::TEMPLATES;

pub(super) const WRITES: &[&str] = &[
    "register",
    "mail-templates-set",
    "mail-templates-reset",
    "mail-templates-preview",
];

const CHANGED: &[&str] = &["template.changed"];

#[test]
fn templates_make_exactly_these_events() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let play = Play::new(inside);
    let member = play.registers();
    let path = format!("{TEMPLATES}/password-reset/de");
    let admin = |event: Event| event.token(&play.admin.access);
    let put = |body: Value| Event::new("PUT", &path).json(&body);
    let changed = |event: &Value, names: &[&str]| {
        let subject = json!({ "collection": "configuration", "id": "template#password-reset#de", "owner": null });
        assert_eq!(event["subject"], subject, "{event}");
        let data = json!({ "kind": "password-reset", "locale": "de", "changed": names });
        assert_eq!(event["data"], data, "{event}");
        assert!(!event.to_string().contains("business"), "{event}");
        assert_eq!(event["actor"]["id"], json!(play.admin.id), "{event}");
    };
    // A preview that is sent changes no configuration.
    let preview = Event::new("POST", &format!("{path}/preview")).json(&json!({ "send": true }));
    let _ = play.ask("mail-templates-preview", admin(preview), 200, &[]);
    let body = json!({ "subject": "a text that is nobody's business", "text": "b", "html": "c" });
    let set = "mail-templates-set";
    let _ = play.ask(set, put(body.clone()).token(&member.access), 403, &[]);
    let _ = play.ask(
        set,
        admin(put(json!({ "subject": "{{", "text": "b" }))),
        400,
        &[],
    );
    let done = play.ask(set, admin(put(body.clone())), 200, CHANGED);
    changed(&done.events[0], &["subject", "text", "html"]);
    let _ = play.ask(set, admin(put(body)), 200, &[]);
    let shorter = json!({ "subject": "a text that is nobody's business", "text": "d" });
    let done = play.ask(set, admin(put(shorter)), 200, CHANGED);
    changed(&done.events[0], &["text", "html"]);

    let reset = || admin(delete(&path));
    let done = play.ask("mail-templates-reset", reset(), 204, CHANGED);
    changed(&done.events[0], &["deleted"]);
    let _ = play.ask("mail-templates-reset", reset(), 204, &[]);
    play.end(WRITES);
}

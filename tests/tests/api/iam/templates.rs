//! The templates of mails.

use super::*;
use crate::mail::TEMPLATES;

/// Every endpoint of templates, with every action that it may do.
pub(super) fn templates<'a>(
    apart: &Apart<'_>,
    start: &impl Fn(&str, &[(&str, &str)]) -> Instance<'a>,
    admin: &str,
) {
    let path = format!("{TEMPLATES}/verify-email/en");
    let (empty, template) = (json!({}), json!({ "subject": "a", "text": "b" }));
    let sent = json!({ "send": true });
    for (function, method, path, body, status) in [
        ("set", "PUT", path.clone(), &template, 200),
        ("list", "GET", TEMPLATES.to_owned(), &empty, 200),
        ("preview", "POST", format!("{path}/preview"), &sent, 200),
        ("reset", "DELETE", path, &empty, 204),
    ] {
        let event = Event::new(method, &path).json(body).token(admin);
        let function = start(&format!("mail-templates-{function}"), &[]);
        let _ = apart.ask(&function, &event).expect(status);
    }
}

//! The templates of mails.

use super::*;
use crate::mail::TEMPLATES;

pub(super) fn templates(ledger: &mut Ledger<'_>, admin: &Member) {
    let path = format!("{TEMPLATES}/invitation/de");
    let body = json!({ "subject": "a", "text": "b" });
    let mut on = |name: &'static str,
                  variant: &'static str,
                  (event, status): (Event, u16),
                  (requests, hops, read, write): (&str, usize, f64, f64),
                  design| {
        let function = ledger.function(name, &[]);
        let event = event.token(&admin.access);
        let requests = format!("{CHECK}{requests}");
        let expected = (&*requests, hops, read, write);
        let _ = ledger.row(
            (name, &function),
            variant,
            (&event, status),
            expected,
            design,
        );
    };
    on(
        "mail-templates-set",
        "1 KB",
        (Event::new("PUT", &path).json(&body), 200),
        (" → UpdateItem _configuration", 2, 2.0, 1.0),
        "session check → w",
    );
    on(
        "mail-templates-list",
        "any",
        (Event::new("GET", TEMPLATES), 200),
        (" → BatchGetItem _configuration", 2, 50.0, 0.0),
        "session check → 1 batch: each kind in each language",
    );
    let preview = format!("{path}/preview");
    on(
        "mail-templates-preview",
        "of the template that is used",
        (post(&preview, &json!({})), 200),
        (" → GetItem _configuration", 2, 3.0, 0.0),
        "session check → r",
    );
    on(
        "mail-templates-preview",
        "of a template that is sent",
        (post(&preview, &body), 200),
        ("", 1, 2.0, 0.0),
        "session check: 2 / 0",
    );
    let sent = json!({ "subject": "a", "text": "b", "send": true });
    on(
        "mail-templates-preview",
        "that is mailed, too",
        (post(&preview, &sent), 200),
        (" → GetItem _users → PutItem _mail", 3, 3.0, 1.0),
        "session check → r → w: 1 WRU a KB",
    );
    on(
        "mail-templates-reset",
        "1 KB",
        (Event::new("DELETE", &path), 204),
        (" → UpdateItem _configuration", 2, 2.0, 1.0),
        "session check → w",
    );
}

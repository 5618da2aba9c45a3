//! The templates of mails.

use std::sync::atomic::{AtomicUsize, Ordering};

use api::mail::Kind;
use blackbox::{Event, Reply};
use serde_json::json;

use super::world::*;
use super::{Area, Row, row, suffer_all};
use crate::mail::TEMPLATES;

const ROWS: &[Row] = &[
    row!("mail-templates-list", "BatchGetItem", "_users", 0, list),
    row!(
        "mail-templates-list",
        "BatchGetItem",
        "_configuration",
        0,
        list
    ),
    row!("mail-templates-set", "BatchGetItem", "_users", 0, set),
    row!("mail-templates-set", "UpdateItem", "_configuration", 0, set),
    row!("mail-templates-reset", "BatchGetItem", "_users", 0, reset),
    row!(
        "mail-templates-reset",
        "UpdateItem",
        "_configuration",
        0,
        reset
    ),
    row!(
        "mail-templates-preview",
        "BatchGetItem",
        "_users",
        0,
        preview
    ),
    row!(
        "mail-templates-preview",
        "GetItem",
        "_configuration",
        0,
        preview
    ),
    row!("mail-templates-preview", "GetItem", "_users", 0, preview),
    row!("mail-templates-preview", "PutItem", "_mail", 0, preview),
];

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(world) = World::new() else { return };
    suffer_all(&world, Area::Templates, ROWS);
}

/// The path of a template that no other act at the same time has.
fn path() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed) % Kind::ALL.len();
    format!("{TEMPLATES}/{}/en", Kind::ALL[next])
}

/// The subject of the mail as it would be sent.
fn subject(world: &World<'_>, path: &str) -> String {
    let event = Event::new("POST", &format!("{path}/preview"));
    let event = event.json(&json!({})).token(world.admin());
    text(
        &world
            .ask("mail-templates-preview", &event)
            .expect(200)
            .json()["subject"],
    )
}

fn put(world: &World<'_>, path: &str, subject: &str) -> Event {
    let body = json!({ "subject": subject, "text": "a" });
    Event::new("PUT", path).json(&body).token(world.admin())
}

fn list<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let look = |reply: &Reply| {
        assert_eq!(reply.json()["items"].is_array(), reply.status == 200);
    };
    Act {
        event: Event::new("GET", TEMPLATES).token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

fn preview<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let look = |reply: &Reply| {
        assert_eq!(reply.json()["text"].is_string(), reply.status == 200);
    };
    let event = Event::new("POST", &format!("{}/preview", path()));
    Act {
        event: event.json(&json!({ "send": true })).token(world.admin()),
        status: 200,
        look: Box::new(look),
    }
}

/// A template is the new one or the old one, and the reply told the truth about it.
fn set<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let path = path();
    let before = put(world, &path, "before");
    let _ = world.ask("mail-templates-set", &before).expect(200);
    let event = put(world, &path, "after");
    let look = move |reply: &Reply| {
        let subject = subject(world, &path);
        assert!(["before", "after"].contains(&subject.as_str()), "{subject}");
        assert!(reply.status != 200 || subject == "after", "{subject}");
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn reset<'a>(world: &'a World<'_>, _: &str) -> Act<'a> {
    let path = path();
    let before = put(world, &path, "before");
    let _ = world.ask("mail-templates-set", &before).expect(200);
    let event = Event::new("DELETE", &path).token(world.admin());
    let look = move |reply: &Reply| {
        let is_there = subject(world, &path) == "before";
        assert!(reply.status != 204 || !is_there);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

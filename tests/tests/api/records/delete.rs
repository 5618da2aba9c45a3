//! `DELETE /api/{collection}/{id}`

use blackbox::stack;
use serde_json::json;

use super::look::{NOBODY, all, has_notes, newer, note, notes_are, now, path, post, refused, text};

#[test]
fn a_deleted_record_is_gone_for_everybody() {
    let (member, admin, stranger) = (stack().member(), stack().admin(), stack().stranger());
    let before = post(&member, "before");
    let made = post(&member, "to be deleted");
    let path = path("posts", &made);

    let reply = member.delete(&path).expect(204);

    // A gateway may name a type of nothing.
    assert_eq!(reply.body.as_slice(), b"");
    assert!(stack().inside().is_none() || reply.header("content-type").is_none());
    assert!(!super::look::request_id(&reply).is_empty());
    for caller in [&member, &stack().member(), &admin] {
        refused(&caller.get(&path), 404, "data/record-not-found");
        refused(
            &caller.patch(&path, &json!({ "title": "back" })),
            404,
            "data/record-not-found",
        );
        refused(
            &caller.put(&path, &json!({ "title": "back" })),
            404,
            "data/record-not-found",
        );
        refused(&caller.delete(&path), 404, "data/record-not-found");
        assert!(
            !newer(caller, "posts", &before)
                .iter()
                .any(|record| record["id"] == made["id"])
        );
    }
    refused(&stranger.get(&path), 404, "data/record-not-found");
    refused(&stranger.delete(&path), 401, "auth/authentication-required");
    assert!(
        !newer(&stranger, "posts", &before)
            .iter()
            .any(|record| record["id"] == made["id"])
    );
}

#[test]
fn a_deleted_note_leaves_the_owners_list_and_the_admins() {
    let (member, admin) = (stack().member(), stack().admin());
    let (first, second, third) = (
        note(&member, "first"),
        note(&member, "second"),
        note(&member, "third"),
    );
    notes_are(&member, &[third.clone(), second.clone(), first.clone()]);

    let _ = member.delete(&path("notes", &second)).expect(204);

    notes_are(&member, &[third, first.clone()]);
    assert!(
        !newer(&admin, "notes", &first)
            .iter()
            .any(|record| record["id"] == second["id"])
    );
    refused(
        &member.delete(&path("notes", &second)),
        404,
        "data/record-not-found",
    );
}

#[test]
fn a_refused_delete_changes_nothing() {
    let (member, other, stranger) = (stack().member(), stack().member(), stack().stranger());
    let (public, hidden) = (post(&member, "public"), note(&member, "hidden"));
    let feedback = other
        .post("/api/feedback", &json!({ "message": "mine" }))
        .expect(201)
        .json();

    refused(
        &other.delete(&path("posts", &public)),
        403,
        "auth/forbidden",
    );
    refused(
        &stranger.delete(&path("posts", &public)),
        401,
        "auth/authentication-required",
    );
    refused(
        &other.delete(&path("notes", &hidden)),
        404,
        "data/record-not-found",
    );
    refused(
        &stranger.delete(&path("notes", &hidden)),
        401,
        "auth/authentication-required",
    );
    refused(
        &other.delete(&path("feedback", &feedback)),
        404,
        "data/record-not-found",
    );

    assert_eq!(now(&member, "posts", &public), public);
    notes_are(&member, std::slice::from_ref(&hidden));
    assert_eq!(now(&stack().admin(), "feedback", &feedback), feedback);
}

#[test]
fn a_body_and_a_query_widen_no_delete() {
    let (member, other) = (stack().member(), stack().member());
    let public = post(&member, "public");
    let body = json!({ "user_id": other.id(), "createdBy": other.id(), "force": true }).to_string();
    let path = format!(
        "{}?user_id={}&force=true",
        path("posts", &public),
        other.id()
    );
    let json = [("content-type", "application/json")];
    refused(
        &other.send("DELETE", &path, &json, Some(body.as_bytes())),
        403,
        "auth/forbidden",
    );
    assert_eq!(now(&member, "posts", &public), public);
}

#[test]
fn what_is_not_there_cannot_be_deleted() {
    let member = stack().member();
    let (made, elsewhere) = (note(&member, "there"), post(&member, "elsewhere"));
    let id = text(&made, "id");
    let mut shard = id.clone();
    shard.replace_range(16..18, "ff");
    for absent in [
        NOBODY,
        &text(&elsewhere, "id"),
        &id.to_uppercase(),
        &shard,
        "nope",
        "*",
        "%00",
        member.id(),
    ] {
        refused(
            &member.delete(&format!("/api/notes/{absent}")),
            404,
            "data/record-not-found",
        );
    }
    notes_are(&member, &[made]);
    assert_eq!(now(&member, "posts", &elsewhere), elsewhere);
}

#[test]
fn an_admin_deletes_anybodys() {
    let (member, admin) = (stack().member(), stack().admin());
    let (public, hidden) = (post(&member, "public"), note(&member, "hidden"));
    let feedback = stack()
        .stranger()
        .post("/api/feedback", &json!({ "message": "of nobody" }))
        .expect(201)
        .json();
    for (collection, record) in [
        ("posts", &public),
        ("notes", &hidden),
        ("feedback", &feedback),
    ] {
        let _ = admin.delete(&path(collection, record)).expect(204);
        refused(
            &admin.get(&path(collection, record)),
            404,
            "data/record-not-found",
        );
    }
    has_notes(&member, 0);
    assert!(all(&member, "notes", 1).is_empty());
}

//! The owner of a changed record.

use super::*;

#[test]
fn the_owner_cannot_be_changed() {
    let (member, other) = (stack().member(), stack().member());
    let made = post(&member, "mine");
    let path = path("posts", &made);
    let upper = member.id().to_uppercase();
    for name in [
        json!(other.id()),
        json!(NOBODY),
        json!("x"),
        json!(upper),
        json!(null),
        json!(""),
    ] {
        let body = json!({ "title": "changed", "user_id": name });
        refused_with(
            &member.patch(&path, &body),
            403,
            "auth/forbidden",
            OWNER_REFUSAL,
        );
        refused_with(
            &member.put(&path, &body),
            403,
            "auth/forbidden",
            OWNER_REFUSAL,
        );
        refused_with(
            &member.patch(&path, &json!({ "user_id": name })),
            403,
            "auth/forbidden",
            OWNER_REFUSAL,
        );
    }
    assert_eq!(now(&member, "posts", &made), made);
    let same = member
        .patch(
            &path,
            &json!({ "title": "changed", "user_id": member.id() }),
        )
        .expect(200)
        .json();
    assert_eq!(
        (&same["title"], &same["user_id"]),
        (&json!("changed"), &json!(member.id()))
    );
}

#[test]
fn another_member_becomes_the_owner_by_no_body() {
    let (member, other) = (stack().member(), stack().member());
    let (made, hidden) = (post(&member, "mine"), note(&member, "mine"));
    for body in [
        json!({ "title": "theirs" }),
        json!({ "title": "theirs", "user_id": other.id() }),
        json!({ "title": "theirs", "user_id": member.id() }),
        json!({ "title": "theirs", "user_id": null }),
        json!({ "title": "theirs", "createdBy": other.id(), "id": NOBODY }),
        json!({ "user_id": other.id() }),
    ] {
        let patched = other.patch(&path("posts", &made), &body);
        refused(&patched, 403, "auth/forbidden");
        if body["title"].is_string() {
            refused(
                &other.put(&path("posts", &made), &body),
                403,
                "auth/forbidden",
            );
        }
    }
    for body in [
        json!({ "title": "theirs" }),
        json!({ "title": "theirs", "createdBy": other.id() }),
    ] {
        refused(
            &other.patch(&path("notes", &hidden), &body),
            404,
            "data/record-not-found",
        );
        refused(
            &other.put(&path("notes", &hidden), &body),
            404,
            "data/record-not-found",
        );
    }
    assert_eq!(now(&member, "posts", &made), made);
    assert_eq!(now(&member, "notes", &hidden), hidden);
    has_notes(&other, 0);
}

#[test]
fn an_admin_hands_a_record_over() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let made = post(&member, "handed over");
    let path = path("posts", &made);

    let handed = admin
        .patch(&path, &json!({ "user_id": other.id() }))
        .expect(200)
        .json();

    let expected = record(
        Some(member.id()),
        &json!({ "title": "handed over", "user_id": other.id() }),
    );
    assert_eq!(masked(&handed), expected);
    refused(
        &member.patch(&path, &json!({ "title": "mine" })),
        403,
        "auth/forbidden",
    );
    let _ = other
        .patch(&path, &json!({ "title": "mine now" }))
        .expect(200);
    let back = admin
        .put(&path, &json!({ "title": "back", "user_id": member.id() }))
        .expect(200)
        .json();
    assert_eq!(
        masked(&back),
        record(
            Some(member.id()),
            &json!({ "title": "back", "user_id": member.id() })
        )
    );
    for nobody in [json!(null), json!("")] {
        let free = admin
            .patch(&path, &json!({ "user_id": nobody }))
            .expect(200)
            .json();
        assert_eq!(
            masked(&free),
            record(Some(member.id()), &json!({ "title": "back" }))
        );
        refused(
            &member.patch(&path, &json!({ "title": "x" })),
            403,
            "auth/forbidden",
        );
        refused(&member.delete(&path), 403, "auth/forbidden");
    }
}

#[test]
fn an_admin_changes_a_note_and_its_owner_stays() {
    let (member, admin) = (stack().member(), stack().admin());
    let made = note(&member, "mine");
    let changed = admin.patch(
        &path("notes", &made),
        &json!({ "title": "seen", "createdBy": admin.id() }),
    );
    let changed = changed.expect(200).json();
    assert_eq!(
        masked(&changed),
        record(Some(member.id()), &json!({ "title": "seen" }))
    );
    notes_are(&member, &[changed]);
    assert!(!all(&stack().member(), "notes", 100).contains(&made));
}

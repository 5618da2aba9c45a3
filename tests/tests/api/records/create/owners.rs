//! The owner of a new record.

use super::*;

#[test]
fn the_owner_is_filled_in_when_absent_null_or_empty() {
    let member = stack().member();
    for named in [
        None,
        Some(json!(null)),
        Some(json!("")),
        Some(json!(member.id())),
    ] {
        for (collection, field) in [("posts", "title"), ("feedback", "message")] {
            let mut body = json!({ field: "owner" });
            if let Some(named) = &named {
                body["user_id"] = named.clone();
            }
            let made = member
                .post(&format!("/api/{collection}"), &body)
                .expect(201)
                .json();
            let expected = record(
                Some(member.id()),
                &json!({ field: "owner", "user_id": member.id() }),
            );
            assert_eq!(masked(&made), expected, "{body}");
        }
    }
}

#[test]
fn naming_somebody_else_is_refused_and_stores_nothing() {
    let (member, other, admin) = (stack().member(), stack().member(), stack().admin());
    let marker = format!("for somebody else {}", member.id());
    let (first, first_feedback) = (
        post(&member, "before"),
        admin
            .post("/api/feedback", &json!({ "message": "before" }))
            .expect(201)
            .json(),
    );
    let upper = member.id().to_uppercase();
    let spaced = format!("{} ", member.id());

    for name in [other.id(), NOBODY, "nobody", &upper, &spaced, "null", "*"] {
        let refusal = member.post("/api/posts", &json!({ "title": marker, "user_id": name }));
        refused_with(&refusal, 403, "auth/forbidden", OWNER_REFUSAL);
        let refusal = member.post(
            "/api/feedback",
            &json!({ "message": marker, "user_id": name }),
        );
        refused_with(&refusal, 403, "auth/forbidden", OWNER_REFUSAL);
    }

    let posts = newer(&member, "posts", &first);
    assert!(!posts.iter().any(|record| record["title"] == json!(marker)));
    let feedback = newer(&admin, "feedback", &first_feedback);
    assert!(
        !feedback
            .iter()
            .any(|record| record["message"] == json!(marker))
    );
}

#[test]
fn a_stranger_names_nobody() {
    let (stranger, member, admin) = (stack().stranger(), stack().member(), stack().admin());
    let first = admin
        .post("/api/feedback", &json!({ "message": "before" }))
        .expect(201)
        .json();
    let marker = format!("as somebody {}", member.id());

    for name in [member.id(), admin.id(), NOBODY, "me"] {
        let refusal = stranger.post(
            "/api/feedback",
            &json!({ "message": marker, "user_id": name }),
        );
        refused_with(&refusal, 403, "auth/forbidden", OWNER_REFUSAL);
    }
    for nobody in [json!(null), json!("")] {
        let made = stranger
            .post(
                "/api/feedback",
                &json!({ "message": "of nobody", "user_id": nobody }),
            )
            .expect(201);
        assert_eq!(
            masked(&made.json()),
            record(None, &json!({ "message": "of nobody" }))
        );
    }

    let feedback = newer(&admin, "feedback", &first);
    assert!(
        !feedback
            .iter()
            .any(|record| record["message"] == json!(marker))
    );
}

#[test]
fn an_admin_may_name_another_who_then_owns_the_record() {
    let (member, admin) = (stack().member(), stack().admin());

    let made = admin
        .post(
            "/api/posts",
            &json!({ "title": "given", "user_id": member.id() }),
        )
        .expect(201)
        .json();

    assert_eq!(
        masked(&made),
        record(
            Some(admin.id()),
            &json!({ "title": "given", "user_id": member.id() })
        )
    );
    let changed = member
        .patch(&path("posts", &made), &json!({ "title": "taken" }))
        .expect(200)
        .json();
    assert_eq!(
        (&changed["title"], &changed["createdBy"]),
        (&json!("taken"), &json!(admin.id()))
    );
    let own = admin
        .post("/api/posts", &json!({ "title": "own", "user_id": "" }))
        .expect(201)
        .json();
    assert_eq!(own["user_id"], json!(admin.id()));
}

#[test]
fn an_owner_is_text_of_decent_length() {
    let (member, admin) = (stack().member(), stack().admin());
    let long = "x".repeat(129);
    for caller in [&member, &admin] {
        for bad in [
            json!(7),
            json!(true),
            json!([]),
            json!({}),
            json!([member.id()]),
            json!(long),
            json!("a\u{0}"),
        ] {
            let reply = caller.post("/api/posts", &json!({ "title": "x", "user_id": bad }));
            invalid(&reply, &[("user_id", "type")]);
        }
    }
}

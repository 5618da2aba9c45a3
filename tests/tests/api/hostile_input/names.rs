//! Names and texts that mean something elsewhere.

use super::*;

/// RFC 8259, section 4, leaves it open: here the last one counts, and it alone, for rules as for values.
#[test]
fn of_duplicate_keys_the_last_one_counts() {
    let (member, other) = (stack().member(), stack().member());
    let create = |body: &str| member.send("POST", "/api/posts", &[JSON], Some(body.as_bytes()));
    let made = create(r#"{"title":1,"title":"a","title":"b"}"#)
        .expect(201)
        .json();
    assert_eq!(made["title"], json!("b"));
    invalid(&create(r#"{"title":"b","title":1}"#), &[("title", "type")]);
    invalid(
        &create(r#"{"title":"b","title":null}"#),
        &[("title", "required")],
    );
    let named = |first: &str, last: &str| {
        create(&format!(
            r#"{{"title":"x","user_id":"{first}","user_id":"{last}"}}"#
        ))
    };
    assert_eq!(named(member.id(), other.id()).code(), "auth/forbidden");
    assert_eq!(
        named(other.id(), member.id()).expect(201).json()["user_id"],
        json!(member.id())
    );
}

#[test]
fn names_that_mean_something_elsewhere_mean_nothing_here() {
    let member = stack().member();
    let names = [
        "__proto__",
        "constructor",
        "prototype",
        "#a",
        ":b",
        "a.b",
        "a[0]",
        "#n0",
        ":v0",
        "$set",
        "data",
        "owner",
        "shard",
        "deleted_at",
        "expires_at",
        "rev",
        "ABORT",
        "SIZE",
        "ttl",
        "S",
        "N",
        "M",
        "L",
        "NULL",
        "BOOL",
        "id",
        "createdBy",
        " ",
        "😀",
        "\u{202e}",
        "\u{feff}",
        "a\"b",
        "a\\b",
        "a\nb",
        "user_id",
    ];
    for name in names {
        // As a key inside an object it is a key like any other.
        let meta = json!({ name: { name: [{ name: "x" }] } });
        let made = member
            .post("/api/notes", &json!({ "title": "names", "meta": meta }))
            .expect(201)
            .json();
        assert_eq!(made["meta"], meta);
        let changed = member
            .patch(&path("notes", &made), &json!({ "meta": { name: null } }))
            .expect(200)
            .json();
        assert_eq!(changed["meta"], json!({ name: null }));
        assert_eq!(now(&member, "notes", &made), changed);
        // As a field of its own it is refused, or, a system field, ignored.
        let reply = member.patch(&path("notes", &made), &json!({ name: "x" }));
        if ["id", "createdBy"].contains(&name) {
            assert_eq!(
                masked(&reply.expect(200).json()),
                masked(&changed),
                "{name:?}"
            );
        } else {
            assert_eq!(reply.status, 400, "{name:?}: {}", reply.text());
            any_refusal(&reply, name);
            assert_eq!(now(&member, "notes", &made), changed, "{name:?}");
        }
    }
    has_notes(&member, names.len());
}

/// A free object would be stored as another value than was sent.
#[test]
fn the_json_librarys_private_names_are_refused_in_every_spelling() {
    let member = stack().member();
    for name in [
        "$serde_json::private::Number",
        "$serde_json::private::RawValue",
        "\\u0024serde_json::private::Number",
    ] {
        for value in [
            "\"1\"",
            "\"x\"",
            "\"1e400\"",
            "\"{}\"",
            "1",
            "null",
            "[]",
            "\"\"",
        ] {
            for body in [
                format!("{{\"{name}\":{value}}}"),
                format!("{{\"title\":{{\"{name}\":{value}}}}}"),
                format!("{{\"title\":\"x\",\"nope\":{{\"{name}\":{value}}}}}"),
                format!("{{\"title\":\"x\",\"meta\":{{\"{name}\":{value}}}}}"),
                format!("{{\"title\":\"x\",\"tags\":[{{\"{name}\":{value}}}]}}"),
                format!("{{\"title\":\"x\",\"size\":{{\"{name}\":{value},\"more\":1}}}}"),
            ] {
                for reply in both_ways(
                    &member,
                    "records-create",
                    ("POST", "/api/notes"),
                    &[JSON],
                    &body,
                ) {
                    any_refusal(&reply, &body);
                    assert_eq!(
                        reply.json()["error"]["code"],
                        "common/invalid-json",
                        "{body}"
                    );
                }
            }
        }
    }
    has_notes(&member, 0);
}

#[test]
fn odd_text_comes_back_as_it_went() {
    let member = stack().member();
    for odd in [
        "😀👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "שלום \u{202e}evil\u{202c} مرحبا",
        "e\u{301} é \u{1f1e9}\u{1f1ea}",
        "\u{feff}bom",
        "\u{fffd}\u{fffe}\u{ffff}\u{10ffff}",
        "\u{1}\u{7f}\u{80}\u{9f}\u{2028}\u{2029}",
        "\r\n\t\u{8}\u{c}",
        "<script>alert(1)</script>",
        "'; DROP TABLE posts; --",
        "${jndi:ldap://x} {{7*7}} %n%s %00 \\u0000 \\ud800",
        "#a = :b AND attribute_exists(id)",
    ] {
        let made = note(&member, odd);
        assert_eq!(made["title"], json!(odd));
        assert_eq!(now(&member, "notes", &made), made);
    }
}

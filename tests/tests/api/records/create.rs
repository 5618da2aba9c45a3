//! `POST /api/{collection}`

use blackbox::stack;
use serde_json::{Value, json};

use super::look::{
    self, NOBODY, OWNER_REFUSAL, has_notes, invalid, masked, newer, note, notes_are, path, post,
    record, refused, refused_with, request_id,
};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

#[test]
fn a_member_creates_a_post() {
    let member = stack().member();

    let reply = member
        .post("/api/posts", &json!({ "title": "Hello" }))
        .expect(201);

    let body = reply.json();
    let expected = record(
        Some(member.id()),
        &json!({ "title": "Hello", "user_id": member.id() }),
    );
    assert_eq!(masked(&body), expected);
    assert_eq!(body["createdAt"], body["updatedAt"]);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("private, no-cache"));
    assert!(!request_id(&reply).is_empty());
    let location = reply.header("location").expect("a Location");
    assert_eq!(location, path("posts", &body));
    assert_eq!(stack().stranger().get(location).expect(200).json(), body);
}

#[test]
fn a_note_shows_no_owner_but_created_by() {
    let member = stack().member();
    let body = note(&member, "mine");
    assert_eq!(
        masked(&body),
        record(Some(member.id()), &json!({ "title": "mine" }))
    );
    notes_are(&member, &[body]);
}

#[test]
fn a_stranger_creates_where_everybody_may() {
    let stranger = stack().stranger();

    let reply = stranger
        .post("/api/feedback", &json!({ "message": "Nice" }))
        .expect(201);

    assert_eq!(
        masked(&reply.json()),
        record(None, &json!({ "message": "Nice" }))
    );
    assert_eq!(reply.header("cache-control"), None);
    let admin = stack().admin();
    assert_eq!(
        admin
            .get(reply.header("location").expect("a Location"))
            .expect(200)
            .json(),
        reply.json()
    );
}

#[test]
fn system_fields_in_a_body_are_ignored() {
    let (member, other) = (stack().member(), stack().member());
    for system in [
        json!({ "id": NOBODY, "createdAt": "2001-01-01T00:00:00.000Z", "updatedAt": "2001-01-01T00:00:00.000Z",
            "createdBy": other.id() }),
        json!({ "id": null, "createdAt": null, "updatedAt": null, "createdBy": null }),
        json!({ "id": 1, "createdAt": [], "updatedAt": {}, "createdBy": true }),
        json!({ "id": "../../etc", "createdAt": "x\u{0}", "updatedAt": "", "createdBy": "" }),
    ] {
        let mut body = system.clone();
        body["title"] = json!("system");
        for (collection, fields) in [
            ("notes", json!({ "title": "system" })),
            (
                "posts",
                json!({ "title": "system", "user_id": member.id() }),
            ),
        ] {
            let made = member
                .post(&format!("/api/{collection}"), &body)
                .expect(201)
                .json();
            assert_eq!(
                masked(&made),
                record(Some(member.id()), &fields),
                "{system}"
            );
            assert_ne!(made["id"], system["id"]);
            assert!(look::text(&made, "createdAt").as_str() > "2026", "{made}");
        }
    }
    has_notes(&other, 0);
}

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

#[test]
fn every_undeclared_field_is_named() {
    let member = stack().member();
    for names in [
        &["nope"][..],
        &["a", "b", "c", "Title", "TITLE", "title "],
        &[
            "#a",
            ":b",
            "a.b",
            "a[0]",
            "#n0",
            ":v0",
            "data.title",
            "$set",
            "$where",
        ],
        &[
            "__proto__",
            "constructor",
            "prototype",
            "toString",
            "hasOwnProperty",
        ],
        &[
            "size",
            "SELECT",
            "name",
            "status",
            "value",
            "ttl",
            "key",
            "table",
            "attribute_exists(id)",
        ],
        &[
            "shard",
            "owner",
            "created_by",
            "rev",
            "actor",
            "data",
            "deleted_at",
            "expires_at",
            "role",
        ],
        &["", " ", "é", "😀", "\u{202e}x", "\u{0}"],
    ] {
        let declared = ["size"];
        let mut body = json!({ "title": "undeclared" });
        for name in names {
            body[*name] = json!("x");
        }
        let expected: Vec<(&str, &str)> = names
            .iter()
            .map(|name| {
                (
                    *name,
                    if declared.contains(name) {
                        "type"
                    } else {
                        "unknown-field"
                    },
                )
            })
            .collect();
        invalid(&member.post("/api/notes", &body), &expected);
    }
    let many: Value = (0..1000)
        .map(|n| (format!("f{n}"), json!(1)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let reply = member.post("/api/notes", &many).expect(400);
    assert_eq!(
        reply.json()["error"]["details"].as_array().map(Vec::len),
        Some(20)
    );
    let long = member
        .post(
            "/api/notes",
            &json!({ "title": "x", "y".repeat(200_000): 1 }),
        )
        .expect(400);
    assert!(
        long.body.len() < 1000,
        "an echo of {} bytes",
        long.body.len()
    );
    has_notes(&member, 0);
}

#[test]
fn a_required_field_must_be_there() {
    let member = stack().member();
    for (collection, field) in [
        ("posts", "title"),
        ("notes", "title"),
        ("feedback", "message"),
    ] {
        let path = format!("/api/{collection}");
        invalid(&member.post(&path, &json!({})), &[(field, "required")]);
        invalid(
            &member.post(&path, &json!({ field: null })),
            &[(field, "required")],
        );
        invalid(
            &member.post(&path, &json!({ "id": 1 })),
            &[(field, "required")],
        );
        let empty = member.post(&path, &json!({ field: "" })).expect(201).json();
        assert_eq!(empty[field], json!(""), "an empty text is a text");
    }
    invalid(
        &member.post("/api/notes", &json!({ "nope": 1 })),
        &[("nope", "unknown-field"), ("title", "required")],
    );
    has_notes(&member, 1);
}

#[test]
fn every_type_keeps_what_it_takes() {
    let (member, other) = (stack().member(), stack().member());
    let (own, others) = (
        format!("\"{}\"", member.id()),
        format!("\"{}\"", other.id()),
    );
    let long = format!("\"{}\"", "x".repeat(200_000));
    let digits = "12345678901234567890123456789012345678";
    let deepest = format!("{}1{}", "[".repeat(20), "]".repeat(20));
    let reserved = r##"{"size":1,"name":"n","#a":1,":b":2,"a.b":3,"a[0]":4,"__proto__":{"admin":true},"constructor":5,
        "id":6,"owner":7,"deleted_at":8,"ABORT":9,"$set":{},"😀":10," ":11,"S":"x","N":"y","M":{"S":"z"}}"##;
    let cases: &[(&str, &str, &str)] = &[
        ("body", r#""""#, r#""""#),
        (
            "body",
            r#""a\nb\t\"\\/ \u0001\u001f\u007f""#,
            r#""a\nb\t\"\\/ \u0001\u001f\u007f""#,
        ),
        (
            "body",
            r#""ü 漢 😀 \ud83d\ude00 \u202e שלום \ufeff \ufffe e\u0301""#,
            "\"ü 漢 😀 😀 \u{202e} שלום \u{feff} \u{fffe} e\u{301}\"",
        ),
        (
            "body",
            r#""<script>alert(1)</script> ' OR 1=1 -- ${x} {{y}} %00 #a :b""#,
            r#""<script>alert(1)</script> ' OR 1=1 -- ${x} {{y}} %00 #a :b""#,
        ),
        ("body", &long, &long),
        ("size", "0", "0"),
        ("size", "-0.0", "0"),
        ("size", "1.50", "1.5"),
        ("size", "-12.5E-1", "-1.25"),
        ("size", "1e2", "100"),
        ("size", digits, digits),
        ("size", "0.1", "0.1"),
        ("size", "9007199254740993", "9007199254740993"),
        (
            "size",
            "9.9999999999999999999999999999999999999e125",
            "9.9999999999999999999999999999999999999e125",
        ),
        ("size", "-1e125", "-1e125"),
        ("size", "1e-130", "1e-130"),
        ("size", "0e999999999", "0"),
        ("priority", "0", "0"),
        ("priority", "-7", "-7"),
        ("priority", "1.0", "1"),
        ("priority", "1e3", "1000"),
        ("priority", digits, digits),
        ("done", "true", "true"),
        ("done", "false", "false"),
        (
            "due",
            r#""2026-11-21T10:00:00Z""#,
            r#""2026-11-21T10:00:00.000Z""#,
        ),
        (
            "due",
            r#""2026-11-21T10:00:00.123999+02:00""#,
            r#""2026-11-21T08:00:00.123Z""#,
        ),
        (
            "due",
            r#""2026-12-31T23:30:00-01:00""#,
            r#""2027-01-01T00:30:00.000Z""#,
        ),
        ("due", r#""2026-02-28""#, r#""2026-02-28T00:00:00.000Z""#),
        (
            "due",
            r#""2024-02-29t00:00:00z""#,
            r#""2024-02-29T00:00:00.000Z""#,
        ),
        (
            "due",
            r#""1970-01-01T00:00:00Z""#,
            r#""1970-01-01T00:00:00.000Z""#,
        ),
        (
            "due",
            r#""9999-12-31T23:59:59.999Z""#,
            r#""9999-12-31T23:59:59.999Z""#,
        ),
        (
            "due",
            r#""9999-12-31T23:59:59.999+23:59""#,
            r#""9999-12-31T00:00:59.999Z""#,
        ),
        ("meta", "{}", "{}"),
        ("meta", reserved, reserved),
        (
            "meta",
            r#"{"a":null,"b":[null],"c":{"d":[]}}"#,
            r#"{"a":null,"b":[null],"c":{"d":[]}}"#,
        ),
        ("meta", r#"{"n":[1.0,1e1,-0]}"#, r#"{"n":[1,10,0]}"#),
        ("tags", "[]", "[]"),
        (
            "tags",
            r#"[1,"a",true,null,[],{},[[1]],""]"#,
            r#"[1,"a",true,null,[],{},[[1]],""]"#,
        ),
        ("tags", &deepest, &deepest),
        ("assignee", &own, &own),
        ("assignee", &others, &others),
    ];
    for (field, sent, kept) in cases {
        let reply = member.post(
            "/api/notes",
            &json!({ "title": "type", *field: parse(sent) }),
        );
        assert_eq!(reply.status, 201, "{field} {sent}: {}", reply.text());
        let made = reply.json();
        assert_eq!(
            masked(&made),
            record(
                Some(member.id()),
                &json!({ "title": "type", *field: parse(kept) })
            )
        );
        assert_eq!(
            look::now(&member, "notes", &made),
            made,
            "what is stored is what was replied"
        );
    }
    has_notes(&member, cases.len());
}

#[test]
fn an_optional_null_is_left_out() {
    let member = stack().member();
    let nulls = json!({ "title": "nulls", "body": null, "size": null, "priority": null, "done": null, "due": null,
        "meta": null, "tags": null, "assignee": null });
    let made = member.post("/api/notes", &nulls).expect(201).json();
    assert_eq!(
        masked(&made),
        record(Some(member.id()), &json!({ "title": "nulls" }))
    );
    assert_eq!(look::now(&member, "notes", &made), made);
}

#[test]
fn every_type_refuses_what_it_does_not_take() {
    let member = stack().member();
    let post = post(&member, "not a user");
    let (unknown, upper) = (
        format!("\"{NOBODY}\""),
        format!("\"{}\"", member.id().to_uppercase()),
    );
    let (of_post, email) = (
        format!("\"{}\"", look::text(&post, "id")),
        format!("\"{}\"", member.email),
    );
    let deep = format!("{}1{}", "[".repeat(21), "]".repeat(21));
    let deep_object = format!("{}1{}", "{\"a\":".repeat(21), "}".repeat(21));
    let key = format!("{{\"{}\":1}}", "k".repeat(65_536));
    let cases: &[(&str, &str, &[&str])] = &[
        ("title", "type", &["1", "true", "[]", "{}", "[\"a\"]"]),
        ("body", "type", &["1", "false", "[]", "{}"]),
        ("body", "nul", &[r#""\u0000""#, r#""a\u0000b""#]),
        (
            "size",
            "type",
            &[r#""1""#, r#""""#, "true", "[]", "{}", "[1]"],
        ),
        (
            "size",
            "range",
            &[
                "1e126",
                "-1e126",
                "1e400",
                "-1e400",
                "1e-131",
                "1e99999999999",
                "1e-99999999999",
                "1e2147483647",
                "1e-2147483648",
                "123456789012345678901234567890123456789",
                "0.123456789012345678901234567890123456789",
                "1.0000000000000000000000000000000000000000001",
            ],
        ),
        (
            "priority",
            "type",
            &[
                "1.5",
                r#""1""#,
                "true",
                "[]",
                "{}",
                "1e-1",
                "0.00000000000000000001",
            ],
        ),
        (
            "priority",
            "range",
            &["1e400", "123456789012345678901234567890123456789"],
        ),
        (
            "done",
            "type",
            &["0", "1", r#""true""#, r#""""#, "[]", "{}"],
        ),
        ("due", "type", &["1795219200000", "true", "[]", "{}"]),
        (
            "due",
            "format",
            &[
                r#""""#,
                r#""soon""#,
                r#""2026-02-30""#,
                r#""2023-02-29T00:00:00Z""#,
                r#""2026-13-01T00:00:00Z""#,
                r#""2026-11-21T24:00:00Z""#,
                r#""2026-11-21T10:60:00Z""#,
                r#""2026-11-21T10:00:00""#,
                r#""2026-11-21 10:00""#,
                r#""21.11.2026""#,
                r#""1969-12-31T23:59:59Z""#,
                r#""0000-01-01T00:00:00Z""#,
                r#""9999-12-31T23:59:59-01:00""#,
                r#""9999-12-31T23:59:59.999-23:59""#,
                r#""0000-01-01T00:00:00+23:59""#,
                r#""+10000-01-01T00:00:00Z""#,
                r#""2026-11-21T10:00:00+24:00""#,
                r#""2026-11-21T10:00:00Zx""#,
                r#""١٢٣٤٥""#,
                r#"" 2026-11-21T10:00:00Z""#,
            ],
        ),
        ("due", "nul", &[r#""2026-11-21\u0000""#]),
        ("meta", "type", &["[]", r#""{}""#, "1", "true", "[{}]"]),
        ("meta", "key", &[r#"{"":1}"#, r#"{"a":[{"":1}]}"#, &key]),
        (
            "meta",
            "nul",
            &[
                r#"{"\u0000":1}"#,
                r#"{"a":"\u0000"}"#,
                r#"{"a":[{"b":"\u0000"}]}"#,
            ],
        ),
        ("meta", "range", &[r#"{"a":1e400}"#, r#"{"a":[[1e126]]}"#]),
        ("meta", "depth", &[&deep_object]),
        ("tags", "type", &["{}", r#""a""#, "1", "true"]),
        ("tags", "depth", &[&deep]),
        ("tags", "range", &["[1e-131]"]),
        (
            "assignee",
            "type",
            &[
                "1",
                "true",
                "[]",
                "{}",
                r#""""#,
                r#""me""#,
                &upper,
                &email,
                r#""00000000-0000-4000-8000-000000000000""#,
            ],
        ),
        ("assignee", "not-found", &[&unknown, &of_post]),
    ];
    for (field, code, values) in cases {
        for value in *values {
            // The text goes out as it is: a JSON library would touch the numbers.
            let title = if *field == "title" {
                ""
            } else {
                r#""title":"refused","#
            };
            let body = format!("{{{title}\"{field}\":{value}}}");
            let json = [("content-type", "application/json")];
            let reply = member.send("POST", "/api/notes", &json, Some(body.as_bytes()));
            assert_eq!(reply.status, 400, "{field} {value}: {}", reply.text());
            invalid(&reply, &[(field, code)]);
        }
    }
    has_notes(&member, 0);
}

#[test]
fn every_fault_of_a_body_is_told_at_once() {
    let member = stack().member();
    let body = json!({ "body": 1, "size": "x", "done": 0, "due": "soon", "meta": [], "nope": 1 });
    let expected = [
        ("title", "required"),
        ("body", "type"),
        ("size", "type"),
        ("done", "type"),
        ("due", "format"),
        ("meta", "type"),
        ("nope", "unknown-field"),
    ];
    invalid(&member.post("/api/notes", &body), &expected);
    has_notes(&member, 0);
}

#[test]
fn whoever_may_not_create_hears_that_before_anything_about_the_body() {
    let stranger = stack().stranger();
    for body in [json!({}), json!({ "nope": 1 }), json!({ "title": "x" })] {
        refused(
            &stranger.post("/api/notes", &body),
            401,
            "auth/authentication-required",
        );
        refused(
            &stranger.post("/api/posts", &body),
            401,
            "auth/authentication-required",
        );
    }
}

//! The values of each type.

use super::*;

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
        ("due", r#""1945-05-08""#, r#""1945-05-08T00:00:00.000Z""#),
        (
            "due",
            r#""1970-01-01T00:30:00+01:00""#,
            r#""1969-12-31T23:30:00.000Z""#,
        ),
        (
            "due",
            r#""0000-01-01T00:00:00Z""#,
            r#""0000-01-01T00:00:00.000Z""#,
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

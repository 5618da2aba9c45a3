//! Loading collection definitions.

use serde_json::{Value, json};

use crate::text;

/// The words of a definition.
const WORDS: &[&str] = &[
    r#"{"name":"b","type":"string"},"#,
    r#"{"name":"b","type":"number"},"#,
    r#""items":{"type":"array"},"#,
    r#""fields":[],"#,
    r#""name":"a","#,
    r#""type":"string","#,
    r#""type":"relation","#,
    r#""collection":"users","#,
    r#""collection":"a","#,
    r#""required":true,"#,
    r#""unique":true,"#,
    r#""default":"a","#,
    r#""default":1,"#,
    r#""enum":["a"],"#,
    r#""min":1,"#,
    r#""max":-1,"#,
    r#""minLength":3,"#,
    r#""maxLength":2,"#,
    r#""pattern":"^(a|b)+$","#,
    r#""format":"email","#,
    r#""permissions":{"read":"owner"},"#,
    r#""permissions":{"user":{"read":true},"guest":{"list":true},"self":{"update":false}},"#,
    r#""expressionPermissions":{"read":"user&role:a|self"},"#,
    r#""rls":{"enabled":true,"mode":"private","ownerField":"b"},"#,
    r#""read":"(owner|role:a)&role:b|guest","#,
    r#""editor":{"read":true,"delete":false},"#,
    r#""expressionPermissions":"#,
    r#""rls":"#,
    r#""enabled":false,"#,
    r#""mode":"owner-write-only","#,
    r#""requireAuthForWrite":false,"#,
    "role:a",
    " & ",
    " | ",
    "(",
    ")",
    r#""create":"admin","#,
    r#""list":"owner","#,
    r#""ownerField":"b","#,
    r#""shards":2,"#,
    r#""indexes":[["b","-createdAt"]],"#,
    r#"{"fields":["b"],"perOwner":true},"#,
    r#"["b"],"#,
    "\"string\"",
    "\"number\"",
    "\"integer\"",
    "\"boolean\"",
    "\"date\"",
    "\"object\"",
    "\"array\"",
    "\"relation\"",
    "\"users\"",
    "\"user_id\"",
    "\"owner\"",
    "\"public\"",
    "\"createdAt\"",
    "\"-b\"",
    "\"url\"",
    "\"uuid\"",
    "\"slug\"",
    "\"color\"",
    "\"2026-11-21T00:00:00Z\"",
    "\"(?i)[^\\\\pL]{2,9}\"",
    "\"\\u0000é\u{10ffff}\"",
    "1e40",
    "-0.0",
    "12345678901234567890123456789012345678",
    "[]",
    "{}",
    "null",
    "true",
    r#""name":"#,
    r#""type":"#,
    r#""items":"#,
    r#""fields":"#,
    r#""collection":"#,
    r#""required":"#,
    r#""unique":"#,
    r#""default":"#,
    r#""enum":"#,
    r#""min":"#,
    r#""max":"#,
    r#""minLength":"#,
    r#""maxLength":"#,
    r#""pattern":"#,
    r#""format":"#,
    r#""permissions":"#,
    r#""ownerField":"#,
    r#""shards":"#,
    r#""indexes":"#,
    r#"[],"#,
    r#"{},"#,
    r#""","#,
    r#"0,"#,
    r#"-1,"#,
    r#"99999999999,"#,
    r#"1e400,"#,
    r#"null,"#,
    r#"["a","a"],"#,
    r#"[null],"#,
    r#"[[]],"#,
    r#"[1,"a"],"#,
];

/// The parts that a definition may have, and a field.
const OF_ALL: &[&str] = &[
    "permissions",
    "ownerField",
    "shards",
    "indexes",
    "expressionPermissions",
    "rls",
];
const OF_FIELDS: &[&str] = &[
    "required",
    "unique",
    "default",
    "enum",
    "min",
    "max",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "items",
    "fields",
    "collection",
];
const TYPES: &[&str] = &[
    "string", "number", "integer", "boolean", "date", "object", "array", "relation", "ref", "Int",
    "text",
];

/// Loading collection definitions. After `#` the bytes choose a definition's parts. Else they are text whose lines are
/// files, each with a name that fits its content.
pub fn definition(data: &[u8]) {
    let text = match data.split_first() {
        Some((b'#', choices)) => chosen(&mut choices.iter().copied()).to_string(),
        _ => text(data, WORDS),
    };
    let name = |content: &str| {
        let tree: Value = serde_json::from_str(content).unwrap_or_default();
        format!("{}.json", tree["name"].as_str().unwrap_or("a"))
    };
    let files: Vec<(String, String)> = text
        .lines()
        .map(|line| (name(line), line.to_owned()))
        .collect();
    let Ok(checked) = api::check::check(&files) else {
        return;
    };
    // A definition that is written back is read again as the same.
    let again = checked.definitions.iter().map(|definition| {
        (
            format!("{}.json", definition.name),
            serde_json::to_string(definition).unwrap_or_default(),
        )
    });
    let again: Vec<(String, String)> = again.collect();
    match api::check::check(&again) {
        Ok(same) => assert_eq!(same.definitions, checked.definitions),
        Err(problems) => assert!(problems.is_empty(), "{problems:?} in {again:?}"),
    }
}

/// A definition of up to four fields.
fn chosen(bytes: &mut impl Iterator<Item = u8>) -> Value {
    let mut tree = json!({ "name": "a", "fields": [] });
    let count = bytes.next().unwrap_or_default() % 5;
    tree["fields"] = ('b'..)
        .take(count.into())
        .map(|name| field(bytes, Some(name), 3))
        .collect();
    for _ in 0..bytes.next().unwrap_or_default() % 4 {
        let key = pick(bytes, OF_ALL);
        tree[key] = match key {
            "permissions" | "expressionPermissions" => permissions(bytes),
            "rls" => json!({ "enabled": value(bytes, 0), "ownerField": value(bytes, 0),
                "mode": pick(bytes, &["public-read", "private", "owner-write-only", "open"]) }),
            _ => value(bytes, 3),
        };
    }
    tree
}

/// The permissions: rules, or those of groups, or a mix of both.
fn permissions(bytes: &mut impl Iterator<Item = u8>) -> Value {
    let operation = |bytes: &mut _| {
        pick(
            bytes,
            &["create", "read", "list", "update", "delete", "write"],
        )
    };
    let mut tree = json!({});
    for _ in 0..bytes.next().unwrap_or_default() % 6 {
        if bytes.next().unwrap_or_default() % 8 < 4 {
            let group = pick(
                bytes,
                &["guest", "user", "self", "admin", "editor", "Editor"],
            );
            for _ in 0..bytes.next().unwrap_or_default() % 4 {
                let operation = operation(bytes);
                tree[group][operation] = json!(!bytes.next().unwrap_or_default().is_multiple_of(4));
            }
        } else {
            let operation = operation(bytes);
            let count = bytes.next().unwrap_or_default() % 12;
            let parts = [
                "guest", "user", "self", "admin", "role:a", "role:b", "&", "|", "&", "|", "(", ")",
                " ", "role:",
            ];
            tree[operation] = json!((0..count).map(|_| pick(bytes, &parts)).collect::<String>());
        }
    }
    tree
}

fn field(bytes: &mut impl Iterator<Item = u8>, name: Option<char>, depth: u8) -> Value {
    let mut field = json!({ "type": pick(bytes, TYPES) });
    if let Some(name) = name {
        field["name"] = json!(name);
    }
    for _ in 0..bytes.next().unwrap_or_default() % 4 {
        let key = pick(bytes, OF_FIELDS);
        field[key] = match key {
            "items" if depth > 0 => self::field(bytes, None, depth - 1),
            "fields" if depth > 0 => json!([self::field(bytes, Some('x'), depth - 1)]),
            _ => value(bytes, depth),
        };
    }
    field
}

/// Any value, most often one with a meaning in some part of a definition.
fn value(bytes: &mut dyn Iterator<Item = u8>, depth: u8) -> Value {
    let byte = bytes.next().unwrap_or_default();
    match byte % 8 {
        0 => json!(byte > 127),
        1 => Value::Null,
        2 => json!(byte),
        3 => serde_json::from_str(["-0.0", "1e40", "1e400", "-7", "1.5"][usize::from(byte) % 5])
            .unwrap_or_default(),
        4 | 5 if depth > 0 => (0..bytes.next().unwrap_or_default() % 4)
            .map(|_| value(bytes, depth - 1))
            .collect(),
        6 if depth > 0 => {
            let rule = ["public", "authenticated", "owner", "admin"][usize::from(byte) / 8 % 4];
            json!({ ["read", "list", "create", "fields", "perOwner"][usize::from(byte) % 5]: rule })
        }
        _ => {
            let texts = [
                "",
                "a",
                "b",
                "c",
                "-b",
                "createdAt",
                "-createdAt",
                "users",
                "email",
                "uuid",
                "color",
                "^b+$",
            ];
            json!(texts[usize::from(bytes.next().unwrap_or_default()) % texts.len()])
        }
    }
}

/// One of these.
fn pick<'a>(bytes: &mut impl Iterator<Item = u8>, of: &[&'a str]) -> &'a str {
    of.get(usize::from(bytes.next().unwrap_or_default()) % of.len())
        .copied()
        .unwrap_or_default()
}

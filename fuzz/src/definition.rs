//! Loading collection definitions.

use crate::text;

/// What a definition is written with.
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
];

/// Loading collection definitions: the lines of the input are files, each with a name that fits its content.
pub fn definition(data: &[u8]) {
    let text = text(data, WORDS);
    let name = |content: &str| {
        let tree: serde_json::Value = serde_json::from_str(content).unwrap_or_default();
        format!("{}.json", tree["name"].as_str().unwrap_or("a"))
    };
    let files: Vec<(String, String)> = text.lines().map(|line| (name(line), line.to_owned())).collect();
    let Ok(checked) = api::definition::check(&files) else { return };
    // What has been read once is read again as the same.
    let again = checked
        .definitions
        .iter()
        .map(|definition| (format!("{}.json", definition.name), serde_json::to_string(definition).unwrap_or_default()));
    let again: Vec<(String, String)> = again.collect();
    match api::definition::check(&again) {
        Ok(same) => assert_eq!(same.definitions, checked.definitions),
        Err(problems) => assert!(problems.is_empty(), "{problems:?} in {again:?}"),
    }
}

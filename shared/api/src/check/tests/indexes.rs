use serde_json::{Value, json};

use super::problems_of;

#[test]
fn an_index_orders_by_scalars() {
    let fields = json!([
        { "name": "s", "type": "string" }, { "name": "n", "type": "number" }, { "name": "by", "type": "string" },
        { "name": "o", "type": "object" }, { "name": "l", "type": "array" }, { "name": "x".repeat(64), "type": "date" },
        { "name": "y".repeat(64), "type": "date" }, { "name": "z".repeat(64), "type": "date" },
        { "name": "w".repeat(64), "type": "date" }, { "name": "post", "type": "relation", "collection": "posts" },
    ]);
    let of = |indexes: &Value, list: &str| {
        problems_of(
            json!({ "fields": fields, "indexes": indexes, "ownerField": "by",
            "permissions": { "read": "public", "list": list } }),
        )
    };
    let long: Vec<String> = ["w", "x", "y", "z"]
        .iter()
        .map(|letter| letter.repeat(64))
        .collect();
    let firsts = ["s", "n", "post", "updatedAt"];
    let pairs = firsts
        .iter()
        .flat_map(|first| ["by", "createdAt", "createdBy", "z"].map(|second| (first, second)));
    let orders: Vec<Value> = pairs
        .map(|(first, second)| json!([first, second.replace('z', &long[3])]))
        .collect();
    assert_eq!(of(&json!(orders[..15]), "public"), [""; 0]);
    for (indexes, expected) in [
        (json!([["s", "-n", "post", "-updatedAt"]]), None),
        (json!([["s"], { "fields": ["s"], "perOwner": true }]), None),
        (json!([["s", "n"], ["s", "-n"], ["n", "s"]]), None),
        (
            json!([{ "fields": ["-createdAt"], "perOwner": true }]),
            None,
        ),
        (json!([["by", "-createdAt"]]), None),
        (json!(orders), Some("indexes: 16 indexes are more than 15")),
        (
            json!([[]]),
            Some("indexes[0]: an index has 1 to 4 fields, this one 0"),
        ),
        (
            json!([["s", "n", "by", "createdAt", "updatedAt"]]),
            Some("indexes[0]: an index has 1 to 4 fields, this one 5"),
        ),
        (json!([["s", "id"]]), Some("indexes[0]: `id` breaks ties")),
        (
            json!([["-o"]]),
            Some("indexes[0]: `o` is an object or an array"),
        ),
        (
            json!([["l"]]),
            Some("indexes[0]: `l` is an object or an array"),
        ),
        (
            json!([["nope"]]),
            Some("indexes[0]: `nope` is no declared field"),
        ),
        (
            json!([["--s"]]),
            Some("indexes[0]: `-s` is no declared field"),
        ),
        (json!([[""]]), Some("indexes[0]: `` is no declared field")),
        (json!([["s", "-s"]]), Some("indexes[0]: `s` is there twice")),
        (
            json!([["createdAt"]]),
            Some("indexes[0]: every list can be read by createdAt already"),
        ),
        (
            json!([["s"], ["n"], ["s"]]),
            Some("indexes[2]: serves the same lists as indexes[0]"),
        ),
        (
            json!([["s", "-n"], ["-s", "n"]]),
            Some("indexes[1]: serves the same lists as indexes[0]"),
        ),
        (
            json!([{ "fields": ["by", "s"], "perOwner": true }]),
            Some("indexes[0]: `by` is the owner field"),
        ),
        (
            json!([long]),
            Some("indexes[0]: its name on the table would have more than 255 bytes"),
        ),
        (
            json!(["s"]),
            Some("indexes[0]: an index is a list of field names such as"),
        ),
        (
            json!([["s", 1]]),
            Some("indexes[0]: an index is a list of field names such as"),
        ),
        (
            json!([{ "fields": ["s"], "perowner": true }]),
            Some("indexes[0]: unknown field `perowner`, expected"),
        ),
        (
            json!([{ "perOwner": true }]),
            Some("indexes[0]: missing field `fields`; an index is a list"),
        ),
    ] {
        let problems = of(&indexes, "public");
        assert_eq!(
            problems.len(),
            usize::from(expected.is_some()),
            "{indexes}: {problems:?}"
        );
        assert!(
            problems
                .iter()
                .all(|problem| problem.starts_with(expected.unwrap_or_default())),
            "{problems:?}"
        );
    }
    let own = of(
        &json!([{ "fields": ["-createdAt"], "perOwner": true }]),
        "owner",
    );
    assert_eq!(
        own,
        ["indexes[0]: every list can be read by createdAt already; leave this index out"]
    );
}

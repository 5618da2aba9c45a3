use std::collections::BTreeMap;

use api::Timestamp;
use auth::Writer;
use serde_json::{Value, json};

use super::*;
use crate::records::index::names;
use crate::records::write;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn definition() -> Definition {
    let definition = json!({ "name": "things", "indexes": [["sku"]], "fields": [
        { "name": "sku", "type": "string", "unique": true }, { "name": "size", "type": "integer" } ] });
    serde_json::from_value(definition).expect("a definition")
}

fn record(n: u8, fields: &Value) -> StoredRecord {
    StoredRecord {
        id: Id::new(NOW, [n; 10]),
        owner: None,
        created_by: None,
        created_at: NOW,
        updated_at: NOW,
        rev: format!("rev-{n}"),
        fields: fields.as_object().cloned().expect("an object"),
    }
}

/// The items that a create writes.
fn items(n: u8, fields: &Value) -> Vec<Item> {
    let (definition, record) = (definition(), record(n, fields));
    let writer = Writer::new(None, "r".to_owned(), NOW, [1; 10]);
    let put = write::put(&definition, "t".to_owned(), &record, &writer).expect("a put");
    let reserved = reservation::of(&definition, &record).into_iter().map(|it| {
        let mut item = it.key;
        item.insert("record".to_owned(), text(record.id.to_string()));
        item
    });
    std::iter::once(put.item).chain(reserved).collect()
}

/// The troubles of all items, each with whether a repair needs no choice.
fn told(ready: &[String], items: &[Item]) -> Vec<(String, bool)> {
    let definition = definition();
    let placed = items.iter().filter_map(|it| Some((place(it)?, it.clone())));
    let all: BTreeMap<_, _> = placed.collect();
    // Only what is asked for is read.
    let asked = items.iter().flat_map(|it| needs(&definition, ready, it));
    let asked = asked.filter_map(|key| place(&key));
    let found = asked.filter_map(|at| Some((at.clone(), all.get(&at)?.clone())));
    let found = found.collect();
    let judged = items
        .iter()
        .flat_map(|it| judge(&definition, ready, it, &found));
    judged
        .map(|it| (it.what.clone(), it.is_repairable()))
        .collect()
}

#[test]
fn a_record_as_it_was_written_has_no_contradiction() {
    let mut all = items(1, &json!({ "sku": "a" }));
    all.extend(items(2, &json!({ "size": 1 })));
    assert_eq!(all.len(), 3);
    assert_eq!(told(&names(&definition()), &all), []);
    let beside = [("key#x", 300), ("#kept", 512), ("unique#gone#x", 300)];
    all.extend(beside.map(|(key, shard)| {
        Item::from([
            ("id".to_owned(), text(key)),
            ("shard".to_owned(), number(shard)),
        ])
    }));
    assert_eq!(told(&names(&definition()), &all), []);
}

#[test]
fn keys_marks_and_reservations_of_a_record_are_filled_where_they_are_wrong() {
    let (ready, fields) = (names(&definition()), json!({ "sku": "a" }));
    let elsewhere = items(1, &json!({ "sku": "b" }))[0]["by.sku"].clone();
    let changed = |change: &dyn Fn(&mut Vec<Item>)| {
        let mut all = items(1, &fields);
        change(&mut all);
        told(&ready, &all)
    };
    let place = "is at another place of by.sku than its values are";
    let moved = changed(&|all| {
        all[0].insert("by.sku".to_owned(), elsewhere.clone());
    });
    assert_eq!(moved, [(place.to_owned(), true)]);
    let lost = changed(&|all| {
        all[0].remove("by.sku");
    });
    assert_eq!(lost, [(place.to_owned(), true)]);
    let unmarked = changed(&|all| {
        all[0].remove("indexed");
    });
    let expected = "is not marked as one of by.sku, unique.sku".to_owned();
    assert_eq!(unmarked, [(expected, true)]);
    let free = changed(&|all| all.truncate(1));
    let expected = "has a value of `sku` that is not reserved".to_owned();
    assert_eq!(free, [(expected, true)]);
    // Without the mark of every writer the names of records say nothing.
    let mut bare = items(1, &fields);
    bare[0].remove("by.sku");
    assert_eq!(told(&[], &bare[..1]), []);
}

#[test]
fn a_reservation_of_no_record_is_freed_and_one_of_another_waits_for_a_choice() {
    let ready = names(&definition());
    let (one, other) = (items(1, &json!({ "sku": "a" })), items(2, &json!({})));
    let orphan = told(&ready, &one[1..]);
    let id = said(&one[0], "id").unwrap_or_default();
    let gone = format!("reserves a value of `sku` for record {id}, which is gone");
    assert_eq!(orphan, [(gone.clone(), true)]);
    let mut buried = one.clone();
    buried[0].insert("deleted_at".to_owned(), number(1));
    assert_eq!(told(&ready, &buried), [(gone, true)]);

    let mut taken = [one, other].concat();
    let holder = said(&taken[2], "id").unwrap_or_default();
    taken[1].insert("record".to_owned(), text(&holder));
    let expected = [
        (
            format!("has a value of `sku` that is reserved for record {holder}"),
            false,
        ),
        (
            format!("reserves a value of `sku` that record {holder} does not have"),
            true,
        ),
    ];
    assert_eq!(told(&ready, &taken), expected);
    // A fill of before could not mark it: the holder is told, and not the mark.
    taken[0].remove("indexed");
    let marks = told(&ready, &taken).into_iter().map(|(what, _)| what);
    let marks: Vec<String> = marks.filter(|what| what.contains("marked")).collect();
    assert_eq!(marks, ["is not marked as one of by.sku"]);
}

#[test]
fn a_record_that_is_broken_or_in_a_wrong_partition_is_told() {
    let ready = names(&definition());
    let mut all = items(1, &json!({}));
    let shard = counted(&all[0], "shard").unwrap_or_default();
    all[0].insert("shard".to_owned(), number((shard + 1) % 16));
    let what = "is in a partition where no request looks for it";
    assert_eq!(told(&ready, &all), [(what.to_owned(), false)]);
    all[0].remove("data");
    let broken = told(&ready, &all);
    assert!(broken[0].0.starts_with("cannot be read: "), "{broken:?}");
}

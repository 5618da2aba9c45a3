use api::query::{Filter, Test};
use api::{Id, Timestamp};
use serde_json::{Map, Value, json};

use super::super::plan::Source;
use super::*;

const NEWEST_FIRST: Plan = Plan {
    source: Source::Table,
    owner: None,
    backward: true,
    lower: None,
    upper: None,
    residual: false,
};

const ENDLESS: Comparisons = Comparisons(usize::MAX);

fn definition() -> Definition {
    let fields = json!([{ "name": "text", "type": "string" }, { "name": "list", "type": "array" }]);
    serde_json::from_value(json!({ "name": "things", "fields": fields })).expect("a definition")
}

fn place(millis: u64) -> Vec<u8> {
    Id::new(Timestamp::from_millis(millis), [0; 10])
        .bytes()
        .to_vec()
}

fn record(millis: u64, fields: Value) -> (Vec<u8>, StoredRecord) {
    let at = Timestamp::from_millis(millis);
    let record = StoredRecord {
        id: Id::new(at, [0; 10]),
        owner: None,
        created_by: None,
        created_at: at,
        updated_at: at,
        rev: String::new(),
        fields: fields.as_object().cloned().unwrap_or_else(Map::new),
    };
    (place(millis), record)
}

fn batch(records: Vec<(Vec<u8>, StoredRecord)>, read_to: Option<u64>) -> Batch {
    Batch {
        scanned: records.len(),
        counted: records.len() as u64,
        records,
        last: read_to.map(place),
    }
}

fn times(times: &[u64], read_to: Option<u64>) -> Batch {
    batch(
        times
            .iter()
            .map(|millis| record(*millis, json!({ "text": "x" })))
            .collect(),
        read_to,
    )
}

/// A merge of these partitions, and those that it wants to read on.
fn merged(
    (plan, filter): (&Plan, &Filter),
    batches: Vec<Batch>,
    limit: usize,
    allowed: Comparisons,
) -> (Vec<u64>, Option<u64>, Vec<usize>) {
    let definition = definition();
    let partitions = (0..batches.len()).map(|shard| Partition {
        key: number(shard),
        after: None,
        waiting: VecDeque::new(),
        exhausted: false,
    });
    let mut merge = Merge::new(
        &definition,
        (plan, filter),
        partitions.collect(),
        limit,
        allowed,
    );
    for (index, batch) in batches.into_iter().enumerate() {
        merge.take(index, batch);
    }
    merge.judge();
    let wanting = if merge.is_done() {
        Vec::new()
    } else {
        merge
            .wanting(1)
            .into_iter()
            .map(|(index, _)| index)
            .collect()
    };
    let page = merge.finish(Cost::default());
    let time =
        |key: Vec<u8>| Id::from_bytes(key.try_into().ok()?).map(|id| id.created_at().millis());
    let records = page.records.iter().map(|record| record.created_at.millis());
    (records.collect(), page.next.and_then(time), wanting)
}

fn page(plan: &Plan, batches: Vec<Batch>, limit: usize) -> (Vec<u64>, Option<u64>, Vec<usize>) {
    merged((plan, &Filter::everything()), batches, limit, ENDLESS)
}

#[test]
fn partitions_are_put_together_in_order() {
    let two = || vec![times(&[9, 5, 1], None), times(&[8, 6, 2], None)];
    let all = (vec![9, 8, 6, 5, 2, 1], None, vec![]);
    assert_eq!(page(&NEWEST_FIRST, two(), 10), all);
    assert_eq!(page(&NEWEST_FIRST, two(), 6), all);
    assert_eq!(
        page(&NEWEST_FIRST, two(), 4),
        (vec![9, 8, 6, 5], Some(5), vec![])
    );
    assert_eq!(
        page(&NEWEST_FIRST, vec![times(&[], None)], 4),
        (vec![], None, vec![])
    );
    let forward = Plan {
        backward: false,
        ..NEWEST_FIRST
    };
    let two = vec![times(&[1, 5, 9], None), times(&[2, 6, 8], None)];
    assert_eq!(page(&forward, two, 4), (vec![1, 2, 5, 6], Some(6), vec![]));
    let unread = vec![times(&[1, 5], Some(5)), times(&[2], Some(3))];
    assert_eq!(page(&forward, unread, 4), (vec![1, 2], Some(3), vec![1]));
}

#[test]
fn a_page_ends_where_an_unfinished_partition_has_come_to() {
    // The second may still hold 7, 6, 5 and 4: a page with 5 would skip them.
    let unread = || vec![times(&[9, 5, 1], None), times(&[8], Some(8))];
    assert_eq!(
        page(&NEWEST_FIRST, unread(), 10),
        (vec![9, 8], Some(8), vec![1])
    );
    assert_eq!(
        page(&NEWEST_FIRST, unread(), 1),
        (vec![9], Some(9), vec![]),
        "9 and 8 are enough to know of more"
    );
    // Partition with tombstones only, down to 3: the page is empty, and the list goes on from there.
    assert_eq!(
        page(&NEWEST_FIRST, vec![times(&[], Some(3))], 10),
        (vec![], Some(3), vec![0])
    );
    // It was read over tombstones down to 3, so 5 has its place.
    assert_eq!(
        page(
            &NEWEST_FIRST,
            vec![times(&[5, 2], Some(2)), times(&[], Some(3))],
            10
        ),
        (vec![5], Some(3), vec![1])
    );
}

#[test]
fn a_page_is_bounded_in_bytes_and_never_empty_of_what_it_can_show() {
    let heavy = |millis| record(millis, json!({ "text": "x".repeat(MAX_PAGE * 2 / 3) }));
    let records = (1..=5).rev().map(heavy).collect();
    assert_eq!(
        page(&NEWEST_FIRST, vec![batch(records, None)], 10),
        (vec![5], Some(5), vec![])
    );
    // Ten thousand numbers are 20 KB of a reply and half a megabyte of memory.
    let dense = |millis| record(millis, json!({ "list": vec![1; 9_998] }));
    let records = (1..=100).rev().map(dense).collect();
    let (records, next, _) = page(&NEWEST_FIRST, vec![batch(records, None)], 100);
    assert!((45..60).contains(&records.len()), "{}", records.len());
    assert_eq!(next, records.last().copied());
}

/// 55 records of 9,998 integers and 30 conditions took 16 million comparisons.
#[test]
fn a_page_ends_with_a_cursor_when_the_comparisons_are_used_up() {
    let contains = |n: i32| Filter::Field("list".to_owned(), Test::Contains(json!(-n)));
    let hostile = Filter::Any((1..=30).map(contains).collect());
    let integers: Vec<usize> = (0..200).collect();
    let records = |from: u64| {
        let dense = |millis| record(millis, json!({ "list": integers }));
        (from..from + 6).rev().map(dense).collect::<Vec<_>>()
    };
    let each = 30 * 200;
    let ask = |batches, allowed| merged((&NEWEST_FIRST, &hostile), batches, 20, allowed);
    let ended = ask(vec![batch(records(1), None)], Comparisons(3 * each + 1));
    assert_eq!(ended, (vec![], Some(3), vec![]), "four of six");
    // A budget smaller than one record still goes on by one.
    let ended = ask(vec![batch(records(1), None)], Comparisons(1));
    assert_eq!(ended, (vec![], Some(6), vec![]));
    // In the order of the list, so nothing of another partition is skipped.
    let two = vec![batch(records(1), None), batch(records(11), None)];
    assert_eq!(ask(two, Comparisons(7 * each)), (vec![], Some(6), vec![]));
    // The end is the end.
    let ended = ask(vec![batch(records(1), None)], Comparisons(6 * each));
    assert_eq!(ended, (vec![], None, vec![]));
}

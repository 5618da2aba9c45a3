//! The work of one request: the bytes that a list reads, and the comparisons of its filter.

use blackbox::Event;
use serde_json::{Value, json};

use super::tombstones::Board;

/// An encoded `filter` parameter.
fn filter(filter: &Value) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    filter.to_string().bytes().map(escape).collect()
}

/// A stranger's filter that no index serves reads a quarter of what a member's reads.
#[test]
fn a_stranger_reads_a_quarter_of_a_megabyte_and_a_member_one() {
    let Some(board) = Board::open() else { return };
    let like = board.post(&"x".repeat(3_500));
    let _ = board.load(&like, 99);
    let event = Event::new("GET", "/api/posts?title_contains=nowhere");
    let units = |event: &Event| {
        let (reply, calls) = board.apart.measure(&board.list, event);
        let page = reply.expect(200).json();
        assert_eq!(page["items"], json!([]));
        let units: f64 = calls
            .iter()
            .filter(|call| call.operation == "Query")
            .map(|call| call.read)
            .sum();
        (units, page["nextCursor"].is_string())
    };
    let (read, goes_on) = units(&event);
    assert!((40.0..=72.0).contains(&read) && goes_on, "{read} units");
    let (read, goes_on) = units(&event.token(&board.token));
    assert!((90.0..=110.0).contains(&read) && !goes_on, "{read} units");
}

/// One anonymous request with 30 `$contains` over lists of 9,998 values took seconds of a function. These are more and
/// shorter, which the embedded engine reads in time.
#[test]
fn a_filter_that_compares_too_much_ends_its_page_and_says_that_a_count_is_not_exact() {
    let Some(board) = Board::open() else { return };
    let product = |n: usize| {
        let mut tags = vec!["a"; 3_000];
        if n == 0 {
            tags[2_999] = "z1";
        }
        let body = json!({ "name": "dense", "sku": format!("DENSE-{n}"), "tags": tags });
        let event = Event::new("POST", "/api/products").json(&body);
        let event = event.token(&board.token);
        board.apart.ask(&board.create, &event).expect(201).json()["id"].clone()
    };
    let made: Vec<Value> = (0..14).map(product).collect();
    let conditions = (1..=30).map(|n| json!({ "tags": { "$contains": format!("z{n}") } }));
    let query = filter(&json!({ "$or": conditions.collect::<Vec<_>>() }));

    let (mut cursor, mut pages, mut found) = (String::new(), 0, Vec::new());
    loop {
        let path = format!("/api/products?fields=sku&filter={query}{cursor}");
        let event = Event::new("GET", &path).token(&board.token);
        let page = board.apart.ask(&board.list, &event).expect(200).json();
        pages += 1;
        found.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    // Each record takes 90,000 of the million.
    assert_eq!((pages, found), (2, vec![made[0].clone()]));
    let count = board.apart.function("records-count", "budgets", &[]);
    let path = format!("/api/products/count?filter={query}");
    let reply = board
        .apart
        .ask(&count, &Event::new("GET", &path))
        .expect(200);
    assert_eq!(reply.json()["exact"], false);
    let all = Event::new("GET", "/api/products/count");
    let reply = board.apart.ask(&count, &all).expect(200);
    assert_eq!(reply.json(), json!({ "count": 14, "exact": true }));
}

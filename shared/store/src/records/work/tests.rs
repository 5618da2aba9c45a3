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

const MEMBER: f64 = 1024.0 * 1024.0;
const STRANGER: f64 = MEMBER / 4.0;

#[test]
fn many_shards_are_read_a_little_each_and_few_as_the_page_needs() {
    for (partitions, limit, expected) in [
        (1, 20, (21, 3)),
        (1, 100, (101, 1)),
        (2, 3, (4, 8)),
        (2, 20, (18, 3)),
        (4, 20, (12, 5)),
        (16, 5, (1, 8)),
        (16, 20, (3, 8)),
        (16, 100, (4, 8)),
    ] {
        let mut work = Work::new(&NEWEST_FIRST, partitions, limit, MEMBER);
        let round = work.next(State::default()).expect("a round");
        let told = (round.take, round.at_once);
        assert_eq!(told, expected, "{partitions} of {limit}");
        // Records of the greatest weight, half a megabyte each, stay within 64 MB.
        assert!(told.0.min(IN_QUERY) * partitions <= 2 * UNKNOWN + 2);
        assert!(round.until.is_none(), "every shard is read once");
    }
}

#[test]
fn a_later_round_asks_for_what_memory_has_room_for() {
    let next = |held: usize, read: f64| {
        let mut work = Work::new(&NEWEST_FIRST, 16, 100, MEMBER);
        let _ = work.next(State::default());
        let state = State {
            read,
            scanned: 64,
            judged: 30,
            found: 30,
            held,
            open: 16,
        };
        work.next(state).map(|round| (round.take, round.at_once))
    };
    let megabyte = 1024 * 1024;
    assert_eq!(next(64 * 2_000, 1e5), Some((7, 8)), "light records");
    assert_eq!(next(32 * megabyte, 3e6), Some((1, 8)), "heavy ones");
    assert_eq!(next(MAX_HELD, 3e6), None);
    assert_eq!(next(64 * 2_000, MAX_SERVED), None);
}

#[test]
fn tombstones_alone_are_read_over_in_longer_steps_and_not_for_ever() {
    let mut work = Work::new(&NEWEST_FIRST, 1, 20, MEMBER);
    let (mut takes, mut scanned) = (Vec::new(), 0);
    let state = |scanned| State {
        scanned,
        open: 1,
        ..State::default()
    };
    while let Some(round) = work.next(state(scanned)) {
        takes.push(round.take);
        scanned += round.take;
        work.note(false);
    }
    assert_eq!(takes, [21, 168, 1344, 10752]);
}

#[test]
fn an_unserved_filter_is_bounded_work() {
    let residual = Plan {
        residual: true,
        ..NEWEST_FIRST
    };
    let takes = |partitions: usize, limit: usize, most: f64, bytes: f64, hits: usize| {
        let mut work = Work::new(&residual, partitions, limit, most);
        let (mut takes, mut scanned) = (Vec::new(), 0);
        let state = |scanned: usize| State {
            read: scanned as f64 * bytes,
            scanned,
            judged: scanned,
            found: scanned * hits / 100,
            held: 0,
            open: partitions,
        };
        while let Some(round) = work.next(state(scanned)) {
            takes.push(round.take);
            scanned += round.take * partitions;
            work.note(true);
        }
        (takes, scanned as f64 * bytes)
    };
    for (partitions, limit, most, bytes, hits, expected) in [
        (1, 20, MEMBER, 100.0, 0, vec![32, 672, 5376, 4405]),
        (1, 20, MEMBER, 1000.0, 0, vec![32, 672, 344]),
        (1, 20, MEMBER, 1000.0, 10, vec![32, 304, 21, 21]),
        (2, 20, MEMBER, 500.0, 0, vec![16, 1032]),
        (3, 20, MEMBER, 500.0, 0, vec![11, 688]),
        (16, 100, MEMBER, 500.0, 0, vec![2, 129]),
        (1, 20, STRANGER, 1000.0, 0, vec![8, 254]),
        (1, 20, STRANGER, 30_000.0, 0, vec![8]),
        (16, 20, STRANGER, 1000.0, 0, vec![1, 15]),
    ] {
        let (takes, read) = takes(partitions, limit, most, bytes, hits);
        assert_eq!(takes, expected, "{partitions} of {bytes} bytes for {most}");
        assert!(
            read <= most && takes.len() * partitions <= MAX_QUERIES.max(2 * partitions),
            "{read}"
        );
    }
}

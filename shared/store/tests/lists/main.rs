//! Random lists of random records, on the embedded engine, compared with a plain model. Both have the same records in
//! the same order, none twice and none left out, whatever is written between the pages.
//!
//! `LISTS_SEED` runs one dataset again; `LISTS_DATASETS` and `LISTS_QUERIES` run more of them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has to stop"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "small numbers"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a test is told by its environment what to run, and says how long it took"
)]

mod cases;
mod dataset;
mod dice;
mod late;
mod model;

use std::ops::AddAssign;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use local::dynamo::{Dynamo, Storage};

use crate::dataset::Dataset;

/// The kind of a dataset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A few light records.
    Small,
    /// Records so large that a query ends at its limit, and a list at its own.
    Heavy,
    /// So many records in two shards that a list for a few of them ends in the middle of both.
    Sparse,
}

/// The work that was done: a test that does nothing passes too.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    queries: usize,
    pages: usize,
    requests: usize,
    records: usize,
    /// Pages that hold fewer records than their limit and go on.
    short: usize,
    refused: usize,
    /// Lists whose filter no index serves alone.
    residual: usize,
    /// Lists that were read from a declared index, between bounds.
    narrowed: usize,
    moving: usize,
    counts: usize,
    /// Lists of an index that was not filled yet.
    building: usize,
    /// Indexes that were removed and declared again.
    again: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.queries += other.queries;
        self.pages += other.pages;
        self.requests += other.requests;
        self.records += other.records;
        self.short += other.short;
        self.refused += other.refused;
        self.residual += other.residual;
        self.narrowed += other.narrowed;
        self.moving += other.moving;
        self.counts += other.counts;
        self.building += other.building;
        self.again += other.again;
    }
}

fn variable(name: &str) -> Option<usize> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect(name))
}

/// Stops the other thread from taking seeds once this one has failed.
struct Last<'a>(&'a AtomicUsize);

impl Drop for Last<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(usize::MAX / 2, Ordering::Relaxed);
        }
    }
}

/// Runs the datasets on two threads, each with its own database.
fn run(seeds: std::ops::Range<usize>, queries: usize, kind: Kind) -> Tally {
    let seeds = variable("LISTS_SEED").map_or(seeds, |seed| seed..seed + 1);
    let next = AtomicUsize::new(seeds.start);
    let worker = || {
        let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut tally = Tally::default();
        let _last = Last(&next);
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return tally;
            }
            tally += runtime.block_on(Dataset::run(&dynamo, seed as u64, queries, kind));
        }
    };
    let started = Instant::now();
    let tally = std::thread::scope(|scope| {
        let mut tally = Tally::default();
        for thread in [scope.spawn(worker), scope.spawn(worker)] {
            match thread.join() {
                Ok(done) => tally += done,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        tally
    });
    println!(
        "{} datasets in {:.1} s: {tally:?}",
        seeds.len(),
        started.elapsed().as_secs_f64()
    );
    tally
}

#[test]
fn lists_are_what_a_plain_model_makes_of_them() {
    let (datasets, queries) = (
        variable("LISTS_DATASETS").unwrap_or(60),
        variable("LISTS_QUERIES").unwrap_or(100),
    );
    let tally = run(0..datasets, queries, Kind::Small);
    if datasets >= 60 && variable("LISTS_SEED").is_none() {
        assert_eq!(tally.queries, datasets * queries);
        let least = [tally.refused, tally.residual, tally.narrowed, tally.moving]
            .map(|count| count * 20 > tally.queries);
        assert_eq!(least, [true; 4], "too few of a kind: {tally:?}");
        assert!(
            tally.pages > tally.queries
                && tally.counts > 0
                && tally.building > 0
                && tally.again > 0,
            "{tally:?}"
        );
    }
}

#[test]
fn lists_of_heavy_records_are_too() {
    let tally = run(1_000_000..1_000_006, 10, Kind::Heavy);
    assert!(
        variable("LISTS_SEED").is_some() || tally.short > 0,
        "{tally:?}"
    );
}

#[test]
fn lists_of_a_few_among_many_are_too() {
    let tally = run(2_000_000..2_000_006, 40, Kind::Sparse);
    assert!(
        variable("LISTS_SEED").is_some() || tally.short > 3,
        "{tally:?}"
    );
}

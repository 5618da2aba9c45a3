//! Rounds: how far a list reads, and how many queries it sends at a time.

use super::plan::Plan;

/// The most rounds of queries of a list, and of those that find nothing but tombstones.
const MAX_ROUNDS: usize = 12;
const MAX_BARREN: usize = 4;

/// The most queries of a list whose filter no index serves; two for each shard where there are more shards.
const MAX_QUERIES: usize = 4;

/// About how many bytes a list reads whose filter an index serves.
const MAX_SERVED: f64 = 4.0 * 1024.0 * 1024.0;

/// The most bytes of memory that records take while they wait for their place in the order.
const MAX_HELD: usize = 40 * 1024 * 1024;

/// The most queries at a time: each may take a connection of its own.
const AT_ONCE: usize = 8;

/// The most records of unknown size that a request asks for at a time. A record has at most 10,000 values, which take
/// half a megabyte.
const UNKNOWN: usize = 64;

/// The most records of that weight that a query returns, which ends at 1 MB.
const IN_QUERY: usize = 33;

/// The size that a record is expected to have while it is unknown, where the bytes are bounded.
const EXPECTED: f64 = 32.0 * 1024.0;

/// The state of a list before a round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    /// The number of bytes that were read.
    pub(super) read: f64,
    /// The number of records that were read, that were judged, and that passed.
    pub(super) scanned: usize,
    pub(super) judged: usize,
    pub(super) found: usize,
    /// The number of bytes of memory that they take, judged or not.
    pub(super) held: usize,
    /// The number of partitions that have an end still to come.
    pub(super) open: usize,
}

/// A round of queries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Round {
    /// The number of records that each partition should have waiting after it.
    pub(super) take: usize,
    /// The most queries at a time.
    pub(super) at_once: usize,
    /// The bytes after which no further query begins; none for the first round, which must reach every partition.
    pub(super) until: Option<f64>,
}

impl Round {
    /// Whether another of its queries may begin.
    pub(super) fn goes_on(&self, state: State) -> bool {
        self.until
            .is_none_or(|most| state.read < most && state.held < MAX_HELD)
    }
}

/// The work that a list may still do.
pub(super) struct Work {
    residual: bool,
    most: f64,
    rounds: usize,
    round: usize,
    barren: usize,
    partitions: usize,
    /// One record more than the page tells whether another follows.
    page: usize,
}

impl Work {
    pub(super) fn new(plan: &Plan, partitions: usize, limit: usize, read: f64) -> Self {
        let rounds = (MAX_QUERIES / partitions.max(1)).max(2);
        Self {
            residual: plan.residual,
            most: if plan.residual { read } else { MAX_SERVED },
            rounds: if plan.residual { rounds } else { MAX_ROUNDS },
            round: 0,
            barren: 0,
            partitions: partitions.max(1),
            page: limit.saturating_add(1),
        }
    }

    /// The next round; `None` where the list ends.
    pub(super) fn next(&mut self, state: State) -> Option<Round> {
        if self.round == self.rounds || self.barren == MAX_BARREN {
            return None;
        }
        let is_first = self.round == 0;
        self.round += 1;
        let take = match (is_first, self.residual) {
            (true, true) => self.first_residual(),
            (true, false) => self.first(),
            (false, true) => self.residual(state)?,
            (false, false) => self.served(state)?,
        };
        Some(Round {
            take,
            at_once: (UNKNOWN / take.min(IN_QUERY)).clamp(1, AT_ONCE),
            until: (!is_first).then_some(self.most),
        })
    }

    /// Notes whether a round has read a record.
    pub(super) fn note(&mut self, any: bool) {
        self.barren += usize::from(!any);
    }

    fn first(&self) -> usize {
        let spread = spread(self.page, self.partitions);
        // Two queries end at 1 MB each.
        if self.partitions > 2 {
            spread.min((UNKNOWN / self.partitions).max(1))
        } else {
            spread
        }
    }

    fn first_residual(&self) -> usize {
        let all = (self.page * 4).min(whole(self.most / EXPECTED));
        all.div_ceil(self.partitions)
    }

    /// The rest of the page. A round without a record makes the next one read eight times as far. A list must not look
    /// empty because its newest records were deleted.
    fn served(&self, state: State) -> Option<usize> {
        if state.read >= self.most || state.held >= MAX_HELD {
            return None;
        }
        let missing = self.page.saturating_sub(state.found).max(1);
        let open = state.open.max(1);
        // Remains of deletions make rounds come short: each one after the second reads twice as far as it lacks.
        let steps = (3 * self.barren).max(self.round.saturating_sub(2));
        let take = spread(missing, open) << steps;
        let each = (state.held / state.scanned.max(1)).max(1);
        Some(take.min((MAX_HELD - state.held) / each / open).max(1))
    }

    fn residual(&self, state: State) -> Option<usize> {
        let open = state.open.max(1);
        let each = (state.read / state.scanned.max(1) as f64).max(1.0);
        let affordable = whole((self.most - state.read) / each / open as f64);
        if affordable < 1 || state.held >= MAX_HELD {
            return None;
        }
        let enough = match state.found {
            0 if self.round == self.rounds => affordable,
            0 => self.page << (3 * self.round - 1),
            // Read half as many again as the results so far predict.
            found => (self.page * state.judged * 3 / (found * 2))
                .saturating_sub(state.judged)
                .div_ceil(open),
        };
        Some(enough.max(self.page.div_ceil(open)).min(affordable))
    }
}

/// The number of records to read from each of `partitions`, so that a page of all has its records in most cases. The
/// share of a partition varies by chance; where there are many, a second look at some of them costs less.
fn spread(page: usize, partitions: usize) -> usize {
    if partitions < 2 {
        return page;
    }
    let (share, deviations) = (
        page as f64 / partitions as f64,
        if partitions > 4 { 1.0 } else { 3.0 },
    );
    let deviation = (share * (1.0 - 1.0 / partitions as f64)).sqrt();
    whole((share + deviations * deviation).ceil()).clamp(1, page.max(1))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to some millions"
)]
fn whole(number: f64) -> usize {
    number.max(0.0) as usize
}

#[cfg(test)]
mod tests;

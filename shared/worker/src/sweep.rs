//! The sweep: finds the consumers that need a worker, and counts the webhooks that have been failing for long.

use std::collections::BTreeSet;

use api::event::Consumer;
use api::{Error, Timestamp};
use auth::webhook::Lease;
use auth::webhook::lease::needs_worker;
use futures_util::future::join_all;
use store::Store;

/// The findings of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// The consumers that need a worker.
    pub due: Vec<Consumer>,
    /// How many webhooks have been failing for an hour.
    pub failing: usize,
}

/// Finds the consumers for which something is due, or whose worker has died. The webhooks are those of the table; the
/// triggers are these. 1 RRU, 0.5 for the leases and 0.5 a consumer.
///
/// # Errors
/// `common/unavailable`, `common/internal`.
pub async fn sweep(store: &Store, triggers: &[Consumer], now: Timestamp) -> Result<Swept, Error> {
    let (webhooks, leases) = tokio::try_join!(store.webhooks(), store.leases())?;
    let known: BTreeSet<Consumer> = webhooks.iter().map(|webhook| webhook.consumer()).collect();
    let enabled = webhooks.iter().filter(|webhook| !webhook.disabled);
    let served: BTreeSet<Consumer> = enabled
        .map(|webhook| webhook.consumer())
        .chain(triggers.iter().cloned())
        .collect();
    let looks = served.iter().map(async |consumer| {
        let lease = leases.iter().find(|(of, _)| of == consumer);
        let lease = lease.map_or_else(Lease::default, |(_, lease)| lease.clone());
        let first = store.first_waiting(consumer).await?;
        Ok::<_, Error>(needs_worker(&lease, first, now).then(|| consumer.clone()))
    });
    let mut due = Vec::new();
    for look in join_all(looks).await {
        due.extend(look?);
    }
    // The queue of a webhook that is gone is still there while its lease is.
    let gone = leases.iter().filter(|(consumer, lease)| {
        matches!(consumer, Consumer::Webhook(_)) && !known.contains(consumer) && !lease.is_held(now)
    });
    due.extend(gone.map(|(consumer, _)| consumer.clone()));
    let failing = webhooks.iter().filter(|webhook| webhook.fails_long(now));
    let failing = failing.count();
    Ok(Swept { due, failing })
}

//! Notices: mails that tell users of changes, where the project sends mails.

use std::collections::BTreeSet;

use api::Error;
use api::consumers::Events;
use api::event::Envelope;
use auth::notice::{Before, Notice};
use runtime::Task;
use store::{old_address, recovery_left};
use worker::State;

/// Keeps the notices of these events; returns their number, and the places of the records whose notices were not kept.
pub(crate) async fn keep(
    state: &State,
    task: &Task<Events>,
    events: &[(usize, Envelope)],
) -> (usize, BTreeSet<usize>) {
    let (mut kept, mut failed) = (0, BTreeSet::new());
    for (place, notice) in notices(task, events) {
        match put(state, task, &notice).await {
            Ok(()) => kept += 1,
            Err(_) => {
                // All that follows comes again with the record that failed.
                failed.insert(place);
                break;
            }
        }
    }
    (kept, failed)
}

/// The notices that are still due, each with the place of its record.
fn notices(
    task: &Task<Events>,
    events: &[(usize, Envelope)],
) -> impl Iterator<Item = (usize, Notice)> {
    let (mail, now) = (&task.settings().mail, task.now());
    let is_due = move |notice: &Notice| mail.tells(notice.kind) && now < notice.until;
    events.iter().filter_map(move |(place, event)| {
        let record = task.input.records.get(*place);
        let before = Before {
            address: record.and_then(old_address),
            recovery_left: record.and_then(recovery_left),
        };
        let notice = Notice::of(event, before).filter(is_due)?;
        Some((*place, notice))
    })
}

async fn put(state: &State, task: &Task<Events>, notice: &Notice) -> Result<(), Error> {
    let keys = state.store.sealing_keys(std::iter::empty()).await?;
    let sealed = notice.seal(&keys, &task.random()?)?;
    state.store.post_notice(&sealed).await
}

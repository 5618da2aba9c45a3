//! Yours: the code of the triggers that `triggers.json` declares. No later version of Bakend changes this file.
//! `docs/triggers.md` says what the world offers.

use trigger::{Event, Failure, World};

/// Runs the code of the trigger `name` after an event. An error brings the event back later.
///
/// # Errors
/// The reason, which the trigger's deliveries show.
pub(crate) async fn run(name: &str, _event: &Event, _world: &World<'_>) -> Result<(), Failure> {
    Err(Failure::unknown(name))
}

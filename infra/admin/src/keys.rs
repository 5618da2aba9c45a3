//! `cargo admin keys`: the keys of tokens and of sealed values, step by step.

use clap::Subcommand;
use store::Store;

use crate::{key_status, rotation, sealing, settings};

/// A use of the keys; without one the numbers of the sealing keys are listed.
#[derive(Subcommand)]
pub(crate) enum Use {
    /// Tell which keys there are, and from when on the next step may be taken.
    Status,
    /// Make the sealing key of the next number, which seals from then on. No key is replaced.
    Add,
    /// Remove a sealing key that nothing names any more.
    Drop {
        /// Its number.
        number: u32,
    },
    /// Take the next step to another key of access tokens: publish it, let it sign, drop the one before.
    Rotate(rotation::Arguments),
    /// Void every access and every refresh token: everybody has to sign in again.
    RevokeAll(rotation::Revocation),
}

/// Runs the command, and reports the result.
pub(crate) async fn run(store: &Store, asked: Option<&Use>) -> Result<String, String> {
    match asked {
        None => sealing::listed(store).await,
        Some(Use::Status) => key_status::run(store, &settings()?).await,
        Some(Use::Add) => sealing::add(store).await,
        Some(Use::Drop { number }) => sealing::remove(store, &settings()?, *number).await,
        Some(Use::Rotate(arguments)) => rotation::run(store, &settings()?, arguments).await,
        Some(Use::RevokeAll(arguments)) => {
            rotation::revoke_all(store, &settings()?, arguments).await
        }
    }
}

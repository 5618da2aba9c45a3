//! Passwords, on the blocking pool: a hash takes longer than everything else that a request does.

use api::Error;
use auth::Identity;
use auth::password::{self, Verdict};

/// Checks a password against what an address signs in with; where that is nothing, at the same cost (ASVS 5.0, 6.3.8).
///
/// # Errors
/// `common/internal`, which no password makes happen.
pub async fn verify_password(
    password: &str,
    identity: Option<&Identity>,
    cost: u32,
) -> Result<Verdict, Error> {
    let (password, stored) = (
        password.to_owned(),
        identity.and_then(|identity| identity.password_hash.clone()),
    );
    let verdict =
        tokio::task::spawn_blocking(move || password::verify(&password, stored.as_deref(), cost))
            .await;
    verdict.map_err(|error| Error::internal(error.to_string()))
}

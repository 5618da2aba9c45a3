//! `GET /api/auth/mfa`: shows the state of the caller's second factor.

use std::process::ExitCode;

use api::Error;
use api::endpoints::MfaGet;
use api::wire::{MfaStatus, Totp};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(MfaGet, show)
}

/// Reads the factor beside the session check, by the claimed user.
async fn show(store: &Store, call: Call<MfaGet>) -> Result<Reply<MfaGet>, Error> {
    let credentials = call.credentials(store).await?;
    let reading = store.signed_in_with_factor(&credentials, call.now);
    let (signed_in, factor) = reading.await?;
    let (caller, _, user) = signed_in;
    let factor = factor.filter(|_| user.mfa.is_some());
    let status = MfaStatus {
        totp: user.mfa.map(|enabled_at| Totp { enabled_at }),
        recovery_codes_left: factor.map_or(0, |factor| factor.recovery_left()),
        passkeys: user.passkeys(),
        required: call.settings.auth.mfa.requires(&user.role),
    };
    Ok(Reply::to(&caller, status))
}

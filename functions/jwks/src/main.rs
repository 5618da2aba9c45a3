//! `GET /api/auth/.well-known/jwks.json`: shows the public keys of access tokens.

use std::process::ExitCode;
use std::time::Duration;

use api::Error;
use api::endpoints::Jwks;
use api::wire::PublicKeys;
use runtime::{Call, Reply};
use store::Store;

/// After how long an instance reads the keys anew: verifiers elsewhere learn of a key as soon as they can.
const AGE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    runtime::serve(Jwks, show)
}

/// Shows the keys that verify. Of HS256 there is nothing to show.
async fn show(store: &Store, call: Call<Jwks>) -> Result<Reply<Jwks>, Error> {
    let keys = store.keys_within(AGE, call.now).await?.public_keys();
    Ok(Reply::to_anybody(PublicKeys { keys }))
}

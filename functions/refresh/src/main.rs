//! `POST /api/auth/refresh`: trades a refresh token for a new pair of tokens.

mod handler;

use std::process::ExitCode;

use api::endpoints::Refresh;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        Refresh,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::refresh,
    )
}

//! `GET /api/{collection}/count`: counts records.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsCount;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsCount,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::count,
    )
}

//! `GET /api/{collection}/spec`: shows the definition.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsSpec;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsSpec,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::spec,
    )
}

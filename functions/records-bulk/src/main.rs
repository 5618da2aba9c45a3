//! `POST /api/{collection}/bulk`: writes several records, all or nothing.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsBulk;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsBulk,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::bulk,
    )
}

//! `PATCH and PUT /api/{collection}/{id}`: changes a record.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsUpdate;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsUpdate,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::update,
    )
}

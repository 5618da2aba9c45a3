//! `POST /api/{collection}`: creates a record.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsCreate;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsCreate,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::create,
    )
}

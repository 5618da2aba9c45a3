//! `GET /api/{collection}/{id}`: reads a record.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsGet;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsGet,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::get,
    )
}

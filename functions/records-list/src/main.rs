//! `GET /api/{collection}`: lists records, newest first.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsList;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsList,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::list,
    )
}

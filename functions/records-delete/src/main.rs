//! `DELETE /api/{collection}/{id}`: deletes a record.

mod handler;

use std::process::ExitCode;

use api::endpoints::RecordsDelete;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        RecordsDelete,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::delete,
    )
}

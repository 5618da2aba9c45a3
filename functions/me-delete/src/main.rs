//! `DELETE /api/auth/me`: deletes one's own account.

mod handler;

use std::process::ExitCode;

use api::endpoints::MeDelete;
use store::Store;

fn main() -> ExitCode {
    runtime::serve(
        MeDelete,
        collections::exists,
        async |boot| Store::open(&boot.deployment, boot.secret(), false, boot.random()?).await,
        handler::delete,
    )
}

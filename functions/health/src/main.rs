//! `GET /api/health`: tells that the service answers. Touches no table.

mod handler;

use std::process::ExitCode;

use api::endpoints::Health;

fn main() -> ExitCode {
    runtime::serve(
        Health,
        collections::exists,
        async |_| Ok(()),
        handler::health,
    )
}

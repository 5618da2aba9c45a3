//! `GET /api/health`: tells that the service answers. Touches no table.

use std::process::ExitCode;

use api::Error;
use api::endpoints::Health;
use api::wire::HealthStatus;
use runtime::{Call, Reply};

fn main() -> ExitCode {
    runtime::serve(Health, health)
}

/// Answers.
async fn health((): &(), _: Call<Health>) -> Result<Reply<Health>, Error> {
    Ok(Reply::to_anybody(HealthStatus { status: "ok" }))
}

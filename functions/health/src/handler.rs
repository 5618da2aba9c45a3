use api::Error;
use api::endpoints::Health;
use api::wire::HealthStatus;
use runtime::{Call, Reply};

/// Answers.
pub(crate) async fn health((): &(), _: Call<Health>) -> Result<Reply<Health>, Error> {
    Ok(Reply::of(HealthStatus { status: "ok" }))
}

//! The health check.

use schemars::JsonSchema;
use serde::Serialize;

/// The reply of the health check.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HealthStatus {
    /// Always `ok`.
    pub status: &'static str,
}

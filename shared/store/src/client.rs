//! The connection to DynamoDB, with as little of the SDK as possible, since every kilobyte costs time at a cold start.

use std::time::Duration;

use api::deployment::Aws;
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// Amazon's own roots: DynamoDB uses no other, and loading the system's takes milliseconds.
const ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// The longest time of one attempt, and of all of them together.
pub(crate) type Patience = (Duration, Duration);

/// The patience of a function.
pub(crate) const FUNCTION: Patience = (Duration::from_secs(1), Duration::from_secs(3));

/// A client with static credentials: Lambda's environment has them for as long as the process lives.
pub(crate) fn connect(aws: &Aws, (attempt, operation): Patience) -> Client {
    let roots = TrustStore::empty().with_pem_certificate(ROOTS);
    let mut http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    if let Ok(context) = TlsContext::builder().with_trust_store(roots).build() {
        http = http.tls_context(context);
    }
    let token = aws.session_token.clone();
    let credentials = Credentials::new(
        &aws.access_key_id,
        &aws.secret_access_key,
        token,
        None,
        "environment",
    );
    let retry = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_millis(500));
    let timeout = TimeoutConfig::builder()
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(credentials)
        .http_client(http.build_https())
        .retry_config(retry)
        .timeout_config(timeout)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(endpoint) = &aws.endpoint {
        config = config.endpoint_url(endpoint);
    }
    Client::from_conf(config.build())
}

//! The connection to DynamoDB, with as little of the SDK as possible, since every kilobyte costs time at a cold start.

use std::time::Duration;

use api::deployment::Aws;
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::endpoint::{Endpoint, EndpointFuture, Params, ResolveEndpoint};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};

use crate::connector;

/// The longest time of one attempt, and of all of them together.
pub type Patience = (Duration, Duration);

/// The patience of a function.
pub const FUNCTION: Patience = (Duration::from_secs(1), Duration::from_secs(3));

/// A client with static credentials: Lambda's environment has them for as long as the process lives.
#[must_use]
pub fn connect(aws: &Aws, (attempt, operation): Patience) -> Client {
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
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(aws.region.clone()))
        .credentials_provider(credentials)
        .http_client(connector::new())
        .retry_config(retry)
        .timeout_config(timeout)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let address = aws.endpoint.clone().or_else(|| address(&aws.region));
    Client::from_conf(match address {
        Some(address) => config.endpoint_resolver(Fixed(address)).build(),
        None => config.build(),
    })
}

/// An address for every call. The SDK's own resolver parses a table of all partitions at the first call.
#[derive(Debug)]
struct Fixed(String);

impl ResolveEndpoint for Fixed {
    fn resolve_endpoint<'a>(&'a self, _: &'a Params) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(Endpoint::builder().url(self.0.clone()).build()))
    }
}

/// The address of DynamoDB in a region of AWS's first partition; `None` for a region of any other, which the SDK knows.
fn address(region: &str) -> Option<String> {
    let place = region.split('-').next().unwrap_or_default();
    let known = ["af", "ap", "ca", "eu", "il", "me", "mx", "sa", "us"].contains(&place);
    let parts = region.split('-').count();
    (known && parts == 3).then(|| format!("https://dynamodb.{region}.amazonaws.com"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SDK's own resolver is the reference.
    #[tokio::test]
    async fn an_address_is_the_one_of_the_sdk() {
        let resolver = aws_sdk_dynamodb::config::endpoint::DefaultResolver::new();
        for region in [
            "eu-central-1",
            "us-east-1",
            "ap-southeast-7",
            "il-central-1",
            "mx-central-1",
            "us-gov-west-1",
            "cn-north-1",
            "us-iso-east-1",
            "eusc-de-east-1",
        ] {
            let params = Params::builder().region(region).build().expect("params");
            let expected = ResolveEndpoint::resolve_endpoint(&resolver, &params).await;
            let expected = expected.expect(region).url().to_owned();
            match address(region) {
                Some(address) => assert_eq!(address, expected),
                None => assert!(region.matches('-').count() > 2 || region.starts_with("cn")),
            }
        }
    }
}

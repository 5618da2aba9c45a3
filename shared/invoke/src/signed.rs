//! Signed requests (AWS Signature Version 4) on the connections of the store.

use std::fmt::Display;
use std::time::{Duration, UNIX_EPOCH};

use api::deployment::Aws;
use api::{Error, Timestamp};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tokio::time::timeout;

/// The longest time of one request.
const PATIENCE: Duration = Duration::from_secs(5);

/// The header with the name of an error.
const ERROR: &str = "x-amzn-errortype";

/// The other services of AWS, under the function's own rights.
#[derive(Debug)]
pub struct Services {
    connector: SharedHttpConnector,
    credentials: Credentials,
    region: String,
    pub(crate) lambda: String,
    pub(crate) event_bridge: String,
    pub(crate) ses: String,
}

/// The answer of a service.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The name of the error, where a header tells it.
    pub(crate) error: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// A request that is not signed yet.
pub(crate) struct Unsigned<'a> {
    /// The name of the service in the signature.
    pub(crate) service: &'static str,
    pub(crate) url: String,
    pub(crate) headers: &'a [(&'static str, &'a str)],
    pub(crate) body: String,
}

impl Services {
    /// The services by this connector: `store::connector()` is the one of the tables.
    #[must_use]
    pub fn new(aws: &Aws, connector: SharedHttpConnector) -> Self {
        let credentials = Credentials::new(
            &aws.access_key_id,
            &aws.secret_access_key,
            aws.session_token.clone(),
            None,
            "environment",
        );
        let address = |told: &Option<String>, service: &str| {
            let own = || {
                let (region, suffix) = (&aws.region, suffix(&aws.region));
                format!("https://{service}.{region}.{suffix}")
            };
            let address = told.clone().unwrap_or_else(own);
            address.trim_end_matches('/').to_owned()
        };
        Self {
            connector,
            credentials,
            region: aws.region.clone(),
            lambda: address(&aws.lambda, "lambda"),
            event_bridge: address(&aws.event_bridge, "events"),
            ses: address(&aws.ses, "email"),
        }
    }

    /// Sends a request.
    pub(crate) async fn send(
        &self,
        request: Unsigned<'_>,
        now: Timestamp,
    ) -> Result<Answer, Error> {
        let signed = self.sign(request, now)?;
        let answer = async {
            let reply = self.connector.call(signed).await;
            let mut reply = reply.map_err(|error| away(&error))?;
            let body = std::mem::replace(reply.body_mut(), SdkBody::taken());
            let body = aws_smithy_types::byte_stream::ByteStream::new(body);
            let body = body.collect().await.map_err(|error| away(&error))?;
            Ok(Answer {
                status: reply.status().as_u16(),
                error: reply.headers().get(ERROR).map(str::to_owned),
                body: body.to_vec(),
            })
        };
        timeout(PATIENCE, answer)
            .await
            .unwrap_or_else(|_| Err(Error::unavailable("AWS does not answer")))
    }

    fn sign(&self, request: Unsigned<'_>, now: Timestamp) -> Result<HttpRequest, Error> {
        let Unsigned {
            service,
            url,
            headers,
            body,
        } = request;
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(service)
            .time(UNIX_EPOCH + Duration::from_millis(now.millis()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| unsigned(&error))?
            .into();
        let bytes = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", &url, headers.iter().copied(), bytes)
            .map_err(|error| unsigned(&error))?;
        let (instructions, _) = sign(signable, &params)
            .map_err(|error| unsigned(&error))?
            .into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request
            .set_method("POST")
            .map_err(|error| unsigned(&error))?;
        request.set_uri(url).map_err(|error| unsigned(&error))?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, (*value).to_owned());
        }
        let (signatures, _) = instructions.into_parts();
        for header in signatures {
            let (name, value) = (header.name().to_owned(), header.value().to_owned());
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

/// The end of the addresses of AWS in a region.
fn suffix(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "amazonaws.com.cn",
        Some("eusc") => "amazonaws.eu",
        _ => "amazonaws.com",
    }
}

fn away(error: &dyn Display) -> Error {
    Error::unavailable(format!("AWS is away: {error}"))
}

fn unsigned(error: &dyn Display) -> Error {
    Error::internal(format!("a request cannot be signed: {error}"))
}

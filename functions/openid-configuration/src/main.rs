//! `GET /api/auth/.well-known/openid-configuration`: shows the issuer of access tokens and where its keys are.

use std::process::ExitCode;

use api::endpoints::OpenidConfiguration;
use api::wire::TokenIssuer;
use api::{Code, Error};
use runtime::{Call, Reply};

fn main() -> ExitCode {
    runtime::serve(OpenidConfiguration, show)
}

/// Shows the settings. Without an issuer there is none.
async fn show(
    (): &(),
    call: Call<OpenidConfiguration>,
) -> Result<Reply<OpenidConfiguration>, Error> {
    let tokens = &call.settings.auth.tokens;
    let (issuer, _) = tokens.parties().ok_or_else(|| {
        let message = "No issuer: `auth.tokens.algorithm` is HS256.";
        Error::new(Code::NotFound).with_message(message)
    })?;
    Ok(Reply::to_anybody(TokenIssuer {
        issuer: issuer.to_owned(),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        id_token_signing_alg_values_supported: [tokens.algorithm.as_str()],
        response_types_supported: [],
        subject_types_supported: ["public"],
    }))
}

//! `cargo admin keys rotate` and `revoke-all`: the next step to another key of access tokens, and the end of all tokens.

use std::fs;
use std::path::PathBuf;

use api::event::KeyStep;
use api::settings::{Settings, TokenAlgorithm};
use auth::token_key::NewPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use ring::rand::SystemRandom;
use store::{KeyDeed, KeyRotation, RotatedKey, Store};

use crate::sealing::random;
use crate::{now, words};

/// The arguments of a step.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Replace every key of access tokens at once: somebody else may have one. Access tokens end, sessions do not.
    #[arg(long)]
    compromised: bool,
    /// The private key to publish, in PKCS #8 as PEM or DER: with RS256, for which none is made.
    #[arg(long)]
    key: Option<PathBuf>,
}

/// The arguments of the end of all tokens.
#[derive(Args)]
pub(crate) struct Revocation {
    /// Do it: every user and every service account has to sign in again.
    #[arg(long)]
    yes: bool,
    /// The private key that signs from then on, in PKCS #8 as PEM or DER: with RS256, for which none is made.
    #[arg(long)]
    key: Option<PathBuf>,
}

/// Takes the step that is due, and reports it in a sentence.
pub(crate) async fn run(
    store: &Store,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    if signs_by_settings(settings) {
        return Err(
            "auth.jwtSecret signs, and no key of the table: replace it there and deploy".to_owned(),
        );
    }
    let deed = match arguments.compromised {
        true => KeyDeed::Replace,
        false => KeyDeed::Step,
    };
    turn(store, settings, deed, arguments.key.as_ref()).await
}

/// Voids every access and every refresh token, and reports it in a sentence.
pub(crate) async fn revoke_all(
    store: &Store,
    settings: &Settings,
    arguments: &Revocation,
) -> Result<String, String> {
    if !arguments.yes {
        return Err(
            "this signs everybody out, on every device; if that is meant, say --yes".to_owned(),
        );
    }
    let tags = random().map_err(|error| words(&error))?;
    let done = turn(
        store,
        settings,
        KeyDeed::Revoke(tags),
        arguments.key.as_ref(),
    )
    .await?;
    if signs_by_settings(settings) {
        return Ok(format!(
            "{done}\nauth.jwtSecret signs, so access tokens of before are good for up to {} seconds more: replace it and deploy.",
            settings.auth.longest_token().as_secs()
        ));
    }
    Ok(done)
}

/// Whether no key of the table signs.
fn signs_by_settings(settings: &Settings) -> bool {
    let auth = &settings.auth;
    auth.tokens.algorithm == TokenAlgorithm::HS256 && auth.jwt_secret.is_some()
}

async fn turn(
    store: &Store,
    settings: &Settings,
    deed: KeyDeed,
    key: Option<&PathBuf>,
) -> Result<String, String> {
    let (auth, system) = (&settings.auth, SystemRandom::new());
    let algorithm = auth.tokens.algorithm;
    if algorithm == TokenAlgorithm::HS256 && key.is_some() {
        return Err(
            "auth.tokens.algorithm is HS256, whose secret is made here: leave --key out".to_owned(),
        );
    }
    let make: &dyn Fn() -> Result<NewPair, String> = &|| match key {
        Some(path) => NewPair::import(algorithm, &read_key(path)?),
        None if algorithm == TokenAlgorithm::RS256 => {
            Err("RS256 needs a private key of yours: --key <file>".to_owned())
        }
        None => NewPair::generate(algorithm, &system),
    };
    let bytes = || Ok::<_, api::Error>((random()?, random()?, random()?));
    let asked = KeyRotation {
        pairs: algorithm.has_public_keys().then_some(make),
        deed,
        secret: auth.jwt_secret.as_deref(),
        longest: auth.longest_token(),
        now: now(),
        random: bytes().map_err(|error| words(&error))?,
    };
    let rotated = store.rotate_keys(&asked).await;
    said(rotated.map_err(|error| words(&error))?)
}

/// The outcome in a sentence.
fn said(rotated: RotatedKey) -> Result<String, String> {
    match rotated {
        RotatedKey::Done(KeyStep::Published, kid) => Ok(format!(
            "The key {kid} is published. Run this again in 15 minutes: then it signs."
        )),
        RotatedKey::Done(KeyStep::Promoted, kid) => Ok(format!(
            "The key {kid} signs. Run this again when the last token of the key before has expired: then that is dropped."
        )),
        RotatedKey::Done(KeyStep::Dropped, kid) => {
            Ok(format!("The key {kid} is dropped. The rotation is done."))
        }
        RotatedKey::Done(KeyStep::Revoked, kid) => Ok(format!(
            "The key {kid} signs, and every token of before is void. Functions know it within five minutes; everybody signs \
             in again."
        )),
        RotatedKey::Replaced(kid) => Ok(format!(
            "The key {kid} signs, and every other is dropped. Functions refuse the tokens of before within five minutes; \
             clients refresh."
        )),
        RotatedKey::TooEarly(early) => {
            let deed = match early.step {
                KeyStep::Promoted => "may sign",
                KeyStep::Published | KeyStep::Dropped | KeyStep::Revoked => "may be dropped",
            };
            Err(format!("the key {} {deed} from {} on", early.kid, early.at))
        }
        RotatedKey::Unfit(reason) => Err(reason),
    }
}

/// The bytes of a private key: those between the lines of a PEM file (RFC 7468), or the file's own.
fn read_key(path: &PathBuf) -> Result<Vec<u8>, String> {
    let name = path.display();
    let bytes = fs::read(path).map_err(|error| format!("{name}: {error}"))?;
    match str::from_utf8(&bytes) {
        Ok(text) if text.contains("-----BEGIN") => from_pem(text).ok_or_else(|| {
            format!(
                "{name} is no private key in PKCS #8 (`-----BEGIN PRIVATE KEY-----`); convert it with `openssl pkcs8 \
                 -topk8 -nocrypt -in {name}`"
            )
        }),
        _ => Ok(bytes),
    }
}

fn from_pem(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: String = body.split_whitespace().collect();
    STANDARD.decode(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_read_from_pem_or_not_at_all() {
        let pem = "-----BEGIN PRIVATE KEY-----\r\nAQID\nBAU=\n-----END PRIVATE KEY-----\n";
        assert_eq!(from_pem(pem), Some(vec![1, 2, 3, 4, 5]));
        for text in [
            "",
            "-----BEGIN RSA PRIVATE KEY-----\nAQID\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nAQID",
            "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
        ] {
            assert_eq!(from_pem(text), None, "{text}");
        }
    }
}

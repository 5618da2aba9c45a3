//! The signature of tokens: its issuer and its audience.

use crate::settings::{Problem, Tokens};

/// The end of every issuer: its keys are at paths below it, and every path of the API is under `/api`.
const END: &str = "/api/auth";

/// The most bytes of an issuer or an audience: both are in every token.
const MAX: usize = 200;

/// Refuses tokens that others are to verify without an issuer, and issuers whose keys nobody would find.
pub(super) fn check_tokens(tokens: &Tokens) -> Result<(), Problem> {
    let problem = |name: &str, reason: String| Problem {
        path: format!("auth.tokens.{name}"),
        reason,
    };
    let needs = tokens.algorithm.has_public_keys();
    match tokens.issuer.as_deref() {
        None if needs => {
            let reason = format!(
                "is needed with {}: the public address of the API and `{END}`, such as https://api.example.com{END}",
                tokens.algorithm.as_str()
            );
            return Err(problem("issuer", reason));
        }
        Some(issuer) if !is_issuer(issuer) => {
            let reason = format!(
                "`{issuer}` must begin with https:// and end with `{END}`, such as https://api.example.com{END}"
            );
            return Err(problem("issuer", reason));
        }
        _ => {}
    }
    match tokens.audience.as_deref() {
        Some(audience) if !is_plain(audience) => Err(problem(
            "audience",
            format!("`{audience}` must be 1 to {MAX} printable ASCII characters without a space"),
        )),
        _ => Ok(()),
    }
}

/// Whether a client that knows the issuer finds its keys (OpenID Connect Discovery 1.0, sections 3 and 4.1).
fn is_issuer(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_suffix(END));
    let is_host = |host: &str| {
        let name = host.split('/').next().unwrap_or_default();
        !name.is_empty() && !host.ends_with('/') && !host.contains(['?', '#', '@', '\\', '%'])
    };
    is_plain(text) && host.is_some_and(is_host)
}

fn is_plain(text: &str) -> bool {
    (1..=MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use crate::settings::{Settings, TokenAlgorithm};

    fn read(tokens: &str) -> Result<Settings, String> {
        let json = format!(r#"{{ "auth": {{ "tokens": {tokens} }} }}"#);
        Settings::read(&json, |_| None, false).map_err(|problem| problem.to_string())
    }

    #[test]
    fn tokens_for_others_have_an_issuer_and_an_audience() {
        for (name, algorithm) in [
            ("ES256", TokenAlgorithm::ES256),
            ("EdDSA", TokenAlgorithm::EdDsa),
            ("RS256", TokenAlgorithm::RS256),
        ] {
            let issuer = "https://api.example.com/v1/api/auth";
            let with = |audience: &str| {
                let text =
                    format!(r#"{{ "algorithm": "{name}", "issuer": "{issuer}"{audience} }}"#);
                read(&text).map(|settings| settings.auth.tokens)
            };
            let alone = with("").expect("settings");
            assert_eq!((alone.algorithm, algorithm.as_str()), (algorithm, name));
            assert_eq!(alone.parties(), Some((issuer, issuer)));
            let own = with(r#", "audience": "shop""#).expect("settings");
            assert_eq!(own.parties(), Some((issuer, "shop")));
        }
        let own = read(r#"{ "issuer": "https://a.example/api/auth" }"#).expect("settings");
        assert_eq!(own.auth.tokens.parties(), None);
    }

    #[test]
    fn an_issuer_whose_keys_nobody_finds_is_refused() {
        for (tokens, expected) in [
            (
                r#"{ "algorithm": "ES256" }"#,
                "auth.tokens.issuer: is needed with ES256",
            ),
            (
                r#"{ "algorithm": "HS512" }"#,
                "auth.tokens.algorithm: unknown variant `HS512`",
            ),
            (
                r#"{ "algorithm": "ES256", "issuer": "https://a.example/api/auth", "audience": "a b" }"#,
                "auth.tokens.audience: `a b` must be",
            ),
            (r#"{ "audience": "" }"#, "auth.tokens.audience: `` must be"),
        ] {
            let reason = read(tokens).err().unwrap_or_default();
            assert!(reason.starts_with(expected), "{tokens}: {reason}");
        }
        for issuer in [
            "http://a.example/api/auth",
            "https://a.example",
            "https://a.example/api/auth/",
            "https:///api/auth",
            "https://a.example/api/auth?x=/api/auth",
            "https://a@b.example/api/auth",
            "https://a.example//api/auth",
            "https://a .example/api/auth",
        ] {
            let text = format!(r#"{{ "algorithm": "ES256", "issuer": "{issuer}" }}"#);
            let reason = read(&text).err().unwrap_or_default();
            assert!(reason.contains("must begin with https://"), "{issuer}");
        }
    }
}

//! Proofs of accounts at providers, as apps send them.

use schemars::JsonSchema;
use serde_json::{Map, Value};

use crate::error::Detail;
use crate::redirect::MAX_REDIRECT;
use crate::wire::body::{Body, Fields, Presence, not_null};

/// The least and the most bytes of a sealed code, and of a verifier (RFC 7636, section 4.1).
const CODE: [usize; 2] = [1, 2048];
const VERIFIER: [usize; 2] = [43, 128];

/// The least and the most bytes of an ID token, of a nonce, and of an address.
const TOKEN: [usize; 2] = [1, 8192];
const NONCE: [usize; 2] = [16, 256];
const REDIRECT: [usize; 2] = [1, MAX_REDIRECT];

/// A code of a sign-in by a provider, with the profile of a new account.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProviderProof {
    /// The code that came to `redirectTo`.
    #[schemars(length(max = 2048))]
    pub code: String,
    /// The verifier whose challenge the sign-in began with (RFC 7636).
    #[schemars(length(min = 43, max = 128))]
    pub code_verifier: String,
    /// The wishes about the account.
    #[schemars(flatten)]
    pub joining: Joining,
}

impl Body for ProviderProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (code, code_verifier) = proof(fields);
        Some(Self {
            code,
            code_verifier,
            joining: Joining::read(fields),
        })
    }
}

/// A sign-in by a provider that an app of a device has made itself: `idToken` with `nonce`, or `code` with `redirectUri` and
/// `codeVerifier`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct NativeProof {
    /// The ID token of the provider, for one of `clientIds`.
    #[schemars(length(max = 8192), transform = not_null)]
    pub id_token: Option<String>,
    /// The text whose SHA-256, in hex or base64url, is the nonce of the ID token.
    #[schemars(length(min = 16, max = 256), transform = not_null)]
    pub nonce: Option<String>,
    /// The code of the provider.
    #[schemars(length(max = 2048), transform = not_null)]
    pub code: Option<String>,
    /// The address that the code came to: one of `auth.redirects`, or of the own scheme of one of `clientIds`.
    #[schemars(length(max = 200), transform = not_null)]
    pub redirect_uri: Option<String>,
    /// The verifier whose challenge the app began with (RFC 7636).
    #[schemars(length(min = 43, max = 128), transform = not_null)]
    pub code_verifier: Option<String>,
    /// The wishes about the account.
    #[schemars(flatten)]
    pub joining: Joining,
}

/// The proof of a native sign-in, one of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native<'a> {
    /// An ID token.
    Token {
        /// The token.
        id_token: &'a str,
        /// The text that its nonce is the hash of.
        nonce: &'a str,
    },
    /// A code that is traded at the provider.
    Code {
        /// The code.
        code: &'a str,
        /// The address that it came to.
        redirect_uri: &'a str,
        /// The verifier of the app.
        verifier: &'a str,
    },
}

impl NativeProof {
    /// The proof; `None` where it is not exactly one of the two. The faults of the body then say so.
    #[must_use]
    pub fn native(&self) -> Option<Native<'_>> {
        let texts = (
            self.id_token.as_deref(),
            self.nonce.as_deref(),
            self.code.as_deref(),
            self.redirect_uri.as_deref(),
            self.code_verifier.as_deref(),
        );
        match texts {
            (Some(id_token), Some(nonce), None, None, None) => {
                Some(Native::Token { id_token, nonce })
            }
            (None, None, Some(code), Some(redirect_uri), Some(verifier)) => Some(Native::Code {
                code,
                redirect_uri,
                verifier,
            }),
            _ => None,
        }
    }

    /// The fields that are missing beside those that are there, or that are one too many.
    fn unfit(&self) -> Vec<Detail> {
        let texts = [&self.nonce, &self.redirect_uri, &self.code_verifier];
        let [nonce, redirect, verifier] = texts.map(Option::is_some);
        let (parts, message): (&[(&str, bool)], &str) = match (&self.id_token, &self.code) {
            (Some(_), None) => (
                &[
                    ("nonce", !nonce),
                    ("redirectUri", redirect),
                    ("codeVerifier", verifier),
                ],
                "`idToken` goes with `nonce` alone.",
            ),
            (None, Some(_)) => (
                &[
                    ("nonce", nonce),
                    ("redirectUri", !redirect),
                    ("codeVerifier", !verifier),
                ],
                "`code` goes with `redirectUri` and `codeVerifier`.",
            ),
            _ => (
                &[("idToken", true), ("code", true)],
                "Exactly one of `idToken` and `code` is needed.",
            ),
        };
        let wrong = parts.iter().filter(|(_, is_wrong)| *is_wrong);
        wrong
            .map(|(name, _)| Detail::new(*name, "either-or", message))
            .collect()
    }
}

impl Body for NativeProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let bounds = [
            ("idToken", TOKEN),
            ("nonce", NONCE),
            ("code", CODE),
            ("redirectUri", REDIRECT),
            ("codeVerifier", VERIFIER),
        ];
        let [id_token, nonce, code, redirect_uri, code_verifier] = bounds.map(|(name, bounds)| {
            let text = fields.given_text(name);
            bounded(fields, name, text, bounds)
        });
        let mut proof = Self {
            id_token,
            nonce,
            code,
            redirect_uri,
            code_verifier,
            joining: Joining::read(fields),
        };
        let unfit = proof.unfit();
        let faults = &mut proof.joining.faults;
        let is_told = |it: &Detail| faults.iter().any(|told| told.field == it.field);
        let more: Vec<Detail> = unfit.into_iter().filter(|it| !is_told(it)).collect();
        faults.extend(more);
        Some(proof)
    }
}

/// The wishes of somebody who signs in by a provider or a mail, about an account that may be new, or deleted.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(rename_all = "camelCase")]
pub struct Joining {
    /// Whether a deleted account is brought back.
    #[schemars(transform = not_null)]
    pub restore: Option<bool>,
    /// The version of the terms that the user of a new account accepts.
    pub terms_version: Option<String>,
    /// The rest, not yet checked: profile fields of a new account.
    #[schemars(skip)]
    pub profile: Map<String, Value>,
    /// The faults of the others, to be told together with those of the rest.
    #[schemars(skip)]
    pub faults: Vec<Detail>,
}

impl Joining {
    /// Takes the wishes, and all that is left.
    pub(super) fn read(fields: &mut Fields) -> Self {
        let restore = fields.given_flag("restore");
        let terms_version = fields.optional_text("termsVersion");
        let profile = fields.all();
        Self {
            restore,
            terms_version,
            profile,
            faults: std::mem::take(&mut fields.details),
        }
    }
}

/// A code of a sign-in by a provider, which links it to the caller.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkProof {
    /// The code that came to `redirectTo`.
    #[schemars(length(max = 2048))]
    pub code: String,
    /// The verifier whose challenge the sign-in began with (RFC 7636).
    #[schemars(length(min = 43, max = 128))]
    pub code_verifier: String,
}

impl Body for LinkProof {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (code, code_verifier) = proof(fields);
        Some(Self {
            code,
            code_verifier,
        })
    }
}

/// Takes a code and its verifier; what is missing or of another length is noted.
fn proof(fields: &mut Fields) -> (String, String) {
    let bounds = [("code", CODE), ("codeVerifier", VERIFIER)];
    let [code, verifier] = bounds.map(|(name, bounds)| {
        let text = fields.text(name);
        bounded(fields, name, text, bounds).unwrap_or_default()
    });
    (code, verifier)
}

/// A text, noted as wrong where its length is not within these bounds, in bytes.
fn bounded(
    fields: &mut Fields,
    name: &str,
    text: Option<String>,
    [least, most]: [usize; 2],
) -> Option<String> {
    let text = text?;
    if !(least..=most).contains(&text.len()) {
        let message = format!("`{name}` must have {least} to {most} bytes.");
        fields.wrong(name, "length", &message);
    }
    Some(text)
}

/// A question about an account: by a code of a sign-in by a provider, or by an address, which admins and servers ask.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountQuestion {
    /// The code that came to `redirectTo`. It stays good.
    #[schemars(length(max = 2048))]
    pub code: Option<String>,
    /// The verifier whose challenge the sign-in began with (RFC 7636).
    #[schemars(length(min = 43, max = 128))]
    pub code_verifier: Option<String>,
    /// The address, in place of both.
    pub email: Option<String>,
}

impl Body for AccountQuestion {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        if fields.has("email") {
            let email = fields.text("email");
            for name in ["code", "codeVerifier"] {
                if fields.has(name) {
                    let _ = fields.optional_text(name);
                    fields.wrong(name, "either-or", "`email` goes with nothing else.");
                    fields.wrong("email", "either-or", "`email` goes with nothing else.");
                }
            }
            return Some(Self {
                code: None,
                code_verifier: None,
                email,
            });
        }
        let (code, code_verifier) = proof(fields);
        Some(Self {
            code: Some(code),
            code_verifier: Some(code_verifier),
            email: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::wire::body::decode;

    fn faults<B: Body>(body: &Value) -> Vec<String> {
        let object = body.as_object().cloned().unwrap_or_default();
        let error = decode::<B>(object).err();
        let details = error.into_iter().flat_map(|it| it.details);
        details.map(|it| it.field).collect()
    }

    #[test]
    fn a_code_and_its_verifier_have_bounds() {
        for (body, named) in [
            (
                json!({ "code": "a", "codeVerifier": "b".repeat(43) }),
                vec![],
            ),
            (json!({ "code": "a" }), vec!["codeVerifier"]),
            (
                json!({ "code": "", "codeVerifier": "b".repeat(128) }),
                vec!["code"],
            ),
            (
                json!({ "code": "a".repeat(2049), "codeVerifier": "b".repeat(43) }),
                vec!["code"],
            ),
            (
                json!({ "code": "a", "codeVerifier": "b".repeat(42) }),
                vec!["codeVerifier"],
            ),
            (
                json!({ "code": "a", "codeVerifier": "b".repeat(129) }),
                vec!["codeVerifier"],
            ),
            (
                json!({ "code": "a", "codeVerifier": "b".repeat(43), "token": "x" }),
                vec!["token"],
            ),
        ] {
            assert_eq!(faults::<LinkProof>(&body), named, "{body}");
        }
    }

    #[test]
    fn a_native_sign_in_has_one_proof_and_the_whole_of_it() {
        let read = |body: &Value| {
            let object = body.as_object().cloned().unwrap_or_default();
            decode::<NativeProof>(object).map(|it| (it.native().is_some(), it.joining.faults))
        };
        let (nonce, verifier) = ("n".repeat(16), "v".repeat(43));
        let token = json!({ "idToken": "a.b.c", "nonce": nonce });
        let code = json!({ "code": "c", "redirectUri": "x.y:/z", "codeVerifier": verifier });
        for good in [&token, &code] {
            let (is_native, faults) = read(good).expect("a body");
            assert!(is_native && faults.is_empty(), "{good}");
        }
        let with = |base: &Value, name: &str, value: Value| {
            let mut body = base.clone();
            body[name] = value;
            body
        };
        let without = |base: &Value, name: &str| {
            let mut body = base.clone();
            body.as_object_mut().map(|it| it.remove(name));
            body
        };
        for (body, named) in [
            (json!({}), vec!["idToken", "code"]),
            (with(&token, "code", json!("c")), vec!["idToken", "code"]),
            (without(&token, "nonce"), vec!["nonce"]),
            (
                with(&token, "redirectUri", json!("x.y:/z")),
                vec!["redirectUri"],
            ),
            (without(&code, "codeVerifier"), vec!["codeVerifier"]),
            (without(&code, "redirectUri"), vec!["redirectUri"]),
            (with(&code, "nonce", json!(nonce)), vec!["nonce"]),
            (with(&token, "nonce", json!("short")), vec!["nonce"]),
            (with(&token, "nonce", json!(7)), vec!["nonce"]),
            (
                with(&token, "idToken", json!("a".repeat(8193))),
                vec!["idToken"],
            ),
        ] {
            let faults = read(&body).expect("a body").1;
            let fields: Vec<&str> = faults.iter().map(|it| it.field.as_str()).collect();
            assert_eq!(fields, named, "{body}");
        }
        let (_, faults) = read(&with(&token, "accessToken", json!("x"))).expect("a body");
        assert!(faults.is_empty(), "the declared profile fields refuse it");
    }

    #[test]
    fn a_question_is_by_a_code_or_by_an_address() {
        for (body, named) in [
            (
                json!({ "code": "a", "codeVerifier": "b".repeat(43) }),
                vec![],
            ),
            (json!({ "email": "a@b.io" }), vec![]),
            (json!({}), vec!["code", "codeVerifier"]),
            (
                json!({ "email": "a@b.io", "code": "a" }),
                vec!["code", "email"],
            ),
            (json!({ "email": 7 }), vec!["email"]),
        ] {
            assert_eq!(faults::<AccountQuestion>(&body), named, "{body}");
        }
    }
}

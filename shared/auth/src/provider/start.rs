//! The beginning of a sign-in: the wish of the app, and the address at the provider that the browser is sent to.

use std::borrow::Cow;
use std::collections::BTreeMap;

use api::settings::ProviderKind;
use api::value::is_locale;
use api::{Code, Detail, Error, redirect};

use super::Connection;
use super::form::with_query;
use super::state::{Begun, hash};

/// The length of a challenge: a SHA-256 in base64url.
const CHALLENGE: usize = 43;

/// The most bytes of a hint.
const MAX_HINT: usize = 254;

/// The questions that a provider may ask its user (OpenID Connect Core, section 3.1.2.1).
const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];

/// The wish of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The address of the app.
    pub redirect: String,
    /// The challenge of its verifier.
    pub challenge: String,
    /// The language of the provider's page.
    locale: Option<String>,
    /// The question to the user.
    prompt: Option<String>,
    /// The user's name at the provider.
    hint: Option<String>,
}

impl Wish {
    /// The parameters that it is read from.
    pub const PARAMETERS: [&str; 5] = [
        "redirectTo",
        "codeChallenge",
        "locale",
        "prompt",
        "loginHint",
    ];

    /// Reads a wish; its address must be one of these.
    ///
    /// # Errors
    /// `common/validation-failed` with every parameter that is missing or does not fit; `auth/redirect-not-allowed`.
    pub fn read(
        parameters: &BTreeMap<Cow<'_, str>, Cow<'_, str>>,
        redirects: &[String],
    ) -> Result<Self, Error> {
        let text = |name: &str| parameters.get(name).map(|text| text.clone().into_owned());
        let wish = Self {
            redirect: text("redirectTo").unwrap_or_default(),
            challenge: text("codeChallenge").unwrap_or_default(),
            locale: text("locale"),
            prompt: text("prompt"),
            hint: text("loginHint"),
        };
        let faults = wish.faults();
        if !faults.is_empty() {
            return Err(Error::invalid(faults));
        }
        let mut entries = redirects.iter();
        if !entries.any(|entry| redirect::matches(entry, &wish.redirect)) {
            return Err(Code::RedirectNotAllowed.into());
        }
        Ok(wish)
    }

    fn faults(&self) -> Vec<Detail> {
        let mut faults = Vec::new();
        let mut tell = |field: &str, code: &str, message: &str| {
            faults.push(Detail::new(field, code, message));
        };
        if self.redirect.is_empty() {
            tell("redirectTo", "required", "`redirectTo` is required.");
        }
        if !is_challenge(&self.challenge) {
            let message =
                "`codeChallenge` must be the SHA-256 of a verifier, 43 characters of base64url.";
            tell("codeChallenge", "format", message);
        }
        if self.locale.as_ref().is_some_and(|it| !is_locale(it)) {
            let message = "`locale` must be a language such as en, de or de-CH.";
            tell("locale", "format", message);
        }
        let is_prompt = |it: &String| PROMPTS.contains(&it.as_str());
        if !self.prompt.iter().all(is_prompt) {
            let message = "`prompt` must be one of: none, login, consent, select_account.";
            tell("prompt", "enum", message);
        }
        let is_hint = |it: &String| it.len() <= MAX_HINT && !it.chars().any(char::is_control);
        if !self.hint.iter().all(is_hint) {
            let message = "`loginHint` has at most 254 bytes and no control characters.";
            tell("loginHint", "format", message);
        }
        faults
    }

    /// The question to the user. Where another app may have claimed the address, the user sees at least one page (RFC 8252,
    /// section 8.6).
    fn question(&self) -> Option<&str> {
        match self.prompt.as_deref() {
            None | Some("none") if redirect::is_native(&self.redirect) => Some("select_account"),
            asked => asked,
        }
    }
}

/// Whether a text is the challenge of a verifier (RFC 7636, section 4.2).
#[must_use]
pub fn is_challenge(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    text.len() == CHALLENGE && text.bytes().all(fits)
}

/// The address at the provider that the browser is sent to.
#[must_use]
pub fn authorization(
    connection: &Connection,
    wish: &Wish,
    begun: &Begun,
    (state, redirect_uri): (&str, &str),
) -> String {
    let scopes = connection.scopes.join(" ");
    let challenge = hash(&begun.browser.verifier(&begun.state));
    let nonce = begun.browser.nonce(&begun.state);
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", connection.client_id.as_str()),
        ("redirect_uri", redirect_uri),
        ("scope", scopes.as_str()),
        ("state", state),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let is_oidc = connection.kind != ProviderKind::Github;
    if is_oidc {
        pairs.push(("nonce", &nonce));
    }
    if connection.answers_by_form() {
        pairs.push(("response_mode", "form_post"));
    }
    pairs.extend(wish.question().map(|prompt| ("prompt", prompt)));
    pairs.extend(wish.locale.as_deref().map(|locale| ("ui_locales", locale)));
    let hint = if is_oidc { "login_hint" } else { "login" };
    pairs.extend(wish.hint.as_deref().map(|text| (hint, text)));
    with_query(&connection.authorize, &pairs)
}

#[cfg(test)]
mod tests {
    use api::settings::Provider;
    use api::{Id, Timestamp};

    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(pairs: &[(&str, &str)]) -> Result<Wish, Error> {
        let parameters = pairs
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let redirects = [
            "https://a.example/cb",
            "http://localhost:*",
            "com.example.app:/auth",
        ];
        Wish::read(&parameters.collect(), &redirects.map(ToOwned::to_owned))
    }

    fn wish(redirect: &str, more: &[(&str, &str)]) -> Wish {
        let own = [("redirectTo", redirect), ("codeChallenge", CHALLENGE)];
        read(&[&own, more].concat()).expect("a wish")
    }

    #[test]
    fn an_app_names_its_address_and_its_challenge() {
        let (to, challenge) = (
            ("redirectTo", "https://a.example/cb"),
            ("codeChallenge", CHALLENGE),
        );
        let fields = |pairs: &[(&str, &str)]| {
            let refused = read(pairs).expect_err("refused");
            let details = refused.details.into_iter().map(|it| it.field);
            (refused.code, details.collect::<Vec<_>>())
        };
        let invalid = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned());
            (Code::ValidationFailed, names.collect::<Vec<_>>())
        };
        assert_eq!(fields(&[]), invalid(&["redirectTo", "codeChallenge"]));
        assert_eq!(fields(&[to]), invalid(&["codeChallenge"]));
        for short in [
            "",
            "a",
            &CHALLENGE[1..],
            &format!("{CHALLENGE}A"),
            &"=".repeat(43),
        ] {
            assert_eq!(
                fields(&[to, ("codeChallenge", short)]),
                invalid(&["codeChallenge"])
            );
        }
        for (name, value) in [("locale", "x"), ("prompt", "now"), ("loginHint", "a\nb")] {
            assert_eq!(fields(&[to, challenge, (name, value)]), invalid(&[name]));
        }
        for other in [
            "https://a.example/cb/",
            "https://evil.example/cb",
            "//evil.example/cb",
            "https://a.example/cb#x",
            "https://A.example/cb",
            "https://a.example./cb",
            "https://a.example:444/cb",
            "https://x@a.example/cb",
            "https://a.example\\cb",
            "https://%61.example/cb",
            "javascript:alert(1)",
            "https://a.example/cb?x=1",
        ] {
            let found = fields(&[("redirectTo", other), challenge]);
            assert_eq!(found, (Code::RedirectNotAllowed, vec![]), "{other}");
        }
    }

    #[test]
    fn a_provider_is_asked_for_a_code_that_only_we_can_trade() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let ask = |name: &str, wish: &Wish| {
            let settings = Provider {
                client_id: Some("c&d".into()),
                team_id: Some("T".into()),
                key_id: Some("K".into()),
                ..Provider::default()
            };
            let connection = Connection::of(name, &settings, None).expect("a connection");
            let begun = Begun::new(
                &wish.redirect,
                &wish.challenge,
                Id::new(now, [1; 10]),
                [1; 32],
                now,
            );
            let url = authorization(&connection, wish, &begun, ("st", "https://api/cb"));
            assert!(!url.contains(&begun.browser.verifier(&begun.state)));
            assert!(!url.contains(begun.browser.cookie()) && !url.contains(CHALLENGE));
            url
        };
        let plain = wish(
            "https://a.example/cb",
            &[("loginHint", "a@b"), ("locale", "de")],
        );
        let google = ask("google", &plain);
        assert!(google.starts_with(
            "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=c%26d&"
        ));
        for part in [
            "&state=st&",
            "code_challenge_method=S256",
            "&nonce=",
            "&login_hint=a%40b",
            "&ui_locales=de",
            "scope=openid%20email%20profile",
            "redirect_uri=https%3A%2F%2Fapi%2Fcb",
        ] {
            assert!(google.contains(part), "{part} {google}");
        }
        assert!(!google.contains("prompt") && !google.contains("response_mode"));
        let github = ask("github", &plain);
        assert!(
            github.contains("&login=a%40b") && !github.contains("nonce="),
            "{github}"
        );
        assert!(ask("apple", &plain).contains("response_mode=form_post"));
        for native in ["http://localhost:7/x", "com.example.app:/auth"] {
            for more in [&[][..], &[("prompt", "none")]] {
                assert!(ask("google", &wish(native, more)).contains("prompt=select_account"));
            }
            let login = wish(native, &[("prompt", "login")]);
            assert!(ask("google", &login).contains("prompt=login"));
        }
    }
}

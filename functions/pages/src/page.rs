//! The pages: which there are, what each posts, and how they are put together.

use api::settings::Settings;
use api::wire::Html;
use api::{Error, redirect};
use auth::proof::{self, Purpose};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde_json::{Value as Json, json};

use crate::fill::Value::{Part, Text};
use crate::fill::fill;
use crate::words::{self, Common, Language, Words};

const FRAME: &str = include_str!("frame.html");
const KNOWN: &str = include_str!("known.html");
const ASKED: &str = include_str!("asked.html");
const CHOSEN: &str = include_str!("chosen.html");
const CONSENT: &str = include_str!("consent.html");
const DECLINE: &str = include_str!("decline.html");
const DECLINED: &str = include_str!("declined.html");
const NEXT: &str = include_str!("next.html");
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    VerifyEmail,
    Register,
    Reset,
    MagicLink,
    /// That of a mail whose app gets a code back.
    Return,
    EmailChange,
    Invitation,
}

impl Page {
    /// The page of this name in the path.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "verify-email" => Self::VerifyEmail,
            "register" => Self::Register,
            "reset" => Self::Reset,
            "magic-link" => Self::MagicLink,
            "email-change" => Self::EmailChange,
            "invitation" => Self::Invitation,
            _ => return None,
        })
    }

    /// The use of the tokens that it takes.
    pub(crate) fn purpose(self) -> Purpose {
        match self {
            Self::VerifyEmail => Purpose::VerifyEmail,
            Self::Register => Purpose::Registration,
            Self::Reset => Purpose::PasswordReset,
            Self::MagicLink | Self::Return => Purpose::MagicLink,
            Self::EmailChange => Purpose::EmailChange,
            Self::Invitation => Purpose::Invitation,
        }
    }

    /// The address that it posts to, from its own, and the field with the password, if it asks for one. A stage may stand before
    /// both.
    fn target(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::VerifyEmail => ("../verify-email", "password"),
            Self::Register => ("../register/confirm", "password"),
            Self::Reset => ("../password/reset", "newPassword"),
            Self::Invitation => ("../invitations/accept", "password"),
            Self::Return => ("../magic-link/verify", ""),
            Self::MagicLink | Self::EmailChange => return None,
        })
    }
}

/// The page of a good link.
///
/// # Errors
/// `common/internal`, which no input makes happen.
pub(crate) fn show(
    page: Page,
    token: &str,
    link: &proof::Page,
    settings: &Settings,
) -> Result<Html, Error> {
    let page = match page {
        Page::MagicLink if link.leads_back => Page::Return,
        page => page,
    };
    let language = Language::of(&link.locale);
    let (words, common) = (words::of(page, language), words::common(language));
    let Some((to, field)) = page.target() else {
        return Ok(frame(language, &words, &link.masked, settings, "", "{}"));
    };
    let redirect = link.redirect.as_deref().filter(|to| is_safe(to));
    // The reply of a sign-in says where it leads.
    let next = redirect.filter(|_| page != Page::Return).map(verified);
    let mut body = json!({ "token": token });
    if page != Page::Reset {
        body["session"] = Json::Bool(false);
    }
    if let Some(terms) = terms(page, settings) {
        body["termsVersion"] = Json::from(terms);
    }
    let decline = (page == Page::Invitation).then_some("../invitations/reject");
    let data = json!({ "to": to, "field": field, "body": body, "next": next, "decline": decline,
                       "differ": common.differ, "failed": common.failed });
    let data = serde_json::to_string(&data);
    let data = data.map_err(|error| Error::internal(format!("encoding a page: {error}")))?;
    let account = redirect.filter(|_| page == Page::Invitation);
    let content = [
        account.map_or_else(String::new, |to| lead_on(to, common.have_account)),
        form(page, &words, common, settings, next.as_deref()),
    ];
    Ok(frame(
        language,
        &words,
        &link.masked,
        settings,
        &content.concat(),
        &data,
    ))
}

/// The page of a link that is not good.
pub(crate) fn refuse(language: Language, settings: &Settings) -> Html {
    frame(language, &words::refusal(language), "", settings, "", "{}")
}

fn form(
    page: Page,
    words: &Words,
    common: &Common,
    settings: &Settings,
    next: Option<&str>,
) -> String {
    let is_new = matches!(page, Page::Reset | Page::Invitation);
    // No policy asks for a second factor yet.
    let least = settings
        .auth
        .password
        .least(settings.auth.password_factor())
        .to_string();
    let hint = common.hint.replace("{least}", &least);
    let next = next.map_or_else(String::new, |next| lead_on(next, common.next));
    let consent = terms(page, settings).map_or_else(String::new, |terms| {
        let label = common.consent.replace("{version}", terms);
        fill(CONSENT, &[("label", Text(&label))])
    });
    let [decline, declined] = match page {
        Page::Invitation => [
            fill(DECLINE, &[("label", Text(common.decline))]),
            fill(DECLINED, &[("declined", Text(common.declined))]),
        ],
        _ => Default::default(),
    };
    let (template, label) = match page {
        Page::Return => (ASKED, ""),
        _ if is_new => (CHOSEN, common.new_password),
        _ => (KNOWN, common.password),
    };
    fill(
        template,
        &[
            ("label", Text(label)),
            ("again", Text(common.again)),
            ("consent", Part(&consent)),
            ("hint", Text(&hint)),
            ("least", Text(&least)),
            ("button", Text(words.button)),
            ("decline", Part(&decline)),
            ("declined", Part(&declined)),
            ("done", Text(words.done)),
            ("next", Part(&next)),
            ("no-script", Text(common.no_script)),
        ],
    )
}

/// The terms that are accepted on the page: those of a new account.
fn terms(page: Page, settings: &Settings) -> Option<&str> {
    let version = settings.auth.terms.version.as_deref();
    version.filter(|_| page == Page::Invitation)
}

fn lead_on(to: &str, text: &str) -> String {
    fill(NEXT, &[("to", Text(to)), ("text", Text(text))])
}

fn frame(
    language: Language,
    words: &Words,
    masked: &str,
    settings: &Settings,
    content: &str,
    data: &str,
) -> Html {
    let lead = words.lead.replace("{address}", masked);
    let text = fill(
        FRAME,
        &[
            ("language", Text(language.tag())),
            ("title", Text(words.title)),
            ("app", Text(settings.mail.app().unwrap_or_default())),
            ("lead", Text(&lead)),
            ("data", Text(data)),
            ("content", Part(content)),
            ("style", Part(STYLE)),
            ("script", Part(SCRIPT)),
        ],
    );
    let allowed = format!("script-src '{}'; style-src '{}'", hash(SCRIPT), hash(STYLE));
    Html { text, allowed }
}

/// The source of an inline script or style in a policy (CSP Level 3, section 2.3.1).
fn hash(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    format!("sha256-{}", STANDARD.encode(digest))
}

/// Whether a page may lead to an address. The list of the settings has permitted it when the link was made; a scheme that
/// runs a script is refused here once more.
fn is_safe(address: &str) -> bool {
    redirect::fault(address).is_none() && !address.contains('*')
}

/// The address of the app with the word that the deed is done.
fn verified(address: &str) -> String {
    let join = match address.find('?') {
        None => "?",
        Some(_) if address.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    format!("{address}{join}verified=true")
}

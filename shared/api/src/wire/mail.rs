//! Templates of mails as they go over the wire.

use schemars::JsonSchema;
use serde::Serialize;

use crate::mail::{Kind, Template};
use crate::wire::body::{Body, Fields, Presence, not_null};

impl Body for Template {
    const PRESENCE: Presence = Presence::Required;

    fn read(fields: &mut Fields) -> Option<Self> {
        let (subject, text) = (fields.text("subject"), fields.text("text"));
        let html = fields.optional_text("html");
        Some(Self {
            subject: subject?,
            text: text?,
            html,
        })
    }
}

/// The template to preview; without one it is the template that mails are made of.
#[derive(Debug, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MailDraft {
    /// The subject; needed where a text is given.
    pub subject: Option<String>,
    /// The plain text; needed where a subject or HTML is given.
    pub text: Option<String>,
    /// The HTML.
    pub html: Option<String>,
    /// Whether the mail is also sent, to the caller's own address.
    #[schemars(transform = not_null)]
    pub send: Option<bool>,
}

impl Body for MailDraft {
    const PRESENCE: Presence = Presence::Optional;

    fn read(fields: &mut Fields) -> Option<Self> {
        let send = fields.given_flag("send");
        let given = ["subject", "text", "html"].map(|name| fields.has(name));
        if !given.contains(&true) {
            return Some(Self {
                subject: None,
                text: None,
                html: None,
                send,
            });
        }
        let template = Template::read(fields)?;
        Some(Self {
            subject: Some(template.subject),
            text: Some(template.text),
            html: template.html,
            send,
        })
    }
}

impl MailDraft {
    /// The template, if one was given.
    #[must_use]
    pub fn template(self) -> Option<Template> {
        Some(Template {
            subject: self.subject?,
            text: self.text?,
            html: self.html,
        })
    }
}

/// A mail as it would be sent, with sample values.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MailPreview {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML; null where the template has none.
    pub html: Option<String>,
}

/// The templates of a kind of mail.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MailTemplates {
    /// The kind.
    pub kind: Kind,
    /// The variables that its templates may name.
    pub variables: Vec<String>,
    /// The languages that it has templates in.
    pub locales: Vec<String>,
    /// The languages whose template is an admin's.
    pub overridden: Vec<String>,
}

/// The templates of every kind of mail.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MailTemplateList {
    /// The kinds.
    pub items: Vec<MailTemplates>,
}

impl MailTemplateList {
    /// The list, from the languages there are and the templates that are an admin's.
    #[must_use]
    pub fn of(locales: &[&str], overridden: &[(Kind, String)]) -> Self {
        let templates = |kind: &Kind| {
            let own = overridden.iter().filter(|(of, _)| of == kind);
            MailTemplates {
                kind: *kind,
                variables: texts(kind.variables()),
                locales: texts(locales),
                overridden: own.map(|(_, locale)| locale.clone()).collect(),
            }
        };
        Self {
            items: Kind::ALL.iter().map(templates).collect(),
        }
    }
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

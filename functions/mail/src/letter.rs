//! The text of a mail: its template, its values and its addresses.

use api::consumers::Mail;
use api::mail::{Kind, Template};
use api::redirect;
use api::settings::Links;
use auth::invitation::name_of;
use auth::proof::{Posted, mask};
use auth::{Keys, User};
use invoke::{Letter, SendFault};
use mails::{Addresses, Rendered};
use runtime::Task;
use serde_json::{Map, Value, json};
use store::Reading;
use worker::State;

/// The path of the pages.
const PAGES: &str = "/api/auth/pages";

/// All that the values of a mail come from.
pub(crate) struct Parts<'a> {
    keys: &'a Keys,
    address: &'a str,
    /// The user whose address it is or was.
    user: Option<&'a User>,
}

impl<'a> Parts<'a> {
    /// The parts of a mail.
    pub(crate) fn of(keys: &'a Keys, address: &'a str, kind: Kind, reading: &'a Reading) -> Self {
        // The reader of an address that somebody else asks for hears nothing of that user.
        let asker = reading.asker.as_ref();
        let asker = asker.filter(|_| kind != Kind::AccountExists);
        // An invitation says the same whether or not the address has an account.
        let holder = reading.holder.as_ref();
        let holder = holder.filter(|_| kind != Kind::Invitation);
        Self {
            keys,
            address,
            user: asker.or(holder),
        }
    }

    /// The language that the request or the user names.
    pub(crate) fn locale<'p>(&self, posted: &'p Posted) -> Option<&'p str>
    where
        'a: 'p,
    {
        let of_user = || self.user.and_then(|user| user.locale.as_deref());
        posted.wishes.locale.as_deref().or_else(of_user)
    }
}

/// A mail that is ready to be sent.
pub(crate) struct Written {
    pub(crate) kind: Kind,
    pub(crate) to: String,
    pub(crate) rendered: Rendered,
}

/// Writes a mail by an admin's template, or by the shipped one.
///
/// # Errors
/// The reason why this mail is never sent.
pub(crate) fn write(
    task: &Task<Mail>,
    (posted, kind, locale): (&Posted, Kind, &'static str),
    parts: &Parts<'_>,
    own: Option<&Template>,
) -> Result<Written, String> {
    let values = values(task, (posted, kind, locale), parts)?;
    let origin = &posted.wishes.origin;
    render(task, (kind, locale, own), (values, origin), parts.address)
}

/// Writes a mail of these values. `origin` is the address of the API, which they may name.
///
/// # Errors
/// The reason why this mail is never sent.
pub(crate) fn render(
    task: &Task<Mail>,
    (kind, locale, own): (Kind, &'static str, Option<&Template>),
    (mut values, origin): (Map<String, Value>, &str),
    to: &str,
) -> Result<Written, String> {
    let template = own.or_else(|| mails::shipped(kind, locale));
    let template = template.ok_or("there is no template")?;
    let settings = task.settings();
    values.insert("appName".to_owned(), json!(settings.mail.app()));
    let schemes: Vec<&str> = redirect::schemes(&settings.auth.redirects)
        .map(|scheme| scheme.trim_end_matches(':'))
        .collect();
    let addresses = Addresses {
        schemes: &schemes,
        own: origin,
    };
    let rendered = mails::render(template, kind, &values, &addresses);
    Ok(Written {
        kind,
        to: to.to_owned(),
        rendered: rendered.map_err(|reason| reason.to_string())?,
    })
}

impl Written {
    /// Hands the mail to SES.
    pub(crate) async fn send(&self, state: &State, task: &Task<Mail>) -> Result<(), SendFault> {
        let mail = &task.settings().mail;
        let from = mail.from.as_deref().unwrap_or_default();
        let set = (!task.deployment().local).then(|| state.store.name());
        let letter = Letter {
            kind: self.kind,
            from,
            from_name: mail.from_name.as_deref().or(mail.app_name.as_deref()),
            reply_to: mail.reply_to.as_deref(),
            to: &self.to,
            subject: &self.rendered.subject,
            text: &self.rendered.text,
            html: self.rendered.html.as_deref(),
            configuration_set: set,
        };
        state.services.send_mail(&letter, task.now()).await
    }
}

/// The values of a mail's variables, but for the name of the app.
fn values(
    task: &Task<Mail>,
    (posted, kind, locale): (&Posted, Kind, &str),
    parts: &Parts<'_>,
) -> Result<Map<String, Value>, String> {
    let links = &task.settings().mail.links;
    let mut values: Map<String, Value> = posted.open_values(parts.keys).unwrap_or_default();
    // The registration that waits is no variable of any mail.
    values.retain(|name, _| kind.variables().contains(&name.as_str()));
    let mut add = |name: &str, value: Value| values.insert(name.to_owned(), value);
    add("userEmail", json!(parts.address));
    add("userName", json!(parts.user.and_then(name_of)));
    add("locale", json!(locale));
    if kind == Kind::AccountExists {
        add("loginUrl", json!(links.login));
        add("resetUrl", json!(links.forgot));
        return Ok(values);
    }
    let now = task.now();
    let takes_codes = posted.ticket.place.takes_codes();
    let end = match takes_codes {
        true => posted.ends.code,
        false => posted.ends.link,
    };
    let seconds = end.seconds().saturating_sub(now.seconds());
    add("minutes", json!(seconds.div_ceil(60)));
    let days = posted.ends.link.seconds().saturating_sub(now.seconds());
    add("days", json!(days.div_ceil(86_400)));
    let lost = "its key is gone";
    let code = takes_codes.then(|| parts.keys.code(&posted.ticket).ok_or(lost));
    add("code", json!(code.transpose()?));
    let token = posted.link(parts.keys, parts.address, locale).ok_or(lost)?;
    let address = address(kind, links, posted, &token);
    for name in [
        "verifyUrl",
        "confirmUrl",
        "resetUrl",
        "magicUrl",
        "acceptUrl",
        "rejectUrl",
    ] {
        add(name, json!(address));
    }
    let old = parts.user.and_then(|user| user.email.as_deref()).map(mask);
    add("oldEmail", json!(old));
    Ok(values)
}

/// The address that a mail's link leads to: the app's, else a page of the API's own. There is none where that page could do
/// nothing with the token: that of a sign-in leads back where the app holds a verifier.
fn address(kind: Kind, links: &Links, posted: &Posted, token: &str) -> Option<String> {
    let wishes = &posted.wishes;
    let (of_app, page) = match kind {
        Kind::VerifyEmail => (&links.verify_email, Some("verify-email")),
        Kind::Registration => (&links.registration, Some("register")),
        Kind::PasswordReset => (&links.password_reset, Some("reset")),
        Kind::Invitation => (&links.invitation, Some("invitation")),
        Kind::MagicLink => {
            let leads_back = wishes.challenge.is_some();
            (&links.magic_link, leads_back.then_some("magic-link"))
        }
        Kind::EmailChange => (&links.email_change, None),
        _ => return None,
    };
    let of_app = of_app.as_ref().map(|link| link.replace("{token}", token));
    let origin = &wishes.origin;
    of_app.or_else(|| Some(format!("{origin}{PAGES}/{}?token={token}", page?)))
}

//! Accounts with a second factor in a project that sends mails.

use std::ops::Deref;

use local::mailbox::{Mailbox, Message};

use super::*;
use crate::proofs::world::MailWorld;

/// A stack of its own whose mails arrive in a mailbox.
pub(super) struct Mailed<'a> {
    stage: Stage<'a>,
    mailbox: Mailbox,
}

impl<'a> Deref for Mailed<'a> {
    type Target = Stage<'a>;

    fn deref(&self) -> &Stage<'a> {
        &self.stage
    }
}

impl<'a> Mailed<'a> {
    /// Starts it with these variables for every function.
    pub(super) fn new(inside: &'a Inside, variables: Variables<'_>) -> Self {
        let MailWorld { world, mailbox, .. } = MailWorld::new(inside, variables);
        Self {
            stage: Stage { world },
            mailbox,
        }
    }

    /// The newest mail to an address, as soon as there are this many.
    pub(super) fn mail(&self, to: &str, count: usize) -> Message {
        let look = || self.mailbox.messages_to(to);
        let mut mails = self.stage.world.until(look, |mails| mails.len() >= count);
        assert_eq!(mails.len(), count, "{mails:#?}");
        mails.remove(0)
    }

    /// The code of that mail.
    pub(super) fn mailed_code(&self, to: &str, count: usize) -> String {
        self.mail(to, count).code.unwrap()
    }

    /// The token of that mail's link.
    pub(super) fn mailed_token(&self, to: &str, count: usize) -> String {
        let link = self.mail(to, count).link.unwrap();
        link.split_once("token=").unwrap().1.to_owned()
    }

    /// The flow of a mail that anybody asks for.
    pub(super) fn ask(&self, function: &str, path: &str, email: &str) -> String {
        let opened = self.stage.post(function, path, &json!({ "email": email }));
        text(&opened.expect(202).json()["flow"])
    }

    /// A new account whose address is proven. It has got one mail.
    pub(super) fn proven(&self) -> (String, Value) {
        let (email, made) = self.stage.register();
        let body = json!({ "code": self.mailed_code(&email, 1) });
        let token = text(&made["accessToken"]);
        let path = "/api/auth/verify-email";
        let proven = self.stage.post_as(&token, "verify-email", path, &body);
        let _ = proven.expect(200);
        (email, made)
    }

    /// The same with a second factor.
    pub(super) fn account(&self) -> Account {
        let (email, made) = self.proven();
        self.stage.enrol(&email, &made)
    }

    /// An account whose address nobody has proven, with a second factor of the time before mails were sent. It has got one
    /// mail.
    pub(super) fn unproven(&self) -> Account {
        let (email, made) = self.stage.register();
        let _verification = self.mail(&email, 1);
        let token = text(&made["accessToken"]);
        let enable = self.stage.world.flow.function("mfa-enable", &[]);
        let event = Event::new("POST", ENABLE).json(&json!({})).token(&token);
        let setup = self.stage.world.flow.apart.ask(&enable, &event);
        let secret = text(&setup.expect(200).json()["secret"]);
        let body = json!({ "code": code(&secret, -1) });
        let confirmed = self.stage.post_as(&token, "mfa-confirm", CONFIRM, &body);
        let confirmed = confirmed.expect(200).json();
        let codes = confirmed["recoveryCodes"].as_array().unwrap().iter();
        Account {
            email,
            id: text(&made["user"]["id"]),
            token,
            secret,
            codes: codes.map(text).collect(),
        }
    }
}

/// The stored second factor of a user; null where there is none.
pub(super) fn stored(stage: &Stage<'_>, user: &str) -> Value {
    let key = format!("totp#{user}");
    let items = stage.world.scan("local-_users").into_iter();
    let mut found = items.filter(|item| item["id"]["S"] == key.as_str());
    found.next().unwrap_or_default()
}

//! A stack of its own whose mails arrive in a mailbox.

use std::ops::Deref;

use blackbox::{Inside, PASSWORD, Reply};
use local::mailbox::{Mailbox, Message};
use serde_json::{Value, json};

use crate::world::{Variables, World};

/// Tables, functions and the function that sends mails, with the mailbox that takes them.
pub(crate) struct MailWorld<'a> {
    pub(crate) world: World<'a>,
    pub(crate) mailbox: Mailbox,
    /// The variables of the sender.
    sender: Vec<(String, String)>,
}

impl<'a> Deref for MailWorld<'a> {
    type Target = World<'a>;

    fn deref(&self) -> &World<'a> {
        &self.world
    }
}

impl<'a> MailWorld<'a> {
    /// Starts everything; `variables` are for every function beside the sender.
    pub(crate) fn new(inside: &'a Inside, variables: Variables<'_>) -> Self {
        let quiet = ("BAKEND_MAIL_NOTICES_EMAIL_CHANGE_REQUESTED", "false");
        Self::with(inside, &[], &[&[quiet], variables].concat())
    }

    /// The same with these workers, too.
    pub(crate) fn with(inside: &'a Inside, workers: &[&str], variables: Variables<'_>) -> Self {
        let mailbox = Mailbox::start(0).unwrap();
        let endpoint = mailbox.endpoint();
        let own = [
            ("BAKEND_MAIL_FROM", "mail@example.com"),
            ("BAKEND_AUTH_PUBLIC_URL", "http://localhost:8080"),
        ];
        let all = [&own, variables].concat();
        let ses = [("AWS_ENDPOINT_URL_SESV2", endpoint.as_str())];
        let worker = [&all[..], &ses].concat();
        let workers = workers.iter().map(|name| (*name, &worker[..]));
        let workers: Vec<(&str, Variables<'_>)> = workers.chain([("mail", &worker[..])]).collect();
        let world = World::with(inside, &workers, &all);
        let sender = worker.iter();
        let sender = sender.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self {
            sender: sender.collect(),
            world,
            mailbox,
        }
    }

    /// Kills the sender in the middle of what it does, and starts another with more variables.
    pub(crate) fn restart_sender(&self, more: Variables<'_>) {
        let own = self.sender.iter();
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<(&str, &str)> = own.chain(more.iter().copied()).collect();
        self.flow.replace_worker("mail", &all);
    }

    /// The states of all mails, as they are stored.
    pub(crate) fn states(&self) -> Vec<String> {
        let items = self.scan("local-_mail").into_iter();
        let states = items.map(|item| item["mail"]["S"].as_str().unwrap().to_owned());
        states.collect()
    }

    /// The newest mail to an address, as soon as there are this many.
    pub(crate) fn mail(&self, to: &str, count: usize) -> Message {
        let look = || self.mailbox.messages_to(to);
        let mut mails = self.until(look, |mails| mails.len() >= count);
        assert_eq!(mails.len(), count, "{mails:#?}");
        mails.remove(0)
    }

    /// A new account, as its registration replies.
    pub(crate) fn register(&self, email: &str) -> Value {
        let body = json!({ "email": email, "password": PASSWORD });
        let reply = self.post("register", "/api/auth/register", &body);
        reply.expect(201).json()
    }

    /// A login.
    pub(crate) fn login(&self, email: &str, password: &str) -> Reply {
        let body = json!({ "email": email, "password": password });
        self.post("login", "/api/auth/login", &body)
    }
}

/// The access token of a reply.
pub(crate) fn token(signed_in: &Value) -> String {
    signed_in["accessToken"].as_str().unwrap().to_owned()
}

/// The code of a mail.
pub(crate) fn code(mail: &Message) -> String {
    mail.code.clone().unwrap()
}

/// The token of a mail's link.
pub(crate) fn link_token(mail: &Message) -> String {
    let link = mail.link.clone().unwrap();
    let (_, token) = link.split_once("token=").unwrap();
    token.to_owned()
}

/// Another code than this one.
pub(crate) fn another(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:08}", (number + 1) % 100_000_000)
}

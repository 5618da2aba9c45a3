//! Limits on attempts: of passwords, registrations and refreshes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::span::Span;

/// How often passwords, registrations and refreshes may be tried. On a developer's machine every number that is not set
/// is out of reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Throttle {
    /// How many failed logins of an account lock it for the source they came from.
    pub attempts: u32,
    /// How many failed logins of an account, from wherever, lock it for everybody.
    pub account_attempts: u32,
    /// How many failed logins of a source, over all accounts, lock the source.
    pub source_attempts: u32,
    /// Within how long failed logins add up, up to a day; a locked source waits for the end of it.
    pub window: Span,
    /// How long an account is locked at first for a source; each further failure doubles it.
    pub first_lock: Span,
    /// How long an account is locked at most for a source, up to a day.
    pub longest_lock: Span,
    /// How long an account is locked for everybody, up to 60 s: whoever wants to keep a user out can.
    pub account_lock: Span,
    /// How many registrations a source may try.
    pub registrations: u32,
    /// Within how long, up to a day.
    pub registration_window: Span,
    /// How many refreshes a session may have.
    pub refreshes: u32,
    /// Within how long, up to an hour.
    pub refresh_window: Span,
    /// The time between two mails to an address that one source asks for, up to an hour.
    pub mail_interval: Span,
    /// How many mails to an address one source may ask for in an hour.
    pub mails: u32,
    /// How many flows an address has in an hour, over all sources; further ones repeat a mail.
    pub address_mails: u32,
    /// How many mails a source may ask for in an hour, over all addresses.
    pub source_mails: u32,
    /// How often one code may be tried, 1 to 10; also on a developer's machine.
    pub code_tries: u32,
    /// How many wrong codes of a second factor a user has in a day, over all sources; then none is taken for the rest of it.
    pub factor_attempts: u32,
    /// How many anonymous accounts a source may make in an hour.
    pub anonymous: u32,
    /// How many invitations a user may send in a day.
    pub invitations: u32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            attempts: 5,
            account_attempts: 50,
            source_attempts: 20,
            window: Span::seconds(15 * 60),
            first_lock: Span::seconds(1),
            longest_lock: Span::seconds(15 * 60),
            account_lock: Span::seconds(60),
            registrations: 10,
            registration_window: Span::seconds(3600),
            refreshes: 30,
            refresh_window: Span::seconds(60),
            mail_interval: Span::seconds(60),
            mails: 5,
            address_mails: 20,
            source_mails: 20,
            code_tries: 5,
            factor_attempts: 20,
            anonymous: 30,
            invitations: 50,
        }
    }
}

impl Throttle {
    /// The keys of the numbers that limit attempts.
    pub(crate) const COUNTS: [&str; 11] = [
        "attempts",
        "accountAttempts",
        "sourceAttempts",
        "registrations",
        "refreshes",
        "mails",
        "addressMails",
        "sourceMails",
        "factorAttempts",
        "anonymous",
        "invitations",
    ];
    /// The maximum of each number; on a developer's machine, also the default.
    pub(crate) const MOST: u32 = 1_000_000;
}

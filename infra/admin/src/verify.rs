//! `cargo admin verify`: marks addresses as proven that an operator knows to be.

use api::Timestamp;
use auth::User;
use clap::Args;
use store::{Store, Vouched};

use crate::printable::printable;
use crate::{now, words};

/// The accounts whose addresses are proven.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Arguments {
    /// The address of one account.
    email: Option<String>,
    /// Every account that was made before this date, such as 2026-11-29 or 2026-11-29T12:00:00Z.
    #[arg(long, value_name = "DATE", value_parser = date)]
    before: Option<Timestamp>,
}

fn date(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| {
        "a date is written as 2026-11-29, which begins in UTC, or as 2026-11-29T12:00:00Z"
            .to_owned()
    })
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(store: &Store, arguments: &Arguments) -> Result<String, String> {
    match (&arguments.email, arguments.before) {
        (Some(email), _) => one(store, email).await,
        (None, Some(before)) => all(store, before).await,
        (None, None) => Err("name an address, or a date with --before".to_owned()),
    }
}

async fn one(store: &Store, email: &str) -> Result<String, String> {
    let email =
        auth::email::known(email).map_err(|detail| format!("{email}: {}", detail.message))?;
    let now = now();
    let holder = store.holder(&email, now).await;
    let holder = holder.map_err(|error| words(&error))?;
    let holder = holder.ok_or_else(|| format!("nobody has registered {email}"))?;
    match store.vouch(holder, now).await {
        Ok(Vouched::Now) => Ok(format!(
            "{email} is verified now; it holds on the next request."
        )),
        Ok(Vouched::Already) => Ok(format!("{email} was verified already.")),
        Ok(Vouched::Gone) => Err(format!("the account of {email} is deleted")),
        Err(error) => Err(words(&error)),
    }
}

/// The results so far.
#[derive(Default)]
struct Sum {
    verified: u64,
    already: u64,
    refused: u64,
}

impl Sum {
    /// The results in a sentence.
    fn told(&self) -> String {
        let Self {
            verified,
            already,
            refused,
        } = self;
        format!("{verified} verified, {already} verified already, {refused} refused")
    }
}

/// Looks at every account. It can be repeated: whoever is verified is left alone.
async fn all(store: &Store, before: Timestamp) -> Result<String, String> {
    let (mut from, mut sum) = (None, Sum::default());
    let stopped = |sum: &Sum, reason: String| format!("{reason}; {}, run it again", sum.told());
    loop {
        let page = store.export_users(from, false).await;
        let page = page.map_err(|error| stopped(&sum, words(&error)))?;
        let made_before = |user: &User| user.created_at < before;
        for (user, _) in page.users.into_iter().filter(|(user, _)| made_before(user)) {
            let (id, email) = (
                user.id,
                printable(user.email.as_deref().unwrap_or_default()),
            );
            let has_factor = user.mfa.is_some() || !user.methods.is_empty();
            if has_factor && user.email_verified_at.is_none() {
                // A proof by its owner would remove what somebody else has added; an operator's word does not.
                sum.refused += 1;
                println!(
                    "{id} {email}: it has a passkey or a second factor; name the address if that is its owner's"
                );
                continue;
            }
            match store.vouch(user, now()).await {
                Ok(Vouched::Now) => sum.verified += 1,
                Ok(Vouched::Already) => sum.already += 1,
                Ok(Vouched::Gone) => {
                    sum.refused += 1;
                    println!("{id} {email}: the account was deleted, or has another address");
                }
                Err(error) => return Err(stopped(&sum, words(&error))),
            }
        }
        from = page.next;
        if from.is_none() {
            return Ok(format!("{}.", sum.told()));
        }
    }
}

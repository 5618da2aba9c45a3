//! `cargo admin user`: looks an account up, and does for it the same as an admin's request.

mod found;
mod shown;

use api::event::Reason;
use api::settings::Settings;
use api::wire::UserChanges;
use api::{Code, Error, Id};
use auth::leaver::{KeysOfLeaver, PARAMETER};
use auth::user::{ADMIN, AUTHENTICATED, check_role};
use auth::{User, Writer, account};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Map;
use store::{Along, Store, Throttled};

pub(crate) use self::found::{find, name_of};
use crate::printable::printable;
use crate::sealing::random;
use crate::throttle;
use crate::{now, words};

/// An account, and the use of it.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The address of the account, or its id.
    #[arg(value_name = "EMAIL|ID")]
    who: String,
    #[command(subcommand)]
    action: Option<Action>,
}

/// A use of an account; without one it is shown.
#[derive(Subcommand)]
enum Action {
    /// List the sessions that stand, the newest first.
    Sessions,
    /// End every session, or one of them; holds on the user's next request.
    EndSessions {
        /// The session's id, as `sessions` lists it.
        #[arg(value_parser = id)]
        session: Option<Id>,
    },
    /// Switch the account off, which ends every session for good.
    Disable(Leaving),
    /// Switch the account on again. No session comes back.
    Enable,
    /// Forget failed logins, wrong codes, and mails and invitations that were sent.
    Unlock,
    /// Take the rights of an admin away. The last admin keeps them.
    Demote {
        /// The role that takes the place.
        #[arg(long, default_value = AUTHENTICATED)]
        role: String,
        #[command(flatten)]
        leaving: Leaving,
    },
}

/// The fate of the API keys that a leaving admin has made.
#[derive(Args)]
struct Leaving {
    /// The fate of the API keys that this admin has made; without it none may stand.
    #[arg(long, value_enum)]
    api_keys: Option<KeysThen>,
}

#[derive(Clone, Copy, ValueEnum)]
enum KeysThen {
    /// They stand as before.
    Keep,
    /// They are deleted.
    Delete,
}

impl Leaving {
    fn keys(&self) -> Option<KeysOfLeaver> {
        self.api_keys.map(|then| match then {
            KeysThen::Keep => KeysOfLeaver::Keep,
            KeysThen::Delete => KeysOfLeaver::Delete,
        })
    }
}

/// An id of the command line.
pub(crate) fn id(text: &str) -> Result<Id, String> {
    let wrong = "an id has the form 0197a3b0-1234-7000-8000-0000000000aa";
    text.parse().map_err(|_| wrong.to_owned())
}

/// A write of this command.
pub(crate) fn writer() -> Result<Writer, String> {
    let random = random().map_err(|error| words(&error))?;
    Ok(Writer::operator(now(), random))
}

/// Runs the command, and reports the result.
pub(crate) async fn run(
    store: &Store,
    settings: &Settings,
    arguments: &Arguments,
) -> Result<String, String> {
    let user = find(store, &arguments.who).await?;
    let Some(action) = &arguments.action else {
        return shown::account(store, settings, &user).await;
    };
    match action {
        Action::Unlock => {
            let whom = Throttled::Account(user.email.as_deref(), Some(user.id));
            throttle::clear_of(store, settings, whom, &name_of(&user)).await
        }
        _ if user.deleted.is_some() => Err(format!("the account of {} is deleted", name_of(&user))),
        Action::Sessions => shown::sessions(store, &user).await,
        Action::EndSessions { session: None } => end_all(store, settings, user).await,
        Action::EndSessions { session: Some(id) } => end_one(store, &user, *id).await,
        Action::Disable(leaving) => switch(store, settings, user, (true, leaving.keys())).await,
        Action::Enable => switch(store, settings, user, (false, None)).await,
        Action::Demote { role, leaving } => {
            demote(store, settings, user, (role, leaving.keys())).await
        }
    }
}

async fn end_all(store: &Store, settings: &Settings, user: User) -> Result<String, String> {
    let name = name_of(&user);
    let (declared, along) = (&settings.users.fields, Along::of(Reason::SessionsEnd));
    let writer = writer()?;
    let ended = store.change_user(declared, user, &along, &writer, |found| {
        found.without_sessions().map(Some)
    });
    ended.await.map_err(|error| told(&error))?;
    Ok(format!(
        "Every session of {name} has ended; it holds on the next request."
    ))
}

async fn end_one(store: &Store, user: &User, session: Id) -> Result<String, String> {
    let ended = store
        .end_own_session(user, session, Reason::Admin, &writer()?)
        .await;
    match ended.map_err(|error| words(&error))? {
        true => Ok(format!(
            "The session {session} has ended; it holds on the next request."
        )),
        false => Err(format!(
            "{} has no session {session} that stands; `sessions` lists those that do",
            name_of(user)
        )),
    }
}

/// Switches an account off or on.
async fn switch(
    store: &Store,
    settings: &Settings,
    user: User,
    (disabled, keys): (bool, Option<KeysOfLeaver>),
) -> Result<String, String> {
    let (name, id) = (name_of(&user), user.id);
    if user.disabled == disabled {
        let state = if disabled { "disabled" } else { "enabled" };
        let gone = drop_keys(store, id, keys).await?;
        return Ok(with_keys(format!("{name} was {state} already."), gone));
    }
    let changes = UserChanges {
        disabled: Some(disabled),
        ..changes(None)
    };
    change(store, settings, user, (&changes, keys)).await?;
    let done = match disabled {
        true => format!("{name} is disabled, and every session has ended."),
        false => format!("{name} is enabled; the sessions of before stay ended."),
    };
    Ok(with_keys(done, drop_keys(store, id, keys).await?))
}

/// Deletes the API keys that a user has made and that still stand, where the command says so. The change of an acting admin
/// has deleted them already; that of anybody else deletes none. Returns how many it has deleted.
async fn drop_keys(store: &Store, user: Id, keys: Option<KeysOfLeaver>) -> Result<usize, String> {
    if keys != Some(KeysOfLeaver::Delete) {
        return Ok(0);
    }
    let all = store.list_api_keys().await.map_err(|error| words(&error))?;
    let made = all.into_iter().filter(|key| key.created_by == user);
    let made: Vec<Id> = made.map(|key| key.id).collect();
    let mut gone = 0;
    for key in &made {
        match store.delete_api_key(*key, &writer()?).await {
            Ok(deleted) => gone += usize::from(deleted),
            Err(error) => {
                let left = made.len() - gone;
                return Err(format!("{left} API keys still stand: {}", words(&error)));
            }
        }
    }
    Ok(gone)
}

/// A result with the number of API keys that were deleted after it.
fn with_keys(done: String, gone: usize) -> String {
    match gone {
        0 => done,
        1 => format!("{done} 1 API key is deleted."),
        _ => format!("{done} {gone} API keys are deleted."),
    }
}

async fn demote(
    store: &Store,
    settings: &Settings,
    user: User,
    (role, keys): (&str, Option<KeysOfLeaver>),
) -> Result<String, String> {
    check_role(role, &settings.auth).map_err(|detail| detail.message)?;
    let (name, id) = (name_of(&user), user.id);
    if role == ADMIN {
        return Err("--role admin takes no rights away; name another role".to_owned());
    }
    if user.role != ADMIN {
        let gone = drop_keys(store, id, keys).await?;
        let done = format!("{name} is no admin; the role is {}.", user.role);
        return Ok(with_keys(done, gone));
    }
    change(
        store,
        settings,
        user,
        (&changes(Some(role.to_owned())), keys),
    )
    .await?;
    let done = format!("{name} has the role {role} now; it holds on the next request.");
    Ok(with_keys(done, drop_keys(store, id, keys).await?))
}

fn changes(role: Option<String>) -> UserChanges {
    UserChanges {
        role,
        disabled: None,
        mail_failed: None,
        profile: Map::new(),
        faults: Vec::new(),
    }
}

/// Changes a user as an admin's body does.
async fn change(
    store: &Store,
    settings: &Settings,
    user: User,
    (changes, keys): (&UserChanges, Option<KeysOfLeaver>),
) -> Result<(), String> {
    let declared = &settings.users.fields;
    let along = Along {
        keys,
        ..Along::of(Reason::Update)
    };
    let writer = writer()?;
    let changed = store.change_user(declared, user, &along, &writer, |found| {
        account::changed(found, changes, declared).map(Some)
    });
    changed.await.map(|_| ()).map_err(|error| told(&error))
}

/// A refusal in the words of this command, which has an option in place of a query parameter.
fn told(error: &Error) -> String {
    match error.code {
        // Another admin has chosen the names.
        Code::HasApiKeys => {
            printable(&words(error)).replace(&format!("?{PARAMETER}="), "--api-keys ")
        }
        Code::ValidationFailed => {
            let details = error.details.iter().map(|detail| detail.message.clone());
            details.collect::<Vec<_>>().join(" ")
        }
        _ => words(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_option_and_no_parameter() {
        let message = "This admin has made API keys: a (1); say ?apiKeys=keep or ?apiKeys=delete.";
        let refused = Error::new(Code::HasApiKeys).with_message(message);
        let expected =
            "This admin has made API keys: a (1); say --api-keys keep or --api-keys delete.";
        assert_eq!(told(&refused), expected);
    }

    #[test]
    fn a_terminal_does_not_obey_the_name_of_a_key() {
        let message = "This admin has made API keys: \u{1b}[2J (1); say ?apiKeys=keep.";
        let refused = Error::new(Code::HasApiKeys).with_message(message);
        let expected = "This admin has made API keys: \\u{1b}[2J (1); say --api-keys keep.";
        assert_eq!(told(&refused), expected);
    }

    #[test]
    fn the_end_counts_the_keys_that_were_deleted() {
        let told = |gone| with_keys("Ada was disabled already.".to_owned(), gone);
        assert_eq!(told(0), "Ada was disabled already.");
        assert_eq!(told(1), "Ada was disabled already. 1 API key is deleted.");
        assert_eq!(told(2), "Ada was disabled already. 2 API keys are deleted.");
    }
}

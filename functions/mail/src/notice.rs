//! Notices, and mails that are written already: the decision, the mark and the sending, in this order.

use api::consumers::Mail;
use api::mail::Kind;
use api::{Error, Timestamp};
use auth::invitation::name_of;
use auth::notice::{Content, Fate, Notice, Reader, Sealed, fate};
use auth::proof::{Posted, Purpose, State as Mark};
use auth::{Keys, User};
use invoke::SendFault;
use mails::Rendered;
use runtime::Task;
use serde_json::{Map, Value, json};
use worker::State;

use crate::letter::{self, Written};
use crate::proof::Outcome;

/// The states in which a notice is still to be sent.
const WAITING: [Mark; 2] = [Mark::Due, Mark::Sending];

/// Sends a notice to its user, or to the address that it carries.
///
/// # Errors
/// A fault that passes: the mail has to come again.
pub(crate) async fn send(state: &State, task: &Task<Mail>, due: &Sealed) -> Result<Outcome, Error> {
    let (store, now) = (&state.store, task.now());
    let keys = store.sealing_keys(due.sealed()).await?;
    let Some((reader, content)) = due.open_reader(&keys).zip(due.open(&keys)) else {
        return Ok(Outcome::Dropped("a notice does not open".to_owned()));
    };
    let (found, user) = store.read_notice(due.id, &reader).await?;
    if !found.is_some_and(|notice| WAITING.contains(&notice.state)) {
        return Ok(Outcome::PassedOver);
    }
    if now >= due.until {
        store.mark_notice(due.id, WAITING, Mark::Dropped).await?;
        return Ok(Outcome::Dropped("a notice is too late".to_owned()));
    }
    let address = match (&reader, &user) {
        (Reader::Address(address), _) => Some(address),
        (Reader::User(_), user) => user.as_ref().and_then(|user| user.email.as_ref()),
    };
    let (Some(address), Fate::Sent) = (address, fate(&reader, user.as_ref(), now)) else {
        store.mark_notice(due.id, WAITING, Mark::Dropped).await?;
        return Ok(Outcome::Unwanted);
    };
    if !store.mark_notice(due.id, WAITING, Mark::Sending).await? {
        return Ok(Outcome::PassedOver);
    }
    let written = write(state, task, (due.kind, content), (address, user.as_ref())).await?;
    let sent = match written {
        Ok(letter) => letter.send(state, task).await,
        Err(reason) => Err(SendFault::Never(reason)),
    };
    match sent {
        Ok(()) => {
            // The mail has left: a lost mark only makes it leave once more.
            let _ = store.mark_notice(due.id, WAITING, Mark::Sent).await;
            Ok(Outcome::Sent)
        }
        Err(SendFault::Later(reason)) => Err(Error::unavailable(reason)),
        Err(SendFault::Never(reason)) => {
            store.mark_notice(due.id, WAITING, Mark::Dropped).await?;
            Ok(Outcome::Dropped(reason))
        }
    }
}

/// Keeps the notice that tells the old address of a new one that was asked for, where the proof is of that.
///
/// # Errors
/// `common/unavailable`, `common/internal`.
pub(crate) async fn tell_old_address(
    state: &State,
    task: &Task<Mail>,
    keys: &Keys,
    (posted, asker, new): (&Posted, Option<&User>, &str),
) -> Result<(), Error> {
    let is_change = posted.ticket.place.purpose == Purpose::EmailChange;
    let tells = is_change && task.settings().mail.tells(Kind::EmailChangeRequested);
    let old = asker.and_then(|asker| asker.email.as_deref());
    let Some(old) = old.filter(|_| tells) else {
        return Ok(());
    };
    let notice = Notice::of_email_change(posted, old, new);
    let sealed = notice.seal(keys, &task.random()?)?;
    state.store.post_notice(&sealed).await
}

/// Writes the text; the inner error is the reason why this mail is never sent.
async fn write(
    state: &State,
    task: &Task<Mail>,
    (kind, content): (Kind, Content),
    (address, user): (&str, Option<&User>),
) -> Result<Result<Written, String>, Error> {
    let mail = &task.settings().mail;
    let locale = mails::locale(user.and_then(|user| user.locale.as_deref()), &mail.locale);
    let facts = match content {
        Content::Written {
            subject,
            text,
            html,
        } => {
            let (to, rendered) = (
                address.to_owned(),
                Rendered {
                    subject,
                    text,
                    html,
                },
            );
            return Ok(Ok(Written { kind, to, rendered }));
        }
        facts @ Content::Facts { .. } => facts,
    };
    let own = state.store.mail_template(kind, locale).await?;
    let mut values = values(facts);
    values.insert("secureUrl".to_owned(), json!(mail.links.secure));
    values.insert("userEmail".to_owned(), json!(address));
    values.insert("userName".to_owned(), json!(user.and_then(name_of)));
    values.insert("locale".to_owned(), json!(locale));
    let template = (kind, locale, own.as_ref());
    Ok(letter::render(task, template, (values, ""), address))
}

/// The variables of the facts.
fn values(content: Content) -> Map<String, Value> {
    let Content::Facts {
        what,
        when,
        user_agent,
        place,
    } = content
    else {
        return Map::new();
    };
    Map::from_iter([
        ("what".to_owned(), json!(what)),
        ("when".to_owned(), json!(moment(when))),
        ("userAgent".to_owned(), json!(user_agent)),
        ("place".to_owned(), json!(place)),
    ])
}

/// A time as people read it, to the minute.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((day, time)) => format!("{day} {} UTC", time.get(..5).unwrap_or_default()),
        None => text,
    }
}

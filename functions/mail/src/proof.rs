//! Mails with a proof: the decision, the mark and the sending, in this order.

use api::consumers::Mail;
use api::mail::Kind;
use api::{Error, Timestamp};
use auth::proof::{Dispatch, Occasion, Posted, State as Mark, Subject, dispatch};
use invoke::SendFault;
use runtime::Task;
use store::Reading;
use worker::State;

use crate::letter::{self, Parts};
use crate::notice;

/// The fate of a mail that is due.
pub(crate) enum Outcome {
    /// It was sent.
    Sent,
    /// There is nothing to send any more: another instance has sent it, or the proof was used, replaced or withdrawn.
    PassedOver,
    /// Nobody wants it: the address has no account, or has one already.
    Unwanted,
    /// It is never sent, for this reason.
    Dropped(String),
}

/// Sends a mail. The mark comes before the mail, so that a quick reader's code is good.
///
/// # Errors
/// A fault that passes: the mail has to come again.
pub(crate) async fn send(state: &State, task: &Task<Mail>, due: &Posted) -> Result<Outcome, Error> {
    let (store, now) = (&state.store, task.now());
    let keys = store.sealing_keys(due.sealed()).await?;
    let Some(address) = due.open_address(&keys) else {
        return Ok(Outcome::Dropped("its address does not open".to_owned()));
    };
    let asker = match due.ticket.place.subject {
        Subject::User(user) => Some(user),
        Subject::Flow(_) | Subject::Invitation(_) => None,
    };
    let reading = store
        .read_mail(due.ticket.place, &address, asker, now)
        .await?;
    let Some(posted) = current(due, &reading) else {
        return Ok(Outcome::PassedOver);
    };
    if now >= end(posted) {
        store.mark_done(posted, posted.state, Mark::Dropped).await?;
        return Ok(Outcome::Dropped("its code has expired".to_owned()));
    }
    let decided = decide(task, posted, &address, &reading);
    let (kind, account, is_void) = match decided {
        Dispatch::Send(account) => (posted.ticket.place.purpose.kind(), account, false),
        Dispatch::Tell(kind) => (kind, None, true),
        Dispatch::Drop(_) => {
            store.mark_done(posted, posted.state, Mark::Dropped).await?;
            return Ok(Outcome::Unwanted);
        }
    };
    if !store.mark_sending(posted, account, is_void).await? {
        return Ok(Outcome::PassedOver);
    }
    let concerned = (posted, reading.asker.as_ref(), address.as_str());
    notice::tell_old_address(state, task, &keys, concerned).await?;
    let parts = Parts::of(&keys, &address, kind, &reading);
    let sent = deliver(state, task, (posted, kind), &parts).await?;
    settle(state, posted, sent).await
}

/// Marks what has become of the mail.
async fn settle(
    state: &State,
    posted: &Posted,
    sent: Result<(), String>,
) -> Result<Outcome, Error> {
    let done = |mark| state.store.mark_done(posted, Mark::Sending, mark);
    match sent {
        Ok(()) => {
            // The mail has left: a lost mark only makes it leave once more.
            let _ = done(Mark::Sent).await;
            Ok(Outcome::Sent)
        }
        Err(reason) => {
            done(Mark::Dropped).await?;
            Ok(Outcome::Dropped(reason))
        }
    }
}

/// The proof as it is now, if its mail is still to be sent.
fn current<'r>(due: &Posted, reading: &'r Reading) -> Option<&'r Posted> {
    let posted = reading.posted.as_ref()?;
    let waits = matches!(posted.state, Mark::Due | Mark::Sending);
    (waits && posted.ticket == due.ticket).then_some(posted)
}

/// Until when the mail is worth sending: while its code lives, or its link where there is no code.
fn end(posted: &Posted) -> Timestamp {
    if posted.ticket.place.takes_codes() {
        posted.ends.code
    } else {
        posted.ends.link
    }
}

fn decide(task: &Task<Mail>, posted: &Posted, address: &str, reading: &Reading) -> Dispatch {
    let asker = reading.asker.as_ref().zip(posted.account);
    dispatch(&Occasion {
        place: posted.ticket.place,
        address,
        holder: reading.holder.as_ref(),
        asker: asker.map(|(asker, account)| (asker, account.auth_version)),
        settings: &task.settings().auth,
        now: task.now(),
    })
}

/// Makes the text and hands it to SES; the inner error is the reason why this mail is never sent.
async fn deliver(
    state: &State,
    task: &Task<Mail>,
    (posted, kind): (&Posted, Kind),
    parts: &Parts<'_>,
) -> Result<Result<(), String>, Error> {
    let locale = mails::locale(parts.locale(posted), &task.settings().mail.locale);
    let own = state.store.mail_template(kind, locale).await?;
    let letter = letter::write(task, (posted, kind, locale), parts, own.as_ref());
    let letter = match letter {
        Ok(letter) => letter,
        Err(reason) => return Ok(Err(reason)),
    };
    match letter.send(state, task).await {
        Ok(()) => Ok(Ok(())),
        Err(SendFault::Later(reason)) => Err(Error::unavailable(reason)),
        Err(SendFault::Never(reason)) => Ok(Err(reason)),
    }
}

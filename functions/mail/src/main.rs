//! Sends the mails that are due.

mod letter;
mod notice;
mod proof;

use std::process::ExitCode;

use api::Error;
use api::consumers::Mail;
use runtime::{Done, Task};
use store::DueMail;
use worker::State;

use crate::proof::Outcome;

fn main() -> ExitCode {
    runtime::consume(Mail, send)
}

/// Sends the mails of a batch in their order, up to the first that has to come again: those behind it would fail as well.
async fn send(state: &State, task: Task<Mail>) -> Result<Done, Error> {
    let (mut sent, mut dropped, mut unwanted, mut passed) = (0, 0, 0, 0);
    let (mut reasons, mut failed) = (Vec::new(), None);
    for record in &task.input.records {
        let due = DueMail::read(record);
        match send_one(state, &task, &due).await {
            Ok(Outcome::Sent) => sent += 1,
            Ok(Outcome::PassedOver) => passed += 1,
            Ok(Outcome::Unwanted) => unwanted += 1,
            Ok(Outcome::Dropped(reason)) => {
                dropped += 1;
                reasons.push(format!("a mail is dropped: {reason}"));
            }
            Err(later) => {
                reasons.push(format!("a mail has to wait: {}", cause(later)));
                failed = Some(due.number);
                break;
            }
        }
    }
    Ok(Done::default()
        .failed_at(failed)
        .count("sent", sent)
        .count("dropped", dropped)
        .count("unwanted", unwanted)
        .count("passedOver", passed)
        .warn(reasons))
}

async fn send_one(state: &State, task: &Task<Mail>, due: &DueMail) -> Result<Outcome, Error> {
    match (&due.posted, &due.notice) {
        (Some(posted), _) => proof::send(state, task, posted).await,
        (None, Some(notice)) => notice::send(state, task, notice).await,
        (None, None) => Ok(Outcome::Dropped("a record that is no mail".to_owned())),
    }
}

/// The cause of a fault, for the log.
fn cause(fault: Error) -> String {
    fault.cause.unwrap_or(fault.message)
}

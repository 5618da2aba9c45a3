//! Keeps the failures of mails with the users whose addresses they concern.

use std::process::ExitCode;

use api::Error;
use api::consumers::MailFeedback;
use auth::Writer;
use auth::feedback::Feedback;
use auth::user::MailFailure;
use runtime::{Done, Task};
use worker::State;

fn main() -> ExitCode {
    runtime::consume(MailFeedback, keep)
}

/// Reads the messages of SES, and keeps a bounce for good or a complaint. Lambda tries a failed invocation again.
async fn keep(state: &State, task: Task<MailFeedback>) -> Result<Done, Error> {
    let declared = &task.settings().users.fields;
    let messages = task.input.records.iter();
    let messages = messages.filter_map(|record| record["Sns"]["Message"].as_str());
    let (mut kept, mut unknown) = (0, 0);
    for feedback in messages.filter_map(Feedback::read) {
        let failure = MailFailure {
            complaint: feedback.complaint,
            at: task.now(),
        };
        for address in &feedback.addresses {
            let writer = Writer::system(task.now(), task.random()?);
            let store = &state.store;
            if store
                .keep_failure(declared, address, failure, &writer)
                .await?
            {
                kept += 1;
            } else {
                unknown += 1;
            }
        }
    }
    Ok(Done::default()
        .count("kept", kept)
        .count("unknown", unknown))
}

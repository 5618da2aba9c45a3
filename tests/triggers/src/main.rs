//! The triggers of the suite's project: well behaved ones, and one for each way to fail.

#![allow(clippy::panic, reason = "a trigger that panics is one of them")]

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use trigger::{Event, Failure, World};

fn main() -> ExitCode {
    trigger::serve(run)
}

async fn run(name: &str, event: &Event, world: &World<'_>) -> Result<(), Failure> {
    match (name, event) {
        ("welcome", Event::Registered { user, .. }) => {
            let note = json!({ "title": "Welcome!", "assignee": user.id });
            let _ = world.create("notes", note).await?;
            world.log("welcomed");
            Ok(())
        }
        ("echo", Event::RecordCreated { record, .. }) => {
            let title = record.as_ref().and_then(|record| record["title"].as_str());
            let again = json!({ "title": format!("{}+", title.unwrap_or_default()) });
            world.create("drafts", again).await.map(|_| ())
        }
        ("picky", Event::RecordCreated { record, .. }) => {
            let message = record
                .as_ref()
                .and_then(|record| record["message"].as_str());
            match message.unwrap_or_default() {
                "fail" => Err(Failure::new("as asked")),
                "panic" => panic!("as asked"),
                "sleep" => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Ok(())
                }
                "foreign" => world
                    .create("wiki", json!({ "title": "x" }))
                    .await
                    .map(|_| ()),
                message => {
                    let note = json!({ "title": format!("seen {message}") });
                    world.create("notes", note).await.map(|_| ())
                }
            }
        }
        ("twice", Event::RecordDeleted { .. }) => {
            let first = world.create("notes", json!({ "title": "first" })).await?;
            let id = first["id"].as_str().unwrap_or_default();
            let _ = world
                .update("notes", id, json!({ "body": "changed" }))
                .await?;
            let found = world.list("notes", &[("title", "first")]).await?;
            let same = world.get("notes", id).await?;
            if found.len() == 1 && same.is_some_and(|note| note["body"] == "changed") {
                return Err(Failure::new("once more"));
            }
            Err(Failure::new(format!("{} notes", found.len())))
        }
        _ => Err(Failure::unknown(name)),
    }
}

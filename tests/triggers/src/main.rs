//! The triggers of the suite's project: well behaved ones, and one for each way to fail.

#![allow(clippy::panic, reason = "a trigger that panics is one of them")]

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Map, Value, json};
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
        ("whole", Event::RecordCreated { record, .. }) => {
            let text = record.as_ref().and_then(|record| record["body"].as_str());
            let text = text.unwrap_or("null");
            match serde_json::from_str(text) {
                Ok(Value::Object(targets)) => whole(world, &targets).await,
                _ => Ok(()),
            }
        }
        _ => Err(Failure::unknown(name)),
    }
}

/// Does everything that a trigger may: reads and lists what it reads, and writes in each of its collections, with relations
/// to these targets.
async fn whole(world: &World<'_>, targets: &Map<String, Value>) -> Result<(), Failure> {
    let text = |name: &str| targets[name].as_str().unwrap_or_default();
    let found = world.get("products", text("product")).await?;
    let listed = world.list("products", &[]).await?;
    let cheap = world.list("products", &[("sort", "price")]).await?;
    if found.is_none() || listed.len() != 1 || cheap.len() != 1 {
        return Err(Failure::new("the product is not found"));
    }
    let to = |name: &str| targets[name].clone();
    let comment =
        json!({ "text": "a", "post": to("post"), "author": to("user"), "order": to("order") });
    let parent = world.create("comments", comment.clone()).await?;
    let mut reply = comment;
    reply["parent"] = parent["id"].clone();
    let note = json!({ "title": "a", "assignee": to("user") });
    let draft = json!({ "title": "a", "user_id": to("user") });
    for (collection, fields) in [("comments", reply), ("notes", note), ("drafts", draft)] {
        let made = world.create(collection, fields.clone()).await?;
        let id = made["id"].as_str().unwrap_or_default();
        let _ = world.update(collection, id, fields).await?;
        let query = match collection {
            "comments" => ("post", text("post")),
            "drafts" => ("user_id", text("user")),
            _ => ("assignee", text("user")),
        };
        for query in [&[][..], &[query]] {
            if world.list(collection, query).await?.is_empty() {
                return Err(Failure::new(format!("{collection} has no record")));
            }
        }
        let found = world.get(collection, id).await?;
        if found.is_none() || !world.delete(collection, id).await? {
            return Err(Failure::new(format!("{collection} has lost a record")));
        }
    }
    Ok(())
}

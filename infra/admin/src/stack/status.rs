//! `cargo admin status`: the stack, its functions, tables, indexes, consumers and alarms.

use api::event::Consumer;
use api::fingerprint::Fingerprints;
use api::{Timestamp, tables};
use serde::Deserialize;
use store::{Store, TableState, index};

use super::{Place, ask};
use crate::printable::printable;
use crate::{now, words};

/// The facts about a stack that AWS tells.
#[derive(Debug, Deserialize)]
struct Stack {
    state: String,
    changed: String,
    functions: Vec<Function>,
    alarms: Vec<Alarm>,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
    modified: String,
    fingerprint: String,
}

#[derive(Debug, Deserialize)]
struct Alarm {
    name: String,
    state: String,
    since: String,
    about: String,
}

/// A consumer of events, with its state and what it has before it.
#[derive(Debug)]
struct Queue {
    name: String,
    state: String,
    waiting: u64,
    failed: u64,
    parked: u64,
}

/// Reports everything that there is.
pub(crate) async fn run(store: &Store, place: &Place) -> Result<String, String> {
    let mut parts = vec![match place {
        Place::Local => "The local stack has neither a stack of AWS nor alarms.".to_owned(),
        Place::Deployed(stack, region) => {
            let found: Stack = ask("status", (stack, region), &[])?;
            of_stack(stack, &found, &collections::fingerprints())
        }
    }];
    parts.push(of_tables(store).await?);
    // A table that is missing has its line above, and keeps no other part from the operator.
    parts.push(match queues(store).await {
        Ok(queues) => of_queues(&queues),
        Err(reason) => format!("Consumers: not known: {}", printable(&reason)),
    });
    Ok(parts.join("\n\n"))
}

/// The versions of stack and functions, and the alarms.
fn of_stack(stack: &str, found: &Stack, own: &Fingerprints) -> String {
    let times = || found.functions.iter().map(|it| it.modified.as_str());
    let mut lines = vec![format!(
        "Stack {stack}: {}, changed {}",
        found.state, found.changed
    )];
    lines.push(match (times().min(), times().max()) {
        (Some(first), Some(last)) => {
            let count = found.functions.len();
            format!("Functions: {count}, deployed from {first} to {last}")
        }
        _ => "Functions: none".to_owned(),
    });
    let is_own = |it: &&Function| it.fingerprint == own.records || it.fingerprint == own.others;
    let others = found.functions.iter().filter(|it| !is_own(it));
    let others: Vec<&str> = others.map(|it| it.name.as_str()).collect();
    lines.push(match others.len() {
        0 => "Definitions and settings: those of this checkout".to_owned(),
        all if all == found.functions.len() => {
            "Definitions and settings: other ones than those of this checkout".to_owned()
        }
        _ => format!(
            "Definitions and settings: not those of this checkout in {}",
            others.join(", ")
        ),
    });
    let ringing: Vec<&Alarm> = found
        .alarms
        .iter()
        .filter(|it| it.state == "ALARM")
        .collect();
    lines.push(match (found.alarms.len(), ringing.len()) {
        (0, _) => "Alarms: none; AlarmTopicArn gives the stack some".to_owned(),
        (all, 0) => format!("Alarms: {all}, none rings"),
        (all, some) => format!("Alarms: {all}, of which {some} ring"),
    });
    let bells = ringing.iter().map(|it| {
        format!(
            "  {} since {}: {}",
            printable(&it.name),
            it.since,
            printable(&it.about)
        )
    });
    lines.extend(bells);
    lines.join("\n")
}

/// A line for each table, and one for what is not filled.
async fn of_tables(store: &Store) -> Result<String, String> {
    let systems = tables::ALL.iter().map(|table| table.name);
    let names: Vec<&str> = systems
        .chain(collections::all().map(|it| it.name.as_str()))
        .collect();
    let mut lines = vec![format!(
        "{:<28}{:>12}{:>14}  {}",
        "Table", "items", "bytes", "indexes"
    )];
    for name in names {
        let state = store.table_state(name).await;
        let state = state.map_err(|error| words(&error))?;
        lines.push(of_table(name, state.as_ref()));
    }
    lines.push("DynamoDB counts items and bytes every six hours.".to_owned());
    for definition in collections::all() {
        let names = index::names(definition);
        let is_there = store.table_state(&definition.name).await;
        if names.is_empty() || is_there.map_err(|error| words(&error))?.is_none() {
            continue;
        }
        let unfilled = store.backfill(definition, names).unfilled().await;
        for name in unfilled.map_err(|error| words(&error))? {
            lines.push(format!(
                "Not every record is in {name}: cargo admin backfill {} {name}",
                definition.name
            ));
        }
    }
    Ok(lines.join("\n"))
}

fn of_table(name: &str, state: Option<&TableState>) -> String {
    let Some(state) = state else {
        // CloudFormation makes a new table, and not one that it has made before.
        let remedy = match name.starts_with('_') {
            true => "bring it back, see docs/operations.md",
            false => "deploy the template of this checkout, or bring it back",
        };
        return format!("{name:<28} is not there: {remedy}");
    };
    let indexes = state
        .indexes
        .iter()
        .map(|(name, status)| match status.as_str() {
            "ACTIVE" | "" => name.clone(),
            status => format!("{name} ({status})"),
        });
    let status = match state.status.as_str() {
        "ACTIVE" | "" => String::new(),
        status => format!(" ({status})"),
    };
    let line = format!(
        "{name:<28}{:>12}{:>14}  {}{status}",
        state.items,
        state.bytes,
        indexes.collect::<Vec<_>>().join(" ")
    );
    line.trim_end().to_owned()
}

/// Every consumer with its queue.
async fn queues(store: &Store) -> Result<Vec<Queue>, String> {
    let webhooks = store.webhooks().await.map_err(|error| words(&error))?;
    let webhooks = webhooks.into_iter().map(|webhook| {
        let state = match (webhook.disabled, webhook.failing_since) {
            (true, _) => "disabled".to_owned(),
            (false, Some(since)) => format!("failing since {since}"),
            (false, None) => "active".to_owned(),
        };
        let state = format!("{}, {state}", printable(&webhook.name));
        (Consumer::Webhook(webhook.id), state)
    });
    let triggers = collections::triggers().iter();
    let triggers = triggers.map(|it| (Consumer::Trigger(it.name.clone()), "active".to_owned()));
    let mut queues = Vec::new();
    for (consumer, state) in webhooks.chain(triggers) {
        queues.push(queue(store, &consumer, state, now()).await?);
    }
    Ok(queues)
}

async fn queue(
    store: &Store,
    consumer: &Consumer,
    state: String,
    now: Timestamp,
) -> Result<Queue, String> {
    let backlog = store.backlog(consumer).await;
    let backlog = backlog.map_err(|error| words(&error))?;
    let parked = store.count_parked(consumer, now).await;
    Ok(Queue {
        name: consumer.to_string(),
        state,
        waiting: backlog.waiting,
        failed: backlog.failed,
        parked: parked.map_err(|error| words(&error))?,
    })
}

fn of_queues(queues: &[Queue]) -> String {
    if queues.is_empty() {
        return "Consumers: none".to_owned();
    }
    let lines = queues.iter().map(|queue| {
        format!(
            "{} ({}): {} waiting, {} of them failed before, {} parked",
            queue.name, queue.state, queue.waiting, queue.failed, queue.parked
        )
    });
    let parked: u64 = queues.iter().map(|queue| queue.parked).sum();
    let parked = (parked > 0).then(|| {
        "GET /api/admin/consumers/{id}/deliveries?state=parked tells why deliveries are parked."
            .to_owned()
    });
    let head = "Consumers, each counted up to 1,000:".to_owned();
    let all = std::iter::once(head).chain(lines).chain(parked);
    all.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(functions: &str, alarms: &str) -> String {
        let text = format!(
            r#"{{ "state": "UPDATE_COMPLETE", "changed": "2026-11-30T10:00:00+00:00", "functions": [{functions}],
                 "alarms": [{alarms}] }}"#
        );
        let found = serde_json::from_str(&text).expect("a stack");
        let own = Fingerprints {
            records: "r".to_owned(),
            others: "o".to_owned(),
        };
        of_stack("shop", &found, &own)
    }

    fn function(name: &str, mark: &str) -> String {
        format!(
            r#"{{ "name": "{name}", "modified": "2026-11-{mark}", "memory": 256, "fingerprint": "{mark}" }}"#
        )
    }

    #[test]
    fn a_stack_tells_its_versions_and_the_alarms_that_ring() {
        let alarm = |name: &str, state: &str| {
            format!(
                r#"{{ "name": "{name}", "state": "{state}", "since": "2026-11-30T11:00:00+00:00", "about": "The API answers with 5xx." }}"#
            )
        };
        let functions = [
            function("shop-login", "o"),
            function("shop-records-list", "r"),
        ]
        .join(",");
        let alarms = [alarm("FaultAlarm", "ALARM"), alarm("LostAlarm", "OK")].join(",");
        let told = stack(&functions, &alarms);
        let expected = "Stack shop: UPDATE_COMPLETE, changed 2026-11-30T10:00:00+00:00\n\
                        Functions: 2, deployed from 2026-11-o to 2026-11-r\n\
                        Definitions and settings: those of this checkout\n\
                        Alarms: 2, of which 1 ring\n  \
                        FaultAlarm since 2026-11-30T11:00:00+00:00: The API answers with 5xx.";
        assert_eq!(told, expected);
        let mixed = [function("shop-login", "o"), function("shop-logout", "x")].join(",");
        let told = stack(&mixed, "");
        assert!(
            told.contains("not those of this checkout in shop-logout"),
            "{told}"
        );
        assert!(told.contains("Alarms: none"), "{told}");
        let told = stack(&function("shop-login", "x"), &alarm("LostAlarm", "OK"));
        assert!(
            told.contains("other ones than those of this checkout"),
            "{told}"
        );
        assert!(told.ends_with("Alarms: 1, none rings"), "{told}");
        assert!(stack("", "").contains("\nFunctions: none\n"));
    }

    #[test]
    fn a_table_tells_its_size_and_the_indexes_that_are_being_made() {
        let indexes = [("by_owner", "ACTIVE"), ("by.sku", "CREATING")];
        let state = TableState {
            status: "UPDATING".to_owned(),
            items: 12,
            bytes: 3456,
            indexes: indexes.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
        };
        let line = of_table("posts", Some(&state));
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "posts",
                "12",
                "3456",
                "by_owner",
                "by.sku",
                "(CREATING)",
                "(UPDATING)"
            ]
        );
        let lost = |name: &str| of_table(name, None);
        assert!(lost("posts").contains(" is not there: deploy the template "));
        assert!(lost("_audit").contains(" is not there: bring it back, "));
    }

    #[test]
    fn parked_deliveries_say_where_to_look() {
        let queue = |parked| Queue {
            name: "trigger:hello".to_owned(),
            state: "active".to_owned(),
            waiting: 2,
            failed: 1,
            parked,
        };
        let line = "trigger:hello (active): 2 waiting, 1 of them failed before, 0 parked";
        let told = of_queues(&[queue(0)]);
        assert!(told.ends_with(line), "{told}");
        assert!(of_queues(&[queue(3)]).ends_with("tells why deliveries are parked."));
        assert_eq!(of_queues(&[]), "Consumers: none");
    }
}

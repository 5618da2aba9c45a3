//! EventBridge: entries for one bus, at most ten and 256 KB a request.

use std::collections::BTreeSet;
use std::time::Duration;

use api::{Error, Timestamp, value};
use serde_json::{Value, json};

use crate::signed::{Answer, Services, Unsigned};

/// The most entries of a request, and the most bytes of all of them; a little less than AWS allows.
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 250 * 1024;

/// How often an entry is sent before it counts as failed.
const TRIES: u32 = 3;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The source, such as `bakend.shop`.
    pub source: String,
    /// The type of the event.
    pub detail_type: String,
    /// The event as JSON.
    pub detail: String,
    /// When it happened.
    pub time: Timestamp,
}

impl Entry {
    /// The bytes that AWS counts: time, source, type and detail.
    fn size(&self) -> usize {
        14 + self.source.len() + self.detail_type.len() + self.detail.len()
    }

    fn to_json(&self, bus: &str) -> Value {
        json!({ "EventBusName": bus, "Source": self.source, "DetailType": self.detail_type,
            "Detail": self.detail, "Time": self.time.seconds() })
    }
}

impl Services {
    /// Sends entries to a bus, in their order, each again while it fails. Returns the places of those that failed three
    /// times.
    pub async fn put_events(
        &self,
        bus: &str,
        entries: &[Entry],
        now: Timestamp,
    ) -> BTreeSet<usize> {
        let mut left: Vec<usize> = (0..entries.len()).collect();
        for tries in 1..=TRIES {
            let mut failed = Vec::new();
            for part in parts(&left, entries) {
                match self.put_part(bus, &part, entries, now).await {
                    Ok(places) => failed.extend(places),
                    Err(_) => failed.extend(part),
                }
            }
            left = failed;
            if left.is_empty() || tries == TRIES {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100 * u64::from(tries))).await;
        }
        left.into_iter().collect()
    }

    /// Sends one request; returns the places of the entries that failed.
    async fn put_part(
        &self,
        bus: &str,
        part: &[usize],
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<Vec<usize>, Error> {
        let shown = part.iter().filter_map(|at| entries.get(*at));
        let shown: Vec<Value> = shown.map(|entry| entry.to_json(bus)).collect();
        let request = Unsigned {
            service: "events",
            url: format!("{}/", self.event_bridge),
            headers: &[
                ("content-type", "application/x-amz-json-1.1"),
                ("x-amz-target", "AWSEvents.PutEvents"),
            ],
            body: json!({ "Entries": shown }).to_string(),
        };
        let Answer { status, body, .. } = self.send(request, now).await?;
        let refused = || Error::unavailable(format!("EventBridge has refused events: {status}"));
        if status != 200 {
            return Err(refused());
        }
        let reply = value::parse(&String::from_utf8_lossy(&body)).map_err(|_| refused())?;
        let results = reply["Entries"].as_array().ok_or_else(refused)?;
        let failed = part.iter().enumerate().filter(|(at, _)| {
            let result = results.get(*at);
            result.is_none_or(|result| !result["ErrorCode"].is_null())
        });
        Ok(failed.map(|(_, place)| *place).collect())
    }
}

/// Puts entries together that fit into one request.
fn parts(places: &[usize], entries: &[Entry]) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for place in places {
        let size = entries.get(*place).map_or(0, Entry::size);
        match parts.last_mut() {
            Some(part) if part.len() < MAX_ENTRIES && bytes + size <= MAX_BYTES => {
                part.push(*place);
                bytes += size;
            }
            _ => {
                parts.push(vec![*place]);
                bytes = size;
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_ten_entries_and_a_quarter_of_a_megabyte_at_most() {
        let entry = |kilobytes: usize| Entry {
            source: "bakend.shop".to_owned(),
            detail_type: "user.created".to_owned(),
            detail: "x".repeat(kilobytes * 1024),
            time: Timestamp::from_millis(0),
        };
        let small: Vec<Entry> = (0..23).map(|_| entry(1)).collect();
        let places: Vec<usize> = (0..23).collect();
        let sizes: Vec<usize> = parts(&places, &small).iter().map(Vec::len).collect();
        assert_eq!(sizes, [10, 10, 3]);
        let large = [entry(200), entry(40), entry(20), entry(200)];
        assert_eq!(parts(&[0, 1, 2, 3], &large), [vec![0, 1], vec![2, 3]]);
        assert_eq!(parts(&[3, 0], &large), [[3], [0]]);
        assert_eq!(parts(&[], &large), Vec::<Vec<usize>>::new());
    }
}

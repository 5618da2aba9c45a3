//! The stream records of the embedded engine, by a second connection to its file: read in order, and removed when they
//! were delivered. The engine never removes one, and every write asks for the last of its table by reading them all.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use crate::REGION;
use crate::template::stream_arn;

/// The part of a sequence number that the engine adds when it shows one.
const OFFSET: u128 = 100_000_000_000_000_000_000;

/// How often a lock is tried: for some ten seconds.
const MOST_TRIES: i32 = 100_000;

/// A record as Lambda hands it over, with its place in the file.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) place: i64,
    /// Whole seconds since 1970.
    pub(super) made: u64,
    pub(super) content: Value,
    /// Whether the write has changed nothing: AWS makes no record of one.
    pub(super) is_idle: bool,
}

impl Record {
    pub(super) fn sequence_number(&self) -> &str {
        let number = &self.content["dynamodb"]["SequenceNumber"];
        number.as_str().unwrap_or_default()
    }
}

/// The file's stream records.
#[derive(Debug)]
pub(super) struct Records(Connection);

impl Records {
    /// Opens the engine's file a second time.
    pub(super) fn open(file: &Path) -> Result<Self, String> {
        let connection = Connection::open(file).map_err(|error| error.to_string())?;
        connection.busy_handler(Some(try_again)).map_err(shown)?;
        Ok(Self(connection))
    }

    /// The place of the newest record of any table; 0 without one.
    pub(super) fn newest(&self) -> Result<i64, String> {
        let newest = "SELECT COALESCE(MAX(id), 0) FROM _stream_records";
        let mut statement = self.0.prepare_cached(newest).map_err(shown)?;
        statement.query_row([], |row| row.get(0)).map_err(shown)
    }

    /// The oldest records of a table, `most` at most.
    pub(super) fn oldest(&self, table: &str, most: usize) -> Result<Vec<Record>, String> {
        let oldest = "SELECT id, event_name, keys_json, new_image, old_image, sequence_number, created_at, \
                      user_identity, event_id FROM _stream_records WHERE table_name = ?1 ORDER BY id LIMIT ?2";
        let mut statement = self.0.prepare_cached(oldest).map_err(shown)?;
        let rows = statement
            .query_map(params![table, most], |row| {
                Ok(Row {
                    place: row.get(0)?,
                    event: row.get(1)?,
                    keys: row.get(2)?,
                    new: row.get(3)?,
                    old: row.get(4)?,
                    number: row.get(5)?,
                    made: row.get(6)?,
                    identity: row.get(7)?,
                    id: row.get(8)?,
                })
            })
            .map_err(shown)?;
        rows.map(|row| Ok(row.map_err(shown)?.record(table)))
            .collect()
    }

    /// Removes the records of a table up to this place.
    pub(super) fn trim(&self, table: &str, place: i64) -> Result<(), String> {
        let trim = "DELETE FROM _stream_records WHERE table_name = ?1 AND id <= ?2";
        let mut statement = self.0.prepare_cached(trim).map_err(shown)?;
        statement.execute(params![table, place]).map_err(shown)?;
        Ok(())
    }
}

/// Waits for the engine's next pause. SQLite's own waits grow to a tenth of a second, in which a busy engine writes
/// hundreds of records.
fn try_again(tries: i32) -> bool {
    std::thread::sleep(Duration::from_micros(100));
    tries < MOST_TRIES
}

fn shown(error: rusqlite::Error) -> String {
    format!("the engine's file: {error}")
}

struct Row {
    place: i64,
    event: String,
    keys: String,
    new: Option<String>,
    old: Option<String>,
    number: String,
    made: u64,
    identity: Option<String>,
    id: Option<String>,
}

impl Row {
    fn record(self, table: &str) -> Record {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
        let number = OFFSET + self.number.parse::<u128>().unwrap_or_default();
        let size = self.keys.len()
            + self.new.as_ref().map_or(0, String::len)
            + self.old.as_ref().map_or(0, String::len);
        let mut change = Map::from_iter([
            ("ApproximateCreationDateTime".to_owned(), json!(self.made)),
            ("Keys".to_owned(), parsed(&self.keys)),
            ("SequenceNumber".to_owned(), json!(number.to_string())),
            ("SizeBytes".to_owned(), json!(size)),
            ("StreamViewType".to_owned(), json!("NEW_AND_OLD_IMAGES")),
        ]);
        let images = [("NewImage", &self.new), ("OldImage", &self.old)];
        change.extend(
            images
                .into_iter()
                .filter_map(|(name, text)| Some((name.to_owned(), parsed(text.as_ref()?)))),
        );
        let is_idle = self.event == "MODIFY" && change.get("NewImage") == change.get("OldImage");
        let mut content = json!({ "eventID": self.id.unwrap_or(self.number), "eventName": self.event,
            "eventVersion": "1.1", "eventSource": "aws:dynamodb", "awsRegion": REGION, "dynamodb": change,
            "eventSourceARN": stream_arn(table) });
        if let Some(identity) = self.identity {
            content["userIdentity"] = parsed(&identity);
        }
        Record {
            place: self.place,
            made: self.made,
            content,
            is_idle,
        }
    }
}

//! A DynamoDB that answers queries for dense records at once: the embedded engine takes seconds for them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use api::{Id, Timestamp};
use serde_json::{Value, json};

/// The number of shards, and of records in each.
pub(super) const SHARDS: u8 = 16;
const EACH: u8 = 60;

/// The number of integers of a record: no record has more values.
const INTEGERS: u32 = 9_998;

/// The most records of a reply, which ends at 1 MB: an integer of one digit has three bytes there.
const IN_REPLY: usize = 34;

/// A shard's records, newest first, each as its id and its JSON.
type Shard = Vec<(String, String)>;

/// Starts answering; returns the endpoint. It ends with the process.
///
/// # Errors
/// One line: no port.
pub(super) fn start() -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let shards: Arc<Vec<Shard>> = Arc::new((0..SHARDS).map(shard).collect());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let shards = Arc::clone(&shards);
            thread::spawn(move || serve(stream, &shards));
        }
    });
    Ok(format!("http://{address}"))
}

fn shard(shard: u8) -> Shard {
    let list: Vec<Value> = (0..INTEGERS)
        .map(|n| json!({ "N": (n % 10).to_string() }))
        .collect();
    let data = json!({ "M": { "list": { "L": list } } });
    let record = |n: u8| {
        let at = 1_700_000_000_000 + u64::from(n) * u64::from(SHARDS) + u64::from(shard);
        let id = Id::in_shard(Timestamp::from_millis(at), [n; 10], shard).to_string();
        let millis = json!({ "N": at.to_string() });
        let item = json!({ "shard": { "N": shard.to_string() }, "id": { "S": id }, "rev": { "S": "x" },
            "created_at": millis, "updated_at": millis, "data": data });
        (id, item.to_string())
    };
    (0..EACH).rev().map(record).collect()
}

/// Answers the requests of one connection, until it is closed.
fn serve(stream: TcpStream, shards: &[Shard]) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let reply = reply(&serde_json::from_slice(&body).ok()?, shards)?;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length:";
        write!(stream, "{head} {}\r\n\r\n{reply}", reply.len()).ok()?;
    }
}

/// The reply to a query of a shard, newest first, up to an id.
fn reply(query: &Value, shards: &[Shard]) -> Option<String> {
    let values = &query["ExpressionAttributeValues"];
    let number: usize = values[":key"]["N"].as_str()?.parse().ok()?;
    let upper = values[":upper"]["S"].as_str();
    let limit = query["Limit"]
        .as_u64()
        .and_then(|limit| usize::try_from(limit).ok());
    let below = |(id, _): &&(String, String)| upper.is_none_or(|upper| id.as_str() <= upper);
    let all: Vec<_> = shards.get(number)?.iter().filter(below).collect();
    let taken = &all[..limit.unwrap_or(IN_REPLY).min(IN_REPLY).min(all.len())];
    let last = taken.last().filter(|_| taken.len() < all.len());
    let last =
        last.map(|(id, _)| json!({ "shard": { "N": number.to_string() }, "id": { "S": id } }));
    let units = taken.len() as f64 * 8.0;
    let items: Vec<&str> = taken.iter().map(|(_, item)| item.as_str()).collect();
    let rest = json!({ "Count": taken.len(), "ScannedCount": taken.len(),
        "ConsumedCapacity": { "TableName": "local-dense", "CapacityUnits": units } });
    let mut rest = rest.as_object()?.clone();
    rest.extend(last.map(|last| ("LastEvaluatedKey".to_owned(), last)));
    let rest = serde_json::to_string(&rest).ok()?;
    Some(format!(
        "{{\"Items\":[{}],{}",
        items.join(","),
        rest.strip_prefix('{')?
    ))
}

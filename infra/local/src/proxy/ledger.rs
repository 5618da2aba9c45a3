//! The ledger: the accesses, the cost and the time of every request.

use std::time::Instant;

use serde_json::Value;

use super::request::{Access, Request, transaction};

/// One request that went through the proxy.
#[derive(Clone, Debug)]
pub struct Call {
    /// The access key id it was signed with.
    pub key: String,
    /// The operation, such as `TransactWriteItems`.
    pub operation: String,
    /// The actions, tables and indexes it named.
    pub access: Vec<Access>,
    /// The read request units of all parts.
    pub read: f64,
    /// The write request units of all parts.
    pub write: f64,
    /// The units by table and index.
    pub parts: Vec<Part>,
    /// When it arrived.
    pub start: Instant,
    /// When its reply left, or would have.
    pub end: Instant,
    /// The status of the reply; 0 if there was none.
    pub status: u16,
    /// The error's name, such as `ConditionalCheckFailedException`.
    pub error: Option<String>,
}

/// The cost of a request on one table or index.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The table's name.
    pub table: String,
    /// The index's name; absent for the table itself.
    pub index: Option<String>,
    /// Read request units.
    pub read: f64,
    /// Write request units.
    pub write: f64,
}

/// The longest chain of calls of which each began after the previous one had ended: the number of sequential round
/// trips.
#[must_use]
pub fn hops(calls: &[Call]) -> usize {
    let mut by_end: Vec<&Call> = calls.iter().collect();
    by_end.sort_by_key(|call| call.end);
    let mut last: Option<Instant> = None;
    let mut hops = 0;
    for call in by_end {
        if last.is_none_or(|last| call.start >= last) {
            last = Some(call.end);
            hops += 1;
        }
    }
    hops
}

/// The units that `reply` reports, or that AWS would charge for a refusal, whose reply reports none.
pub(crate) fn parts(request: &Request, reply: &Value) -> Vec<Part> {
    let reads = matches!(
        request.operation.as_str(),
        "GetItem" | "Query" | "Scan" | "BatchGetItem" | "TransactGetItems"
    );
    let reported = match &reply["ConsumedCapacity"] {
        Value::Array(tables) => tables.as_slice(),
        Value::Null => return refused(request, reply),
        one => std::slice::from_ref(one),
    };
    let mut parts = Vec::new();
    for consumed in reported {
        let table = consumed["TableName"].as_str().unwrap_or_default();
        let mut push = |index: Option<&String>, units: &Value| {
            let [read, write] = split(units, reads);
            if read + write > 0.0 {
                parts.push(Part {
                    table: table.to_owned(),
                    index: index.cloned(),
                    read,
                    write,
                });
            }
        };
        push(None, &consumed["Table"]);
        for indexes in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
            for (index, units) in consumed[indexes].as_object().into_iter().flatten() {
                push(Some(index), units);
            }
        }
    }
    parts
}

/// Read and write units: transactions report both kinds, for the rest the operation tells.
fn split(units: &Value, reads: bool) -> [f64; 2] {
    let number = |name: &str| units[name].as_f64();
    match (
        number("ReadCapacityUnits"),
        number("WriteCapacityUnits"),
        number("CapacityUnits"),
    ) {
        (None, None, Some(all)) if reads => [all, 0.0],
        (None, None, Some(all)) => [0.0, all],
        (read, write, _) => [read.unwrap_or_default(), write.unwrap_or_default()],
    }
}

/// The cost of a refused condition: the table's write units for the existing item, at least one. In a transaction it is
/// twice that; the table's indexes are not touched. Neither AWS nor the embedded engine reports it. The item's size is
/// known only where the request asked for the old item; elsewhere it counts as one unit.
fn refused(request: &Request, reply: &Value) -> Vec<Part> {
    let part = |table: &Value, units: f64| Part {
        table: table.as_str().unwrap_or_default().to_owned(),
        index: None,
        read: 0.0,
        write: units,
    };
    match error_name(reply).as_deref() {
        Some("ConditionalCheckFailedException") => vec![part(
            &request.body["TableName"],
            write_units(&reply["Item"]),
        )],
        Some("TransactionCanceledException")
            if reply.to_string().contains("ConditionalCheckFailed") =>
        {
            transaction(&request.body)
                .enumerate()
                .map(|(at, (_, item))| {
                    part(
                        &item["TableName"],
                        2.0 * write_units(&reply["CancellationReasons"][at]["Item"]),
                    )
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The name in `__type`, without its namespace.
pub(crate) fn error_name(reply: &Value) -> Option<String> {
    reply["__type"]
        .as_str()
        .map(|name| name.rsplit('#').next().unwrap_or(name).to_owned())
}

fn write_units(item: &Value) -> f64 {
    let bytes: usize = item
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| name.len() + size(value))
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "an item holds at most 400 KB")]
    let units = bytes.div_ceil(1024).max(1) as f64;
    units
}

/// The size of an attribute value as DynamoDB counts it (Developer Guide, "DynamoDB item sizes and formats").
fn size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|object| object.iter().next()) else {
        return 0;
    };
    let members = || value.as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().len();
    let number = |value: &Value| {
        let digits = value
            .as_str()
            .unwrap_or_default()
            .bytes()
            .filter(u8::is_ascii_digit)
            .count();
        digits.div_ceil(2) + 1
    };
    let binary = |value: &Value| text(value).saturating_mul(3) / 4;
    match kind.as_str() {
        "S" => text(value),
        "N" => number(value),
        "B" => binary(value),
        "SS" => members().map(text).sum(),
        "NS" => members().map(number).sum(),
        "BS" => members().map(binary).sum(),
        "L" => 3 + members().map(|member| 1 + size(member)).sum::<usize>(),
        "M" => {
            3 + value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, member)| 1 + name.len() + size(member))
                .sum::<usize>()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;
    use serde_json::json;
    use std::time::Duration;

    fn calls(spans: &[(u64, u64)]) -> Vec<Call> {
        let zero = Instant::now();
        let call = |&(start, end): &(u64, u64)| Call {
            key: String::new(),
            operation: String::new(),
            access: Vec::new(),
            read: 0.0,
            write: 0.0,
            parts: Vec::new(),
            start: zero + Duration::from_millis(start),
            end: zero + Duration::from_millis(end),
            status: 200,
            error: None,
        };
        spans.iter().map(call).collect()
    }

    #[test]
    fn hops_are_the_longest_chain() {
        for (spans, expected) in [
            (&[][..], 0),
            (&[(0, 40)], 1),
            (&[(0, 40), (1, 41)], 1),
            (&[(0, 40), (40, 80)], 2),
            (&[(0, 40), (1, 41), (42, 82)], 2),
            (&[(0, 200), (10, 50), (60, 100), (110, 150)], 3),
            (&[(60, 100), (0, 40)], 2),
        ] {
            assert_eq!(hops(&calls(spans)), expected, "{spans:?}");
        }
    }

    fn request(operation: &str, body: &Value) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-amz-target",
            format!("DynamoDB_20120810.{operation}").parse().unwrap(),
        );
        Request::read(&headers, body.to_string().as_bytes())
    }

    fn part(table: &str, index: Option<&str>, read: f64, write: f64) -> Part {
        Part {
            table: table.to_owned(),
            index: index.map(str::to_owned),
            read,
            write,
        }
    }

    #[test]
    fn units_are_split_by_table_and_index() {
        let put = request("PutItem", &json!({ "TableName": "t" }));
        let reply = json!({ "ConsumedCapacity": { "TableName": "t", "CapacityUnits": 3.0,
            "Table": { "CapacityUnits": 2.0 }, "GlobalSecondaryIndexes": { "i": { "CapacityUnits": 1.0 } } } });
        assert_eq!(
            parts(&put, &reply),
            [part("t", None, 0.0, 2.0), part("t", Some("i"), 0.0, 1.0)]
        );
        let get = request("BatchGetItem", &json!({}));
        let reply = json!({ "ConsumedCapacity": [{ "TableName": "t", "Table": { "CapacityUnits": 1.5 } }] });
        assert_eq!(parts(&get, &reply), [part("t", None, 1.5, 0.0)]);
    }

    #[test]
    fn a_refused_condition_costs_the_item_that_is_there() {
        let put = request("PutItem", &json!({ "TableName": "t" }));
        let refusal = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
        assert_eq!(
            parts(&put, &json!({ "__type": refusal })),
            [part("t", None, 0.0, 1.0)]
        );
        let old = json!({ "__type": refusal, "Item": { "a": { "S": "x".repeat(4000) } } });
        assert_eq!(parts(&put, &old), [part("t", None, 0.0, 4.0)]);
        assert_eq!(
            parts(&put, &json!({ "__type": "x#ValidationException" })),
            []
        );
    }
}

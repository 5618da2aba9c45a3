//! The changes of tables, in the form in which Lambda gets them.

use std::collections::BTreeMap;

use local::dynamo::Dynamo;
use local::template::Template;
use serde_json::{Value, json};

/// A reader of the streams of all tables that have one.
#[derive(Debug)]
pub struct Streams {
    /// The place in the stream of each table, and the stream's name.
    places: BTreeMap<String, (String, String)>,
}

impl Streams {
    /// Begins with the oldest change of each table.
    ///
    /// # Panics
    /// A table of the template that should have a stream has none.
    #[must_use]
    pub fn new(dynamo: &Dynamo, template: &Template) -> Self {
        let ask = |operation: &str, body: &Value| dynamo.engine().call(operation, body).unwrap();
        let tables = template.tables().unwrap().into_iter();
        let tables = tables.filter(|table| table.stream.is_some());
        let places = tables.map(|table| {
            let described = ask("DescribeTable", &json!({ "TableName": table.name }));
            let stream = described["Table"]["LatestStreamArn"].as_str().unwrap();
            let shards = ask("DescribeStream", &json!({ "StreamArn": stream }));
            let shards = shards["StreamDescription"]["Shards"].as_array().unwrap();
            assert_eq!(shards.len(), 1, "the embedded engine has one shard");
            let start = json!({ "StreamArn": stream, "ShardId": shards[0]["ShardId"],
                "ShardIteratorType": "TRIM_HORIZON" });
            let place = ask("GetShardIterator", &start);
            let place = place["ShardIterator"].as_str().unwrap().to_owned();
            (table.name, (stream.to_owned(), place))
        });
        Self {
            places: places.collect(),
        }
    }

    /// The changes since the last call, table by table, each in order.
    ///
    /// # Panics
    /// A stream cannot be read.
    pub fn read(&mut self, dynamo: &Dynamo) -> Vec<Value> {
        let mut records = Vec::new();
        for (stream, place) in self.places.values_mut() {
            loop {
                let asked = json!({ "ShardIterator": place });
                let mut page = dynamo.engine().call("GetRecords", &asked).unwrap();
                if let Some(next) = page["NextShardIterator"].as_str() {
                    next.clone_into(place);
                }
                let new = page["Records"].as_array_mut().unwrap();
                if new.is_empty() {
                    break;
                }
                for mut record in new.drain(..) {
                    record["eventSourceARN"] = json!(stream);
                    records.push(record);
                }
            }
        }
        records
    }
}

//! Deletions: a deleted record leaves nothing that a list would read over.

use std::thread;
use std::time::Duration;

use blackbox::{Apart, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use local::proxy::{Fault, Rule};
use serde_json::{Value, json};

/// Posts in tables of their own, and a member who writes them.
pub(super) struct Board<'a> {
    pub(super) apart: Apart<'a>,
    pub(super) token: String,
    pub(super) create: Instance<'a>,
    pub(super) list: Instance<'a>,
    delete: Instance<'a>,
    bulk: Instance<'a>,
}

impl Board<'_> {
    pub(super) fn open() -> Option<Self> {
        let apart = Apart::new(stack().inside()?);
        let [register, create, list, delete, bulk] = [
            "register",
            "records-create",
            "records-list",
            "records-delete",
            "records-bulk",
        ]
        .map(|function| apart.function(function, "tombstones", &[]));
        let body = json!({ "email": fresh_email(), "password": PASSWORD });
        let user = apart.ask(
            &register,
            &Event::new("POST", "/api/auth/register").json(&body),
        );
        let token = user.expect(201).json()["accessToken"].clone();
        Some(Self {
            apart,
            token: token.as_str().unwrap().to_owned(),
            create,
            list,
            delete,
            bulk,
        })
    }

    pub(super) fn post(&self, title: &str) -> Value {
        let event = Event::new("POST", "/api/posts").json(&json!({ "title": title }));
        self.apart
            .ask(&self.create, &event.token(&self.token))
            .expect(201)
            .json()
    }

    fn bulk(&self, operations: &[Value]) -> Reply {
        let event =
            Event::new("POST", "/api/posts/bulk").json(&json!({ "operations": operations }));
        self.apart
            .ask(&self.bulk, &event.token(&self.token))
            .expect(200)
    }

    fn delete(&self, post: &Value) -> Reply {
        let path = format!("/api/posts/{}", post["id"].as_str().unwrap());
        self.apart.ask(
            &self.delete,
            &Event::new("DELETE", &path).token(&self.token),
        )
    }

    /// The default list of a stranger, its requests and its units.
    fn visit(&self) -> (Value, usize, f64) {
        let (reply, calls) = self
            .apart
            .measure(&self.list, &Event::new("GET", "/api/posts"));
        let units = calls.iter().map(|call| call.read).sum();
        (reply.expect(200).json(), calls.len(), units)
    }

    /// The stored items, in the order of their keys.
    fn stored(&self) -> Vec<Value> {
        let query = json!({ "TableName": "local-posts", "KeyConditionExpression": "#s = :s",
            "ExpressionAttributeNames": { "#s": "shard" }, "ExpressionAttributeValues": { ":s": { "N": "0" } } });
        let found = self.apart.dynamo.engine().call("Query", &query).unwrap();
        found["Items"].as_array().unwrap().clone()
    }

    /// Lays so many records of the member beside a record, each newer than the one before.
    pub(super) fn load(&self, like: &Value, count: usize) -> Vec<Value> {
        let stored = self.stored();
        let item = stored.iter().find(|item| item["id"]["S"] == like["id"]);
        let (item, id) = (item.unwrap(), like["id"].as_str().unwrap());
        let ids = (1..=count).map(|n| json!(format!("{}{n:012x}", &id[..24])));
        let put = |id: &Value| {
            let mut item = item.clone();
            item["id"] = json!({ "S": id });
            json!({ "PutRequest": { "Item": item } })
        };
        let ids: Vec<Value> = ids.collect();
        for ids in ids.chunks(25) {
            let puts = json!({ "local-posts": ids.iter().map(put).collect::<Vec<_>>() });
            let batch = json!({ "RequestItems": puts });
            self.apart
                .dynamo
                .engine()
                .call("BatchWriteItem", &batch)
                .unwrap();
        }
        ids
    }
}

/// One user made and deleted 6,000 records: the next visitor waited for 369 units and saw an empty list.
#[test]
fn six_thousand_deleted_records_neither_empty_a_list_nor_make_it_dear() {
    let Some(board) = Board::open() else { return };
    let mut live: Vec<Value> = (0..5).map(|n| board.post(&format!("live {n}"))).collect();
    live.reverse();
    let page = json!({ "items": live, "nextCursor": null });
    let before = board.visit();
    assert_eq!(before, (page, 1, before.2));

    let last = board.post("the last");
    let mut doomed = board.load(&last, 6_000);
    doomed.push(last["id"].clone());
    for ids in doomed.chunks(100) {
        let delete = |id: &Value| json!({ "delete": { "id": id } });
        let _ = board.bulk(&ids.iter().map(delete).collect::<Vec<_>>());
    }

    assert_eq!(board.visit(), before);
    assert_eq!(board.stored().len(), 5);
    let gone = board.post("deleted alone");
    let _ = board.delete(&gone).expect(204);
    assert_eq!(board.visit(), before);
    assert_eq!(board.stored().len(), 5);
}

/// An operator brings a record back under its id while its deletion is still under way.
#[test]
fn the_removal_of_a_tombstone_spares_a_record_that_took_its_place() {
    let Some(board) = Board::open() else { return };
    let made = board.post("made again");
    let record = board.stored().remove(0);
    let held = board
        .apart
        .proxy
        .hold(|rule| rule.key(&board.delete.key).action("DeleteItem"));
    thread::scope(|scope| {
        let deletion = scope.spawn(|| board.delete(&made));
        assert!(held.wait_for(1, Duration::from_secs(5)));
        let tombstone = board.stored().remove(0);
        // The stream knows the actor, and TTL removes it if this function dies now.
        assert!(
            tombstone["actor"]["M"]["user_id"].is_object(),
            "{tombstone}"
        );
        let life = |name: &str| {
            tombstone[name]["N"]
                .as_str()
                .unwrap()
                .parse::<u64>()
                .unwrap()
        };
        assert!(
            life("expires_at") <= life("deleted_at") / 1000 + 3_601,
            "{tombstone}"
        );
        assert_eq!(board.visit().0["items"], json!([]));
        let put = json!({ "TableName": "local-posts", "Item": record });
        board.apart.dynamo.engine().call("PutItem", &put).unwrap();
        held.release();
        let _ = deletion.join().unwrap().expect(204);
    });
    assert_eq!(board.stored(), [record]);
}

#[test]
fn a_removal_that_fails_fails_no_deletion_and_its_tombstone_reads_as_absent() {
    let Some(board) = Board::open() else { return };
    let posts: Vec<Value> = (0..30).map(|n| board.post(&format!("post {n}"))).collect();
    for instance in [&board.delete, &board.bulk] {
        let rule = Rule::new(Fault::Internal).key(&instance.key);
        board.apart.proxy.fault(rule.action("DeleteItem"));
    }
    let _ = board.delete(&posts[0]).expect(204);
    assert_eq!(board.delete(&posts[0]).code(), "data/record-not-found");
    let delete = |post: &Value| json!({ "delete": { "id": post["id"] } });
    let _ = board.bulk(&posts[1..].iter().map(delete).collect::<Vec<_>>());
    assert_eq!(board.visit().0, json!({ "items": [], "nextCursor": null }));
    let stored = board.stored();
    assert_eq!(stored.len(), 30);
    assert!(stored.iter().all(|item| item["expires_at"].is_object()));
}

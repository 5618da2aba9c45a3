//! `cargo admin backfill`: records from before an index or a unique field was declared.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use blackbox::{Apart, Event, Instance, PASSWORD, fresh_email, stack};
use local::proxy::{Fault, Rule};
use serde_json::{Value, json};

/// Products in tables of their own, and a member's token that writes them.
struct Shop<'a> {
    apart: Apart<'a>,
    token: String,
    create: Instance<'a>,
    list: Instance<'a>,
    update: Instance<'a>,
    delete: Instance<'a>,
}

impl Shop<'_> {
    fn open() -> Option<Self> {
        let apart = Apart::new(stack().inside()?);
        let [register, create, list, update, delete] = [
            "register",
            "records-create",
            "records-list",
            "records-update",
            "records-delete",
        ]
        .map(|function| apart.function(function, "backfill", &[]));
        let body = json!({ "email": fresh_email(), "password": PASSWORD });
        let user = apart
            .ask(
                &register,
                &Event::new("POST", "/api/auth/register").json(&body),
            )
            .expect(201)
            .json();
        let token = user["accessToken"].as_str().unwrap().to_owned();
        Some(Self {
            apart,
            token,
            create,
            list,
            update,
            delete,
        })
    }

    fn make(&self, sku: &str, price: u32) -> (u16, Value) {
        let body = json!({ "name": sku, "sku": sku, "price": price });
        let event = Event::new("POST", "/api/products")
            .json(&body)
            .token(&self.token);
        let reply = self.apart.ask(&self.create, &event);
        (reply.status, reply.json())
    }

    fn sell(&self, sku: &str, price: u32) -> String {
        let (status, record) = self.make(sku, price);
        assert_eq!(status, 201, "{record}");
        record["id"].as_str().unwrap().to_owned()
    }

    fn price(&self, id: &str, price: u32) {
        let event =
            Event::new("PATCH", &format!("/api/products/{id}")).json(&json!({ "price": price }));
        let _ = self
            .apart
            .ask(&self.update, &event.token(&self.token))
            .expect(200);
    }

    /// The prices of a list in this order, or the code of the refusal.
    fn prices(&self, sort: &str) -> Result<Vec<u64>, String> {
        let reply = self.apart.ask(
            &self.list,
            &Event::new("GET", &format!("/api/products?limit=100&sort={sort}")),
        );
        if reply.status != 200 {
            return Err(reply.code().to_owned());
        }
        let items = reply.json()["items"].as_array().unwrap().clone();
        Ok(items
            .iter()
            .map(|item| item["price"].as_u64().unwrap())
            .collect())
    }

    /// Makes every record one that was written before there was any index or unique field.
    fn age(&self) {
        let engine = self.apart.dynamo.engine();
        let scan = json!({ "TableName": "local-products" });
        let found = engine.call("Scan", &scan).unwrap();
        for item in found["Items"].as_array().unwrap() {
            let key = json!({ "shard": item["shard"], "id": item["id"] });
            let delete = json!({ "TableName": "local-products", "Key": key });
            engine.call("DeleteItem", &delete).unwrap();
            if item.get("data").is_none() {
                continue;
            }
            let mut old = item.as_object().unwrap().clone();
            old.retain(|name, _| {
                name != "indexed" && !name.starts_with("by.") && !name.starts_with("own.")
            });
            let put = json!({ "TableName": "local-products", "Item": old });
            engine.call("PutItem", &put).unwrap();
        }
    }

    /// The item of a record, as the table has it.
    fn item(&self, id: &str) -> Value {
        let scan = json!({ "TableName": "local-products" });
        let found = self.apart.dynamo.engine().call("Scan", &scan).unwrap();
        found["Items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["id"]["S"] == id)
            .unwrap()
            .clone()
    }

    fn put(&self, item: &Value) {
        let put = json!({ "TableName": "local-products", "Item": item });
        self.apart.dynamo.engine().call("PutItem", &put).unwrap();
    }

    /// How many unique values are reserved.
    fn reserved(&self) -> usize {
        let scan = json!({ "TableName": "local-products" });
        let found = self.apart.dynamo.engine().call("Scan", &scan).unwrap();
        let items = found["Items"].as_array().unwrap();
        let is_reservation = |item: &&Value| item.get("record").is_some();
        items.iter().filter(is_reservation).count()
    }

    /// The command on these tables.
    fn command(endpoint: &str, arguments: &[&str]) -> Command {
        let mut command = stack().inside().unwrap().command("admin");
        command
            .args(["--stack", "local", "backfill"])
            .args(arguments);
        command
            .env("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
            .env("AWS_REGION", "us-east-1");
        command
            .env("AWS_ACCESS_KEY_ID", "operator")
            .env("AWS_SECRET_ACCESS_KEY", "local");
        command
    }

    /// The command's success and output.
    fn backfill(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Self::command(&self.apart.dynamo.endpoint(), arguments);
        let output = command.output().unwrap();
        let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }
}

#[test]
fn an_index_serves_once_the_old_records_are_in_it() {
    let Some(shop) = Shop::open() else { return };
    for n in 0..30 {
        let _ = shop.sell(&format!("SKU-{n}"), n * 7 % 30);
    }
    shop.age();
    // New records do not make an index filled.
    for n in 30..34 {
        let _ = shop.sell(&format!("SKU-{n}"), n);
    }
    let building = Err("data/index-building".to_owned());
    assert_eq!(shop.prices("price"), building);
    assert_eq!(shop.prices("-createdAt").map(|prices| prices.len()), Ok(34));

    let filled = (true, "products: 34 records read, 30 filled.\n".to_owned());
    assert_eq!(shop.backfill(&["products", "price"]), filled);
    assert_eq!(shop.prices("price"), Ok((0..34).collect()));
    assert_eq!(shop.prices("-price"), Ok((0..34).rev().collect()));
    assert_eq!(shop.prices("name,-price"), building);

    // The other indexes, in one run; after it nothing is left.
    assert_eq!(shop.backfill(&["--all"]), filled);
    assert_eq!(
        shop.prices("name,-price").map(|prices| prices.len()),
        Ok(34)
    );
    assert_eq!(
        shop.backfill(&["--all"]),
        (true, "Nothing is left to fill.\n".to_owned())
    );
    assert_eq!(
        shop.backfill(&["products", "--all"]),
        (true, "products: 34 records read, 0 filled.\n".to_owned())
    );
}

#[test]
fn old_values_are_reserved_and_those_that_two_have_are_named() {
    let Some(shop) = Shop::open() else { return };
    let first = shop.sell("SKU-A", 1);
    let other = shop.sell("SKU-B", 2);
    shop.age();
    let newer = shop.sell("SKU-A", 3);
    let (done, said) = shop.backfill(&["products", "sku"]);
    let duplicate = format!(
        "cargo admin: products: record {first} has the same `sku` as {newer}, which keeps it\n"
    );
    assert!(!done && said.starts_with(&duplicate), "{said}");
    assert!(
        said.contains("products: 3 records read, 1 filled. Run it again when these are settled."),
        "{said}"
    );
    assert_eq!(shop.make("SKU-B", 4).0, 409);
    assert_eq!(
        shop.prices("-createdAt"),
        Ok(vec![3, 2, 1]),
        "nothing is changed"
    );

    // A delete settles it; the other record keeps its reservation.
    let gone = Event::new("DELETE", &format!("/api/products/{first}")).token(&shop.token);
    let _ = shop.apart.ask(&shop.delete, &gone).expect(204);
    assert!(shop.backfill(&["products", "sku"]).0);
    assert_eq!(shop.make("SKU-A", 5).0, 409);
    let gone = Event::new("DELETE", &format!("/api/products/{other}")).token(&shop.token);
    let _ = shop.apart.ask(&shop.delete, &gone).expect(204);
    assert_eq!(
        shop.make("SKU-B", 6).0,
        201,
        "a delete frees what was reserved"
    );
}

#[test]
fn records_that_change_meanwhile_are_where_they_belong() {
    let Some(shop) = Shop::open() else { return };
    let ids: Vec<String> = (0..60).map(|n| shop.sell(&format!("SKU-{n}"), n)).collect();
    shop.age();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let changes = scope.spawn(|| {
            let mut price = 100;
            while !done.load(Ordering::Relaxed) {
                shop.price(&ids[price as usize % ids.len()], price);
                price += 7;
            }
            price
        });
        // Again and again, so that changes fall between its reads and its writes.
        let fills: Vec<_> = (0..5)
            .map(|_| shop.backfill(&["products", "--all"]))
            .collect();
        done.store(true, Ordering::Relaxed);
        assert!(fills.iter().all(|(filled, _)| *filled), "{fills:?}");
        assert!(
            changes.join().unwrap() > 170,
            "too few changes to prove anything"
        );
    });
    let mut prices = shop.prices("-createdAt").unwrap();
    prices.sort_unstable();
    assert_eq!(shop.prices("price"), Ok(prices));
}

#[test]
fn a_cleared_index_is_to_be_filled_anew() {
    let Some(shop) = Shop::open() else { return };
    let _ = shop.sell("SKU-A", 1);
    let _ = shop.sell("SKU-B", 2);
    let (done, said) = shop.backfill(&[
        "products",
        "--clear",
        "--even-deployed",
        "by.price",
        "by.status.price",
    ]);
    assert_eq!(
        (done, said.as_str()),
        (true, "products: 2 records read, 2 cleared.\n")
    );
    assert_eq!(shop.prices("price"), Err("data/index-building".to_owned()));
    assert_eq!(shop.prices("name,-price"), Ok(vec![1, 2]));
    assert_eq!(
        shop.backfill(&["--all"]),
        (true, "products: 2 records read, 2 filled.\n".to_owned())
    );
    assert_eq!(shop.prices("price"), Ok(vec![1, 2]));
}

#[test]
fn what_code_without_the_index_deletes_is_deleted_in_the_index_too() {
    let Some(shop) = Shop::open() else { return };
    let gone = shop.sell("SKU-A", 1);
    let _ = shop.sell("SKU-B", 2);
    let key = shop.item(&gone)["by.price"].clone();
    assert!(key.is_object(), "a new record is in the index");
    // The tombstone stays where its removal fails.
    let rule = Rule::new(Fault::Internal).key(&shop.delete.key);
    shop.apart.proxy.fault(rule.action("DeleteItem").after(1));
    let delete = Event::new("DELETE", &format!("/api/products/{gone}")).token(&shop.token);
    let _ = shop.apart.ask(&shop.delete, &delete).expect(204);
    let mut tombstone = shop.item(&gone);
    assert!(
        tombstone.get("by.price").is_none() && tombstone.get("indexed").is_some(),
        "{tombstone}"
    );
    tombstone["by.price"] = key;
    shop.put(&tombstone);
    assert_eq!(shop.prices("price"), Ok(vec![2]));

    // An index that is declared again finds neither the old key nor the old mark of being filled.
    assert!(
        shop.backfill(&["products", "--clear", "--even-deployed", "by.price"])
            .0
    );
    let cleared = shop.item(&gone);
    assert!(
        cleared.get("by.price").is_none() && !cleared["indexed"].to_string().contains("by.price"),
        "{cleared}"
    );
}

/// An index is removed by a deployment by hand, records change and are made, and it is added again. The fill finds all of
/// them without a flag, whatever their old marks say.
#[test]
fn an_index_that_is_added_again_by_hand_misses_no_record() {
    for fill in [
        &["products", "price"][..],
        &["products", "--all"],
        &["--all"],
    ] {
        let Some(shop) = Shop::open() else { return };
        let oldest = shop.sell("SKU-A", 1);
        let changed = shop.sell("SKU-B", 2);
        let made = shop.sell("SKU-C", 3);
        let mut item = shop.item(&changed);
        let stale = shop.item(&oldest)["by.price"].clone();
        item.as_object_mut().unwrap().remove("by.price");
        shop.put(&item);
        let mut item = shop.item(&oldest);
        let key = item["by.price"].clone();
        item["by.price"] = shop.item(&made)["by.price"].clone();
        shop.put(&item);
        let mut item = shop.item(&made);
        item.as_object_mut().unwrap().remove("by.price");
        item.as_object_mut().unwrap().remove("indexed");
        shop.put(&item);
        let (done, said) = shop.backfill(fill);
        assert!(done && said.contains("3 filled"), "{fill:?}: {said}");
        assert_eq!(shop.prices("price"), Ok(vec![1, 2, 3]), "{fill:?}");
        assert_eq!((&shop.item(&oldest)["by.price"], &stale), (&key, &key));
    }
}

#[test]
fn a_field_that_is_unique_again_finds_no_old_reservations() {
    let Some(shop) = Shop::open() else { return };
    let id = shop.sell("SKU-A", 1);
    // Code to which the field is not unique deletes the record and leaves the reservation.
    let mut item = shop.item(&id);
    for name in ["data", "indexed", "owner"] {
        item.as_object_mut().unwrap().remove(name);
    }
    item["deleted_at"] = json!({ "N": "1" });
    shop.put(&item);
    assert_eq!(shop.make("SKU-A", 2).0, 409);
    assert!(
        shop.backfill(&["products", "--clear", "--even-deployed", "unique.sku"])
            .0
    );
    assert_eq!(shop.make("SKU-A", 3).0, 201);
    assert!(shop.backfill(&["products", "--all"]).0);
    assert_eq!(shop.make("SKU-A", 4).0, 409);
}

#[test]
fn a_clearing_of_reservations_stops_after_its_write_and_waits_for_a_busy_table() {
    let Some(shop) = Shop::open() else { return };
    for n in 0..5 {
        let _ = shop.sell(&format!("SKU-{n}"), n);
    }
    assert_eq!(shop.reserved(), 5);
    let arguments = ["products", "--clear", "--even-deployed", "unique.sku"];
    let of_clear = |rule: Rule| rule.key("operator").action("DeleteItem");
    let held = shop.apart.proxy.hold(of_clear);
    let mut command = Shop::command(&shop.apart.proxy.endpoint(), &arguments);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    assert!(held.wait_for(1, Duration::from_secs(20)));
    let mut kill = Command::new("kill");
    let killed = kill.args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut told = lines.by_ref().map_while(Result::ok);
    assert!(told.any(|line| line.starts_with("Stopping ")));
    held.release();
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(!child.wait().unwrap().success(), "{rest:?}");
    assert_eq!(shop.reserved(), 4, "{rest:?}");

    // More often than the SDK tries by itself.
    shop.apart.proxy.clear("operator");
    let busy = of_clear(Rule::new(Fault::Throttle)).times(4);
    shop.apart.proxy.fault(busy);
    let output = Shop::command(&shop.apart.proxy.endpoint(), &arguments).output();
    assert!(output.unwrap().status.success());
    assert_eq!(shop.reserved(), 0);
}

#[test]
fn what_cannot_be_filled_is_one_clear_line() {
    let Some(shop) = Shop::open() else { return };
    let line = |arguments: &[&str]| shop.backfill(arguments);
    assert_eq!(
        line(&["nope", "--all"]),
        (
            false,
            "cargo admin: there is no collection nope\n".to_owned()
        )
    );
    let (done, said) = line(&["products", "title"]);
    let start = "cargo admin: products has no index and no unique field title; it has by.price, ";
    assert!(
        !done && said.starts_with(start) && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn nothing_that_the_stack_uses_is_cleared_unless_that_is_said() {
    let Some(shop) = Shop::open() else { return };
    let _ = shop.sell("SKU-A", 1);
    for name in ["by.price", "unique.sku"] {
        let (done, said) = shop.backfill(&["products", "--clear", name]);
        let start = format!("cargo admin: products: the stack uses {name}. ");
        assert!(!done && said.starts_with(&start), "{said}");
        assert!(
            said.contains("--even-deployed") && said.lines().count() == 1,
            "{said}"
        );
    }
    assert_eq!(shop.prices("price"), Ok(vec![1]));
    assert_eq!(shop.make("SKU-A", 2).0, 409);
}

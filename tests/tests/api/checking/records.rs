//! Records, their places in indexes, and the reservations of their unique values.

use super::*;

const TABLE: &str = "local-products";
const KEY: [&str; 2] = ["shard", "id"];

impl Scene<'_> {
    /// The item of a product.
    fn stored(&self, product: &str) -> Value {
        let items = self.items(TABLE);
        let found = items.iter().find(|item| item["id"]["S"] == product);
        found.unwrap().clone()
    }

    /// The reservation of a product's number.
    fn reservation(&self, product: &str) -> Value {
        let items = self.items(TABLE);
        let found = items.iter().find(|item| item["record"]["S"] == product);
        found.unwrap().clone()
    }
}

#[test]
fn records_are_put_where_their_values_are() {
    let Some(scene) = Scene::open() else { return };
    let [one, other] = [1, 2].map(|n| scene.product(&format!("AAA-{n}"), n));
    let (mut moved, mut lost) = (scene.stored(&one), scene.stored(&other));
    moved["by.price"] = lost["by.price"].clone();
    lost.as_object_mut().unwrap().remove("by.name.-price");
    let correct = [&one, &other].map(|it| scene.stored(it));
    scene.put(TABLE, &moved);
    scene.put(TABLE, &lost);
    let wrong = |id: &str, index: &str| {
        format!("products {id}: is at another place of {index} than its values are")
    };
    scene.assert_repaired(&[wrong(&one, "by.price"), wrong(&other, "by.name.-price")]);
    assert_eq!([&one, &other].map(|it| scene.stored(it)), correct);
}

#[test]
fn unique_values_are_reserved_again_and_those_of_no_record_are_free() {
    let Some(scene) = Scene::open() else { return };
    let [bare, gone] = ["AAA-1", "AAA-2"].map(|sku| scene.product(sku, 1));
    scene.delete(TABLE, &scene.reservation(&bare), &KEY);
    let reservation = scene.reservation(&gone);
    scene.delete(TABLE, &scene.stored(&gone), &KEY);
    scene.assert_repaired(&[
        format!("products {bare}: has a value of `sku` that is not reserved"),
        format!(
            "products {}: reserves a value of `sku` for record {gone}, which is gone",
            text(&reservation["id"]["S"])
        ),
    ]);
    let body = json!({ "name": "again", "sku": "AAA-1" });
    let event = Event::new("POST", "/api/products").json(&body);
    let event = event.token(&text(&scene.admin["accessToken"]));
    let _ = scene.apart.ask(&scene.create, &event).expect(409);
    let _ = scene.product("AAA-2", 1);
}

#[test]
fn a_value_that_two_records_have_is_left_to_the_operator() {
    let Some(scene) = Scene::open() else { return };
    let [one, other] = ["AAA-1", "AAA-2"].map(|sku| scene.product(sku, 1));
    let mut same = scene.stored(&other);
    same["data"]["M"]["sku"] = scene.stored(&one)["data"]["M"]["sku"].clone();
    scene.delete(TABLE, &scene.reservation(&other), &KEY);
    scene.put(TABLE, &same);
    let (done, lines) = scene.check(&["--repair"]);
    let line = format!("products {other}: has a value of `sku` that is reserved for record {one}");
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(!done && lines[0] == line, "{lines:#?}");
    assert!(
        lines[1].starts_with("cargo admin: 1 contradictions in "),
        "{lines:#?}"
    );
    assert_eq!(scene.stored(&other), same);
}

#[test]
fn an_index_that_not_every_writer_has_kept_is_told_with_the_command_that_fills_it() {
    let Some(scene) = Scene::open() else { return };
    let _ = scene.product("AAA-1", 1);
    let items = scene.items(TABLE);
    let mut kept = items
        .iter()
        .find(|it| it["id"]["S"] == "#kept")
        .unwrap()
        .clone();
    let names = kept["names"]["SS"].as_array_mut().unwrap();
    names.retain(|name| name != "by.price");
    scene.put(TABLE, &kept);
    let line = "products by.price: does not have every record; `cargo admin backfill products by.price` fills it, \
                once no older code runs";
    let (done, lines) = scene.check(&["--repair"]);
    assert!(!done && lines.len() == 2 && lines[0] == line, "{lines:#?}");
    let (done, lines) = scene.admin(&["backfill", "products", "by.price"]);
    assert!(done, "{lines:#?}");
    scene.assert_clean(&[]);
}

#[test]
fn a_collection_that_no_request_has_written_to_is_whole() {
    let Some(scene) = Scene::open() else { return };
    let _ = scene.product("AAA-1", 1);
    let items = scene.items(TABLE);
    let kept = items.iter().find(|it| it["id"]["S"] == "#kept").unwrap();
    // `cargo dev seed` makes records without it.
    scene.delete(TABLE, kept, &KEY);
    scene.assert_clean(&[]);
}

#[test]
fn a_record_that_cannot_be_read_keeps_no_other_from_its_repair() {
    let Some(scene) = Scene::open() else { return };
    // Records are filled from the newest to the oldest, so the broken one comes first.
    let [older, broken] = ["AAA-1", "AAA-2"].map(|sku| scene.product(sku, 1));
    let correct = scene.stored(&older);
    let mut moved = correct.clone();
    moved["by.price"] = json!({ "B": "AAAA" });
    scene.put(TABLE, &moved);
    let mut unreadable = scene.stored(&broken);
    unreadable.as_object_mut().unwrap().remove("data");
    scene.put(TABLE, &unreadable);
    let (done, lines) = scene.check(&["--repair"]);
    let (last, told) = lines.split_last().unwrap();
    assert!(!done && last.contains("repaired, 1 left in "), "{lines:#?}");
    let start = format!("products: record {broken}: ");
    assert!(
        told.iter().any(|line| line.starts_with(&start)),
        "{lines:#?}"
    );
    let line = format!("products {broken}: cannot be read: ");
    assert!(told.iter().any(|it| it.starts_with(&line)), "{lines:#?}");
    assert_eq!(scene.stored(&older), correct);
}

#[test]
fn a_collection_without_its_table_is_told() {
    let Some(scene) = Scene::open() else { return };
    let _ = scene.call("DeleteTable", &json!({ "TableName": TABLE }));
    let (done, lines) = scene.check(&["--repair"]);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        !done && lines[0] == "products: the stack has no such table",
        "{lines:#?}"
    );
    assert!(
        lines[1].starts_with("cargo admin: 1 contradictions in "),
        "{lines:#?}"
    );
}

//! Every collection of the project, filled: admins read, change and delete, and no caller gets a 5xx.

use std::time::SystemTime;

use api::definition::Index;
use api::{Definition, Timestamp};
use blackbox::project::tested;
use blackbox::{Caller, Inside, owners_stack};
use local::seed::{Seed, fill};
use serde_json::{Map, Value};

/// Fills every collection; a collection that must name records of another waits for it.
fn fill_all(inside: &Inside) {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let seed = Seed {
        count: 20,
        seed: 1,
        now: Timestamp::from_millis(u64::try_from(now.as_millis()).unwrap()),
    };
    let engine = inside.dynamo.engine();
    let mut todo: Vec<&Definition> = tested().project.collections.definitions.iter().collect();
    for _ in 0..todo.len() {
        todo.retain(|definition| fill(&engine, definition, seed, |_| {}, |_| {}).is_err());
    }
    assert!(todo.is_empty(), "{todo:?}");
}

/// An index as `sort` spells it.
fn order(index: &Index) -> String {
    index.fields.join(",")
}

/// The fields of a read record that a body may have.
fn body(definition: &Definition, record: &Value) -> Value {
    let declared = definition
        .fields
        .iter()
        .filter(|field| Some(&field.name) != definition.owner_field.as_ref());
    let said =
        declared.filter_map(|field| Some((field.name.clone(), record.get(&field.name)?.clone())));
    Value::Object(said.collect::<Map<_, _>>())
}

#[test]
fn every_collection_serves_its_records() {
    let Some(stack) = owners_stack() else { return };
    let inside = stack.inside().unwrap();
    let (stranger, member, admin) = (stack.stranger(), stack.member(), stack.admin());
    fill_all(inside);
    for definition in &tested().project.collections.definitions {
        let path = format!("/api/{}", definition.name);
        let all = admin.get(&path).expect(200).json();
        let found = all["items"].as_array().unwrap();
        assert!(!found.is_empty(), "{path}");
        let count = admin.get(&format!("{path}/count")).expect(200).json();
        assert!(count["count"].as_u64() >= Some(20), "{path}: {count}");
        for index in definition.indexes.iter().filter(|index| !index.per_owner) {
            let _ = admin
                .get(&format!("{path}?sort={}", order(index)))
                .expect(200);
        }

        let first = format!("{path}/{}", found[0]["id"].as_str().unwrap());
        assert_eq!(admin.get(&first).expect(200).json(), found[0]);
        read_as_documented(definition, &[&stranger, &member], &path, &first);

        let body = body(definition, &found[0]);
        let _ = admin.put(&first, &body).expect(200);
        let unique = definition.fields.iter().any(|field| field.unique);
        let created = admin.post(&path, &body);
        assert!(
            created.status == 201 || unique && created.status == 409,
            "{path}: {}",
            created.text()
        );
        let _ = admin.delete(&first).expect(204);
        let _ = admin.get(&first).expect(404);
    }
    assert_eq!(inside.proxy.denied(), []);
}

/// Reads as each of these callers: the harness compares each reply with the document.
fn read_as_documented(definition: &Definition, callers: &[&Caller], path: &str, record: &str) {
    let orders = definition.indexes.iter().map(order);
    let mut paths = vec![path.to_owned(), record.to_owned(), format!("{path}/count")];
    paths.extend(orders.map(|order| format!("{path}?sort={order}")));
    for (caller, path) in callers
        .iter()
        .flat_map(|caller| paths.iter().map(move |path| (caller, path)))
    {
        let reply = caller.get(path);
        assert!(reply.status < 500, "{path}: {}", reply.text());
    }
}

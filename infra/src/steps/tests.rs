use api::fingerprint::Fingerprints;
use serde_json::json;

use std::collections::BTreeMap;

use super::plan::{Change, MAX_INDEXES, changes};
use super::table::{Table, index_names, table_of};
use super::write::{step, with_code};
use super::*;

fn definition(indexes: &serde_json::Value, unique: bool) -> Definition {
    let field = |name: &str| json!({ "name": name, "type": "string", "unique": unique });
    let fields: Vec<_> = ["a", "b", "c"].map(field).into();
    serde_json::from_value(
        json!({ "name": "things", "fields": fields, "indexes": indexes, "shards": 2 }),
    )
    .expect("a definition")
}

fn drawn(definition: &Definition) -> Value {
    serde_yaml_ng::from_str(
        &template::draw(&template::Plan::whole(
            &[definition],
            &Fingerprints::default(),
        ))
        .expect("drawn"),
    )
    .expect("YAML")
}

fn present(definition: &Definition) -> BTreeMap<String, Table> {
    let id = "ThingsCollection".to_owned();
    let table = table_of(&drawn(definition), &id).expect("a table");
    BTreeMap::from([(id, table)])
}

fn names_of(step: &Value) -> Vec<String> {
    index_names(&table_of(step, "ThingsCollection").expect("a table").indexes)
}

fn names(text: &[&str]) -> Vec<String> {
    text.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_new_comes_before_what_goes() {
    let changes = changes(&names(&["x", "y"]), &names(&["y", "z", "w"]));
    let add = |name: &str| Change::Add(name.to_owned());
    assert_eq!(changes, [add("z"), add("w"), Change::Drop("x".to_owned())]);
    assert_eq!(super::plan::changes(&names(&["x"]), &names(&["x"])), []);
}

#[test]
fn a_table_never_has_more_indexes_than_dynamodb_allows() {
    let all = |letter: char| {
        (0..16)
            .map(|number| format!("{letter}{number}"))
            .collect::<Vec<_>>()
    };
    let changes = changes(&all('a'), &all('b'));
    let mut count = 16;
    for change in &changes {
        count = if change.added().is_some() {
            count + 1
        } else {
            count - 1
        };
        assert!(count <= MAX_INDEXES);
    }
    assert_eq!((changes.len(), count), (32, 16));
}

#[test]
fn every_step_changes_one_index_and_declares_the_attributes_in_use() {
    let old = definition(&json!([["a"], ["b"]]), false);
    let new = definition(&json!([["b"], ["c"], ["-c"]]), false);
    let (before, after) = (present(&old), drawn(&new));
    let plan = plan(&before, &after, &[&new]).expect("a plan");
    let steps: Vec<Value> = (1..=3)
        .map(|done| step(Path::new("out"), &plan.steps[..done], &before, &after))
        .collect();
    assert_eq!(plan.steps.len(), 3);
    assert_eq!(names_of(&steps[0]), ["by.a", "by.b", "by.c"]);
    assert_eq!(names_of(&steps[1]), ["by.a", "by.b", "by.c", "by.-c"]);
    assert_eq!(names_of(&steps[2]), ["by.b", "by.c", "by.-c"]);
    let attributes: Vec<_> = table_of(&steps[0], "ThingsCollection")
        .expect("a table")
        .attributes;
    let attributes: Vec<_> = attributes
        .iter()
        .filter_map(|it| it.get("AttributeName")?.as_str())
        .collect();
    assert_eq!(attributes, ["shard", "id", "by.b", "by.c", "by.a"]);
    let code = steps[0]["Resources"]["LoginFunction"]["Properties"]["CodeUri"].as_str();
    assert_eq!(code, Some("../../out/login/"));
    assert_eq!((plan.fill, plan.fill_after), (names(&["things"]), 2));
    assert_eq!(
        plan.clear,
        BTreeMap::from([("things".to_owned(), names(&["by.c", "by.-c"]))])
    );
}

#[test]
fn without_index_changes_there_is_one_step_and_a_unique_field_is_filled() {
    let (old, new) = (
        definition(&json!([["a"]]), false),
        definition(&json!([["a"]]), true),
    );
    let none = plan(&present(&old), &drawn(&old), &[&old]).expect("a plan");
    assert!(none.steps == [BTreeMap::new()] && none.fill.is_empty() && none.clear.is_empty());
    assert_eq!(
        plan(&present(&old), &drawn(&new), &[&new])
            .expect("a plan")
            .fill,
        ["things"]
    );
}

#[test]
fn an_index_that_stays_gets_a_new_limit_in_a_step_without_other_changes() {
    let old = definition(&json!([["a"]]), false);
    let new = definition(&json!([["a"], ["b"]]), false);
    let mut before = present(&old);
    for index in before.values_mut().flat_map(|table| &mut table.indexes) {
        let _ = index
            .as_mapping_mut()
            .expect("an index")
            .remove("OnDemandThroughput");
    }
    let after = drawn(&new);
    let plan = plan(&before, &after, &[&new]).expect("a plan");
    assert_eq!((plan.steps.len(), plan.fill_after), (2, 1));
    let limits = |done: usize| {
        let step = step(Path::new("out"), &plan.steps[..done], &before, &after);
        let table = table_of(&step, "ThingsCollection").expect("a table");
        let limited = |index: &Value| index.get("OnDemandThroughput").is_some();
        table.indexes.iter().map(limited).collect::<Vec<_>>()
    };
    assert_eq!(
        (limits(1), limits(2)),
        (vec![false, true], vec![true, true])
    );
}

#[test]
fn what_dynamodb_cannot_change_is_refused_or_warned_about() {
    let old = definition(&json!([]), false);
    let mut fewer = old.clone();
    fewer.shards = 1;
    let error = compare(&present(&old), &drawn(&fewer), &[&fewer]).expect_err("refused");
    assert!(
        error.starts_with("collections/things.json: shards: 1 is less than the 2 before"),
        "{error}"
    );
    assert_eq!(
        compare(&present(&fewer), &drawn(&old), &[&old]),
        Ok(Vec::new())
    );
    let mut moved = old.clone();
    moved.owner_field = Some("a".to_owned());
    let warnings = compare(&present(&old), &drawn(&moved), &[&moved]).expect("allowed");
    assert!(
        warnings[0].starts_with("the owner field of things"),
        "{warnings:?}"
    );
    let gone: Value = serde_yaml_ng::from_str(
        &template::draw(&template::Plan::whole(&[], &Fingerprints::default())).expect("drawn"),
    )
    .expect("YAML");
    assert!(
        compare(&present(&old), &gone, &[]).expect("allowed")[0]
            .starts_with("Things is no longer declared")
    );
}

#[test]
fn a_later_step_takes_the_code_that_is_deployed() {
    let template = drawn(&definition(&json!([]), false));
    let ids = |template: &Value, start: &str| {
        let resources = template["Resources"].as_mapping().expect("resources");
        let code = |(id, resource): (&Value, &Value)| {
            let code = resource["Properties"].get("CodeUri")?.as_str()?;
            code.starts_with(start)
                .then(|| id.as_str().expect("an id").to_owned())
        };
        resources.iter().filter_map(code).collect::<Vec<_>>()
    };
    let functions = ids(&template, "");
    let [kept, taken @ ..] = functions.as_slice() else {
        panic!("no functions")
    };
    let address = |id: &String| (id.clone(), format!("s3://bucket/{id}"));
    let changed = with_code(template, &taken.iter().map(address).collect());
    assert_eq!(ids(&changed, "s3://bucket/"), taken);
    assert!(ids(&changed, "").contains(kept) && !taken.is_empty());
}

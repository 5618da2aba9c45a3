//! The tests of plans.

use api::query::parse;
use api::sort_key::encode;
use api::value::compare;
use api::wire::Record;
use api::{Id, Timestamp, check};
use fastrand::Rng;
use serde_json::{Map, json};

use super::*;

const OWNER: &str = "019a0000-0000-7000-8000-000000000001";

fn definition() -> Definition {
    let content = r#"{ "name": "items", "ownerField": "owner", "permissions": { "read": "owner" }, "fields": [
        { "name": "owner", "type": "string" }, { "name": "status", "type": "string" },
        { "name": "price", "type": "number" }, { "name": "name", "type": "string" },
        { "name": "done", "type": "boolean" } ],
        "indexes": [ ["price"], ["status", "-createdAt"], ["status", "price"], ["name", "-price"],
            { "fields": ["status", "-createdAt"], "perOwner": true }, ["-done", "name"] ] }"#;
    let checked = check::check(&[("items.json".to_owned(), content.to_owned())]).expect("valid");
    checked.definitions.into_iter().next().expect("one")
}

fn own() -> Scope {
    Scope::OwnedBy(OWNER.parse().expect("an id"))
}

fn plan_of(scope: &Scope, query: &str) -> Result<Plan, Error> {
    let definition = definition();
    let parameters = query
        .split('&')
        .filter(|part| !part.is_empty())
        .filter_map(|part| part.split_once('='));
    let query = parse(&definition, parameters).expect(query);
    plan(&definition, scope, Some(&query.sort), &query.filter)
}

#[test]
fn the_index_that_narrows_most_serves() {
    let owned = format!("owner={OWNER}");
    let also_owned = |rest: &str| format!("{owned}&{rest}");
    for (query, order, residual) in [
        ("", "-table", false),
        ("sort=-createdAt", "-table", false),
        ("sort=createdAt", "+table", false),
        ("sort=-id", "-table", false),
        ("createdAt_gte=2026-01-01T00:00:00Z", "-table", false),
        ("createdAt_ne=2026-01-01T00:00:00Z", "-table", true),
        ("name=x", "-table", true),
        ("search=x", "-table", true),
        ("sort=price", "+by.price", false),
        ("sort=-price", "-by.price", false),
        ("sort=price,createdAt", "+by.price", false),
        ("sort=price&price_gt=5&price_lte=9", "+by.price", false),
        ("sort=price&price_gt=5&price_ne=9", "+by.price", true),
        ("sort=price&status=draft", "+by.status.price", false),
        ("sort=price&status_ne=draft", "+by.price", true),
        ("status=draft", "+by.status.-createdAt", false),
        (
            "status=draft&sort=createdAt",
            "-by.status.-createdAt",
            false,
        ),
        (
            "status=draft&sort=status,createdAt",
            "-by.status.-createdAt",
            false,
        ),
        ("sort=-status,createdAt", "-by.status.-createdAt", false),
        (
            "status=draft&createdAt_lt=2026-01-01T00:00:00Z",
            "+by.status.-createdAt",
            false,
        ),
        ("status=draft&price=5", "-by.status.price", false),
        ("status=draft&name=x", "+by.status.-createdAt", true),
        ("status_in=a,b", "-table", true),
        ("sort=status,price&status_in=a,b", "+by.status.price", true),
        (
            "sort=status,price&status_exists=true",
            "+by.status.price",
            false,
        ),
        (
            "sort=name,-price&name_startsWith=a",
            "+by.name.-price",
            false,
        ),
        (
            "sort=-name,price&name_startsWith=a&done=true",
            "-by.name.-price",
            true,
        ),
        ("sort=price&name=x", "-by.name.-price", false),
        ("sort=-done,name", "+by.-done.name", false),
        ("done=true&sort=-name&name_gt=a", "-by.-done.name", false),
        (
            "filter={\"$or\":[{\"status\":\"a\"},{\"status\":\"b\"}]}",
            "-table",
            true,
        ),
        (
            "filter={\"status\":\"a\",\"$not\":{\"name\":\"b\"}}",
            "+by.status.-createdAt",
            true,
        ),
        ("status_exists=false", "+by.status.-createdAt", false),
        ("status=a", "+by.status.-createdAt", false),
        (owned.as_str(), "-by_owner", false),
        (
            also_owned("status=draft").as_str(),
            "+own.status.-createdAt",
            false,
        ),
        (also_owned("sort=price").as_str(), "+by.price", true),
        (
            also_owned("id=019a0000-0000-7000-8000-000000000002").as_str(),
            "-by_owner",
            false,
        ),
    ] {
        let plan = plan_of(&Scope::All, query).expect(query);
        assert_eq!(
            (plan.order().as_str(), plan.residual),
            (order, residual),
            "{query}"
        );
    }
    for (query, order, residual) in [
        ("", "-by_owner", false),
        ("sort=createdAt&name=x", "+by_owner", true),
        ("status=draft", "+own.status.-createdAt", false),
        (owned.as_str(), "-by_owner", false),
        ("owner=another", "-by_owner", true),
    ] {
        let plan = plan_of(&own(), query).expect(query);
        assert_eq!(
            (plan.order().as_str(), plan.residual),
            (order, residual),
            "{query}"
        );
        assert_eq!(plan.owner.as_deref(), Some(OWNER), "{query}");
    }
}

#[test]
fn an_order_that_no_index_keeps_is_refused_with_the_choices() {
    for query in [
        "sort=name",
        "sort=price,-createdAt",
        "sort=status,-price",
        "sort=-updatedAt",
        "sort=price,name",
    ] {
        let error = plan_of(&Scope::All, query).expect_err(query);
        let message = &error.details[0].message;
        assert!(
            message
                .contains("-createdAt or createdAt or price or -price or status,-createdAt or -status,createdAt"),
            "{message}"
        );
    }
    // The refusal offers no order that the caller may not use.
    let error = plan_of(&own(), "sort=price").expect_err("no such order of one's own");
    assert_eq!(
        error.details[0].message,
        "`sort` must be the order of an index or its full reverse: -createdAt or createdAt or status,-createdAt or \
         -status,createdAt. Fields that the filter gives one value may be left out."
    );
}

fn value(random: &mut Rng) -> Option<Value> {
    match random.u64(..8) {
        0 => None,
        1 => Some(json!(random.bool())),
        2 | 3 => Some(json!(random.u64(..7))),
        4 => Some(json!("z".repeat(330 + random.usize(..5)))),
        5 => Some(json!("z".repeat(995 + random.usize(..5)))),
        _ => Some(json!(["", "a", "ab", "b"][random.usize(..4)])),
    }
}

fn test(random: &mut Rng, field: &str) -> Test {
    let at = Value::String(Timestamp::from_millis(1_790_000_000_000 + random.u64(..4)).to_string());
    let some = |random: &mut Rng| {
        if field == "createdAt" {
            at.clone()
        } else {
            value(random).unwrap_or(json!(3))
        }
    };
    match random.u64(..12) {
        0..3 => Test::Eq(if field == "createdAt" {
            Some(at)
        } else {
            value(random)
        }),
        3 => Test::Ne(value(random)),
        4 => Test::Gt(some(random)),
        5 => Test::Gte(some(random)),
        6 => Test::Lt(some(random)),
        7 => Test::Lte(some(random)),
        8 => Test::In(vec![value(random), Some(some(random))]),
        9 => Test::Exists(random.bool()),
        10 => Test::StartsWith("z".repeat(random.usize(..2) * (325 + random.usize(..12)))),
        _ => Test::Nin(vec![value(random)]),
    }
}

fn record(random: &mut Rng) -> Record {
    let at = Timestamp::from_millis(1_790_000_000_000 + random.u64(..5));
    let mut fields: Map<String, Value> = Map::new();
    for name in ["status", "price", "name", "done"] {
        fields.extend(value(random).map(|value| (name.to_owned(), value)));
    }
    let owner = [OWNER, "other"][random.usize(..2)];
    fields.insert("owner".to_owned(), json!(owner));
    let bytes = [random.u8(..3); 10];
    let owner = Some(owner.to_owned());
    Record {
        id: Id::in_shard(at, bytes, 0),
        created_at: at,
        updated_at: at,
        created_by: None,
        owner,
        fields,
    }
}

/// Every plan includes all records that pass the filter, and without a residual no others; its order is the requested
/// one.
#[test]
fn bounds_take_in_all_that_passes() {
    let definition = definition();
    let mut random = Rng::with_seed(11);
    let records: Vec<Record> = (0..150).map(|_| record(&mut random)).collect();
    let sorts = [
        "-createdAt",
        "price",
        "status,-createdAt",
        "status,price",
        "name,-price",
        "-done,name",
    ];
    let (mut narrowed, mut exact, mut found) = (0, 0, 0);
    for _ in 0..3000 {
        let conditions = (0..random.u64(..4)).map(|_| {
            let field =
                ["status", "price", "name", "done", "createdAt", "owner"][random.usize(..6)];
            let test = if field == "owner" {
                Test::Eq(Some(json!(OWNER)))
            } else {
                test(&mut random, field)
            };
            Filter::Field(field.to_owned(), test)
        });
        let filter = Filter::All(conditions.collect());
        let sort: Vec<Order> = sorts[random.usize(..6)]
            .split(',')
            .map(Order::parse)
            .collect();
        let sort = if random.bool() { reverse(&sort) } else { sort };
        let scope = if random.u64(..4) == 0 {
            own()
        } else {
            Scope::All
        };
        let sort = (random.u64(..5) > 0).then_some(sort);
        let Ok(plan) = plan(&definition, &scope, sort.as_deref(), &filter) else {
            continue;
        };
        narrowed += usize::from(plan.lower.is_some());
        exact += usize::from(!plan.residual && plan.lower.is_some());
        let (key, cut) = match &plan.source {
            Source::Declared(index) => (Some(index), cut(index)),
            _ => (None, usize::MAX),
        };
        let mut read: Vec<(Vec<u8>, &Record)> = records
            .iter()
            .map(|record| {
                (
                    key.map_or(record.id.bytes().to_vec(), |index| encode(index, record)),
                    record,
                )
            })
            .collect();
        read.sort_by(|a, b| plan.compare(&a.0, &b.0));
        let mut last: Option<&Record> = None;
        for (key, record) in read {
            let in_scope = scope == Scope::All || record.fields["owner"] == OWNER;
            let in_partition = plan
                .owner
                .as_ref()
                .is_none_or(|owner| record.fields["owner"] == *owner);
            let is_read = in_partition
                && plan.lower.as_ref().is_none_or(|lower| key >= *lower)
                && plan.upper.as_ref().is_none_or(|upper| key <= *upper);
            let passes = in_scope && filter.matches(record);
            assert!(
                is_read || !passes,
                "{filter:?} by {plan:?} misses {record:?}"
            );
            assert!(
                passes || !is_read || plan.residual,
                "{filter:?} by {plan:?} lets in {record:?}"
            );
            if !passes {
                continue;
            }
            found += 1;
            if let (Some(sort), Some(last)) = (&sort, last) {
                let cut = |value: Option<Value>| match value {
                    Some(Value::String(text)) => Some(json!(text[..text.len().min(cut)])),
                    value => value,
                };
                let of = |record: &Record, field: &str| {
                    cut(record.value(field).map(|value| value.into_owned()))
                };
                let order = sort.iter().fold(Ordering::Equal, |order, by| {
                    let next =
                        compare(of(last, &by.field).as_ref(), of(record, &by.field).as_ref());
                    order.then(if by.descending { next.reverse() } else { next })
                });
                let ids = last.id.cmp(&record.id);
                let ids = if sort.last().is_some_and(|last| last.descending) {
                    ids.reverse()
                } else {
                    ids
                };
                assert!(
                    order.then(ids).is_lt() || last.id == record.id,
                    "{sort:?} by {plan:?}: {last:?}, {record:?}"
                );
            }
            last = Some(record);
        }
    }
    assert!(
        narrowed > 500 && exact > 150 && found > 5000,
        "{narrowed} {exact} {found}"
    );
}

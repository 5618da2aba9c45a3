//! One dataset: a collection, its records in the engine and the same in memory, and the queries that both answer.

use std::collections::{BTreeMap, BTreeSet};

use api::definition::Index;
use api::query::Filter;
use api::record::{Input, OwnerInput};
use api::wire::Record;
use api::{Code, Definition, Deployment, Error, Id, Timestamp};
use auth::cursor::{Binding, Pager};
use auth::precondition::Precondition;
use auth::prepare::{Creation, Removal, Update};
use auth::terms::{OwnerChange, Terms};
use auth::{Caller, Keys, Requirement, Visibility};
use local::dynamo::Dynamo;
use local::template::Table;
use serde_json::{Map, Value, json};
use store::plan::{Plan, Source};
use store::{Before, Budget, Change, Page, Store, Writer, plan};

use crate::cases::{self, Query, START};
use crate::dice::Dice;
use crate::model::{self, Row};
use crate::{Kind, Tally};

pub(crate) struct Dataset<'a> {
    pub(crate) dynamo: &'a Dynamo,
    pub(crate) seed: u64,
    pub(crate) dice: Dice,
    pub(crate) store: Store,
    keys: Keys,
    pub(crate) definition: Definition,
    pub(crate) users: Vec<Id>,
    palette: Vec<Option<Value>>,
    kind: Kind,
    body: usize,
    pub(crate) rows: BTreeMap<Id, Row>,
    /// The highest id so far.
    newest: Option<Id>,
    /// The latest creation time so far, in milliseconds.
    pub(crate) now: u64,
    pub(crate) tally: Tally,
}

impl<'a> Dataset<'a> {
    /// Makes the dataset of a seed and runs queries on it.
    pub(crate) async fn run(dynamo: &'a Dynamo, seed: u64, queries: usize, kind: Kind) -> Tally {
        let mut dice = Dice::new(seed);
        let mut definition = cases::definition(&mut dice, &format!("items{seed}"));
        if kind == Kind::Sparse {
            definition.shards = 2;
        }
        let users = (0..3)
            .map(|_| Id::new(Timestamp::from_millis(START), dice.bytes()))
            .collect();
        let mut dataset = Dataset {
            dynamo,
            seed,

            store: Store::connect(&deployment(dynamo)),
            keys: Keys::new("local-", b"a-secret-for-tests-of-32-bytes-or-more", None).unwrap(),
            users,
            palette: cases::palette(&mut dice, &definition),
            definition,
            kind,
            body: if kind == Kind::Heavy { 40_000 } else { 0 },
            rows: BTreeMap::new(),
            newest: None,
            now: START + 10,
            tally: Tally::default(),
            dice,
        };
        dynamo.make(&[table(&dataset.definition)]).unwrap();
        dataset.fill().await;
        for number in 0..queries {
            let rows: Vec<&Row> = dataset.rows.values().collect();
            let query = cases::query(
                &mut dataset.dice,
                &dataset.definition,
                &rows,
                &dataset.users,
                kind,
            );
            if let Err(fault) = dataset.check(&query).await {
                dataset.fail(number, &query, &fault);
            }
        }
        let name = json!({ "TableName": format!("local-{}", dataset.definition.name) });
        let _ = dynamo.engine().call("DeleteTable", &name).unwrap();
        dataset.tally
    }

    fn fail(&self, number: usize, query: &Query, fault: &str) -> ! {
        let Query {
            scope,
            sort,
            filter,
            limit,
            is_moving,
            ..
        } = query;
        let indexes: Vec<String> = self.definition.indexes.iter().map(Index::name).collect();
        let sort: Vec<String> = sort
            .iter()
            .map(|order| format!("{}{}", if order.descending { "-" } else { "" }, order.field))
            .collect();
        let rows: Vec<String> = self.rows.values().map(|row| self.show(row)).collect();
        panic!(
            "{}",
            short(&format!(
                "LISTS_SEED={}, query {number}: {fault}\n{} shards, owner {}, {indexes:?}\n{scope:?} sort {sort:?} limit \
                 {limit}{}\n{filter:?}\n{}",
                self.seed,
                self.definition.shards,
                self.definition.owner_field(),
                if *is_moving { ", records move" } else { "" },
                rows.join("\n")
            ))
        );
    }

    fn show(&self, row: &Row) -> String {
        let Record {
            id,
            updated_at,
            fields,
            ..
        } = &row.record;
        let owner = row.owner.as_ref().and_then(|owner| {
            self.users
                .iter()
                .position(|user| user.to_string() == *owner)
        });
        format!(
            "{} u{} owner {owner:?} {}",
            name(*id),
            updated_at.millis() - START,
            Value::Object(fields.clone())
        )
    }

    /// Makes the first records, sometimes a part of them before an index is declared, which is filled afterwards.
    async fn fill(&mut self) {
        let count = match self.kind {
            Kind::Small => *self.dice.pick(&[0, 1, 10, 15, 20, 30, 40, 60]),
            Kind::Heavy => 50,
            Kind::Sparse => 150,
        };
        if self.dice.chance(25) {
            self.fill_late(count).await;
        } else {
            self.create(count).await;
        }
        self.delete_some().await;
        if self.dice.chance(50) {
            for _ in 0..self.dice.below(6) {
                self.update().await;
            }
        }
    }

    pub(crate) async fn delete_some(&mut self) {
        let count = if self.dice.chance(30) {
            self.rows.len() / 2
        } else {
            self.dice.below(4)
        };
        for _ in 0..count {
            self.delete().await;
        }
    }

    /// A time that is late enough, often the time of another record.
    fn time(&mut self) -> Timestamp {
        Timestamp::from_millis(self.now + self.dice.below(10) as u64)
    }

    fn writer(&mut self, now: Timestamp) -> Writer {
        Writer::new(None, "test".to_owned(), now, self.dice.bytes())
    }

    /// A new record, and its row in the model.
    fn new_record(&mut self) -> (Creation<'static>, Writer, Row) {
        let now = self.time();
        let shard = self.dice.below(self.definition.shards.into()) as u8;
        let id = Id::in_shard(now, self.dice.bytes(), shard);
        // Sometimes an id directly follows another, so that a skipped record is noticed.
        let newest = self
            .newest
            .filter(|newest| newest.created_at().millis() >= self.now);
        let next = newest
            .and_then(|id| Id::from_bytes((u128::from_be_bytes(id.bytes()) + 1).to_be_bytes()));
        let id = next.filter(|_| self.dice.chance(30)).unwrap_or(id);
        self.newest = self.newest.max(Some(id));
        let now = id.created_at();
        let writer = self.writer(now);
        let owner = self
            .dice
            .chance(85)
            .then(|| self.dice.pick(&self.users).to_string());
        let created_by = match (self.definition.owner_is_declared(), &owner) {
            (true, _) => self.dice.chance(80).then(|| *self.dice.pick(&self.users)),
            (false, owner) => owner.as_ref().map(|owner| owner.parse().unwrap()),
        };
        let fields = cases::fields(&mut self.dice, &self.palette, self.body);
        let record = Creation {
            id,
            owner: owner.clone(),
            created_by,
            fields: fields.clone(),
            related: Vec::new(),
        };
        let wire = Record {
            id,
            created_at: now,
            updated_at: now,
            created_by,
            owner: owner.clone(),
            fields,
        };
        (record, writer, self.row(wire, owner))
    }

    /// The model's row of a record, its owner in the field that callers see.
    fn row(&self, mut record: Record, owner: Option<String>) -> Row {
        if self.definition.owner_is_declared() {
            record.fields.remove("owner");
            record.fields.extend(
                owner
                    .clone()
                    .map(|owner| ("owner".to_owned(), Value::String(owner))),
            );
        }
        record.owner.clone_from(&owner);
        Row::new(record, owner)
    }

    pub(crate) async fn create(&mut self, count: usize) {
        for _ in 0..count {
            self.insert().await;
        }
    }

    async fn insert(&mut self) -> Id {
        let (record, writer, row) = self.new_record();
        let id = record.id;
        patiently(async || {
            self.store
                .create(&self.definition, record.clone(), None, &writer)
                .await
        })
        .await
        .unwrap();
        self.rows.insert(id, row);
        id
    }

    fn any(&mut self) -> Option<Id> {
        let ids: Vec<Id> = self.rows.keys().copied().collect();
        (!ids.is_empty()).then(|| *self.dice.pick(&ids))
    }

    async fn delete(&mut self) -> Option<Id> {
        let id = self.any()?;
        let writer = self.writer(Timestamp::from_millis(self.now + 20));
        let caller = Caller::stranger();
        let visibility = Visibility::new(&self.definition, &caller);
        let terms = terms(&visibility, OwnerChange::Keep);
        let removal = Removal { id, terms };
        patiently(async || {
            self.store
                .delete(removal.clone(), Before::Unread, &writer)
                .await
        })
        .await
        .unwrap();
        self.rows.remove(&id);
        if self.dice.chance(50) {
            self.bury(id);
        }
        Some(id)
    }

    /// Leaves a tombstone, as a function does that dies between the two writes of a deletion.
    fn bury(&self, id: Id) {
        let item = json!({ "shard": { "N": id.shard().to_string() }, "id": { "S": id }, "rev": { "S": "x" },
            "deleted_at": { "N": "1" } });
        let put = json!({ "TableName": format!("local-{}", self.definition.name), "Item": item });
        self.dynamo.engine().call("PutItem", &put).unwrap();
    }

    /// Changes some fields of a record, sometimes all of them or its owner, as a request does.
    pub(crate) async fn update(&mut self) -> Option<Id> {
        let id = self.any()?;
        let now = self.time();
        let writer = self.writer(now);
        let replace = self.dice.chance(20);
        let new = cases::fields(&mut self.dice, &self.palette, self.body);
        let mut input = Input {
            fields: Map::new(),
            removed: Vec::new(),
            owner: OwnerInput::Absent,
            relations: Vec::new(),
        };
        for field in ["a", "b", "c", "tags", "body"] {
            match new.get(field).filter(|value| !value.is_null()) {
                _ if !replace && self.dice.chance(60) => {}
                Some(value) => drop(input.fields.insert(field.to_owned(), value.clone())),
                None if !replace => input.removed.push(field.to_owned()),
                None => {}
            }
        }
        let Row {
            mut record,
            owner: mut owned_by,
            ..
        } = self.rows.remove(&id).unwrap();
        let mut owner = OwnerChange::Keep;
        if self.definition.owner_is_declared() && self.dice.chance(20) {
            owned_by = self
                .dice
                .chance(70)
                .then(|| self.dice.pick(&self.users).to_string());
            owner = OwnerChange::Set(owned_by.clone());
            input.owner = owned_by
                .clone()
                .map_or(OwnerInput::Empty, OwnerInput::Named);
        }
        if replace {
            record.fields.clear();
        }
        record
            .fields
            .retain(|name, _| !input.removed.contains(name));
        record.fields.extend(input.fields.clone());
        record.updated_at = now;
        let row = self.row(record, owned_by);
        self.rows.insert(id, row);

        let needed = Change::needs_record(&self.definition, &input, replace);
        let before =
            patiently(async || self.store.before(&self.definition, Some(id), needed).await)
                .await
                .unwrap();
        let caller = Caller::stranger();
        let visibility = Visibility::new(&self.definition, &caller);
        let prepared = Update {
            id,
            terms: terms(&visibility, owner),
            fields: input.fields,
            removed: input.removed,
            replace,
            kept: Vec::new(),
            related: Vec::new(),
        };
        let update = async || {
            self.store
                .update(prepared.clone(), before.clone(), &writer)
                .await
        };
        patiently(update).await.unwrap();
        Some(id)
    }

    pub(crate) async fn page(
        &self,
        plan: &Plan,
        filter: &Filter,
        position: Option<&[u8]>,
        limit: usize,
    ) -> Result<Page, Error> {
        let budget = Budget::of(&Caller::stranger());
        patiently(async || {
            self.store
                .list(&self.definition, plan, filter, position, limit, budget)
                .await
        })
        .await
    }

    /// Plans, counts and walks a query, and returns the fault.
    async fn check(&mut self, query: &Query) -> Result<(), String> {
        self.tally.queries += 1;
        let plan = match plan(
            &self.definition,
            &query.scope,
            Some(&query.sort),
            &query.filter,
        ) {
            Ok(plan) => plan,
            Err(error) if error.code == Code::ValidationFailed && !query.is_servable => {
                self.tally.refused += 1;
                return Ok(());
            }
            Err(error) => return Err(format!("refused: {error:?}")),
        };
        if self.dice.chance(10) {
            self.count(query).await?;
        }
        self.tally.residual += usize::from(plan.residual);
        let is_declared = matches!(plan.source, Source::Declared(_));
        self.tally.narrowed +=
            usize::from(is_declared && (plan.lower.is_some() || plan.upper.is_some()));
        self.tally.moving += usize::from(query.is_moving);
        self.walk(query, &plan)
            .await
            .map_err(|fault| format!("by {}: {fault}", plan.order()))
    }

    async fn count(&mut self, query: &Query) -> Result<(), String> {
        let plan = plan(&self.definition, &query.scope, None, &query.filter)
            .map_err(|e| format!("no count: {e:?}"))?;
        let budget = Budget::of(&Caller::stranger());
        let count = patiently(async || {
            self.store
                .count(&self.definition, &plan, &query.filter, budget)
                .await
        })
        .await;
        let count = count.map_err(|e| format!("{e:?}"))?;
        let expected =
            model::list(self.rows.values(), &query.scope, &query.filter, &[], 0).len() as u64;
        self.tally.counts += 1;
        let is_right = if count.exact {
            count.count == expected
        } else {
            self.body > 0 && count.count <= expected
        };
        is_right
            .then_some(())
            .ok_or_else(|| format!("by {}: {count:?} of {expected}", plan.name()))
    }

    /// Reads a list to its end. Each page must continue exactly with the next records of the model.
    async fn walk(&mut self, query: &Query, plan: &Plan) -> Result<(), String> {
        let Query {
            scope,
            sort,
            filter,
            limit,
            is_moving,
            ..
        } = query;
        let cut = model::cut(match &plan.source {
            Source::Declared(index) => Some(index),
            Source::Table | Source::ByOwner => None,
        });
        let partitions = if plan.owner.is_some() {
            1
        } else {
            u32::from(self.definition.shards)
        };
        let begun: BTreeMap<Id, Row> = self.rows.clone();
        let mut touched: BTreeSet<Id> = BTreeSet::new();
        let mut seen: Vec<Row> = Vec::new();
        let whole = |rows: &BTreeMap<Id, Row>| -> Vec<Row> {
            model::list(rows.values(), scope, filter, sort, cut)
                .into_iter()
                .cloned()
                .collect()
        };
        let mut list = whole(&self.rows);
        let mut position: Option<Vec<u8>> = None;
        let mut was_short = false;
        for number in 1.. {
            if number > begun.len() + 200 {
                return Err("it does not end".to_owned());
            }
            let page = self
                .page(plan, filter, position.as_deref(), *limit)
                .await
                .map_err(|error| format!("{error:?}"))?;
            self.tally.pages += 1;
            self.tally.requests += page.cost.requests as usize;
            self.tally.records += page.records.len();
            let allowed = if plan.residual {
                (partitions * 2).max(4)
            } else {
                partitions * 4
            };
            if page.cost.requests > allowed {
                return Err(format!(
                    "page {number}: {} requests of {allowed}",
                    page.cost.requests
                ));
            }

            let last = seen.last();
            let is_ahead =
                |row: &&Row| last.is_none_or(|last| model::compare(last, row, sort, cut).is_lt());
            let mut rest: Vec<&Row> = list.iter().filter(is_ahead).collect();
            let got: Vec<Id> = page.records.iter().map(|record| record.id).collect();
            if was_short {
                // Records added or moved before the end of such a page are not seen, unless the walk reaches them.
                rest.retain(|row| {
                    !touched.contains(&row.record.id) || got.contains(&row.record.id)
                });
            }
            let is_full = got.len() == rest.len().min(*limit);
            let expected = model::ids(rest.iter().copied().take(if plan.residual {
                got.len()
            } else {
                *limit
            }));
            let goes_on = page.next.is_some();
            let may_be_short = plan.residual || self.body > 0;
            let is_right = expected.starts_with(&got)
                && (goes_on || got.len() == rest.len())
                && (is_full || goes_on && may_be_short)
                && (may_be_short || goes_on == (rest.len() > got.len()));
            if !is_right {
                let rest = model::ids(rest);
                return Err(format!(
                    "page {number} after {:?}{}\ngot      {:?}\nexpected {:?}",
                    seen.last().map(|row| name(row.record.id)),
                    if goes_on {
                        ", which goes on"
                    } else {
                        ", the last"
                    },
                    names(&got),
                    names(&rest)
                ));
            }
            for record in page.records {
                let row = self
                    .rows
                    .get(&record.id)
                    .ok_or("a record that is not there")?;
                if format!("{record:?}") != format!("{:?}", row.record) {
                    return Err(format!(
                        "{} is not what was written: {record:?}",
                        name(record.id)
                    ));
                }
                seen.push(row.clone());
            }
            // A filter that no index serves refuses records behind the last one shown, up to where the page ends.
            was_short |= goes_on && (got.len() < *limit || plan.residual);
            self.tally.short += usize::from(goes_on && got.len() < *limit);

            let Some(next) = page.next else { break };
            position = Some(self.carried(query, plan, next)?);
            if *is_moving {
                for _ in 0..self.dice.below(3) {
                    let id = match self.dice.below(3) {
                        0 => Some(self.insert().await),
                        1 => self.update().await,
                        _ => self.delete().await,
                    };
                    touched.extend(id);
                }
                list = whole(&self.rows);
            }
        }
        // A second, simpler check: every record that stayed throughout was seen once, in order.
        let stayed: Vec<&Row> = begun
            .values()
            .filter(|row| !touched.contains(&row.record.id))
            .collect();
        let expected = model::ids(model::list(stayed, scope, filter, sort, cut));
        let all = seen
            .iter()
            .map(|row| row.record.id)
            .filter(|id| !touched.contains(id));
        let all: Vec<Id> = all.collect();
        if all != expected {
            return Err(format!(
                "in all\ngot      {:?}\nexpected {:?}",
                names(&all),
                names(&expected)
            ));
        }
        Ok(())
    }

    /// The position in the next request: sometimes through a cursor.
    fn carried(
        &mut self,
        query: &Query,
        plan: &Plan,
        position: Vec<u8>,
    ) -> Result<Vec<u8>, String> {
        if !self.dice.chance(25) {
            return Ok(position);
        }
        let binding = Binding::new(
            &self.definition.name,
            &query.scope,
            &plan.order(),
            &query.filter,
        );
        let now = Timestamp::from_millis(START);
        let pager = Pager::new(&self.keys, binding, now);
        let carried = pager
            .seal(Some(&position), self.dice.bytes())
            .and_then(|sealed| pager.open(sealed.as_deref()));
        carried
            .map_err(|e| format!("{e:?}"))?
            .ok_or_else(|| "a cursor came to nothing".to_owned())
    }
}

/// Tries again where the engine was too slow: a machine that builds is busy.
async fn patiently<T>(work: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..5 {
        match work().await {
            Err(error) if error.code == Code::Unavailable => {}
            done => return done,
        }
    }
    work().await
}

fn terms<'a>(visibility: &'a Visibility<'a>, owner: OwnerChange) -> Terms<'a> {
    let (requirement, precondition) = (Requirement::Exists, Precondition::Any);
    Terms {
        visibility,
        requirement,
        fields: Vec::new(),
        owner,
        precondition,
    }
}

pub(crate) fn deployment(dynamo: &Dynamo) -> Deployment {
    let variable = |name: &str| match name {
        "BAKEND_ENV" => Some("local".to_owned()),
        "AWS_REGION" => Some(local::REGION.to_owned()),
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(dynamo.endpoint()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        _ => None,
    };
    Deployment::read(variable).unwrap()
}

/// The table of a collection, as in the template.
fn table(definition: &Definition) -> Table {
    let name = format!("local-{}", definition.name);
    let attribute =
        |name: &str, kind: &str| json!({ "AttributeName": name, "AttributeType": kind });
    let keys = |hash: &str, range: &str| json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }]);
    let index = |name: &str, keys: Value| json!({ "IndexName": name, "KeySchema": keys, "Projection": { "ProjectionType": "ALL" } });
    let mut attributes = vec![attribute("shard", "N"), attribute("id", "S")];
    let mut indexes = Vec::new();
    let per_owner = |index: &Index| index.per_owner;
    if definition.has_owner_index() || definition.indexes.iter().any(per_owner) {
        attributes.push(attribute("owner", "S"));
    }
    if definition.has_owner_index() {
        indexes.push(index("by_owner", keys("owner", "id")));
    }
    for one in &definition.indexes {
        attributes.push(attribute(&one.name(), "B"));
        indexes.push(index(
            &one.name(),
            keys(if one.per_owner { "owner" } else { "shard" }, &one.name()),
        ));
    }
    let create = json!({ "TableName": name, "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": attributes,
        "KeySchema": keys("shard", "id"), "GlobalSecondaryIndexes": indexes });
    Table {
        name,
        create,
        ttl: None,
        stream: None,
    }
}

/// A short name of a record: its time, its shard and its distinct part.
fn name(id: Id) -> String {
    let bytes = id.bytes();
    format!(
        "{}.{}.{:02x}{:02x}",
        id.created_at().millis() - START,
        id.shard(),
        bytes[9],
        bytes[10]
    )
}

fn names(ids: &[Id]) -> Vec<String> {
    ids.iter().copied().map(name).collect()
}

/// A text without long repetitions.
fn short(text: &str) -> String {
    let mut short = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut count = 1;
        while letters.next_if_eq(&letter).is_some() {
            count += 1;
        }
        match count {
            0..12 => short.extend(std::iter::repeat_n(letter, count)),
            _ => short.push_str(&format!("{letter}{{{count}}}")),
        }
    }
    short
}

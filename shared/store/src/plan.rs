//! Plans: which index serves a list, and how much of it has to be read. The one place that decides.
//!
//! An index only narrows what is read: every record is judged by the filter itself. So a plan may take in too much, and
//! never too little.

use std::cmp::Ordering;

use api::definition::{Index, Order};
use api::query::{Filter, Test};
use api::{Definition, Detail, Error, Timestamp};
use auth::Scope;
use serde_json::Value;

use crate::index::{
    after, beside, code, codes_of_present, codes_of_type, cut, has_place, invert, is_exact,
    string_start,
};

/// The first and the last key to read; `None` for whatever there is.
pub(crate) type Range = (Option<Vec<u8>>, Option<Vec<u8>>);

/// How a list is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is read.
    pub source: Source,
    /// The owner whose records alone are read; `None` for the records of every shard.
    pub owner: Option<String>,
    /// Whether it is read from its end to its beginning.
    pub backward: bool,
    /// The first key that may hold what is asked for; `None` for the first there is.
    pub lower: Option<Vec<u8>>,
    /// The last key that may; `None` for the last there is.
    pub upper: Option<Vec<u8>>,
    /// Whether more is read than what passes the filter.
    pub residual: bool,
}

/// What a list is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The table: by id, which is by time.
    Table,
    /// The index of each owner's records: by id as well.
    ByOwner,
    /// A declared index.
    Declared(Index),
}

impl Source {
    /// The fields of its order, before the id.
    fn fields(&self) -> Vec<Order> {
        match self {
            Self::Table | Self::ByOwner => Vec::new(),
            Self::Declared(index) => index.order().collect(),
        }
    }

    fn is_per_owner(&self) -> bool {
        match self {
            Self::Table => false,
            Self::ByOwner => true,
            Self::Declared(index) => index.per_owner,
        }
    }

    /// How many bytes of a string count in its order.
    fn cut(&self) -> usize {
        match self {
            Self::Table | Self::ByOwner => 0,
            Self::Declared(index) => cut(index),
        }
    }
}

/// Decides how a list is read. `sort` is the order, newest first where it is empty; `None` for a count, to which no
/// order matters.
///
/// # Errors
/// `common/validation-failed` for an order that no index keeps, with those to choose from.
pub fn plan(
    definition: &Definition,
    scope: &Scope,
    sort: Option<&[Order]>,
    filter: &Filter,
) -> Result<Plan, Error> {
    let conditions = filter.conjunction();
    let owner = owner(definition, scope, filter, &conditions);
    // A field that has one value in all that is asked for does not matter to an order.
    let mut fixed: Vec<(&str, Option<&Value>)> = Vec::new();
    for (field, test) in &conditions {
        if let Some(value) = only_value(test)
            && !fixed.iter().any(|(name, _)| name == field)
        {
            fixed.push((field, value));
        }
    }
    let is_fixed = |field: &str| {
        fixed.iter().any(|(name, _)| *name == field)
            || (owner.is_some()
                && definition.owner_is_declared()
                && field == definition.owner_field())
    };
    let wanted = sort.map(|sort| {
        let newest_first = [Order {
            field: "createdAt".to_owned(),
            descending: true,
        }];
        let sort = if sort.is_empty() { &newest_first } else { sort };
        Sequence::new(sort, is_fixed)
    });

    let mut best: Option<((bool, usize, bool), Plan)> = None;
    for source in sources(definition, scope, owner.is_some()) {
        let fields = source.fields();
        let kept = Sequence::new(&fields, is_fixed);
        let backward = match &wanted {
            Some(wanted) if *wanted == kept.reverse() => true,
            Some(wanted) if *wanted != kept => continue,
            _ => false,
        };
        let (score, plan) = narrow(
            definition,
            source,
            &fields,
            backward,
            owner.as_ref(),
            &fixed,
            filter,
        );
        if best.as_ref().is_none_or(|(highest, _)| score > *highest) {
            best = Some((score, plan));
        }
    }
    best.map(|(_, plan)| plan)
        .ok_or_else(|| unservable(definition, scope, owner.is_some()))
}

impl Plan {
    /// The name of the index, as `explain` tells it; `table` for the table itself.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.source {
            Source::Table => "table".to_owned(),
            Source::ByOwner => "by_owner".to_owned(),
            Source::Declared(index) => index.name(),
        }
    }

    /// What a cursor of this list is good for, beside collection, scope and filter: an index and a direction.
    #[must_use]
    pub fn order(&self) -> String {
        format!("{}{}", if self.backward { "-" } else { "+" }, self.name())
    }

    /// The keys still to read after `position`, as the first and the last; `None` where there are none.
    pub(crate) fn range(&self, position: Option<&[u8]>) -> Option<Range> {
        let (mut lower, mut upper) = (self.lower.clone(), self.upper.clone());
        match position {
            Some(key) if self.backward => {
                let last = beside(key, Ordering::Less);
                upper = Some(upper.map_or(last.clone(), |upper| upper.min(last)));
            }
            Some(key) => lower = lower.max(Some(beside(key, Ordering::Greater))),
            None => {}
        }
        let is_empty = matches!((&lower, &upper), (Some(lower), Some(upper)) if lower > upper);
        (!is_empty).then_some((lower, upper))
    }

    /// How two keys follow each other in this list.
    pub(crate) fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.backward { b.cmp(a) } else { a.cmp(b) }
    }
}

/// An order that no other spelling has: without fields of one value, and without the time where the id, which begins
/// with it, does the same.
#[derive(Debug, PartialEq)]
struct Sequence {
    fields: Vec<Order>,
    /// Whether records that are alike in the fields have the highest id first.
    ids_descend: bool,
}

impl Sequence {
    fn new(order: &[Order], is_fixed: impl Fn(&str) -> bool) -> Self {
        let mut ids_descend = order.last().is_some_and(|last| last.descending);
        let mut fields = Vec::new();
        for field in order {
            if field.field == "id" {
                ids_descend = field.descending;
                break;
            }
            if !is_fixed(&field.field) {
                fields.push(field.clone());
            }
        }
        if fields
            .last()
            .is_some_and(|last| last.field == "createdAt" && last.descending == ids_descend)
        {
            fields.pop();
        }
        Self {
            fields,
            ids_descend,
        }
    }

    fn reverse(&self) -> Self {
        Self {
            fields: reverse(&self.fields),
            ids_descend: !self.ids_descend,
        }
    }
}

fn reverse(order: &[Order]) -> Vec<Order> {
    order
        .iter()
        .map(|order| Order {
            field: order.field.clone(),
            descending: !order.descending,
        })
        .collect()
}

/// The owner whose records alone are asked for.
fn owner(
    definition: &Definition,
    scope: &Scope,
    filter: &Filter,
    conditions: &[(&str, &Test)],
) -> Option<String> {
    let named = || {
        conditions.iter().find_map(|(field, test)| match test {
            // The key of an index is neither empty nor endless.
            Test::Eq(Some(Value::String(owner)))
                if *field == definition.owner_field() && (1..=1024).contains(&owner.len()) =>
            {
                Some(owner.clone())
            }
            _ => None,
        })
    };
    match scope {
        Scope::OwnedBy(owner) => Some(owner.to_string()),
        // Who created a record may be another than its owner was, before the owner field went.
        Scope::All if definition.owner_is_declared() => owned(filter).or_else(named),
        Scope::All => owned(filter),
    }
}

/// The owner of all that a filter lets pass, as it says itself.
fn owned(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Owned(owner) => Some(owner.clone()),
        Filter::All(filters) => filters.iter().find_map(owned),
        _ => None,
    }
}

/// What a list of this scope may be read from, those without fields first.
fn sources(definition: &Definition, scope: &Scope, has_owner: bool) -> Vec<Source> {
    let mut sources = Vec::new();
    if *scope == Scope::All {
        sources.push(Source::Table);
    }
    if has_owner && definition.has_owner_index() {
        sources.push(Source::ByOwner);
    }
    let allowed = |index: &&Index| {
        if index.per_owner {
            has_owner
        } else {
            *scope == Scope::All
        }
    };
    sources.extend(
        definition
            .indexes
            .iter()
            .filter(allowed)
            .cloned()
            .map(Source::Declared),
    );
    sources
}

/// The one value that a condition leaves to a field.
fn only_value(test: &Test) -> Option<Option<&Value>> {
    match test {
        Test::Eq(value) => Some(value.as_ref()),
        Test::Exists(false) => Some(None),
        _ => None,
    }
}

/// The plan of a source: its bounds, and how well it serves, in the order of what counts most.
fn narrow(
    definition: &Definition,
    source: Source,
    fields: &[Order],
    backward: bool,
    owner: Option<&String>,
    fixed: &[(&str, Option<&Value>)],
    filter: &Filter,
) -> ((bool, usize, bool), Plan) {
    let cut = source.cut();
    let owner = owner.filter(|_| source.is_per_owner()).cloned();
    let mut prefix = Vec::new();
    let mut leading = Vec::new();
    for order in fields {
        let Some((name, value)) = fixed.iter().find(|(name, _)| *name == order.field) else {
            break;
        };
        let code = code(*value, cut);
        prefix.extend(if order.descending {
            invert(&code)
        } else {
            code
        });
        leading.push((*name, *value));
    }
    let next = fields.get(leading.len());
    let span = match next {
        Some(order) => Span::of_field(filter, order, cut),
        None => Span::of_ids(filter, fields.last().is_some_and(|last| last.descending)),
    };
    let range = span.is_some();
    let (lower, upper) = match span {
        Some(Span { first, last }) => (
            Some([prefix.clone(), first].concat()),
            Some([prefix, last].concat()),
        ),
        None if prefix.is_empty() => (None, None),
        None => (Some(prefix.clone()), after(&prefix)),
    };
    let is_told_by_key = |field: &str, test: &Test| {
        let by_owner =
            owner.is_some() && definition.owner_is_declared() && field == definition.owner_field();
        if by_owner
            && matches!(test, Test::Eq(Some(Value::String(name))) if Some(name) == owner.as_ref())
        {
            return true;
        }
        if let Some(value) = only_value(test)
            && leading.contains(&(field, value))
        {
            return is_exact(value, cut);
        }
        match next {
            Some(order) => {
                order.field == field && interval(test, cut).is_some_and(|interval| interval.exact)
            }
            None => id_interval(field, test).is_some(),
        }
    };
    let residual = !is_conjunction(filter, owner.as_ref())
        || filter
            .conjunction()
            .iter()
            .any(|(field, test)| !is_told_by_key(field, test));
    let one_id = range && fields.is_empty() && fixed.iter().any(|(name, _)| *name == "id");
    let score = (one_id, leading.len() + usize::from(owner.is_some()), range);
    (
        score,
        Plan {
            source,
            owner,
            backward,
            lower,
            upper,
            residual,
        },
    )
}

/// Whether a filter is conditions joined by nothing but "and", beside that the records are those of an owner whose alone
/// are read.
fn is_conjunction(filter: &Filter, owner: Option<&String>) -> bool {
    match filter {
        Filter::All(filters) => filters.iter().all(|filter| is_conjunction(filter, owner)),
        Filter::Owned(of) => owner == Some(of),
        Filter::Field(..) => true,
        _ => false,
    }
}

/// A part of what comes next in a key, after the fields of one value: the first and the last.
struct Span {
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Span {
    /// The values of a field that pass all conditions on it, as far as keys can tell.
    fn of_field(filter: &Filter, order: &Order, cut: usize) -> Option<Self> {
        let conditions = filter
            .conjunction()
            .into_iter()
            .filter(|(field, _)| *field == order.field);
        let both = conditions
            .filter_map(|(_, test)| interval(test, cut))
            .reduce(|a, b| Interval {
                first: a.first.max(b.first),
                end: a.end.min(b.end),
                exact: true,
            })?;
        // No key is exactly an end: each goes on with an id. So it may stand for the last key before it.
        Some(match order.descending {
            false => Self {
                first: both.first,
                last: both.end,
            },
            true => Self {
                first: after(&invert(&both.end))?,
                last: after(&invert(&both.first))?,
            },
        })
    }

    /// The ids that pass the conditions on the id and on the time, which ids begin with.
    fn of_ids(filter: &Filter, descending: bool) -> Option<Self> {
        let conditions = filter.conjunction().into_iter();
        let (first, last) = conditions
            .filter_map(|(field, test)| id_interval(field, test))
            .reduce(|a, b| (a.0.max(b.0), a.1.min(b.1)))?;
        Some(match descending {
            false => Self {
                first: first.to_vec(),
                last: last.to_vec(),
            },
            true => Self {
                first: invert(&last),
                last: invert(&first),
            },
        })
    }
}

/// The codes of the values that pass a condition.
struct Interval {
    first: Vec<u8>,
    /// What no code of them reaches.
    end: Vec<u8>,
    /// Whether all the values of these codes pass.
    exact: bool,
}

fn interval(test: &Test, cut: usize) -> Option<Interval> {
    let interval = |(first, end): (Vec<u8>, Vec<u8>), exact| Some(Interval { first, end, exact });
    match test {
        Test::Gt(value) | Test::Gte(value) | Test::Lt(value) | Test::Lte(value) => {
            if !has_place(value) {
                return None;
            }
            let (first, end) = codes_of_type(value)?;
            let (code, exact) = (code(Some(value), cut), is_exact(Some(value), cut));
            let behind = after(&code)?;
            let span = match test {
                Test::Gt(_) => (if exact { behind } else { code }, end),
                Test::Gte(_) => (code, end),
                Test::Lt(_) => (first, if exact { code } else { behind }),
                _ => (first, behind),
            };
            interval(span, exact)
        }
        Test::StartsWith(start) => {
            let first = string_start(start, cut);
            let end = after(&first)?;
            interval((first, end), start.len() <= cut && !start.contains('\0'))
        }
        Test::In(values) => {
            let codes = || values.iter().map(|value| code(value.as_ref(), cut));
            interval((codes().min()?, after(&codes().max()?)?), false)
        }
        Test::Exists(true) | Test::Ne(None) => interval(codes_of_present(), true),
        _ => None,
    }
}

/// The first and the last id that pass a condition on the id or on the time of creation. Always exact.
fn id_interval(field: &str, test: &Test) -> Option<([u8; 16], [u8; 16])> {
    const FIRST: [u8; 16] = [0; 16];
    const LAST: [u8; 16] = [0xff; 16];
    match (field, test) {
        ("id", Test::Eq(Some(Value::String(id)))) => {
            let id = id.parse::<api::Id>().ok()?.bytes();
            Some((id, id))
        }
        ("createdAt", Test::Gt(Value::String(at))) => Some((first_of(at, 1)?, LAST)),
        ("createdAt", Test::Gte(Value::String(at))) => Some((first_of(at, 0)?, LAST)),
        ("createdAt", Test::Lt(Value::String(at))) => Some((FIRST, before(first_of(at, 0)?))),
        ("createdAt", Test::Lte(Value::String(at))) => Some((FIRST, before(first_of(at, 1)?))),
        ("createdAt", Test::Eq(Some(Value::String(at)))) => {
            Some((first_of(at, 0)?, before(first_of(at, 1)?)))
        }
        _ => None,
    }
}

/// The lowest id of so many milliseconds after a time.
fn first_of(at: &str, millis: u64) -> Option<[u8; 16]> {
    let at = Timestamp::parse(at).filter(|parsed| parsed.to_string() == at)?;
    Some((u128::from(at.millis() + millis) << 80).to_be_bytes())
}

fn before(id: [u8; 16]) -> [u8; 16] {
    u128::from_be_bytes(id).saturating_sub(1).to_be_bytes()
}

/// The refusal of an order that no index keeps.
fn unservable(definition: &Definition, scope: &Scope, has_owner: bool) -> Error {
    let mut choices: Vec<String> = Vec::new();
    for source in sources(definition, scope, has_owner) {
        let fields = source.fields();
        let fields = if fields.is_empty() {
            vec![Order::parse("-createdAt")]
        } else {
            fields
        };
        for order in [fields.clone(), reverse(&fields)] {
            let sign = |order: &Order| if order.descending { "-" } else { "" };
            let words: Vec<String> = order
                .iter()
                .map(|order| format!("{}{}", sign(order), order.field))
                .collect();
            let choice = words.join(",");
            if !choices.contains(&choice) {
                choices.push(choice);
            }
        }
    }
    let message = format!(
        "`sort` must be the order of an index or its full reverse: {}. Fields that the filter gives one value may be \
         left out.",
        choices.join(" or ")
    );
    Error::invalid(vec![Detail::new("sort", "not-indexed", message)])
}

#[cfg(test)]
mod tests {
    use api::query::parse;
    use api::value::compare;
    use api::wire::Record;
    use api::{Id, check};
    use serde_json::{Map, json};

    use super::*;
    use crate::index::encode;
    use crate::index::tests::Random;

    const OWNER: &str = "019a0000-0000-7000-8000-000000000001";

    fn definition() -> Definition {
        let content = r#"{ "name": "items", "ownerField": "owner", "permissions": { "read": "owner" }, "fields": [
            { "name": "owner", "type": "string" }, { "name": "status", "type": "string" },
            { "name": "price", "type": "number" }, { "name": "name", "type": "string" },
            { "name": "done", "type": "boolean" } ],
            "indexes": [ ["price"], ["status", "-createdAt"], ["status", "price"], ["name", "-price"],
                { "fields": ["status", "-createdAt"], "perOwner": true }, ["-done", "name"] ] }"#;
        let checked =
            check::check(&[("items.json".to_owned(), content.to_owned())]).expect("valid");
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
        // What is not for the caller is no choice.
        let error = plan_of(&own(), "sort=price").expect_err("no such order of one's own");
        assert_eq!(
            error.details[0].message,
            "`sort` must be the order of an index or its full reverse: -createdAt or createdAt or status,-createdAt or \
             -status,createdAt. Fields that the filter gives one value may be left out."
        );
    }

    fn value(random: &mut Random) -> Option<Value> {
        match random.below(8) {
            0 => None,
            1 => Some(json!(random.below(2) == 0)),
            2 | 3 => Some(json!(random.below(7))),
            4 => Some(json!(
                "z".repeat(usize::try_from(330 + random.below(5)).expect("small"))
            )),
            5 => Some(json!(
                "z".repeat(usize::try_from(995 + random.below(5)).expect("small"))
            )),
            _ => Some(json!(
                ["", "a", "ab", "b"][usize::try_from(random.below(4)).expect("small")]
            )),
        }
    }

    fn test(random: &mut Random, field: &str) -> Test {
        let at =
            Value::String(Timestamp::from_millis(1_790_000_000_000 + random.below(4)).to_string());
        let some = |random: &mut Random| {
            if field == "createdAt" {
                at.clone()
            } else {
                value(random).unwrap_or(json!(3))
            }
        };
        match random.below(12) {
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
            9 => Test::Exists(random.below(2) == 0),
            10 => Test::StartsWith("z".repeat(
                usize::try_from(random.below(2) * (325 + random.below(12))).expect("small"),
            )),
            _ => Test::Nin(vec![value(random)]),
        }
    }

    fn record(random: &mut Random) -> Record {
        let at = Timestamp::from_millis(1_790_000_000_000 + random.below(5));
        let mut fields: Map<String, Value> = Map::new();
        for name in ["status", "price", "name", "done"] {
            fields.extend(value(random).map(|value| (name.to_owned(), value)));
        }
        let owner = [OWNER, "other"][usize::try_from(random.below(2)).expect("small")];
        fields.insert("owner".to_owned(), json!(owner));
        let bytes = [u8::try_from(random.below(3)).expect("small"); 10];
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

    /// Every plan takes in what the filter lets pass, and without a residual nothing else; its order is the one that
    /// was asked for.
    #[test]
    fn bounds_take_in_all_that_passes() {
        let definition = definition();
        let mut random = Random(11);
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
            let conditions = (0..random.below(4)).map(|_| {
                let field = ["status", "price", "name", "done", "createdAt", "owner"]
                    [usize::try_from(random.below(6)).expect("small")];
                let test = if field == "owner" {
                    Test::Eq(Some(json!(OWNER)))
                } else {
                    test(&mut random, field)
                };
                Filter::Field(field.to_owned(), test)
            });
            let filter = Filter::All(conditions.collect());
            let sort: Vec<Order> = sorts[usize::try_from(random.below(6)).expect("small")]
                .split(',')
                .map(Order::parse)
                .collect();
            let sort = if random.below(2) == 0 {
                reverse(&sort)
            } else {
                sort
            };
            let scope = if random.below(4) == 0 {
                own()
            } else {
                Scope::All
            };
            let sort = (random.below(5) > 0).then_some(sort);
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
}

//! Plans: the index that serves a list, and the range to read. No other place decides this.
//!
//! An index only narrows the range: the filter itself judges every record. So a plan may include too much, and never
//! too little.

use std::cmp::Ordering;

use api::definition::{Index, Order};
use api::query::{Filter, Test};
use api::{Definition, Detail, Error};
use auth::Scope;
use serde_json::Value;

use super::bounds::{Span, id_interval, interval};
use super::order::{Sequence, reverse};
use api::sort_key::{after, beside, code, cut, invert, is_exact};

/// The first and the last key to read; `None` for an open end.
pub(crate) type Range = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The way to read a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The source to read.
    pub source: Source,
    /// The owner whose records alone are read; `None` for the records of every shard.
    pub owner: Option<String>,
    /// Whether it is read backwards.
    pub backward: bool,
    /// The first key that may pass; `None` for the first of all.
    pub lower: Option<Vec<u8>>,
    /// The last key that may pass; `None` for the last of all.
    pub upper: Option<Vec<u8>>,
    /// Whether the range may hold records that fail the filter.
    pub residual: bool,
}

/// The source of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The table: in the order of ids, which is that of time.
    Table,
    /// The index of each owner's records: in the order of ids as well.
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

    /// The number of bytes of a string that count in its order.
    fn cut(&self) -> usize {
        match self {
            Self::Table | Self::ByOwner => 0,
            Self::Declared(index) => cut(index),
        }
    }
}

/// Decides how a list is read. `sort` is the order, newest first where it is empty; `None` for a count, which needs no
/// order.
///
/// # Errors
/// `common/validation-failed` for an order that no index keeps, with the possible orders.
pub fn plan(
    definition: &Definition,
    scope: &Scope,
    sort: Option<&[Order]>,
    filter: &Filter,
) -> Result<Plan, Error> {
    let conditions = filter.conjunction();
    let owner = owner(definition, scope, filter, &conditions);
    // A field with one value in all results does not matter to an order.
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
    /// The name of the index in the answer to `explain`; `table` for the table itself.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.source {
            Source::Table => "table".to_owned(),
            Source::ByOwner => "by_owner".to_owned(),
            Source::Declared(index) => index.name(),
        }
    }

    /// The index and the direction. A cursor is valid for these, beside collection, scope and filter.
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

    /// The order of two keys in this list.
    pub(crate) fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        if self.backward { b.cmp(a) } else { a.cmp(b) }
    }
}

/// The owner whose records alone the list may hold.
fn owner(
    definition: &Definition,
    scope: &Scope,
    filter: &Filter,
    conditions: &[(&str, &Test)],
) -> Option<String> {
    let named = || {
        conditions.iter().find_map(|(field, test)| match test {
            // The key of an index has 1 to 1,024 bytes.
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
        // A record from before the owner field was removed may have another owner than its creator.
        Scope::All if definition.owner_is_declared() => owned(filter).or_else(named),
        Scope::All => owned(filter),
    }
}

/// The owner that the filter itself requires of all records.
fn owned(filter: &Filter) -> Option<String> {
    match filter {
        Filter::Owned(owner) => Some(owner.clone()),
        Filter::All(filters) => filters.iter().find_map(owned),
        _ => None,
    }
}

/// The possible sources of a list with this scope, those without fields first.
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

/// The one value that a condition allows for a field.
fn only_value(test: &Test) -> Option<Option<&Value>> {
    match test {
        Test::Eq(value) => Some(value.as_ref()),
        Test::Exists(false) => Some(None),
        _ => None,
    }
}

/// The plan of a source: its bounds, and its score, most important part first.
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

/// Whether a filter is only conditions joined by "and", apart from a condition on the owner whose records alone are
/// read.
fn is_conjunction(filter: &Filter, owner: Option<&String>) -> bool {
    match filter {
        Filter::All(filters) => filters.iter().all(|filter| is_conjunction(filter, owner)),
        Filter::Owned(of) => owner == Some(of),
        Filter::Field(..) => true,
        _ => false,
    }
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
mod tests;

//! Problems of declared indexes.

use crate::check::problem::Problems;
use crate::definition::{Definition, FieldType, Index, Order, SYSTEM_FIELDS};

/// The most indexes. DynamoDB has room for twenty; the service uses some itself.
const MAX_INDEXES: usize = 15;

/// The most fields of an index.
const MAX_INDEX_FIELDS: usize = 4;

/// How long the name of a table's index may be, in bytes.
const MAX_INDEX_NAME: usize = 255;

/// The problems of a definition's indexes.
pub(super) fn indexes(definition: &Definition) -> Problems {
    let mut problems = Vec::new();
    let indexes = &definition.indexes;
    if indexes.len() > MAX_INDEXES {
        problems.push((
            "indexes".into(),
            format!("{} indexes are more than {MAX_INDEXES}", indexes.len()),
        ));
    }
    for (n, index) in indexes.iter().enumerate() {
        let place = format!("indexes[{n}]");
        let twin = indexes
            .iter()
            .take(n)
            .position(|earlier| serves_the_same(earlier, index));
        let reasons = index_problems(definition, index);
        if let Some(twin) = twin.filter(|_| reasons.is_empty()) {
            let reason = format!(
                "serves the same lists as indexes[{twin}], which is read both ways; leave one out"
            );
            problems.push((place.clone(), reason));
        }
        problems.extend(reasons.into_iter().map(|reason| (place.clone(), reason)));
    }
    problems
}

/// Whether two indexes hold the same order, or one the full reverse of the other.
fn serves_the_same(a: &Index, b: &Index) -> bool {
    let (left, right): (Vec<Order>, Vec<Order>) = (a.order().collect(), b.order().collect());
    let alike = |reversed: bool| {
        let mut pairs = left.iter().zip(&right);
        pairs.all(|(a, b)| a.field == b.field && (a.descending != b.descending) == reversed)
    };
    a.per_owner == b.per_owner && left.len() == right.len() && (alike(false) || alike(true))
}

fn index_problems(definition: &Definition, index: &Index) -> Vec<String> {
    let mut reasons = Vec::new();
    let order: Vec<Order> = index.order().collect();
    if !(1..=MAX_INDEX_FIELDS).contains(&order.len()) {
        reasons.push(format!(
            "an index has 1 to {MAX_INDEX_FIELDS} fields, this one {}",
            order.len()
        ));
    }
    for (n, Order { field: name, .. }) in order.iter().enumerate() {
        let kind = definition.field(name).map(|field| field.kind);
        if name == "id" {
            reasons.push("`id` breaks ties in every index; leave it out".into());
        } else if matches!(kind, Some(FieldType::Object | FieldType::Array)) {
            reasons.push(format!(
                "`{name}` is an object or an array, which have no order"
            ));
        } else if kind.is_none() && !SYSTEM_FIELDS.contains(&name.as_str()) {
            reasons.push(format!(
                "`{name}` is no declared field, nor createdAt, updatedAt or createdBy"
            ));
        } else if order.iter().take(n).any(|earlier| earlier.field == *name) {
            reasons.push(format!("`{name}` is there twice"));
        } else if index.per_owner && name == definition.owner_field() {
            reasons.push(format!(
                "`{name}` is the owner field, and the index is kept per owner already; leave it out"
            ));
        }
    }
    if matches!(order.as_slice(), [only] if only.field == "createdAt")
        && (!index.per_owner || definition.has_owner_index())
    {
        reasons.push("every list can be read by createdAt already; leave this index out".into());
    }
    if index.name().len() > MAX_INDEX_NAME {
        reasons.push(format!(
            "its name on the table would have more than {MAX_INDEX_NAME} bytes; use fewer fields"
        ));
    }
    reasons
}

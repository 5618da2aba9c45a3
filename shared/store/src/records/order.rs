//! Orders in normal form.

use api::definition::Order;

/// An order in normal form. It has no fields with a fixed value. It has no time where the id, which begins with the
/// time, gives the same order.
#[derive(Debug, PartialEq)]
pub(super) struct Sequence {
    fields: Vec<Order>,
    /// Whether records with equal fields have the highest id first.
    ids_descend: bool,
}

impl Sequence {
    pub(super) fn new(order: &[Order], is_fixed: impl Fn(&str) -> bool) -> Self {
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

    pub(super) fn reverse(&self) -> Self {
        Self {
            fields: reverse(&self.fields),
            ids_descend: !self.ids_descend,
        }
    }
}

pub(super) fn reverse(order: &[Order]) -> Vec<Order> {
    order
        .iter()
        .map(|order| Order {
            field: order.field.clone(),
            descending: !order.descending,
        })
        .collect()
}

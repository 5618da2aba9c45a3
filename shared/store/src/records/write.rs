//! Writes as requests to DynamoDB: pure, from the record that was read to the put or update.

use std::collections::BTreeSet;

use api::definition::Index;
use api::event::ActorType;
use api::sort_key::encode;
use api::{Definition, Error, Id};
use auth::Writer;
use auth::terms::OwnerChange;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, Update};

use super::expression::Expression;
use super::index::{self, INDEXED};
use super::operation::{Act, Change};
use super::record::StoredRecord;
use super::tombstone;
use crate::fault::built;
use crate::item::{Item, from_object, id, number, text, time};

impl Change {
    fn touches(&self, definition: &Definition, field: &str) -> bool {
        let replaced =
            self.replace && definition.field(field).is_some() && field != definition.owner_field();
        replaced
            || self.fields.contains_key(field)
            || self.removed.iter().any(|removed| removed == field)
    }

    /// The sort keys of the indexes that this change touches, where it contains all of their fields.
    fn index_keys(
        &self,
        definition: &Definition,
        record: Id,
        writer: &Writer,
    ) -> Vec<(String, AttributeValue)> {
        let told = StoredRecord {
            id: record,
            owner: None,
            created_by: None,
            created_at: record.created_at(),
            updated_at: writer.now,
            rev: String::new(),
            fields: self.fields.clone(),
        };
        let touched = definition.indexes.iter().filter(|index| {
            index
                .order()
                .any(|order| order.field == "updatedAt" || self.touches(definition, &order.field))
        });
        keys_of(definition, touched, told)
    }
}

/// The sort keys of every index for a record.
pub(crate) fn index_keys(
    definition: &Definition,
    record: &StoredRecord,
) -> Vec<(String, AttributeValue)> {
    if definition.indexes.is_empty() {
        return Vec::new();
    }
    keys_of(definition, definition.indexes.iter(), record.clone())
}

fn keys_of<'a>(
    definition: &Definition,
    indexes: impl Iterator<Item = &'a Index>,
    record: StoredRecord,
) -> Vec<(String, AttributeValue)> {
    let record = record.wire(definition);
    indexes
        .map(|one| (one.name(), AttributeValue::B(encode(one, &record).into())))
        .collect()
}

/// A put of a new record.
pub(crate) fn put(
    definition: &Definition,
    table: String,
    record: &StoredRecord,
    writer: &Writer,
) -> Result<Put, Error> {
    let mut item = Item::from([
        ("shard".to_owned(), number(record.id.shard())),
        ("id".to_owned(), id(record.id)),
        ("created_at".to_owned(), time(record.created_at)),
        ("updated_at".to_owned(), time(record.updated_at)),
        ("rev".to_owned(), text(&record.rev)),
        ("actor".to_owned(), actor(writer)),
        ("data".to_owned(), from_object(record.fields.clone())),
    ]);
    item.extend(
        record
            .owner
            .as_ref()
            .map(|owner| ("owner".to_owned(), text(owner))),
    );
    item.extend(
        record
            .created_by
            .map(|user| ("created_by".to_owned(), id(user))),
    );
    item.extend(index_keys(definition, record));
    let names = index::names(definition);
    if !names.is_empty() {
        item.insert(INDEXED.to_owned(), AttributeValue::Ss(names));
    }
    Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#id)")
        .expression_attribute_names("#id", "id")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(built)
}

/// An update or a delete, on condition of the revision that was read, or without a read on its terms alone. `None` for
/// a create.
pub(crate) fn update(
    definition: &Definition,
    table: String,
    act: &Act<'_>,
    old: Option<&StoredRecord>,
    writer: &Writer,
) -> Result<Option<Update>, Error> {
    let Some(terms) = act.terms() else {
        return Ok(None);
    };
    let mut expression = match old {
        // The judged record must be the written one.
        Some(old) => Expression::of_revision(&old.rev),
        None => Expression::on(terms),
    };
    expression.set("rev", text(&writer.rev));
    expression.set("actor", actor(writer));
    match act {
        Act::Create(_) => return Ok(None),
        Act::Update(record, terms, change) => {
            expression.set("updated_at", time(writer.now));
            let new = old.and_then(|old| act.after(Some(old), writer));
            expression.change(change, new.as_ref().map(|new| &new.fields));
            match &terms.owner {
                OwnerChange::Set(Some(owner)) => expression.set("owner", text(owner)),
                OwnerChange::Set(None) => expression.remove("owner"),
                OwnerChange::Keep | OwnerChange::MustBe(_) => {}
            }
            let keys = match new {
                Some(new) => index_keys(definition, &new),
                None => change.index_keys(definition, *record, writer),
            };
            for (name, key) in keys {
                expression.set(&name, key);
            }
        }
        Act::Delete(..) => {
            expression.set("deleted_at", time(writer.now));
            expression.set(
                "expires_at",
                number(writer.now.seconds().saturating_add(tombstone::LIFE)),
            );
            let indexes: BTreeSet<String> = definition.indexes.iter().map(Index::name).collect();
            for name in ["data", "owner"]
                .into_iter()
                .chain(indexes.iter().map(String::as_str))
            {
                expression.remove(name);
            }
        }
    }
    let update = Update::builder()
        .table_name(table)
        .key("shard", number(act.id().shard()))
        .key("id", id(act.id()))
        .update_expression(expression.update())
        .condition_expression(expression.condition())
        .set_expression_attribute_names(Some(expression.names))
        .set_expression_attribute_values(Some(expression.values))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    update.build().map(Some).map_err(built)
}

/// The attribute that names the writer of a record.
fn actor(writer: &Writer) -> AttributeValue {
    let mut actor = Item::from([("request_id".to_owned(), text(&writer.request_id))]);
    actor.extend(writer.user.map(|user| ("user_id".to_owned(), id(user))));
    actor.extend(
        writer
            .role
            .as_ref()
            .map(|role| ("role".to_owned(), text(role))),
    );
    actor.extend(writer.key.map(|key| ("key_id".to_owned(), id(key))));
    let impersonator = writer.impersonator.map(id);
    actor.extend(impersonator.map(|admin| ("impersonator".to_owned(), admin)));
    // A key without a user is a server, or names the app of a stranger. An operator has neither.
    if (writer.key.is_some() && writer.user.is_none()) || writer.by == ActorType::Cli {
        actor.insert("by".to_owned(), text(writer.by.as_str()));
    }
    let ip = &writer.client.ip;
    if writer.keeps_address && !ip.is_empty() {
        actor.insert("ip".to_owned(), text(ip));
    }
    if let Some((trigger, depth)) = &writer.trigger {
        actor.extend([
            ("by".to_owned(), text(writer.by.as_str())),
            ("trigger".to_owned(), text(trigger)),
            ("depth".to_owned(), number(*depth)),
        ]);
    }
    AttributeValue::M(actor)
}

#[cfg(test)]
mod tests;

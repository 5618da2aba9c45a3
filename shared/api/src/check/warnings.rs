//! Warnings about definitions that are allowed.

use crate::check::problem::Problems;
use crate::definition::{Definition, Field, Operation};
use crate::rule::Rule;

/// The warnings about a definition that is allowed.
pub(super) fn definition_warnings(definition: &Definition) -> Problems {
    let mut warnings = Vec::new();
    let name = &definition.name;
    if let Some(operations) = open_to_strangers(definition) {
        warnings.push((
            "permissions".to_owned(),
            format!("strangers may {operations} records of `{name}`"),
        ));
    }
    for (index, field) in definition
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.unique)
    {
        let whom = if writers_may_not_list(definition) {
            "may not list"
        } else if !definition.row_filters.is_empty() && anyone_writes(definition) {
            "do not see that record"
        } else if writers_may_not_read(definition, field) {
            "may not read it"
        } else {
            continue;
        };
        let told = format!(
            "a refused `{}` tells that some record of `{name}` has it",
            field.name
        );
        warnings.push((
            format!("fields[{index}].unique"),
            format!("{told}, also to those who {whom}"),
        ));
    }
    if definition.rule(Operation::Create).is_public() {
        for index in definition
            .indexes
            .iter()
            .enumerate()
            .filter(|(_, index)| index.per_owner)
            .map(|(n, _)| n)
        {
            let reason =
                "records that strangers create have no owner and are not in this index".to_owned();
            warnings.push((format!("indexes[{index}].perOwner"), reason));
        }
    }
    warnings
}

/// The operations that strangers may write with, as words.
fn open_to_strangers(definition: &Definition) -> Option<String> {
    let open = [
        (Operation::Create, "create"),
        (Operation::Update, "update"),
        (Operation::Delete, "delete"),
    ];
    // Strangers may not change a record that they may not read.
    let readable = definition.rule(Operation::Read).is_public();
    let open = open.iter().filter(|(operation, _)| {
        definition.rule(*operation).is_public() && (readable || *operation == Operation::Create)
    });
    let words: Vec<&str> = open.map(|(_, word)| *word).collect();
    (!words.is_empty()).then(|| words.join(" and "))
}

/// Whether anyone but admins may set a value.
fn anyone_writes(definition: &Definition) -> bool {
    [Operation::Create, Operation::Update]
        .iter()
        .any(|operation| !definition.rule(*operation).is_admin())
}

/// Whether a caller who may not see every record may set a value.
fn writers_may_not_list(definition: &Definition) -> bool {
    let mut writers = [Operation::Create, Operation::Update]
        .map(|operation| definition.rule(operation))
        .into_iter();
    match definition.rule(Operation::List) {
        rule if rule.is_public() => false,
        rule if [Rule::authenticated(), Rule::verified()].contains(rule) => {
            writers.any(|writer| !writer.of_creator().implies(rule))
        }
        _ => writers.any(|rule| !rule.is_admin()),
    }
}

/// Whether a caller who may not see a field in every record may set its value.
fn writers_may_not_read(definition: &Definition, field: &Field) -> bool {
    let writers =
        [Operation::Create, Operation::Update].map(|operation| definition.rule(operation));
    writers.into_iter().any(|rule| {
        let writers = rule.clone().and(&field.write);
        !(if field.read.names_owner() {
            writers.is_admin()
        } else {
            writers.of_creator().implies(&field.read)
        })
    })
}

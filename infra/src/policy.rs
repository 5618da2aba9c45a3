//! The policy of a function: single actions on single tables and indexes.

mod arn;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use api::Definition;
use api::consumers::{Serves, WORKERS, Worker};
use api::endpoints::{Action, Entry, Right, Table};
use api::settings::PROVIDER;
use api::tables::{self, SystemTable};
use api::trigger::Trigger;
use serde::Serialize;

use self::arn::Arn;
use self::statement::Condition;
pub use self::statement::Statement;

/// Up to this many collections a policy names each table; with more it would not fit.
pub const MAX_NAMED_COLLECTIONS: usize = 30;

/// The size that IAM allows for the inline policies of a role, in characters without white space.
pub const MAX_POLICY: usize = 10_240;

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    /// The statements.
    pub statement: Vec<Statement>,
}

/// The targets of grants that are not system tables.
#[derive(Clone, Copy, Debug)]
pub struct Targets<'a> {
    /// The collections.
    pub collections: &'a [&'a Definition],
    /// The triggers, which say what their code reads and writes.
    pub triggers: &'a [Trigger],
}

/// The policy of an endpoint, or `None` where it touches nothing.
///
/// # Errors
/// It is longer than IAM allows.
pub fn policy(entry: &Entry, collections: &[&Definition]) -> Result<Option<Policy>, String> {
    let granted = entry.granted().collect();
    let targets = Targets {
        collections,
        triggers: &[],
    };
    fitting(
        entry.name,
        granted,
        beyond(entry.rights, WORKERS, None),
        targets,
    )
}

/// The policy of a worker of this page.
///
/// # Errors
/// It is longer than IAM allows.
pub fn worker_policy(
    worker: &Worker,
    page: &[&Worker],
    mail_from: Option<&str>,
    targets: Targets<'_>,
) -> Result<Option<Policy>, String> {
    let granted: BTreeSet<(Action, Table)> = worker.access.iter().copied().collect();
    let mut rights = beyond(worker.rights, page, mail_from);
    if worker.source.is_stream() {
        let reads = [
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ];
        rights.push(Statement::allow(&reads, vec![Arn::EveryStream]));
        // Lambda keeps lost records with the function's own rights.
        rights.push(Statement::allow(
            &["s3:ListBucket", "s3:PutObject"],
            vec![Arn::Lost, Arn::LostObjects],
        ));
    }
    if worker.serves == Some(Serves::Triggers) {
        rights.extend(others_deliveries(&granted));
    }
    fitting(worker.name, granted, rights, targets)
}

/// The denials that leave the deliveries of triggers to the function that runs the owner's code, and those alone.
fn others_deliveries(granted: &BTreeSet<(Action, Table)>) -> [Statement; 2] {
    let actions: BTreeSet<Action> = granted
        .iter()
        .filter(|(_, table)| *table == Table::Deliveries)
        .map(|(action, _)| *action)
        .collect();
    let deliveries = vec![Arn::system_table(&tables::DELIVERIES)];
    ["webhook:", tables::CONSUMERS]
        .map(|start| Statement::new("Deny", &actions, deliveries.clone()).of_items(start))
}

/// The statements of rights beyond the tables.
fn beyond(rights: &[Right], page: &[&Worker], mail_from: Option<&str>) -> Vec<Statement> {
    let woken = page.iter().filter(|worker| worker.source.is_woken());
    let woken: Vec<Arn> = woken.map(|worker| Arn::Worker(worker.name)).collect();
    rights
        .iter()
        .map(|right| match right {
            Right::WakeWorkers => Statement::allow(&["lambda:InvokeFunction"], woken.clone()),
            Right::PutEvents => Statement::allow(&["events:PutEvents"], vec![Arn::Bus]),
            Right::SendMail => sending(mail_from),
        })
        .filter(|statement| !statement.resource.is_empty())
        .collect()
}

/// The right to send mails from one address, by the identity of its domain or its own, and by the stack's configuration set.
fn sending(mail_from: Option<&str>) -> Statement {
    let Some(from) = mail_from else {
        return Statement::allow(&[], Vec::new());
    };
    let domain = from.rsplit_once('@').map_or(from, |(_, domain)| domain);
    let identities = [domain, from].map(|name| Arn::Sender(name.to_owned()));
    let resource = identities.into_iter().chain([Arn::ConfigurationSet]);
    Statement {
        condition: Some(Condition::From(from.to_owned())),
        ..Statement::allow(&["ses:SendEmail"], resource.collect())
    }
}

/// The policy of these grants and rights, or `None` without any.
fn fitting(
    name: &str,
    mut granted: BTreeSet<(Action, Table)>,
    rights: Vec<Statement>,
    targets: Targets<'_>,
) -> Result<Option<Policy>, String> {
    let mut policy = Policy::of(&granted, &rights, targets);
    if policy.length() > MAX_POLICY {
        // Naming some of the collections twice is longer than naming all of them once.
        let all = |(action, table)| match table {
            Table::IndexedRecords
            | Table::RelatedRecords
            | Table::UniqueRecords
            | Table::FilteredRecords
            | Table::RelatedFilteredRecords => (action, Table::Records),
            _ => (action, table),
        };
        granted = granted.into_iter().map(all).collect();
        policy = Policy::of(&granted, &rights, targets);
    }
    let length = policy.length();
    if length > MAX_POLICY {
        return Err(format!(
            "The policy of {name} would have {length} characters, IAM allows {MAX_POLICY}: give the collections shorter \
             names or have fewer of them."
        ));
    }
    Ok(Some(policy).filter(|policy| !policy.statement.is_empty()))
}

impl Policy {
    /// Each table is named once, and each set of actions.
    fn of(granted: &BTreeSet<(Action, Table)>, rights: &[Statement], targets: Targets<'_>) -> Self {
        let mut allowed: BTreeMap<Vec<Arn>, BTreeSet<Action>> = BTreeMap::new();
        for &(action, table) in granted {
            let resource = resources(table, targets);
            if !resource.is_empty() {
                allowed.entry(resource).or_default().insert(action);
            }
        }
        let needed = |action, system: &SystemTable| {
            granted
                .iter()
                .any(|(granted, table)| *granted == action && table.system() == Some(system))
        };
        let needed_on_indexes = |action, system: &SystemTable| {
            granted
                .iter()
                .any(|(granted, table)| *granted == action && table.indexes_of() == Some(system))
        };
        // The prefix covers the system tables as well, and their indexes.
        let mut denied: BTreeMap<BTreeSet<Action>, Vec<Arn>> = BTreeMap::new();
        let everywhere = allowed
            .get(&vec![Arn::EveryTable])
            .cloned()
            .unwrap_or_default();
        let indexed = allowed
            .get(&vec![Arn::EveryIndex])
            .cloned()
            .unwrap_or_default();
        for system in tables::ALL {
            let actions: BTreeSet<Action> = everywhere
                .iter()
                .copied()
                .filter(|action| !needed(*action, system))
                .collect();
            if !actions.is_empty() {
                denied
                    .entry(actions)
                    .or_default()
                    .push(Arn::system_table(system));
            }
            let on_indexes: BTreeSet<Action> = indexed
                .iter()
                .copied()
                .filter(|action| !needed_on_indexes(*action, system))
                .collect();
            if !system.indexes.is_empty() && !on_indexes.is_empty() {
                denied
                    .entry(on_indexes)
                    .or_default()
                    .push(Arn::system_indexes(system));
            }
        }
        // A password hash is for the endpoints that need it, action by action, and so is the secret of a provider.
        let kept = [
            (Table::Identities, &tables::USERS, tables::IDENTITIES),
            (Table::Providers, &tables::CONFIGURATION, PROVIDER),
        ];
        let kept = kept.map(|(items, table, start)| {
            let table = vec![Arn::system_table(table)];
            let actions = allowed.get(&table).into_iter().flatten().copied();
            let actions: BTreeSet<Action> = actions
                .filter(|action| !granted.contains(&(*action, items)))
                .collect();
            (!actions.is_empty()).then(|| Statement::new("Deny", &actions, table).of_items(start))
        });
        let mut merged: BTreeMap<BTreeSet<Action>, Vec<Arn>> = BTreeMap::new();
        for (resource, actions) in allowed {
            merged.entry(actions).or_default().extend(resource);
        }
        let allow = merged
            .into_iter()
            .map(|(actions, resource)| Statement::new("Allow", &actions, resource));
        let deny = denied
            .into_iter()
            .map(|(actions, resource)| Statement::new("Deny", &actions, resource));
        Self {
            version: "2012-10-17",
            statement: allow
                .chain(deny)
                .chain(kept.into_iter().flatten())
                .chain(rights.iter().cloned())
                .collect(),
        }
    }

    /// Its length once deployed, as compact JSON.
    fn length(&self) -> usize {
        r#"{"Version":"2012-10-17","Statement":[]}"#.len()
            + self.statement.iter().map(Statement::length).sum::<usize>()
    }
}

/// The ARNs that `table` means among these collections.
fn resources(
    table: Table,
    Targets {
        collections,
        triggers,
    }: Targets<'_>,
) -> Vec<Arn> {
    let is_written = |it: &Definition| {
        triggers
            .iter()
            .any(|trigger| trigger.writes.contains(&it.name))
    };
    let is_read = |it: &Definition| {
        is_written(it)
            || triggers
                .iter()
                .any(|trigger| trigger.reads.contains(&it.name))
    };
    let written = collections.iter().filter(|it| is_written(it));
    let of_written: BTreeSet<&str> = written.flat_map(|from| from.related()).collect();
    let targets: BTreeSet<&str> = collections.iter().flat_map(|from| from.related()).collect();
    let is_unique = |it: &Definition| it.fields.iter().any(|field| field.unique);
    let is_filtered = |it: &Definition| !it.row_filters.is_empty();
    let is_related = |it: &Definition| targets.contains(it.name.as_str());
    let all = |has: &dyn Fn(&Definition) -> bool,
               one: fn(String, String) -> Arn,
               every: Arn|
     -> Vec<Arn> {
        let named: Vec<_> = collections
            .iter()
            .filter(|it| has(it))
            .map(|it| Arn::of(it))
            .collect();
        if named.len() > MAX_NAMED_COLLECTIONS {
            return vec![every];
        }
        named.into_iter().map(|(id, name)| one(id, name)).collect()
    };
    match table {
        Table::Records => all(&|_| true, Arn::Table, Arn::EveryTable),
        Table::RecordsIndexes => all(
            &|it| it.has_owner_index() || !it.indexes.is_empty(),
            Arn::Indexes,
            Arn::EveryIndex,
        ),
        Table::IndexedRecords => all(&|it| !it.indexes.is_empty(), Arn::Table, Arn::EveryTable),
        Table::RelatedRecords => all(&is_related, Arn::Table, Arn::EveryTable),
        Table::FilteredRecords => all(&is_filtered, Arn::Table, Arn::EveryTable),
        Table::RelatedFilteredRecords => all(
            &|it| is_filtered(it) && is_related(it),
            Arn::Table,
            Arn::EveryTable,
        ),
        Table::UniqueRecords => all(&is_unique, Arn::Table, Arn::EveryTable),
        Table::TriggerReads => all(&is_read, Arn::Table, Arn::EveryTable),
        Table::TriggerIndexes => all(
            // A trigger lists as an admin does, and admins find records by a declared owner alone.
            &|it| {
                let by_owner = it.has_owner_index() && it.owner_is_declared();
                is_read(it) && (by_owner || !it.indexes.is_empty())
            },
            Arn::Indexes,
            Arn::EveryIndex,
        ),
        Table::TriggerWrites => all(&is_written, Arn::Table, Arn::EveryTable),
        Table::TriggerRelated => all(
            &|it| of_written.contains(it.name.as_str()),
            Arn::Table,
            Arn::EveryTable,
        ),
        Table::TriggerRelatedUsers if !of_written.contains("users") => Vec::new(),
        Table::RelatedUsers if !targets.contains("users") => Vec::new(),
        system => {
            let indexes = system.indexes_of().map(Arn::system_indexes);
            system
                .system()
                .map(Arn::system_table)
                .into_iter()
                .chain(indexes)
                .collect()
        }
    }
}

#[cfg(test)]
mod tests;

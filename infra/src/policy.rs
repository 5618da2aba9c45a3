//! What a function may do to which table: single actions on single tables and indexes.

use std::collections::BTreeSet;

use api::Definition;
use api::endpoints::{Action, Entry, Table};
use serde::{Serialize, Serializer};
use serde_yaml_ng::Value;

use crate::names;
use crate::template::{get_att, sub};

/// Up to so many collections a policy names each table; beyond, it would not fit.
pub const MAX_NAMED_COLLECTIONS: usize = 30;

/// What IAM lets the inline policies of a role hold, in characters without white space.
pub const MAX_POLICY: usize = 10_240;

/// For how long a stack name a policy must still fit.
const STACK_NAME: usize = 32;

/// The system tables with their names.
pub const SYSTEM_TABLES: [(Table, &str); 3] =
    [(Table::Users, "_users"), (Table::Sessions, "_sessions"), (Table::Settings, "_settings")];

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    /// The statements.
    pub statement: Vec<Statement>,
}

/// One action on the resources it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    effect: &'static str,
    action: String,
    resource: Vec<Arn>,
}

/// A table, an index, or all tables of the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Arn {
    /// The table with this logical id and name.
    Table(String, String),
    /// Every index of that table.
    Indexes(String, String),
    /// Every table whose name starts with the stack's.
    EveryTable,
    /// Every index of every such table.
    EveryIndex,
}

impl Arn {
    fn of(collection: &Definition) -> (String, String) {
        (names::collection(&collection.name), collection.name.clone())
    }

    /// As the template writes it.
    fn intrinsic(&self) -> Value {
        let every = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-*";
        match self {
            Self::Table(id, _) => get_att(id, "Arn"),
            Self::Indexes(id, _) => sub(&format!("${{{id}.Arn}}/index/*")),
            Self::EveryTable => sub(every),
            Self::EveryIndex => sub(&format!("{every}/index/*")),
        }
    }

    /// How long it is once deployed, where partition and region have long names.
    fn length(&self) -> usize {
        let table = "arn:aws-us-gov:dynamodb:ap-southeast-1:123456789012:table/-".len() + STACK_NAME;
        match self {
            Self::Table(_, name) => table + name.len(),
            Self::Indexes(_, name) => table + name.len() + "/index/*".len(),
            Self::EveryTable => table + 1,
            Self::EveryIndex => table + 1 + "/index/*".len(),
        }
    }
}

impl Serialize for Arn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.intrinsic().serialize(serializer)
    }
}

impl Statement {
    fn new(effect: &'static str, action: Action, resource: Vec<Arn>) -> Self {
        Self { effect, action: format!("dynamodb:{}", action.as_str()), resource }
    }

    /// How long it is once deployed, as compact JSON.
    fn length(&self) -> usize {
        let frame = r#"{"Effect":"","Action":"","Resource":[]},"#.len();
        let resources: usize = self.resource.iter().map(|arn| arn.length() + r#""","#.len()).sum();
        frame + self.effect.len() + self.action.len() + resources
    }
}

/// The policy of an endpoint, or `None` where it touches no table.
///
/// # Errors
/// It is longer than IAM allows.
pub fn policy(entry: &Entry, collections: &[&Definition]) -> Result<Option<Policy>, String> {
    let granted: BTreeSet<(Action, Table)> = entry.access.iter().copied().collect();
    let mut statement = Vec::new();
    for &(action, table) in &granted {
        let resource = resources(table, collections);
        if resource.is_empty() {
            continue;
        }
        let every = resource.contains(&Arn::EveryTable);
        statement.push(Statement::new("Allow", action, resource));
        if every {
            // The prefix covers the system tables as well.
            let needed = |system: Table| {
                let related = system == Table::Users && granted.contains(&(action, Table::RelatedUsers));
                related || granted.contains(&(action, system))
            };
            let others = SYSTEM_TABLES.iter().filter(|(system, _)| !needed(*system));
            let denied: Vec<Arn> = others.filter_map(|(system, _)| system_table(*system)).collect();
            if !denied.is_empty() {
                statement.push(Statement::new("Deny", action, denied));
            }
        }
    }
    if statement.is_empty() {
        return Ok(None);
    }
    let frame = r#"{"Version":"2012-10-17","Statement":[]}"#.len();
    let length = frame + statement.iter().map(Statement::length).sum::<usize>();
    if length > MAX_POLICY {
        return Err(format!(
            "The policy of {} would have {length} characters, IAM allows {MAX_POLICY}: give the collections shorter \
             names or have fewer of them.",
            entry.name
        ));
    }
    Ok(Some(Policy { version: "2012-10-17", statement }))
}

/// What `table` stands for among these collections.
fn resources(table: Table, collections: &[&Definition]) -> Vec<Arn> {
    let targets: BTreeSet<&str> = collections
        .iter()
        .flat_map(|from| from.fields.iter().filter_map(|field| field.collection.as_deref()))
        .collect();
    let all = |has: &dyn Fn(&Definition) -> bool, one: fn(String, String) -> Arn, every: Arn| -> Vec<Arn> {
        let named: Vec<_> = collections.iter().filter(|it| has(it)).map(|it| Arn::of(it)).collect();
        if named.len() > MAX_NAMED_COLLECTIONS {
            return vec![every];
        }
        named.into_iter().map(|(id, name)| one(id, name)).collect()
    };
    match table {
        Table::Records => all(&|_| true, Arn::Table, Arn::EveryTable),
        Table::RecordsIndexes => {
            all(&|it| it.has_owner_index() || !it.indexes.is_empty(), Arn::Indexes, Arn::EveryIndex)
        }
        Table::RelatedRecords => all(&|it| targets.contains(it.name.as_str()), Arn::Table, Arn::EveryTable),
        Table::UniqueRecords => all(&|it| it.fields.iter().any(|field| field.unique), Arn::Table, Arn::EveryTable),
        Table::RelatedUsers if !targets.contains("users") => Vec::new(),
        Table::RelatedUsers => system_table(Table::Users).into_iter().collect(),
        system => system_table(system).into_iter().collect(),
    }
}

fn system_table(table: Table) -> Option<Arn> {
    let (_, name) = SYSTEM_TABLES.iter().find(|(system, _)| *system == table)?;
    Some(Arn::Table(names::system_table(name), (*name).to_owned()))
}

#[cfg(test)]
mod tests {
    use api::endpoints::{Endpoint, Guard, Login, RecordsGet, RecordsList};
    use serde_json::{Value as Json, json};

    use super::*;

    fn definition(name: &str, read: &str, kind: &str) -> Definition {
        let field = if kind == "relation" {
            json!({ "name": "who", "type": kind, "collection": "users" })
        } else {
            json!({ "name": "who", "type": kind })
        };
        serde_json::from_value(json!({ "name": name, "fields": [field], "permissions": { "read": read } }))
            .expect("a definition")
    }

    fn statements(entry: &Entry, definitions: &[Definition]) -> Vec<Json> {
        let collections: Vec<&Definition> = definitions.iter().collect();
        let policy = policy(entry, &collections).expect("fits").expect("some access");
        policy.statement.iter().map(|statement| serde_json::to_value(statement).expect("serializable")).collect()
    }

    fn allow(action: &str, resource: Json) -> Json {
        json!({ "Effect": "Allow", "Action": format!("dynamodb:{action}"), "Resource": resource })
    }

    fn arn(id: &str) -> Json {
        json!({ "Fn::GetAtt": [id, "Arn"] })
    }

    #[test]
    fn login_touches_three_system_tables() {
        assert_eq!(
            statements(Login::ENTRY, &[definition("posts", "public", "string")]),
            [
                allow("GetItem", json!([arn("UsersTable")])),
                allow("GetItem", json!([arn("SettingsTable")])),
                allow("PutItem", json!([arn("SessionsTable")])),
                allow("PutItem", json!([arn("SettingsTable")])),
                allow("UpdateItem", json!([arn("UsersTable")])),
            ]
        );
    }

    #[test]
    fn a_list_queries_tables_and_only_the_indexes_that_exist() {
        let definitions = [definition("notes", "owner", "string"), definition("posts", "public", "string")];
        assert_eq!(
            statements(RecordsList::ENTRY, &definitions),
            [
                allow("GetItem", json!([arn("SettingsTable")])),
                allow("BatchGetItem", json!([arn("UsersTable")])),
                allow("BatchGetItem", json!([arn("SessionsTable")])),
                allow("Query", json!([arn("NotesCollection"), arn("PostsCollection")])),
                allow("Query", json!([{ "Fn::Sub": "${NotesCollection.Arn}/index/*" }])),
            ]
        );
        let indexes = statements(RecordsList::ENTRY, &definitions[1..]);
        assert!(!json!(indexes).to_string().contains("/index/"), "{indexes:?}");
    }

    fn entry(access: &'static [(Action, Table)]) -> Entry {
        Entry {
            name: "some",
            doc: "",
            methods: &[],
            path: "$default",
            guard: Guard::Open,
            access,
            status: 404,
            errors: &[],
        }
    }

    #[test]
    fn beyond_thirty_collections_a_prefix_stands_for_all_and_denies_the_system_tables() {
        let definitions: Vec<Definition> =
            (0..31).map(|number| definition(&format!("c{number}"), "owner", "string")).collect();
        let every = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-*";
        let list = statements(RecordsList::ENTRY, &definitions);
        assert_eq!(
            list[3..],
            [
                allow("Query", json!([{ "Fn::Sub": every }])),
                json!({ "Effect": "Deny", "Action": "dynamodb:Query",
                        "Resource": [arn("UsersTable"), arn("SessionsTable"), arn("SettingsTable")] }),
                allow("Query", json!([{ "Fn::Sub": format!("{every}/index/*") }])),
            ]
        );
        // A deny outweighs every allow, so what the endpoint needs itself is left out of it.
        let get = statements(RecordsGet::ENTRY, &definitions);
        assert!(get.contains(&allow("GetItem", json!([arn("SettingsTable")]))));
        assert!(get.contains(&json!({ "Effect": "Deny", "Action": "dynamodb:GetItem",
                                      "Resource": [arn("UsersTable"), arn("SessionsTable")] })));
        assert_eq!(json!(statements(RecordsGet::ENTRY, &definitions[..30])).to_string().matches("Deny").count(), 0);
    }

    #[test]
    fn a_policy_that_iam_would_refuse_is_refused() {
        let long = "x".repeat(62);
        let definitions: Vec<Definition> =
            (10..40).map(|number| definition(&format!("{long}{number}"), "owner", "string")).collect();
        let collections: Vec<&Definition> = definitions.iter().collect();
        let error = policy(RecordsList::ENTRY, &collections).expect_err("refused");
        assert!(error.starts_with("The policy of records-list would have 1") && !error.contains('\n'), "{error}");
        assert_eq!(policy(RecordsList::ENTRY, &collections[..20]).map(|policy| policy.is_some()), Ok(true));
    }

    #[test]
    fn no_access_is_no_policy() {
        assert_eq!(policy(&entry(&[]), &[]), Ok(None));
    }
}

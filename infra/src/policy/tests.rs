//! Policies of endpoints and collections.

use api::endpoints::{Endpoint, Health, Login, RecordsGet, RecordsList};
use serde_json::{Value as Json, json};

use super::*;

fn definition(name: &str, read: &str, kind: &str) -> Definition {
    let field = if kind == "relation" {
        json!({ "name": "who", "type": kind, "collection": "users" })
    } else {
        json!({ "name": "who", "type": kind })
    };
    serde_json::from_value(
        json!({ "name": name, "fields": [field], "permissions": { "read": read } }),
    )
    .expect("a definition")
}

fn statements(entry: &Entry, definitions: &[Definition]) -> Vec<Json> {
    let collections: Vec<&Definition> = definitions.iter().collect();
    let policy = policy(entry, &collections)
        .expect("fits")
        .expect("some access");
    policy
        .statement
        .iter()
        .map(|statement| serde_json::to_value(statement).expect("serializable"))
        .collect()
}

fn statement(effect: &str, actions: &[&str], resource: Json) -> Json {
    let actions: Vec<String> = actions
        .iter()
        .map(|action| format!("dynamodb:{action}"))
        .collect();
    json!({ "Effect": effect, "Action": actions, "Resource": resource })
}

/// The denial of the items with password hashes.
fn no_hashes(actions: &[&str]) -> Json {
    let mut denied = statement("Deny", actions, json!([arn("UsersTable")]));
    denied["Condition"] =
        json!({ "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["email#*"] } });
    denied
}

fn allow(action: &str, resource: Json) -> Json {
    statement("Allow", &[action], resource)
}

fn arn(id: &str) -> Json {
    json!({ "Fn::GetAtt": [id, "Arn"] })
}

#[test]
fn login_touches_system_tables_alone() {
    assert_eq!(
        statements(Login::ENTRY, &[definition("posts", "public", "string")]),
        [
            statement(
                "Allow",
                &["GetItem", "PutItem", "UpdateItem", "DeleteItem"],
                json!([arn("ThrottleTable")])
            ),
            statement(
                "Allow",
                &["GetItem", "UpdateItem"],
                json!([arn("SettingsTable"), arn("UsersTable")])
            ),
            allow("BatchGetItem", json!([arn("ApiKeysTable")])),
            allow("PutItem", json!([arn("SessionsTable")])),
            statement(
                "Allow",
                &["PutItem", "UpdateItem"],
                json!([arn("MailTable")])
            ),
        ]
    );
}

#[test]
fn a_list_queries_tables_and_only_the_indexes_that_exist() {
    let definitions = [
        definition("notes", "owner", "string"),
        definition("posts", "public", "string"),
    ];
    assert_eq!(
        statements(RecordsList::ENTRY, &definitions),
        [
            allow("GetItem", json!([arn("SettingsTable")])),
            allow(
                "BatchGetItem",
                json!([arn("ApiKeysTable"), arn("SessionsTable"), arn("UsersTable")])
            ),
            allow(
                "Query",
                json!([arn("NotesCollection"), arn("PostsCollection"),
                                  { "Fn::Sub": "${NotesCollection.Arn}/index/*" }])
            ),
            no_hashes(&["BatchGetItem"]),
        ]
    );
    let indexes = statements(RecordsList::ENTRY, &definitions[1..]);
    assert!(
        !json!(indexes).to_string().contains("/index/"),
        "{indexes:?}"
    );
}

#[test]
fn beyond_thirty_collections_a_prefix_stands_for_all_and_denies_the_system_tables() {
    let definitions: Vec<Definition> = (0..31)
        .map(|number| definition(&format!("c{number}"), "owner", "string"))
        .collect();
    let every =
        "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-*";
    let list = statements(RecordsList::ENTRY, &definitions);
    let system = |ids: &[&str]| json!(ids.iter().map(|id| arn(id)).collect::<Vec<_>>());
    assert_eq!(
        list[2..],
        [
            allow(
                "Query",
                json!([{ "Fn::Sub": every }, { "Fn::Sub": format!("{every}/index/*") }])
            ),
            statement(
                "Deny",
                &["Query"],
                json!([
                    arn("UsersTable"),
                    { "Fn::Sub": "${UsersTable.Arn}/index/*" },
                    arn("SessionsTable"),
                    arn("SettingsTable"),
                    arn("ThrottleTable"),
                    arn("ApiKeysTable"),
                    arn("EventsTable"),
                    arn("DeliveriesTable"),
                    arn("AuditTable"),
                    { "Fn::Sub": "${AuditTable.Arn}/index/*" },
                    arn("ConfigurationTable"),
                    arn("MailTable"),
                    arn("InvitationsTable"),
                ])
            ),
            no_hashes(&["BatchGetItem"]),
        ]
    );
    // A deny outweighs every allow, so the endpoint's own needs are left out of it.
    let get = statements(RecordsGet::ENTRY, &definitions);
    assert!(
        get.contains(&allow(
            "GetItem",
            json!([arn("SettingsTable"), { "Fn::Sub": every }])
        )),
        "{get:?}"
    );
    let denied = system(&[
        "UsersTable",
        "SessionsTable",
        "ThrottleTable",
        "ApiKeysTable",
        "EventsTable",
        "DeliveriesTable",
        "AuditTable",
        "ConfigurationTable",
        "MailTable",
        "InvitationsTable",
    ]);
    assert!(
        get.contains(&statement("Deny", &["GetItem"], denied)),
        "{get:?}"
    );
    assert_eq!(
        json!(statements(RecordsGet::ENTRY, &definitions[..30]))
            .to_string()
            .matches("Deny")
            .count(),
        1
    );
}

#[test]
fn password_hashes_are_denied_to_all_but_those_that_need_them() {
    let related = [definition("notes", "owner", "relation")];
    let readers: Vec<&str> = api::endpoints::PAGE
        .iter()
        .filter(|entry| entry.touches_tables())
        .filter(|entry| {
            let statements = statements(entry, &related);
            let on_users = |effect: &str, action: &str| {
                statements.iter().any(|it| {
                    let has = |key: &str, value: &str| it[key].to_string().contains(value);
                    it["Effect"] == effect
                        && has("Resource", "UsersTable")
                        && has("Action", &format!(":{action}\""))
                })
            };
            // An action that reads or checks an item of the table, and is not denied for identities.
            let reads = ["GetItem", "BatchGetItem", "Query", "ConditionCheckItem"];
            reads
                .iter()
                .any(|action| on_users("Allow", action) && !on_users("Deny", action))
        })
        .map(|entry| entry.name)
        .collect();
    // `Query` is on the index of users alone, which holds no identity.
    assert_eq!(
        readers,
        [
            "register-confirm",
            "login",
            "me-delete",
            "me-restore",
            "reauthenticate",
            "verify-email",
            "invitations-accept",
            "email-change",
            "email-change-confirm",
            "magic-link-verify",
            "passkeys-delete",
            "oauth-exchange",
            "oauth-token",
            "accounts-check",
            "accounts-list",
            "accounts-unlink",
            "password-change",
            "users-list",
            "service-accounts-list"
        ]
    );
}

#[test]
fn a_policy_that_iam_would_refuse_is_refused() {
    let long = "x".repeat(62);
    let definitions: Vec<Definition> = (10..40)
        .map(|number| definition(&format!("{long}{number}"), "owner", "string"))
        .collect();
    let collections: Vec<&Definition> = definitions.iter().collect();
    let error = policy(RecordsList::ENTRY, &collections).expect_err("refused");
    assert!(
        error.starts_with("The policy of records-list would have 1") && !error.contains('\n'),
        "{error}"
    );
    assert_eq!(
        policy(RecordsList::ENTRY, &collections[..20]).map(|policy| policy.is_some()),
        Ok(true)
    );
}

#[test]
fn thirty_collections_that_use_everything_fit_into_every_policy() {
    let field =
        |name: &str, kind: &str| json!({ "name": name, "type": kind, "unique": kind == "string" });
    let definitions: Vec<Definition> = (10..40)
        .map(|number| {
            let mut relation = field("other", "relation");
            relation["collection"] = json!(format!("a-name-of-19-chars-{}", number % 30 + 10));
            let fields = json!([field("code", "string"), relation]);
            let name = format!("a-name-of-19-chars-{number}");
            serde_json::from_value(json!({ "name": name, "fields": fields, "indexes": [["code"]] }))
                .expect("a definition")
        })
        .collect();
    let collections: Vec<&Definition> = definitions.iter().collect();
    for entry in api::endpoints::PAGE {
        let policy = policy(entry, &collections).expect("fits");
        assert!(
            !json!(policy)
                .to_string()
                .contains("table/${AWS::StackName}"),
            "{} goes by the prefix",
            entry.name
        );
    }
}

#[test]
fn no_access_is_no_policy() {
    assert_eq!(policy(Health::ENTRY, &[]), Ok(None));
}

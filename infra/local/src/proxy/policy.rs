//! IAM: the grants of each function's policy in the template, the used and the denied ones.

use std::collections::{BTreeMap, BTreeSet};

use super::request::Access;
use crate::LOCAL_KEY;
use crate::template::{Statement, table_arn};

/// The access key id that may do everything.
pub const OPERATOR: &str = "operator";

/// One use of a grant, or one attempt without: function, action, table and index.
pub type Use = (String, Access);

/// The policies of all functions and a record of their uses and denials.
#[derive(Debug, Default)]
pub struct Policies {
    statements: BTreeMap<String, Vec<Statement>>,
    used: BTreeSet<Use>,
    denied: BTreeSet<Use>,
}

impl Policies {
    /// Policies by function, such as [`Template::policies`](crate::template::Template::policies) reads them.
    #[must_use]
    pub fn new(statements: BTreeMap<String, Vec<Statement>>) -> Self {
        Self {
            statements,
            ..Self::default()
        }
    }

    /// Decides on all of a request at once; the first access that is not granted is the error.
    ///
    /// # Errors
    /// The access that the caller's policy does not grant.
    pub fn check(&mut self, key: &str, access: &[Access]) -> Result<(), Access> {
        let function = function_of(key);
        if function == OPERATOR {
            return Ok(());
        }
        if let Some(refused) = access.iter().find(|access| !self.allows(function, access)) {
            self.denied
                .insert((function.to_owned(), refused.generalised()));
            return Err(refused.clone());
        }
        self.used.extend(
            access
                .iter()
                .map(|access| (function.to_owned(), access.generalised())),
        );
        Ok(())
    }

    /// Whether `function`'s policy allows `access`: some statement does and none denies.
    #[must_use]
    pub fn allows(&self, function: &str, access: &Access) -> bool {
        let matching = |statement: &&Statement| statement.matches(access);
        let statements = self
            .statements
            .get(function)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut matching = statements.iter().filter(matching).peekable();
        matching.peek().is_some() && matching.all(|statement| statement.allow)
    }

    /// Whether a caller's policy allows an action beyond the tables on this ARN. The local stack's own key may do
    /// everything, as [`OPERATOR`].
    #[must_use]
    pub fn permits(&self, key: &str, action: &str, arn: &str) -> bool {
        let function = function_of(key);
        let statements = self.statements.get(function).into_iter().flatten();
        let mut matching = statements
            .filter(|it| it.actions.iter().any(|pattern| fits(pattern, action)))
            .filter(|it| it.resources.iter().any(|pattern| fits(pattern, arn)))
            .peekable();
        let granted = matching.peek().is_some() && matching.all(|statement| statement.allow);
        granted || function == OPERATOR || function == LOCAL_KEY
    }

    /// Every grant, one line per function, action and resource, that no request has used.
    #[must_use]
    pub fn unused(&self) -> Vec<String> {
        let mut unused = Vec::new();
        for (function, statements) in &self.statements {
            for statement in statements.iter().filter(|statement| statement.allow) {
                for action in statement
                    .actions
                    .iter()
                    .filter(|action| is_of_tables(action))
                {
                    for resource in &statement.resources {
                        let grant = Statement {
                            allow: true,
                            actions: vec![action.clone()],
                            resources: vec![resource.clone()],
                            leading: None,
                        };
                        if !self
                            .used
                            .iter()
                            .any(|(user, access)| user == function && grant.matches(access))
                        {
                            unused.push(format!("{function} {action} {resource}"));
                        }
                    }
                }
            }
        }
        unused
    }

    /// The used grants, by function.
    #[must_use]
    pub fn used(&self) -> Vec<Use> {
        self.used.iter().cloned().collect()
    }

    /// The denied accesses, by function.
    #[must_use]
    pub fn denied(&self) -> Vec<Use> {
        self.denied.iter().cloned().collect()
    }
}

impl Statement {
    /// Whether the statement covers `access`.
    #[must_use]
    pub fn matches(&self, access: &Access) -> bool {
        let action = format!("dynamodb:{}", access.action);
        let resource = access.arn();
        let leading = self.leading.as_ref().is_none_or(|leading| {
            let keys = access
                .keys
                .iter()
                .filter(|(name, _)| *name == leading.attribute);
            keys.into_iter()
                .any(|(_, key)| leading.patterns.iter().any(|pattern| fits(pattern, key)))
        });
        leading
            && self.actions.iter().any(|pattern| fits(pattern, &action))
            && self
                .resources
                .iter()
                .any(|pattern| fits(pattern, &resource))
    }
}

impl Access {
    /// The access with the kinds of its keys: `email#*` for every address.
    fn generalised(&self) -> Self {
        let kind = |(name, key): &(String, String)| {
            let start = key.split_once('#').filter(|(start, _)| !start.is_empty());
            let kind = start.map_or("*".to_owned(), |(start, _)| format!("{start}#*"));
            (name.clone(), kind)
        };
        Self {
            keys: self.keys.iter().map(kind).collect(),
            ..self.clone()
        }
    }

    /// The ARN of the table or index.
    #[must_use]
    pub fn arn(&self) -> String {
        let table = table_arn(&self.table);
        self.index
            .as_ref()
            .map_or_else(|| table.clone(), |index| format!("{table}/index/{index}"))
    }
}

/// Whether requests to DynamoDB use an action: those of streams are Lambda's, for the function.
fn is_of_tables(action: &str) -> bool {
    let (streams, lists) = ("DescribeStream GetRecords GetShardIterator", "ListStreams");
    action
        .strip_prefix("dynamodb:")
        .is_some_and(|action| action != lists && !streams.split(' ').any(|stream| stream == action))
}

/// `login~slow` is a variant of the function `login`.
#[must_use]
pub fn function_of(key: &str) -> &str {
    key.split('~').next().unwrap_or(key)
}

/// Whether `text` fits `pattern`, in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    text.strip_prefix(head).is_some_and(|rest| {
        (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|end| fits(tail, end)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{SAMPLE, Template};

    fn policies() -> Policies {
        Policies::new(Template::parse(SAMPLE).unwrap().policies().unwrap())
    }

    fn access(action: &str, table: &str, index: Option<&str>) -> Access {
        Access {
            action: action.to_owned(),
            table: table.to_owned(),
            index: index.map(str::to_owned),
            keys: BTreeSet::new(),
        }
    }

    #[test]
    fn a_denial_by_partition_keys_holds_for_any_of_them() {
        let allow = r#"            - { Effect: Allow, Action: "dynamodb:GetItem","#;
        let deny = r#"            - { Effect: Deny, Action: ["dynamodb:GetItem", "dynamodb:BatchGetItem"], Resource: { "Fn::GetAtt": [Users, Arn] }, Condition: { "ForAnyValue:StringLike": { "dynamodb:LeadingKeys": ["email#*"] } } }"#;
        let sample = SAMPLE.replacen(allow, &format!("{deny}\n{allow}"), 1);
        let policies = Policies::new(Template::parse(&sample).unwrap().policies().unwrap());
        for (action, keys, allowed) in [
            ("GetItem", &["0197"][..], true),
            ("GetItem", &["email#a@b"], false),
            ("BatchGetItem", &["0197", "0198"], true),
            ("BatchGetItem", &["0197", "email#a@b"], false),
            ("PutItem", &["email#a@b"], true),
        ] {
            let keys = keys.iter().map(|key| ("id".to_owned(), (*key).to_owned()));
            let asked = Access {
                keys: keys.collect(),
                ..access(action, "local-_users", None)
            };
            assert_eq!(policies.allows("login", &asked), allowed, "{asked:?}");
        }
        // Another attribute is no partition key.
        let asked = Access {
            keys: BTreeSet::from([("email".to_owned(), "email#a@b".to_owned())]),
            ..access("GetItem", "local-_users", None)
        };
        assert!(policies.allows("login", &asked));
    }

    #[test]
    fn only_what_is_granted_is_allowed() {
        let cases = [
            ("login", "GetItem", "local-_users", None, true),
            ("login", "PutItem", "local-_sessions", None, true),
            ("login", "GetItem", "local-_sessions", None, false),
            ("login", "UpdateItem", "local-_users", None, false),
            ("login", "BatchGetItem", "local-_sessions", None, true),
            ("login", "BatchGetItem", "local-notes", None, false),
            ("records-list", "Query", "local-notes", None, true),
            (
                "records-list",
                "Query",
                "local-notes",
                Some("by_owner"),
                true,
            ),
            (
                "records-list",
                "Query",
                "local-notes",
                Some("by_other"),
                false,
            ),
            ("records-list", "Scan", "local-notes", None, false),
            ("health", "GetItem", "local-_users", None, false),
            ("nobody", "GetItem", "local-_users", None, false),
            ("", "GetItem", "local-_users", None, false),
            ("login~slow", "GetItem", "local-_users", None, true),
            ("operator", "DeleteTable", "local-_users", None, true),
        ];
        for (key, action, table, index, allowed) in cases {
            let asked = access(action, table, index);
            assert_eq!(
                policies().check(key, std::slice::from_ref(&asked)).is_ok(),
                allowed,
                "{key} {asked:?}"
            );
        }
    }

    #[test]
    fn a_transaction_is_refused_as_a_whole() {
        let mut policies = policies();
        let asked = [
            access("PutItem", "local-_users", None),
            access("PutItem", "local-notes", None),
        ];
        assert_eq!(policies.check("login", &asked), Err(asked[1].clone()));
        assert_eq!(policies.denied(), [("login".to_owned(), asked[1].clone())]);
        assert_eq!(policies.used(), []);
    }

    #[test]
    fn unused_grants_are_listed_until_used() {
        let mut policies = policies();
        assert_eq!(policies.unused().len(), 6);
        policies
            .check("login", &[access("GetItem", "local-_users", None)])
            .unwrap();
        policies
            .check(
                "records-list",
                &[access("Query", "local-notes", Some("by_owner"))],
            )
            .unwrap();
        let unused = policies.unused();
        assert_eq!(unused.len(), 4);
        assert!(
            unused.contains(&format!(
                "records-list dynamodb:Query {}",
                table_arn("local-notes")
            )),
            "{unused:?}"
        );
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("a*c", "abbc") && fits("*", "") && fits("a", "a") && fits("a*", "a"));
        assert!(!fits("a*c", "abb") && !fits("a", "ab") && !fits("", "a"));
    }
}

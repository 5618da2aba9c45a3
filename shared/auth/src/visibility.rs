//! What a caller sees of a collection: which records, and which of their fields.
//!
//! Whoever may read a record by the rules sees it if a row filter shows it, where the collection has any, and sees those
//! of its fields whose own rule lets them. What is not seen does not exist: it is told by no reply, condition or order.

use api::definition::Order;
use api::query::{Filter, row_filter};
use api::wire::Record;
use api::{Code, Definition, Error, Operation};

use crate::permission::{Requirement, Scope, granted, may_list};
use crate::session::Caller;

/// What a caller sees of a collection.
#[derive(Clone, Debug, PartialEq)]
pub struct Visibility<'a> {
    /// The collection.
    pub definition: &'a Definition,
    /// Who looks at it.
    pub caller: &'a Caller,
    /// What the rule for reading wants of a record.
    rule: Requirement,
    /// Which of those records the row filters show; `None` for all.
    rows: Option<Filter>,
    /// The fields that some records do not show, and what a record must be like to.
    fields: Vec<(&'a str, Requirement)>,
}

impl<'a> Visibility<'a> {
    /// What this caller sees of this collection.
    #[must_use]
    pub fn new(definition: &'a Definition, caller: &'a Caller) -> Self {
        let fields = definition
            .hidden()
            .map(|field| (field.name.as_str(), granted(&field.read, caller)));
        Self {
            definition,
            caller,
            rule: granted(definition.rule(Operation::Read), caller),
            rows: rows(definition, caller),
            fields: fields
                .filter(|(_, requirement)| *requirement != Requirement::Exists)
                .collect(),
        }
    }

    /// Whether the caller sees this record. One that is not seen is 404.
    #[must_use]
    pub fn shows(&self, record: &Record) -> bool {
        self.caller
            .is_in_scope(&self.definition.name, Operation::Read)
            && self.passes(record)
    }

    /// Whether the rule for reading and the row filters show this record, whatever an API key is for: it exists for the
    /// caller.
    #[must_use]
    pub fn passes(&self, record: &Record) -> bool {
        self.rule.is_met(record.owner.as_deref())
            && self.rows.as_ref().is_none_or(|rows| rows.matches(record))
    }

    /// A record without the fields that the caller does not see in it.
    #[must_use]
    pub fn of(&self, mut record: Record) -> Record {
        for (field, requirement) in &self.fields {
            if !requirement.is_met(record.owner.as_deref()) {
                record.fields.remove(*field);
            }
        }
        record
    }

    /// Which records a list reads: its scope, and what they must pass, which is what the caller asks for and what the row
    /// filters show.
    ///
    /// # Errors
    /// What [`may_list`] answers; 401 or 403 for an order or a condition that names a field which is not shown in all of
    /// them.
    pub fn list(&self, sort: &[Order], filter: &Filter) -> Result<(Scope, Filter), Error> {
        let scope = may_list(self.definition, self.caller)?;
        let in_all = |field: &str| {
            let hidden = self.fields.iter().find(|(name, _)| *name == field);
            hidden.is_none_or(|(_, requirement)| match (requirement, &scope) {
                (Requirement::OwnedBy(owner), Scope::OwnedBy(only)) => owner == only,
                _ => false,
            })
        };
        let mut named = sort
            .iter()
            .map(|order| order.field.as_str())
            .chain(filter.fields());
        if let Some(field) = named.find(|field| !in_all(field)) {
            let code = if self.caller.is_stranger() {
                Code::AuthenticationRequired
            } else {
                Code::Forbidden
            };
            let message = format!(
                "`{field}` is not shown to you in every record, so no list can be asked for by it."
            );
            return Err(Error::new(code).with_message(message));
        }
        let filter = filter.clone().searching(&in_all);
        let filter = match &self.rows {
            Some(rows) => rows.clone().and(filter),
            None => filter,
        };
        Ok((scope, filter))
    }

    /// Whether the record itself must be looked at to tell whether the caller sees it: its owner does not tell.
    #[must_use]
    pub fn has_rows(&self) -> bool {
        self.rows.is_some()
    }
}

/// What the row filters of a collection show to a caller; `None` for everything. Whom none of them is for sees nothing.
fn rows(definition: &Definition, caller: &Caller) -> Option<Filter> {
    if definition.row_filters.is_empty() || caller.is_admin() {
        return None;
    }
    let shown = definition.row_filters.iter().filter_map(|row| {
        let whose = match granted(&row.when, caller) {
            Requirement::Exists => Filter::everything(),
            Requirement::OwnedBy(owner) => Filter::Owned(owner.to_string()),
            Requirement::Never => return None,
        };
        Some(whose.and(row_filter(definition, &row.filter, caller.id())?))
    });
    Some(Filter::one_of(shown.collect())).filter(|rows| *rows != Filter::everything())
}

#[cfg(test)]
mod tests {
    use api::query::Test;
    use api::settings::Auth;
    use api::{Id, Timestamp};
    use serde_json::{Value, json};

    use super::*;
    use crate::access_token::Claims;
    use crate::session::{Session, admit};
    use crate::user::User;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn caller(n: u8, role: &str) -> Caller {
        let mut user = User::new(Id::new(NOW, [n; 10]), "a@b".into(), false, NOW);
        user.role = role.into();
        let (session, _) = Session::begin(
            user.id,
            Id::new(NOW, [9; 10]),
            1,
            [0; 32],
            &Auth::default(),
            NOW,
        );
        let claims = Claims {
            iss: String::new(),
            sub: user.id,
            role: String::new(),
            sid: session.id,
            iat: 0,
            exp: u64::MAX,
        };
        admit(&claims, Some(&session), Some(&user), NOW).expect("admitted")
    }

    fn definition(list: &str, rows: &Value) -> Definition {
        let fields = json!([
            { "name": "title", "type": "string" }, { "name": "status", "type": "string" },
            { "name": "remarks", "type": "string", "read": "owner | role:editor" },
            { "name": "score", "type": "integer", "read": "role:editor" },
            { "name": "readers", "type": "array", "items": { "type": "relation", "collection": "users" } },
        ]);
        serde_json::from_value(
            json!({ "name": "articles", "fields": fields, "rowFilters": rows,
            "permissions": { "read": "public", "list": list } }),
        )
        .expect("a definition")
    }

    fn record(owner: Option<&Caller>, fields: Value) -> Record {
        let Value::Object(fields) = fields else {
            panic!("an object")
        };
        Record {
            id: Id::new(NOW, [7; 10]),
            created_at: NOW,
            updated_at: NOW,
            created_by: None,
            owner: owner.and_then(Caller::id).map(|id| id.to_string()),
            fields,
        }
    }

    #[test]
    fn a_record_shows_the_fields_that_its_caller_may_see() {
        let (me, other) = (caller(1, "authenticated"), caller(2, "authenticated"));
        let (editor, admin, stranger) =
            (caller(3, "editor"), caller(4, "admin"), Caller::stranger());
        let definition = definition("public", &json!([]));
        let all = json!({ "title": "a", "remarks": "b", "score": 1 });
        for (who, shown) in [
            (&me, json!({ "title": "a", "remarks": "b" })),
            (&other, json!({ "title": "a" })),
            (&stranger, json!({ "title": "a" })),
            (&editor, all.clone()),
            (&admin, all.clone()),
        ] {
            let visibility = Visibility::new(&definition, who);
            assert_eq!(
                Value::Object(visibility.of(record(Some(&me), all.clone())).fields),
                shown,
                "{who:?}"
            );
        }
        // Nobody's record is not a stranger's.
        let of_nobody = Visibility::new(&definition, &stranger).of(record(None, all));
        assert_eq!(Value::Object(of_nobody.fields), json!({ "title": "a" }));
    }

    /// Who sees a published article, a draft of one's own, of another's, that of another who lets one read, and one that
    /// is in review.
    #[test]
    fn the_row_filters_that_hold_are_joined_and_whom_none_is_for_sees_nothing() {
        let (me, other) = (caller(1, "authenticated"), caller(2, "authenticated"));
        let (editor, admin, stranger) =
            (caller(3, "editor"), caller(4, "admin"), Caller::stranger());
        let published = json!({ "filter": { "status": "published" } });
        let own = json!({ "when": "owner" });
        let own_drafts = json!({ "when": "owner", "filter": { "status": "draft" } });
        let editors = json!({ "when": "role:editor", "filter": { "status": { "$ne": "draft" } } });
        let readers =
            json!({ "when": "public", "filter": { "readers": { "$contains": "$userId" } } });
        let id = me.id().expect("an id").to_string();
        let records = [
            record(Some(&other), json!({ "status": "published" })),
            record(Some(&me), json!({ "status": "draft" })),
            record(Some(&other), json!({ "status": "draft" })),
            record(Some(&other), json!({ "status": "draft", "readers": [id] })),
            record(Some(&other), json!({ "status": "review" })),
        ];
        let [all, none] = [[true; 5], [false; 5]];
        let first = [true, false, false, false, false];
        for (rows, who, expected) in [
            (json!([]), &stranger, all),
            (json!([published]), &stranger, first),
            (json!([published]), &admin, all),
            (json!([own]), &stranger, none),
            (json!([own]), &me, [false, true, false, false, false]),
            (json!([own]), &editor, none),
            (json!([own]), &admin, all),
            (
                json!([published, own]),
                &me,
                [true, true, false, false, false],
            ),
            (
                json!([published, own_drafts]),
                &other,
                [true, false, true, true, false],
            ),
            (json!([editors]), &editor, [true, false, false, false, true]),
            (json!([editors]), &me, none),
            (json!([readers]), &me, [false, false, false, true, false]),
            (json!([readers]), &other, none),
            // Nobody is no reader, whatever the list of readers is.
            (json!([readers]), &stranger, none),
            (json!([published, readers, editors]), &stranger, first),
            (json!([{ "when": "authenticated" }]), &me, all),
            (json!([{ "when": "authenticated" }]), &stranger, none),
            (json!([{ "when": "admin" }]), &me, none),
            (json!([{ "filter": { "nope": 1 } }]), &me, none),
        ] {
            let definition = definition("public", &rows);
            let visibility = Visibility::new(&definition, who);
            let shown: Vec<bool> = records
                .iter()
                .map(|record| visibility.shows(record))
                .collect();
            assert_eq!(shown, expected, "{rows} {who:?}");
            // A list shows the same.
            let (scope, filter) = visibility.list(&[], &Filter::everything()).expect("a list");
            assert_eq!(scope, Scope::All);
            let listed: Vec<bool> = records
                .iter()
                .map(|record| filter.matches(record))
                .collect();
            assert_eq!(listed, expected, "{rows} {who:?}");
            assert_eq!(visibility.has_rows(), expected != all, "{rows} {who:?}");
        }
    }

    #[test]
    fn the_rule_for_reading_holds_beside_the_row_filters() {
        let (me, other) = (caller(1, "authenticated"), caller(2, "authenticated"));
        let mut definition =
            definition("public", &json!([{ "filter": { "status": "published" } }]));
        definition.permissions.read = api::Rule::owner();
        let of = |owner, status: &str| record(Some(owner), json!({ "status": status }));
        let visibility = Visibility::new(&definition, &me);
        for (record, expected) in [
            (of(&me, "published"), true),
            (of(&me, "draft"), false),
            (of(&other, "published"), false),
            (of(&other, "draft"), false),
        ] {
            assert_eq!(visibility.shows(&record), expected, "{record:?}");
        }
    }

    #[test]
    fn a_list_is_asked_for_by_what_all_of_it_shows() {
        let (me, editor, stranger) = (
            caller(1, "authenticated"),
            caller(3, "editor"),
            Caller::stranger(),
        );
        let is = |field: &str| Filter::Field(field.to_owned(), Test::Exists(true));
        let not = |filter: Filter| Filter::Not(Box::new(Filter::Any(vec![is("title"), filter])));
        let by = |field: &str| {
            vec![Order {
                field: field.to_owned(),
                descending: true,
            }]
        };
        let none = Filter::everything;
        for (list, who, sort, filter, expected) in [
            ("public", &me, vec![], is("title"), Ok(())),
            ("public", &me, by("createdAt"), is("createdBy"), Ok(())),
            ("public", &me, vec![], is("score"), Err((403, "score"))),
            ("public", &me, vec![], not(is("score")), Err((403, "score"))),
            ("public", &me, by("score"), none(), Err((403, "score"))),
            (
                "public",
                &stranger,
                by("score"),
                none(),
                Err((401, "score")),
            ),
            (
                "public",
                &stranger,
                vec![],
                is("remarks"),
                Err((401, "remarks")),
            ),
            ("public", &editor, by("score"), is("remarks"), Ok(())),
            // One's own remarks are shown in all of one's own.
            ("public", &me, vec![], is("remarks"), Err((403, "remarks"))),
            ("owner", &me, by("remarks"), not(is("remarks")), Ok(())),
            ("owner", &me, vec![], is("score"), Err((403, "score"))),
        ] {
            let definition = definition(list, &json!([]));
            let got = Visibility::new(&definition, who).list(&sort, &filter);
            let what = format!("{list} {who:?} {sort:?} {filter:?}");
            match (got, expected) {
                (Ok((_, listed)), Ok(())) => assert_eq!(listed, filter, "{what}"),
                (Err(error), Err((status, field))) => {
                    assert_eq!(error.code.status(), status, "{what}");
                    assert!(
                        error.message.starts_with(&format!("`{field}` ")),
                        "{what}: {}",
                        error.message
                    );
                }
                (got, _) => panic!("{what}: {got:?}"),
            }
        }
    }

    #[test]
    fn a_search_looks_through_what_all_of_the_list_shows() {
        let (me, editor, stranger) = (
            caller(1, "authenticated"),
            caller(3, "editor"),
            Caller::stranger(),
        );
        let search = |fields: &[&str]| {
            Filter::Search(
                "x".to_owned(),
                fields.iter().map(|field| (*field).to_owned()).collect(),
            )
        };
        let asked = search(&["title", "remarks"]);
        for (list, who, expected) in [
            ("public", &stranger, search(&["title"])),
            ("public", &me, search(&["title"])),
            ("public", &editor, asked.clone()),
            ("owner", &me, asked.clone()),
        ] {
            let definition = definition(list, &json!([]));
            let (_, filter) = Visibility::new(&definition, who)
                .list(&[], &asked)
                .expect("a list");
            assert_eq!(filter, expected, "{list} {who:?}");
        }
        let hidden = definition("public", &json!([]));
        let (_, filter) = Visibility::new(&hidden, &me)
            .list(&[], &search(&["remarks"]))
            .expect("a list");
        assert!(!filter.matches(&record(Some(&me), json!({ "remarks": "x" }))));
    }
}

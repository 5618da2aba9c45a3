//! Profile fields: what `users.fields` of `bakend.json` may say.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::Value;

use super::problems::field_problems;
use super::{Field, FieldType, fold};

/// The field that a user's public profile is found by.
pub const USERNAME: &str = "username";

/// What every user has, or a reply or a body about users: no profile field may be taken for it, in whatever spelling.
const RESERVED: &[&str] = &[
    "id",
    "email",
    "role",
    "disabled",
    "createdAt",
    "updatedAt",
    "createdBy",
    "deletedAt",
    "expiresAt",
    "authVersion",
    "kind",
    "profile",
    "user",
    "userId",
    "password",
    "currentPassword",
    "newPassword",
    "passwordHash",
    "accessToken",
    "refreshToken",
    "tokenType",
    "expiresIn",
];

/// A profile field: declared as a field of a collection is, and whether strangers see it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(with = "Field")]
pub struct ProfileField {
    /// The name, the type and the constraints. `username` is always unique.
    pub field: Field,
    /// Whether it is shown on the public profile.
    pub public: bool,
}

impl ProfileField {
    /// Whether it is the field that a public profile is found by.
    #[must_use]
    pub fn is_username(&self) -> bool {
        self.field.name == USERNAME
    }
}

impl<'de> Deserialize<'de> for ProfileField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let members = value
            .as_object_mut()
            .ok_or_else(|| de::Error::custom("a profile field is an object"))?;
        let public = match members.remove("public") {
            None => false,
            Some(Value::Bool(public)) => public,
            Some(_) => return Err(de::Error::custom("`public` must be true or false")),
        };
        let mut field: Field = serde_path_to_error::deserialize(value).map_err(|error| {
            let path = error.path().to_string();
            let place = if path == "." {
                String::new()
            } else {
                format!("{path}: ")
            };
            de::Error::custom(format_args!("{place}{}", error.into_inner()))
        })?;
        field.unique |= field.name == USERNAME;
        Ok(Self { field, public })
    }
}

impl Serialize for ProfileField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(&self.field).map_err(ser::Error::custom)?;
        if self.public {
            value["public"] = true.into();
        }
        value.serialize(serializer)
    }
}

/// What is wrong with declared profile fields, each as its place, such as `fields[2].name`, and its reason.
#[must_use]
pub fn profile_problems(fields: &[ProfileField]) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for (index, ProfileField { field, .. }) in fields.iter().enumerate() {
        let name = &field.name;
        let place = format!("fields[{index}]");
        if RESERVED.iter().any(|reserved| fold(reserved) == fold(name)) {
            problems.push((
                format!("{place}.name"),
                format!("`{name}` is reserved; choose another name"),
            ));
        }
        if has_relation(field) {
            problems.push((
                format!("{place}.type"),
                "a profile has no relations; keep them in a collection".to_owned(),
            ));
        }
        if !field.read.is_public() || !field.write.is_public() {
            let reason = "a profile field has no rules of its own: its user, admins, and where it is public all see it";
            problems.push((place.clone(), reason.to_owned()));
        }
        if name == USERNAME && field.kind != FieldType::String {
            problems.push((format!("{place}.type"), "`username` is a string".to_owned()));
        }
    }
    let plain: Vec<Field> = fields.iter().map(|field| field.field.clone()).collect();
    if problems.is_empty() {
        field_problems(&plain, &BTreeSet::new())
    } else {
        problems
    }
}

/// Whether a field or something in it is a relation.
fn has_relation(field: &Field) -> bool {
    field.kind == FieldType::Relation
        || field.items.as_deref().is_some_and(has_relation)
        || field.fields.iter().flatten().any(has_relation)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems_of(fields: Value) -> Vec<String> {
        let fields: Vec<ProfileField> = serde_json::from_value(fields).expect("fields");
        profile_problems(&fields)
            .into_iter()
            .map(|(place, reason)| format!("{place}: {reason}"))
            .collect()
    }

    #[test]
    fn a_profile_field_is_a_field_that_may_be_public() {
        let all = json!([
            { "name": "username", "type": "String", "public": true },
            { "name": "born", "type": "date", "public": false },
            { "name": "level", "type": "int", "min": 1, "max": 9.5, "default": 1 },
        ]);
        let fields: Vec<ProfileField> = serde_json::from_value(all.clone()).expect("fields");
        assert_eq!(
            fields.iter().map(|field| field.public).collect::<Vec<_>>(),
            [true, false, false]
        );
        assert!(
            fields[0].is_username() && fields[0].field.unique,
            "a username is unique without being told"
        );
        let shown = serde_json::to_value(&fields).expect("JSON");
        assert_eq!(
            shown[0],
            json!({ "name": "username", "type": "string", "unique": true, "public": true })
        );
        assert_eq!(
            serde_json::from_value::<Vec<ProfileField>>(shown).expect("fields"),
            fields
        );
        assert_eq!(problems_of(all), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_profile_field_is_told_with_its_place() {
        for (field, reason) in [
            (json!("bio"), "a profile field is an object"),
            (
                json!({ "name": "bio", "type": "string", "public": 1 }),
                "`public` must be true or false",
            ),
            (
                json!({ "name": "bio", "type": "text" }),
                "type: unknown variant `text`",
            ),
            (
                json!({ "name": "bio", "type": "string", "visible": true }),
                "visible: unknown field `visible`",
            ),
            (json!({ "name": "bio" }), "missing field `type`"),
        ] {
            let error = serde_json::from_value::<ProfileField>(field)
                .expect_err("refused")
                .to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn a_profile_field_has_no_rules_of_its_own() {
        for word in ["read", "write"] {
            let found = problems_of(json!([{ "name": "bio", "type": "string", word: "admin" }]));
            assert!(
                found.len() == 1 && found[0].starts_with("fields[0]: a profile field has no rules"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn nothing_of_the_system_can_be_shadowed() {
        for name in [
            "id",
            "ID",
            "email",
            "Email",
            "role",
            "roLe",
            "disabled",
            "createdAt",
            "created_at",
            "updatedAt",
            "deleted_at",
            "expires_at",
            "auth_version",
            "authVersion",
            "password",
            "password_hash",
            "pass_word",
            "profile",
            "kind",
            "refreshToken",
            "user_id",
            "limit",
            "search",
            "cursor",
        ] {
            let found = problems_of(json!([{ "name": name, "type": "string" }]));
            assert_eq!(
                found,
                [format!(
                    "fields[0].name: `{name}` is reserved; choose another name"
                )],
                "{name}"
            );
        }
    }

    #[test]
    fn a_bad_profile_field_is_told_with_its_reason() {
        for (fields, problem) in [
            (
                json!([{ "name": "a.b", "type": "string" }]),
                "fields[0].name: `a.b` must match",
            ),
            (
                json!([{ "name": "a", "type": "string" }, { "name": "a", "type": "string" }]),
                "fields[1].name: `a` is declared twice",
            ),
            (
                json!([{ "name": "a", "type": "ref", "collection": "users" }]),
                "fields[0].type: a profile has no",
            ),
            (
                json!([{ "name": "a", "type": "array", "items": { "type": "relation", "collection": "posts" } }]),
                "fields[0].type: a profile has no relations",
            ),
            (
                json!([{ "name": "username", "type": "integer" }]),
                "fields[0].type: `username` is a string",
            ),
            (
                json!([{ "name": "username", "type": "string", "default": "me" }]),
                "fields[0].default: two records",
            ),
            (
                json!([{ "name": "a", "type": "string", "min": 1 }]),
                "fields[0].min: `min` is for a number",
            ),
            (
                json!([{ "name": "a", "type": "string", "required": true, "default": "x" }]),
                "fields[0].default: a ",
            ),
        ] {
            let found = problems_of(fields);
            assert!(
                found.len() == 1 && found[0].starts_with(problem),
                "{found:?}"
            );
        }
    }
}

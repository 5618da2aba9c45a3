//! Problems of profile fields.

use std::collections::BTreeSet;

use crate::check::fields::field_problems;
use crate::check::names::fold;
use crate::check::problem::Problems;
use crate::definition::{Field, FieldType, ProfileField, USERNAME};

/// Names of what every user has, or of parts of replies and bodies about users. No profile field may have them, in any
/// case or spelling.
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
    "emailVerifiedAt",
    "mailFailed",
    "mfa",
    "locale",
    "redirectTo",
    "termsVersion",
    "termsRequired",
    "session",
    "flow",
    "code",
    "token",
    "restore",
    "isNewUser",
    "send",
];

/// The problems of declared profile fields, each as its place, such as `fields[2].name`, and its reason.
pub(super) fn profile_problems(fields: &[ProfileField]) -> Problems {
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

//! The types of users and of the declared profile fields.

use api::definition::{Field, ProfileField};
use api::endpoints::PAGE;
use serde_json::json;

use super::package;
use super::script::{Script, declare};
use crate::openapi::{self, Side};

/// The schema of a user.
const USER: &str = "User";

/// The members that every user has, in their order.
const OWN: [&str; 6] = ["id", "email", "emailVerifiedAt", "mfa", "role", "createdAt"];

/// The types of users.
///
/// # Errors
/// An endpoint has no schemas.
pub(super) fn draw(profile: &[ProfileField]) -> Result<String, String> {
    let fields: Vec<&Field> = profile.iter().map(|field| &field.field).collect();
    let public: Vec<&Field> = profile
        .iter()
        .filter(|field| field.public)
        .map(|field| &field.field)
        .collect();
    let order: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let scalars = openapi::shared();
    let mut schemas = package::schemas(PAGE, profile)?;
    let user = schemas.remove(USER).unwrap_or_default();
    let whole = Script {
        inlined: Some(&schemas),
        sent: false,
    };
    let whole = whole.members(&user, &[&OWN[..], &order].concat());
    let object = |name: &str, about: &str, fields: &[&Field], side: Side| {
        let mut schema = json!({});
        openapi::declare(&mut schema, fields, side);
        let script = Script {
            inlined: Some(&scalars),
            sent: side != Side::Reply,
        };
        let members = script.members(&schema, &order);
        format!("\n{}", declare(Some(about), name, &members))
    };
    Ok([
        format!(
            "\n{}",
            declare(Some("A user, as the user sees it."), USER, &whole)
        ),
        object(
            "Profile",
            "The profile fields that a user has.",
            &fields,
            Side::Reply,
        ),
        object(
            "PublicProfile",
            "The profile fields that anybody sees.",
            &public,
            Side::Reply,
        ),
        object(
            "NewProfile",
            "The profile fields of a registration.",
            &fields,
            Side::Whole,
        ),
        object(
            "ProfileChanges",
            "Changes to a profile: what is left out stays, null removes.",
            &fields,
            Side::Merge,
        ),
    ]
    .concat())
}

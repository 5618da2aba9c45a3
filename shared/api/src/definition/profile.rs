//! Profile fields: the contents of `users.fields` in `bakend.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::Value;

use crate::definition::field::Field;
use crate::value;

/// The field by which a public profile is found.
pub const USERNAME: &str = "username";

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
    /// Whether it is the field by which a public profile is found.
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
        let mut field: Field = value::read(value).map_err(|(place, reason)| {
            let separator = if place.is_empty() { "" } else { ": " };
            de::Error::custom(format_args!("{place}{separator}{reason}"))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
}

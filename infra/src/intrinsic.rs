//! CloudFormation's intrinsic functions, in their long form.

use serde_yaml_ng::{Mapping, Value};

/// `{Ref: id}`.
#[must_use]
pub fn reference(id: &str) -> Value {
    intrinsic("Ref", id.into())
}

/// `{Fn::Sub: text}`.
#[must_use]
pub fn sub(text: &str) -> Value {
    intrinsic("Fn::Sub", text.into())
}

/// `{Fn::GetAtt: [id, attribute]}`.
#[must_use]
pub fn get_att(id: &str, attribute: &str) -> Value {
    intrinsic(
        "Fn::GetAtt",
        vec![Value::from(id), Value::from(attribute)].into(),
    )
}

fn intrinsic(name: &str, argument: Value) -> Value {
    Value::Mapping(Mapping::from_iter([(Value::from(name), argument)]))
}

/// `{Fn::If: [condition, yes, no]}`.
#[must_use]
pub fn either(condition: &str, yes: Value, no: Value) -> Value {
    intrinsic("Fn::If", vec![condition.into(), yes, no].into())
}

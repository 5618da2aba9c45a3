//! Operators, and the operands that fit them.

use serde_json::{Number, Value};

use crate::definition::FieldType;
use crate::query::column::Column;
use crate::query::filter::Test;
use crate::query::limits::MAX_VALUES;
use crate::time::Moment;
use crate::value::{canonical, is_integer, parse};

/// The reason why a value does not fit: a code and the rest of a sentence.
pub(super) type Misfit = (&'static str, String);

/// The right side of an operator.
pub(super) enum Operand<'a> {
    /// The text of a parameter.
    Text(&'a str),
    /// A JSON value.
    Json(Value),
}

/// An operator of either syntax.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    In,
    Nin,
    Exists,
    Contains,
    StartsWith,
}

impl Operator {
    const ALL: [(&str, Self); 11] = [
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("in", Self::In),
        ("nin", Self::Nin),
        ("exists", Self::Exists),
        ("contains", Self::Contains),
        ("startsWith", Self::StartsWith),
    ];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, operator)| *operator)
    }

    /// The operator of a suffix; equality has none.
    pub(super) fn suffix(name: &str) -> Option<Self> {
        Self::named(name).filter(|operator| *operator != Self::Eq)
    }

    /// The operators of a field by its type.
    pub(super) fn choices(column: &Column, prefix: &str) -> String {
        let fitting = Self::ALL
            .iter()
            .filter(|(_, operator)| operator.fits(column));
        let written = fitting.filter(|(_, operator)| prefix == "$" || *operator != Self::Eq);
        written
            .map(|(name, _)| format!("{prefix}{name}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether a field of this type has the operator.
    pub(super) fn fits(self, column: &Column) -> bool {
        let has_scalars = !matches!(column.items(), Some(FieldType::Object | FieldType::Array));
        match self {
            Self::Exists => true,
            Self::StartsWith => column.kind == FieldType::String,
            Self::Contains => match column.kind {
                FieldType::String => true,
                FieldType::Array => has_scalars,
                _ => false,
            },
            _ => column.is_scalar(),
        }
    }

    pub(super) fn test(self, column: &Column, operand: Operand) -> Result<Test, Misfit> {
        let kind = if column.kind == FieldType::Array {
            column.items()
        } else {
            Some(column.kind)
        };
        let value = |operand| typed(kind, written(kind, operand));
        let optional = |operand| match written(kind, operand) {
            Value::Null => Ok(None),
            value => typed(kind, value).map(Some),
        };
        Ok(match self {
            Self::Eq => Test::Eq(optional(operand)?),
            Self::Ne => Test::Ne(optional(operand)?),
            Self::Gt => Test::Gt(value(operand)?),
            Self::Gte => Test::Gte(value(operand)?),
            Self::Lt => Test::Lt(value(operand)?),
            Self::Lte => Test::Lte(value(operand)?),
            Self::In | Self::Nin => {
                let operands: Vec<Operand> = match operand {
                    Operand::Text(text) => text.split(',').map(Operand::Text).collect(),
                    Operand::Json(Value::Array(values)) => {
                        values.into_iter().map(Operand::Json).collect()
                    }
                    Operand::Json(_) => return Err(("type", "must be an array".to_owned())),
                };
                if operands.len() > MAX_VALUES {
                    return Err(("range", format!("has at most {MAX_VALUES} values")));
                }
                let mut values: Vec<Option<Value>> = Vec::with_capacity(operands.len());
                for operand in operands {
                    let value = optional(operand)?;
                    if !values.contains(&value) {
                        values.push(value);
                    }
                }
                if self == Self::In {
                    Test::In(values)
                } else {
                    Test::Nin(values)
                }
            }
            Self::Exists => match written(Some(FieldType::Boolean), operand) {
                Value::Bool(exists) => Test::Exists(exists),
                _ => return Err(("type", "must be true or false".to_owned())),
            },
            Self::Contains => Test::Contains(value(operand)?),
            Self::StartsWith => match value(operand)? {
                Value::String(start) => Test::StartsWith(start),
                _ => return Err(("type", "must be a string".to_owned())),
            },
        })
    }
}

/// An operand as JSON; a text is read in the notation of the field's type. A text that is not in this notation stays a
/// string, which then does not fit.
fn written(kind: Option<FieldType>, operand: Operand) -> Value {
    let text = match operand {
        Operand::Json(value) => return value,
        Operand::Text(text) => text,
    };
    let scalar = || parse(text).ok();
    let read = match kind {
        // JSON would allow spaces around a number.
        Some(FieldType::Number | FieldType::Integer) => {
            scalar().filter(|value| value.is_number() && !text.contains(char::is_whitespace))
        }
        Some(FieldType::Boolean) => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        Some(_) => None,
        None => scalar(),
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Converts a value to the stored form of this type; of an array without declared items, any scalar.
fn typed(kind: Option<FieldType>, value: Value) -> Result<Value, Misfit> {
    const DATE: &str = "must be a date or an RFC 3339 date-time such as 2026-11-21T10:00:00Z";
    match (kind, value) {
        (_, Value::String(text)) if text.contains('\0') => {
            Err(("nul", "must not contain NUL characters".to_owned()))
        }
        (Some(FieldType::Date), Value::String(text)) => match Moment::parse(&text) {
            Some(at) => Ok(Value::String(at.to_string())),
            None => Err(("format", DATE.to_owned())),
        },
        (Some(FieldType::Relation), Value::String(id)) if id.is_empty() => {
            Err(("type", "must be an id".to_owned()))
        }
        (Some(FieldType::String | FieldType::Relation) | None, value @ Value::String(_))
        | (Some(FieldType::Boolean) | None, value @ Value::Bool(_)) => Ok(value),
        (Some(FieldType::Number | FieldType::Integer) | None, Value::Number(number)) => {
            let Some(number) = canonical(number.as_str()) else {
                let reason =
                    "must have at most 38 significant digits and be between 1e-130 and 1e126";
                return Err(("range", reason.to_owned()));
            };
            if kind == Some(FieldType::Integer) && !is_integer(&number) {
                return Err(("type", "must be a whole number".to_owned()));
            }
            match serde_json::from_str::<Number>(&number) {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => Err(("type", "must be a number".to_owned())),
            }
        }
        (kind, _) => Err((
            "type",
            match kind {
                Some(FieldType::String) => "must be a string",
                Some(FieldType::Relation) => "must be an id",
                Some(FieldType::Number) => "must be a number",
                Some(FieldType::Integer) => "must be a whole number",
                Some(FieldType::Boolean) => "must be true or false",
                Some(FieldType::Date) => DATE,
                _ => "must be a string, a number, true or false",
            }
            .to_owned(),
        )),
    }
}

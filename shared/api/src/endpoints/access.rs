//! What an endpoint may do to which table.

use crate::tables::{self, SystemTable};

/// A DynamoDB action, named as IAM names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `dynamodb:GetItem`
    GetItem,
    /// `dynamodb:BatchGetItem`
    BatchGetItem,
    /// `dynamodb:Query`
    Query,
    /// `dynamodb:PutItem`
    PutItem,
    /// `dynamodb:UpdateItem`
    UpdateItem,
    /// `dynamodb:DeleteItem`
    DeleteItem,
    /// `dynamodb:ConditionCheckItem`
    ConditionCheckItem,
}

impl Action {
    /// The action as a policy writes it, without `dynamodb:`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::BatchGetItem => "BatchGetItem",
            Self::Query => "Query",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
            Self::ConditionCheckItem => "ConditionCheckItem",
        }
    }
}

/// What an endpoint touches: a system table, or the tables or indexes of the collections that have what it is for. A
/// transaction is granted by the actions it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `_users`
    Users,
    /// The index `by_kind` of `_users`.
    UsersIndex,
    /// `_sessions`
    Sessions,
    /// `_settings`
    Settings,
    /// `_throttle`
    Throttle,
    /// `_api_keys`
    ApiKeys,
    /// The table of every declared collection.
    Records,
    /// Every index of every collection that has one.
    RecordsIndexes,
    /// The table of every collection that some relation points to.
    RelatedRecords,
    /// `_users`, where some relation points to users.
    RelatedUsers,
    /// The table of every collection with unique fields.
    UniqueRecords,
    /// The table of every collection with row filters.
    FilteredRecords,
    /// The table of every collection with row filters that some relation points to.
    RelatedFilteredRecords,
    /// The table of every collection whose records may have to be read before they are changed: with relations, unique
    /// fields, indexes, row filters or fields under a rule of their own.
    EntangledRecords,
}

impl Table {
    /// The system table that this names as a whole.
    #[must_use]
    pub const fn system(self) -> Option<&'static SystemTable> {
        match self {
            Self::Users | Self::RelatedUsers => Some(&tables::USERS),
            Self::Sessions => Some(&tables::SESSIONS),
            Self::Settings => Some(&tables::SETTINGS),
            Self::Throttle => Some(&tables::THROTTLE),
            Self::ApiKeys => Some(&tables::API_KEYS),
            Self::UsersIndex
            | Self::Records
            | Self::RecordsIndexes
            | Self::RelatedRecords
            | Self::UniqueRecords
            | Self::FilteredRecords
            | Self::RelatedFilteredRecords
            | Self::EntangledRecords => None,
        }
    }

    /// The system table whose indexes this names.
    #[must_use]
    pub const fn indexes_of(self) -> Option<&'static SystemTable> {
        match self {
            Self::UsersIndex => Some(&tables::USERS),
            _ => None,
        }
    }
}

//! The access of endpoints to tables.

use crate::tables::{self, SystemTable};

/// A DynamoDB action under its IAM name.
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
    /// `dynamodb:BatchWriteItem`
    BatchWriteItem,
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
            Self::BatchWriteItem => "BatchWriteItem",
        }
    }
}

/// A right beyond the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// `lambda:InvokeFunction` on every worker that is invoked with the name of a consumer.
    WakeWorkers,
    /// `events:PutEvents` on the bus that the parameter names.
    PutEvents,
    /// `ses:SendEmail` from the address of `mail.from` alone.
    SendMail,
}

/// The target of an endpoint's access: a system table, or the tables or indexes of the collections that it concerns. A
/// transaction is granted by the actions that it consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// `_users`
    Users,
    /// The identities among the items of `_users`, which hold the password hashes. A policy denies every other endpoint
    /// the actions on them that it has on the table.
    Identities,
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
    /// `_events`
    Events,
    /// `_deliveries`
    Deliveries,
    /// `_audit`
    Audit,
    /// The indexes of `_audit`.
    AuditIndex,
    /// `_configuration`
    Configuration,
    /// The settings of providers among the items of `_configuration`, which hold their sealed secrets. A policy denies every
    /// other endpoint the actions on them that it has on the table.
    Providers,
    /// `_mail`
    Mail,
    /// `_invitations`
    Invitations,
    /// The table of every declared collection.
    Records,
    /// Every index of every collection that has one.
    RecordsIndexes,
    /// The table of every collection with declared indexes.
    IndexedRecords,
    /// The table of every collection that a relation points to.
    RelatedRecords,
    /// `_users`, where a relation points to users.
    RelatedUsers,
    /// The table of every collection with unique fields.
    UniqueRecords,
    /// The table of every collection with row filters.
    FilteredRecords,
    /// The table of every collection with row filters that a relation points to.
    RelatedFilteredRecords,
    /// The table of every collection that a trigger reads or writes.
    TriggerReads,
    /// Every index of every such collection.
    TriggerIndexes,
    /// The table of every collection that a trigger writes.
    TriggerWrites,
    /// The table of every collection that a relation of such a collection points to.
    TriggerRelated,
    /// `_users`, where a relation of such a collection points to users.
    TriggerRelatedUsers,
}

impl Table {
    /// The system table that this names as a whole.
    #[must_use]
    pub const fn system(self) -> Option<&'static SystemTable> {
        match self {
            Self::Users | Self::RelatedUsers | Self::TriggerRelatedUsers => Some(&tables::USERS),
            Self::Sessions => Some(&tables::SESSIONS),
            Self::Settings => Some(&tables::SETTINGS),
            Self::Throttle => Some(&tables::THROTTLE),
            Self::ApiKeys => Some(&tables::API_KEYS),
            Self::Events => Some(&tables::EVENTS),
            Self::Deliveries => Some(&tables::DELIVERIES),
            Self::Audit => Some(&tables::AUDIT),
            Self::Configuration => Some(&tables::CONFIGURATION),
            Self::Mail => Some(&tables::MAIL),
            Self::Invitations => Some(&tables::INVITATIONS),
            Self::Identities
            | Self::Providers
            | Self::UsersIndex
            | Self::AuditIndex
            | Self::Records
            | Self::RecordsIndexes
            | Self::IndexedRecords
            | Self::RelatedRecords
            | Self::UniqueRecords
            | Self::FilteredRecords
            | Self::RelatedFilteredRecords
            | Self::TriggerReads
            | Self::TriggerIndexes
            | Self::TriggerWrites
            | Self::TriggerRelated => None,
        }
    }

    /// The system table whose indexes this names.
    #[must_use]
    pub const fn indexes_of(self) -> Option<&'static SystemTable> {
        match self {
            Self::UsersIndex => Some(&tables::USERS),
            Self::AuditIndex => Some(&tables::AUDIT),
            _ => None,
        }
    }
}

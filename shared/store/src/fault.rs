//! What DynamoDB's errors mean to a caller.

use api::{Code, Error};
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;

use crate::item::Item;

/// Codes that pass by themselves, beside whatever has a 5xx status.
const PASSING: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "TransactionConflictException",
    "TransactionInProgressException",
    "ReplicatedWriteConflictException",
];

/// Why a transaction was cancelled.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// A condition failed, on this item.
    Condition(Option<Item>),
    /// Another transaction was at the same items; it may be tried again.
    Conflict,
    /// Something else.
    Fault(Error),
}

/// The refusal for an error that no condition explains.
pub(crate) fn of<E>(error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let cause = DisplayErrorContext(error).to_string();
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Error::unavailable(cause)
        }
        SdkError::ServiceError(service) => {
            let code = error.code().unwrap_or_default();
            let too_large = code == "ValidationException"
                && error.message().is_some_and(|message| message.starts_with("Item size"));
            if too_large {
                Code::RecordTooLarge.into()
            } else if PASSING.contains(&code) || service.raw().status().is_server_error() {
                Error::unavailable(cause)
            } else {
                Error::internal(cause)
            }
        }
        _ => Error::internal(cause),
    }
}

/// Takes a cancelled transaction apart.
pub(crate) fn of_transaction(error: SdkError<TransactWriteItemsError>) -> Cancelled {
    let fault = of(&error);
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Cancelled::Fault(fault);
    };
    let reasons = cancelled.cancellation_reasons();
    let has = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
    if let Some(reason) = reasons.iter().find(|reason| has(reason, "ConditionalCheckFailed")) {
        return Cancelled::Condition(reason.item.clone());
    }
    if reasons.iter().any(|reason| has(reason, "TransactionConflict")) {
        return Cancelled::Conflict;
    }
    let throttled = ["ThrottlingError", "ProvisionedThroughputExceeded"];
    if reasons.iter().any(|reason| throttled.iter().any(|code| has(reason, code))) {
        return Cancelled::Fault(Error::unavailable("transaction throttled"));
    }
    Cancelled::Fault(fault)
}

/// The item that a conditional update found instead of what it wanted; `None` for any other error.
pub(crate) fn failed_condition(error: &SdkError<UpdateItemError>) -> Option<Option<Item>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Some(failed.item.clone()),
        _ => None,
    }
}

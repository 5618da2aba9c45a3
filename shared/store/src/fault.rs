//! Translates DynamoDB's errors into those of a caller.

use api::{Code, Error};
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::CancellationReason;

use crate::item::Item;

/// Codes of passing errors, beside every 5xx status.
const PASSING: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "TransactionConflictException",
    "TransactionInProgressException",
    "ReplicatedWriteConflictException",
];

/// The reason why a transaction or a single write was not done.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// Conditions of these writes failed: their places in the request, each with the item that it found.
    Conditions(Vec<(usize, Option<Item>)>),
    /// This write would make its item too large.
    TooLarge(usize),
    /// Another transaction was at the same items; a retry may succeed.
    Conflict,
    /// Something else.
    Fault(Error),
}

/// The error for a failure that no condition explains.
pub(crate) fn of<E>(error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let cause = cause(error);
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Error::unavailable(cause)
        }
        SdkError::ServiceError(service) => {
            let code = error.code().unwrap_or_default();
            if code == "ValidationException" && is_too_large(error.message()) {
                Code::RecordTooLarge.into()
            } else if code == "ValidationException" && is_without_index(error.message()) {
                Code::IndexBuilding.into()
            } else if PASSING.contains(&code) || !service.raw().status().is_client_error() {
                // A 5xx status, or a 200 with an unreadable body.
                Error::unavailable(cause)
            } else {
                Error::internal(cause)
            }
        }
        _ => Error::internal(cause),
    }
}

/// Whether DynamoDB does not have the index yet, or is still building it, which happens while indexes change in steps.
fn is_without_index(message: Option<&str>) -> bool {
    message.is_some_and(|message| {
        message.contains("not have the specified index")
            || message.contains("backfilling global secondary index")
    })
}

/// Whether DynamoDB complains of the size of an item.
fn is_too_large(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.starts_with("Item size"))
}

/// The cause for the log: status, code and message, or the chain of causes. The SDK's debug output must not be logged:
/// it holds the whole reply with items and password hashes (ASVS 5.0, 16.2.5).
fn cause<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let SdkError::ServiceError(service) = error {
        let (code, message) = (
            error.code().unwrap_or("no code"),
            error.message().unwrap_or("no message"),
        );
        return format!("DynamoDB {}: {code}: {message}", service.raw().status());
    }
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// The error for a request that lacks a part: a bug.
pub(crate) fn built(error: BuildError) -> Error {
    Error::internal(error.to_string())
}

/// Splits a cancelled transaction into its reasons.
pub(crate) fn of_transaction(error: SdkError<TransactWriteItemsError>) -> Cancelled {
    let fault = of(&error);
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
        error.as_service_error()
    else {
        return Cancelled::Fault(fault);
    };
    let reasons = cancelled.cancellation_reasons();
    let has = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
    // After a conflict the conditions may have another result, above all where the conflict is with the first attempt
    // of this request.
    if reasons
        .iter()
        .any(|reason| has(reason, "TransactionConflict"))
    {
        return Cancelled::Conflict;
    }
    let failed = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| has(reason, "ConditionalCheckFailed"));
    let failed: Vec<_> = failed
        .map(|(at, reason)| (at, reason.item.clone()))
        .collect();
    if !failed.is_empty() {
        return Cancelled::Conditions(failed);
    }
    let too_large = |reason: &CancellationReason| {
        has(reason, "ValidationError") && is_too_large(reason.message())
    };
    if let Some(at) = reasons.iter().position(too_large) {
        return Cancelled::TooLarge(at);
    }
    let throttled = ["ThrottlingError", "ProvisionedThroughputExceeded"];
    if reasons
        .iter()
        .any(|reason| throttled.iter().any(|code| has(reason, code)))
    {
        return Cancelled::Fault(Error::unavailable("transaction throttled"));
    }
    Cancelled::Fault(fault)
}

/// Splits a refused write into its reasons, given the item that its condition failed on.
pub(crate) fn of_write<E>(error: &SdkError<E>, failed: Option<Option<Item>>) -> Cancelled
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let fault = of(error);
    match failed {
        Some(found) => Cancelled::Conditions(vec![(0, found)]),
        None if error.code() == Some("TransactionConflictException") => Cancelled::Conflict,
        None if fault.code == Code::RecordTooLarge => Cancelled::TooLarge(0),
        None => Cancelled::Fault(fault),
    }
}

/// The item that a conditional put found; `None` for any other error.
pub(crate) fn failed_put(error: &SdkError<PutItemError>) -> Option<Option<Item>> {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(failed)) => Some(failed.item.clone()),
        _ => None,
    }
}

/// The item that a conditional delete found; `None` for any other error.
pub(crate) fn failed_delete(error: &SdkError<DeleteItemError>) -> Option<Option<Item>> {
    match error.as_service_error() {
        Some(DeleteItemError::ConditionalCheckFailedException(failed)) => Some(failed.item.clone()),
        _ => None,
    }
}

/// The item that a conditional update found instead of the expected one; `None` for any other error.
pub(crate) fn failed_condition(error: &SdkError<UpdateItemError>) -> Option<Option<Item>> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Some(failed.item.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use api::Code;
    use aws_sdk_dynamodb::config::http::HttpResponse;
    use aws_sdk_dynamodb::error::ErrorMetadata;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// An error of the service with this status and code; its reply contains a hash.
    fn error(status: u16, code: &str, message: &str) -> SdkError<UpdateItemError> {
        let body = SdkBody::from(r#"{"Item":{"password_hash":{"S":"$2b$10$secret"}}}"#);
        let raw = HttpResponse::new(status.try_into().expect("a status"), body);
        SdkError::service_error(
            UpdateItemError::generic(ErrorMetadata::builder().code(code).message(message).build()),
            raw,
        )
    }

    #[test]
    fn what_passes_by_itself_is_503_and_the_rest_a_bug() {
        for (status, code, message, expected) in [
            (
                400,
                "ProvisionedThroughputExceededException",
                "slow down",
                Code::Unavailable,
            ),
            (
                400,
                "TransactionConflictException",
                "busy",
                Code::Unavailable,
            ),
            (500, "InternalServerError", "", Code::Unavailable),
            (200, "", "", Code::Unavailable),
            (
                400,
                "ValidationException",
                "Item size to update has exceeded the maximum allowed size",
                Code::RecordTooLarge,
            ),
            (
                400,
                "ValidationException",
                "The table does not have the specified index: by.status",
                Code::IndexBuilding,
            ),
            (
                400,
                "ValidationException",
                "Cannot read from backfilling global secondary index: by.status",
                Code::IndexBuilding,
            ),
            (
                400,
                "ValidationException",
                "Invalid UpdateExpression",
                Code::Internal,
            ),
            (
                400,
                "AccessDeniedException",
                "not authorized",
                Code::Internal,
            ),
        ] {
            assert_eq!(
                of(&error(status, code, message)).code,
                expected,
                "{status} {code} {message}"
            );
        }
    }

    /// The outcome of a transaction that was cancelled for these reasons, as the places of failed conditions.
    fn cancelled(codes: &[&str]) -> Result<Vec<usize>, &'static str> {
        let reasons = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build())
            .collect();
        let exception = TransactionCanceledException::builder()
            .set_cancellation_reasons(Some(reasons))
            .build();
        let raw = HttpResponse::new(400.try_into().expect("a status"), SdkBody::empty());
        let error = TransactWriteItemsError::TransactionCanceledException(exception);
        match of_transaction(SdkError::service_error(error, raw)) {
            Cancelled::Conditions(failed) => Ok(failed.into_iter().map(|(at, _)| at).collect()),
            Cancelled::TooLarge(_) => Err("too large"),
            Cancelled::Conflict => Err("conflict"),
            Cancelled::Fault(error) => Err(error.code.as_str()),
        }
    }

    #[test]
    fn a_conflict_is_tried_again_whatever_the_conditions_found() {
        const NONE: &str = "None";
        const FAILED: &str = "ConditionalCheckFailed";
        const CONFLICT: &str = "TransactionConflict";
        for (codes, expected) in [
            (vec![NONE, FAILED, NONE, FAILED], Ok(vec![1, 3])),
            (vec![NONE, CONFLICT], Err("conflict")),
            (vec![FAILED, CONFLICT], Err("conflict")),
            (vec![CONFLICT, FAILED], Err("conflict")),
            (vec![NONE, "ThrottlingError"], Err("common/unavailable")),
            (vec![NONE, "AccessDenied"], Err("common/internal")),
        ] {
            assert_eq!(cancelled(&codes), expected, "{codes:?}");
        }
    }

    #[test]
    fn the_cause_never_shows_the_reply() {
        for status in [200, 400, 500] {
            let cause = of(&error(status, "AccessDeniedException", "not authorized"))
                .cause
                .expect("a cause");
            assert!(
                cause.contains("AccessDeniedException: not authorized"),
                "{cause}"
            );
            assert!(
                !cause.contains("secret") && !cause.contains("password_hash"),
                "{cause}"
            );
        }
    }
}

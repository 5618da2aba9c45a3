//! The components that no collection changes: headers, parameters, responses and schemas.

use api::error::Code;
use serde_json::{Map, Value, json};

use super::providers;
use super::shared::{header, id_operand, refusal, schema};

pub(super) fn headers() -> Value {
    let text = json!({ "type": "string" });
    let tag = json!({ "type": "string", "pattern": "^\"[^\"]*\"$" });
    json!({
        "OptionalETag": { "description": "As `ETag`; not there where relations are inlined.", "schema": tag },
        "RequestId": { "description": "The request's id, as in the log.", "required": true, "schema": text },
        "ETag": {
            "description": "The record's revision in quotation marks: what to send as `If-Match` or `If-None-Match`.",
            "required": true,
            "schema": tag,
        },
        "ExpandTruncated": {
            "description": "The relations of `expand` in which an id stayed since its target did not fit, with commas \
                            between. Not there where everything fitted.",
            "schema": text,
        },
        "Location": { "description": "The path of the new record.", "required": true, "schema": text },
        "RetryAfter": {
            "description": "In how many seconds to try again.",
            "required": true,
            "schema": { "type": "integer", "minimum": 0 },
        },
        "Challenge": {
            "description": "The scheme by which a client shows itself: `Basic`.",
            "required": true,
            "schema": text,
        },
        "Allow": { "description": "The methods that the path answers.", "required": true, "schema": text },
        "CacheControl": {
            "description": "`no-store` on `/api/auth/*`, but `public` on what is the same for every caller; `private, no-cache` \
                            on records read by an identified caller.",
            "schema": text,
        },
        "SetCookie": {
            "description": "The refresh token as `__Host-refresh` (`HttpOnly; Secure; SameSite=Lax; Path=/`; from `cargo \
                            dev` it is `refresh`, without `Secure`), where it goes by cookie; or its end.",
            "schema": text,
        },
        "Vary": { "description": "On records read by an identified caller.", "schema": text },
    })
}

pub(super) fn parameters() -> Value {
    let key = json!({ "type": "string", "pattern": "^[\\x21-\\x7E]{16,128}$" });
    let mut parameters = json!({
        "RecordId": {
            "name": "id", "in": "path", "required": true,
            "description": "The record's id; anything else is 404.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "Id": {
            "name": "id", "in": "path", "required": true,
            "description": "The id; anything else is 404.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "Username": {
            "name": "username", "in": "path", "required": true,
            "description": "The username, whatever its case.",
            "schema": { "type": "string", "pattern": "^[a-zA-Z0-9_.-]{3,50}$" },
        },
        "SessionId": {
            "name": "sid", "in": "path", "required": true,
            "description": "The session's id; anything else is 404.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "UserSearch": {
            "name": "search", "in": "query",
            "description": "What the address or a text of the profile contains, whatever its case.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
        },
        "UserRole": {
            "name": "role", "in": "query",
            "description": "The users of this role alone: `admin`, `authenticated`, or one of the declared roles.",
            "schema": { "type": "string" },
        },
        "AuditActor": {
            "name": "actor", "in": "query",
            "description": "The entries of what this user or this API key has done.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "AuditSubject": {
            "name": "subject", "in": "query",
            "description": "The entries of what happened to this user, record, key or webhook.",
            "schema": { "type": "string", "format": "uuid" },
        },
        "EventType": {
            "name": "type", "in": "query",
            "description": "The events of this type, such as `user.updated`, or of this family, such as `user.*`.",
            "schema": { "type": "string" },
        },
        "From": {
            "name": "from", "in": "query",
            "description": "The entries since this time.",
            "schema": { "type": "string", "format": "date-time" },
        },
        "To": {
            "name": "to", "in": "query",
            "description": "The entries before this time; it is after `from`.",
            "schema": { "type": "string", "format": "date-time" },
        },
        "ApiKeyMaker": {
            "name": "createdBy", "in": "query",
            "description": "The keys that the admin with this id has made.",
            "schema": { "type": "string" },
        },
        "PageName": {
            "name": "page", "in": "path", "required": true,
            "description": "The page; anything else is 404.",
            "schema": { "type": "string" },
        },
        "LinkToken": {
            "name": "token", "in": "query",
            "description": "The token of the link in the mail. Without a good one the page says so, with 400.",
            "schema": { "type": "string", "maxLength": 512 },
        },
        "DeliveryState": {
            "name": "state", "in": "query",
            "description": "The deliveries in this state alone.",
            "schema": { "type": "string", "enum": ["waiting", "parked", "delivered"] },
        },
        "InvitationStatus": {
            "name": "status", "in": "query",
            "description": "The invitations in this status alone.",
            "schema": { "type": "string", "enum": ["pending", "accepted", "rejected", "revoked", "expired"] },
        },
        "ResourceType": {
            "name": "resourceType", "in": "query",
            "description": "The invitations for things of this type alone.",
            "schema": { "type": "string" },
        },
        "ResourceId": {
            "name": "resourceId", "in": "query",
            "description": "The invitations for the thing with this id alone.",
            "schema": { "type": "string" },
        },
        "EventId": {
            "name": "eventId", "in": "path", "required": true,
            "description": "The event's id; anything else is 410.",
            "schema": { "type": "string" },
        },
        "MailKind": {
            "name": "kind", "in": "path", "required": true,
            "description": "The kind of mail, such as `verify-email`; any other text is 404.",
            "schema": { "type": "string" },
        },
        "MailLocale": {
            "name": "locale", "in": "path", "required": true,
            "description": "A language that templates ship in, such as `de`; any other text is 404.",
            "schema": { "type": "string" },
        },
        "ApiKeysOfLeaver": {
            "name": "apiKeys", "in": "query",
            "description": "What becomes of the API keys that the user has made, where the request takes an admin's \
                            rights away: `keep` or `delete`. Without it the request is 409 `users/has-api-keys` while \
                            such keys stand.",
            "schema": { "type": "string", "enum": ["keep", "delete"] },
        },
        "Passkeys": {
            "name": "passkeys", "in": "query",
            "description": "Whether the user's passkeys go, too.",
            "schema": { "type": "boolean", "default": false },
        },
        "RefreshKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key with the same refresh token, within 60 s and while its successor is unused, \
                            gets the same successor again: a lost reply logs nobody out.",
            "schema": key,
        },
        "RefreshTokenMode": {
            "name": "x-refresh-token-mode", "in": "header",
            "description": "`cookie`: the refresh token goes by cookie, and is not in the body.",
            "schema": { "type": "string", "enum": ["cookie", "body"], "default": "body" },
        },
        "RefreshTokenHeader": {
            "name": "x-refresh-token", "in": "header",
            "description": "The refresh token, where the body has none.",
            "schema": { "type": "string" },
        },
        "RefreshTokenCookie": {
            "name": "__Host-refresh", "in": "cookie",
            "description": "The refresh token, where neither body nor header has one. The request needs an `Origin` that \
                            is allowed; the answer goes by cookie as well.",
            "schema": { "type": "string" },
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key of the same caller, within a day, gets the record that it made, as it is \
                            now; with another body it is 409. Of a caller without token it is ignored.",
            "schema": key,
        },
        "IfMatch": {
            "name": "If-Match", "in": "header",
            "description": "The `ETag` that the record must still have, or `*`: 412 when it has moved on.",
            "schema": { "type": "string" },
        },
        "IfNoneMatch": {
            "name": "If-None-Match", "in": "header",
            "description": "The `ETag` of what the caller has: 304 when the record is still that, as a whole.",
            "schema": { "type": "string" },
        },
    });
    let others = [providers::parameters(), list_parameters()];
    for (name, parameter) in others.iter().filter_map(Value::as_object).flatten() {
        parameters[name] = parameter.clone();
    }
    parameters
}

/// The parameters that all lists share.
fn list_parameters() -> Value {
    json!({
        "Limit": {
            "name": "limit", "in": "query",
            "description": "How many records to answer at most.",
            "schema": { "type": "integer", "minimum": 1, "maximum": 100, "default": 20 },
        },
        "Cursor": {
            "name": "cursor", "in": "query",
            "description": "The `nextCursor` of the page before: opaque, valid for 24 hours, for this list and caller.",
            "schema": { "type": "string" },
        },
        "SortDirection": {
            "name": "sortDirection", "in": "query",
            "description": "The direction of `sortBy`.",
            "schema": { "type": "string", "enum": ["asc", "desc"], "default": "desc" },
        },
        "Explain": {
            "name": "explain", "in": "query",
            "description": "Whether to tell how the list was read; for admins alone.",
            "schema": { "type": "boolean", "default": false },
        },
        "Search": {
            "name": "search", "in": "query",
            "description": "Text that one of the string fields has in it, whatever the case.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[^\\u0000]*$" },
        },
    })
}

/// The refusals that belong to no operation, the gateway's, and what is no refusal.
pub(super) fn responses() -> Map<String, Value> {
    let refused = |code: Code| refusal(code.status(), &[code], false);
    let mut method_not_allowed = refused(Code::MethodNotAllowed);
    method_not_allowed["headers"]["Allow"] = header("Allow");
    let not_modified = ["ETag", "Cache-Control", "Vary"]
        .map(|name| (name.to_owned(), header(&name.replace('-', ""))));
    let request_id = ("x-request-id".to_owned(), header("RequestId"));
    let not_modified: Map<String, Value> = not_modified.into_iter().chain([request_id]).collect();
    let throttled = json!({
        "description": "The gateway refuses: too many requests.",
        "content": { "application/json": { "schema": schema("GatewayError") } },
    });
    Map::from_iter([
        ("NotFound".to_owned(), refused(Code::NotFound)),
        ("MethodNotAllowed".to_owned(), method_not_allowed),
        (
            "NotModified".to_owned(),
            json!({ "description": "The caller has it.", "headers": not_modified }),
        ),
        ("Throttled".to_owned(), throttled),
    ])
}

/// The schemas that all collections share.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let tests = |operand: Value, more: &[(&str, Value)]| {
        let or_null = json!({ "anyOf": [operand, { "type": "null" }] });
        let several = json!({ "type": "array", "items": or_null, "maxItems": 100 });
        let mut operators = Map::from_iter([
            ("$eq".to_owned(), or_null.clone()),
            ("$ne".to_owned(), or_null),
            ("$in".to_owned(), several.clone()),
            ("$nin".to_owned(), several),
            ("$exists".to_owned(), json!({ "type": "boolean" })),
        ]);
        operators
            .extend(["$gt", "$gte", "$lt", "$lte"].map(|name| (name.to_owned(), operand.clone())));
        operators.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        json!({
            "type": "object", "description": "Conditions on one field: all of them hold.",
            "properties": operators, "minProperties": 1, "additionalProperties": false,
        })
    };
    let text = schema("Text");
    vec![
        (
            "Text",
            json!({ "type": "string", "pattern": "^[^\\u0000]*$", "description": "Text without NUL." }),
        ),
        (
            "Integer",
            json!({
                "type": "integer",
                "minimum": serde_json::from_str::<Value>(&format!("-{}", "9".repeat(38))).unwrap_or_default(),
                "maximum": serde_json::from_str::<Value>(&"9".repeat(38)).unwrap_or_default(),
            }),
        ),
        (
            "Number",
            json!({
                "type": "number",
                "description": "At most 38 significant digits, of a magnitude from 1e-130 to less than 1e126, or 0.",
            }),
        ),
        (
            "Date",
            json!({
                "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "string", "format": "date" }],
                "description": "An RFC 3339 date-time of the years 0000 to 9999, kept in UTC with milliseconds, or a date, its \
                                midnight.",
            }),
        ),
        (
            "Reference",
            json!({
                "type": "string",
                "format": "uuid",
                "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                "description": "The id of a record or user that exists and that the caller may read.",
            }),
        ),
        (
            "TextTests",
            tests(
                text.clone(),
                &[("$contains", text.clone()), ("$startsWith", text)],
            ),
        ),
        ("IdTests", tests(id_operand(), &[])),
        ("NumberTests", tests(schema("Number"), &[])),
        ("IntegerTests", tests(schema("Integer"), &[])),
        ("BooleanTests", tests(json!({ "type": "boolean" }), &[])),
        ("DateTests", tests(schema("Date"), &[])),
    ]
}

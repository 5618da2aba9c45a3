//! `GET /api/{collection}/{id}`: reads a record.

use std::process::ExitCode;

use api::endpoints::RecordsGet;
use api::query::parse;
use api::{Code, Error};
use auth::Visibility;
use auth::precondition::has_already;
use runtime::{Call, Reply};
use store::{Store, expand};

fn main() -> ExitCode {
    runtime::serve(RecordsGet, get)
}

/// Reads the record while the session is checked, and shows it to a caller who may see it.
async fn get(store: &Store, call: Call<RecordsGet>) -> Result<Reply<RecordsGet>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let query = parse(definition, call.query(&["fields", "expand"])?)?;
    let relations = expand::check(definition, &query, collections::get)?;
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let record = store.record_at(definition, call.id());
    let (caller, record) = tokio::try_join!(caller, record)?;

    let visibility = Visibility::new(definition, &caller);
    let (rev, record) = record
        .map(|record| (record.rev.clone(), record.wire(definition)))
        .filter(|(_, record)| visibility.shows(record))
        .ok_or(Code::RecordNotFound)?;
    // Inlined records have revisions of their own: such a reply has no tag. A caller who now sees more fields than
    // before does not have all of them yet.
    let tagged = relations.is_empty();
    if tagged && definition.hidden().next().is_none() && has_already(call.if_none_match(), &rev) {
        return Ok(Reply::not_modified(&caller, &rev));
    }
    let (profile, mut records) = (&call.settings.users.fields, [visibility.of(record)]);
    let left = store
        .expand(&caller, &relations, profile, &mut records)
        .await?;
    let [record] = records;
    let reply = Reply::to(&caller, record.view(query.fields.as_deref())).truncated(&left);
    Ok(if tagged { reply.tagged(&rev) } else { reply })
}

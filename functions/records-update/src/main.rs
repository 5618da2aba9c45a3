//! `PATCH and PUT /api/{collection}/{id}`: changes a record.

use std::process::ExitCode;

use api::endpoints::RecordsUpdate;
use api::record::{self, Write};
use api::{Code, Error, Operation};
use auth::Visibility;
use auth::permission::may_change;
use auth::precondition::Precondition;
use auth::terms::{Columns, Terms, columns, owner_change, related};
use runtime::{Call, Reply};
use store::{Change, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(RecordsUpdate, update)
}

/// Checks the caller and the body, and writes on condition that the record is the caller's to change. Where the record
/// has to be read for that, it is read beside the session.
async fn update(store: &Store, call: Call<RecordsUpdate>) -> Result<Reply<RecordsUpdate>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let (body, write) = (
        &call.body.0,
        if call.is_put() {
            Write::Replace
        } else {
            Write::Merge
        },
    );

    // Whoever may not update hears that before what is wrong with the body; and who it is tells which fields are missed.
    let ruled: Vec<String> = definition.ruled().map(|field| field.name.clone()).collect();
    let input = record::check_but(definition, body.clone(), write, &ruled);
    let needed = input
        .as_ref()
        .is_ok_and(|input| Change::needs_record(definition, input, call.is_put()));
    let id = call.id().parse().ok();
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let (caller, before) = tokio::try_join!(caller, store.before(definition, id, needed))?;
    let requirement = may_change(definition, Operation::Update, &caller)?;
    let Columns { written, kept } =
        columns(definition, &caller, body, call.is_put(), &requirement)?;
    let input = if kept == ruled {
        input?
    } else {
        record::check_but(definition, body.clone(), write, &kept)?
    };
    let related = related(definition, &input, &caller, collections::get);
    let owner = owner_change(definition, &caller, input.owner)?;
    let precondition = Precondition::if_match(call.if_match())?;
    let id = id.ok_or(Code::RecordNotFound)?;

    let visibility = Visibility::new(definition, &caller);
    let terms = Terms {
        visibility: &visibility,
        requirement,
        fields: written,
        owner,
        precondition,
    };
    let change = Change {
        fields: input.fields,
        removed: input.removed,
        replace: call.is_put(),
        kept,
    };
    let writer = Writer::new(
        caller.id(),
        call.request_id.clone(),
        call.now,
        call.random()?,
    )
    .with_key(caller.key());
    let record = store
        .update(id, terms, change, related, before, &writer)
        .await?;
    let rev = record.rev.clone();
    Ok(Reply::of(visibility.of(record.wire(definition))).tagged(&rev))
}

//! `GET /api/{collection}/count`: counts records.

use std::process::ExitCode;

use api::Error;
use api::endpoints::RecordsCount;
use api::query::parse_filter_only;
use api::wire::RecordCount;
use auth::Visibility;
use runtime::{Call, Reply};
use store::{Budget, Store};

fn main() -> ExitCode {
    runtime::serve(RecordsCount, count)
}

/// Counts in the scope that the caller may list.
async fn count(store: &Store, call: Call<RecordsCount>) -> Result<Reply<RecordsCount>, Error> {
    let definition = call.definition;
    let credentials = call.credentials(store).await?;
    let filter = parse_filter_only(definition, call.parameters())?;
    let caller = store
        .caller(&credentials, call.settings.auth.session_check, call.now)
        .await?;
    let (scope, filter) = Visibility::new(definition, &caller).list(&[], &filter)?;
    let plan = store::plan(definition, &scope, None, &filter)?;
    let budget = Budget::of(&caller);
    let count = store.count(definition, &plan, &filter, budget).await?;
    Ok(Reply::to(
        &caller,
        RecordCount {
            count: count.count,
            exact: count.exact,
        },
    ))
}

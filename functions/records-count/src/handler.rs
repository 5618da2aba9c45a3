use api::endpoints::RecordsCount;
use api::query::parse_filter_only;
use api::wire::RecordCount;
use api::{Code, Error, Operation};
use auth::Visibility;
use auth::permission::need_credentials;
use runtime::{Call, Reply};
use store::Store;

/// Counts in the scope that the caller may list.
pub(crate) async fn count(
    store: &Store,
    call: Call<RecordsCount>,
) -> Result<Reply<RecordsCount>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_credentials(definition.rule(Operation::List), call.has_credentials())?;
    let credentials = if call.has_credentials() {
        call.credentials(store.keys().await?)?
    } else {
        call.without_token()
    };
    let filter = parse_filter_only(definition, call.parameters())?;
    let caller = store
        .caller(&credentials, call.settings.auth.session_check, call.now)
        .await?;
    let (scope, filter) = Visibility::new(definition, &caller).list(&[], &filter)?;
    let plan = store::plan(definition, &scope, None, &filter)?;
    let count = store.count(definition, &plan, &filter).await?;
    Ok(Reply::of(RecordCount {
        count: count.count,
        exact: count.exact,
    }))
}

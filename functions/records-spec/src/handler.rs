use api::endpoints::RecordsSpec;
use api::{Code, Error, Operation};
use auth::permission::{may_list, need_credentials};
use runtime::{Call, Reply};
use store::Store;

/// Shows the definition to those who may list.
pub(crate) async fn spec(
    store: &Store,
    call: Call<RecordsSpec>,
) -> Result<Reply<RecordsSpec>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_credentials(definition.rule(Operation::List), call.has_credentials())?;
    let credentials = if call.has_credentials() {
        call.credentials(store.keys().await?)?
    } else {
        call.without_token()
    };
    call.query(&[])?;
    let caller = store
        .caller(&credentials, call.settings.auth.session_check, call.now)
        .await?;
    may_list(definition, &caller)?;
    Ok(Reply::of(definition))
}

use api::endpoints::RecordsSpec;
use api::{Code, Error, Operation};
use auth::permission::{may_list, need_token};
use runtime::{Call, Reply};
use store::Store;

/// Shows the definition to those who may list.
pub(crate) async fn spec(store: &Store, call: Call<RecordsSpec>) -> Result<Reply<RecordsSpec>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_token(definition.rule(Operation::List), call.has_token())?;
    let claims = if call.has_token() { call.claims(store.keys().await?)? } else { None };
    call.query(&[])?;
    let caller = store.caller(claims.as_ref(), call.settings.auth.session_check, call.now).await?;
    may_list(definition, &caller)?;
    Ok(Reply::of(definition))
}

use api::endpoints::RecordsBulk;
use api::{Code, Error, Operation, Rule};
use auth::permission::need_token;
use runtime::{Call, Reply};
use store::Store;

/// Checks the caller and the body, and writes everything in one transaction.
pub(crate) async fn bulk(store: &Store, call: Call<RecordsBulk>) -> Result<Reply<RecordsBulk>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    let writes = [Operation::Create, Operation::Update, Operation::Delete].map(|write| definition.rule(write));
    if !writes.contains(&Rule::Public) {
        need_token(Rule::Authenticated, call.has_token())?;
    }
    let claims = if call.has_token() { call.claims(store.keys().await?)? } else { None };
    let _caller = store.caller(claims.as_ref(), call.settings.auth.session_check, call.now).await?;
    let _operations = call.body.operations()?;
    Err(Error::internal("bulk writes are not built yet"))
}

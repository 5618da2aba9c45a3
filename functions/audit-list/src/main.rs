//! `GET /api/admin/audit`: lists the audit log, newest entries first.

use std::process::ExitCode;

use api::Error;
use api::endpoints::AuditList;
use api::query::AuditQuery;
use api::wire::AuditPage;
use auth::cursor::{Binding, Pager};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(AuditList, list)
}

/// Lists after the session check: only admins may cause the cost of reading.
async fn list(store: &Store, call: Call<AuditList>) -> Result<Reply<AuditList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    let query = AuditQuery::read(call.parameters())?;
    let pager = Pager::new(keys, Binding::of_audit(&query), call.now);
    let after = pager.open_id(query.cursor.as_deref())?;
    let page = store.list_audit(&query, after).await?;
    let next_cursor = pager.seal_id(page.next, call.random()?)?;
    let items = page.entries;
    Ok(Reply::to(&admin, AuditPage { items, next_cursor }))
}

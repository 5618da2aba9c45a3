//! `GET /api/{collection}`: lists records, newest first.

use std::process::ExitCode;

use api::endpoints::RecordsList;
use api::query::{Filter, parse};
use api::wire::{Explanation, RecordPage};
use api::{Code, Error};
use auth::caller::admit_by_claims;
use auth::cursor::{Binding, Pager};
use auth::{Caller, Scope, Visibility};
use runtime::{Call, Reply};
use store::{Store, expand};

fn main() -> ExitCode {
    runtime::serve(RecordsList, list)
}

/// Lists while the session is checked what the token suggests that the caller sees; where the stored role says otherwise,
/// the list is made again of what that shows. An API key suggests nothing before it has been looked up.
async fn list(store: &Store, call: Call<RecordsList>) -> Result<Reply<RecordsList>, Error> {
    let definition = call.definition;
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let query = parse(definition, call.parameters())?;
    let relations = expand::check(definition, &query, collections::get)?;

    let page = async |(scope, filter): (Scope, Filter)| {
        let plan = store::plan(definition, &scope, Some(&query.sort), &filter)?;
        let binding = Binding::new(&definition.name, &scope, &plan.order(), &filter);
        let pager = Pager::new(keys, binding, call.now);
        let position = pager.open(query.cursor.as_deref())?;
        let page = store
            .list(definition, &plan, &filter, position.as_deref(), query.limit)
            .await?;
        Ok::<_, Error>((page, plan, pager))
    };
    let listed =
        |caller: &Caller| Visibility::new(definition, caller).list(&query.sort, &query.filter);
    let suggested = listed(&admit_by_claims(&credentials)).ok();
    let first = async {
        match suggested.clone() {
            Some(listed) => Some(page(listed).await),
            None => None,
        }
    };
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let (caller, first) = tokio::join!(caller, first);
    let caller = caller?;
    let listed = listed(&caller)?;
    if query.explain && !caller.is_admin() {
        return Err(Error::new(Code::Forbidden).with_message("`explain` is for admins."));
    }
    let (mut page, plan, pager) = match first {
        Some(first) if suggested.as_ref() == Some(&listed) => first?,
        _ => page(listed).await?,
    };

    let visibility = Visibility::new(definition, &caller);
    page.records = page
        .records
        .into_iter()
        .map(|record| visibility.of(record))
        .collect();
    store
        .expand(
            &caller,
            &relations,
            &call.settings.users.fields,
            &mut page.records,
        )
        .await?;
    let next_cursor = pager.seal(page.next.as_deref(), call.random()?)?;
    let items = page
        .records
        .into_iter()
        .map(|record| record.view(query.fields.as_deref()))
        .collect();
    let explanation = || Explanation {
        index: plan.name(),
        requests: page.cost.requests,
        units: page.cost.units,
    };
    Ok(Reply::of(RecordPage {
        items,
        next_cursor,
        explain: query.explain.then(explanation),
    }))
}

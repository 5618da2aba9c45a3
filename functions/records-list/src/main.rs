//! `GET /api/{collection}`: lists records, newest first.

use std::process::ExitCode;

use api::endpoints::RecordsList;
use api::query::{Filter, Query, parse};
use api::wire::{Explanation, Record, RecordPage};
use api::{Code, Definition, Error, Timestamp};
use auth::caller::suggest;
use auth::cursor::{Binding, Pager};
use auth::{Caller, Keys, Scope, Visibility};
use runtime::{Call, Reply};
use store::{Budget, Cost, Page, Plan, Store, expand};

fn main() -> ExitCode {
    runtime::serve(RecordsList, list)
}

/// Lists while the session is checked, in the visibility that the token suggests. Where the stored role says otherwise,
/// the list is read again in the visibility of that role. An API key suggests nothing before it has been looked up.
async fn list(store: &Store, call: Call<RecordsList>) -> Result<Reply<RecordsList>, Error> {
    let definition = call.definition;
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let query = parse(definition, call.parameters())?;
    let relations = expand::check(definition, &query, collections::get)?;
    let lister = Lister {
        store,
        definition,
        keys,
        query: &query,
        now: call.now,
    };

    let suggested = lister.seen(&suggest(&credentials)).ok();
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let (caller, first) = tokio::join!(caller, lister.page_if(suggested.as_ref()));
    let caller = caller?;
    let seen = lister.seen(&caller)?;
    if query.explain && !caller.is_admin() {
        return Err(Error::new(Code::Forbidden).with_message("`explain` is for admins."));
    }
    let Listed { page, plan, pager } = match (first, &suggested) {
        (Some(first), Some(suggested)) if suits(&first, suggested, &seen) => first?,
        _ => lister.page(&seen).await?,
    };

    let visibility = Visibility::new(definition, &caller);
    let shown = page.records.into_iter().map(|record| visibility.of(record));
    let (profile, mut records) = (&call.settings.users.fields, shown.collect::<Vec<_>>());
    let left = store
        .expand(&caller, &relations, profile, &mut records)
        .await?;
    let view = |record: Record| record.view(query.fields.as_deref());
    let body = RecordPage {
        items: records.into_iter().map(view).collect(),
        next_cursor: pager.seal(page.next.as_deref(), call.random()?)?,
        explain: query.explain.then(|| explanation(&plan, page.cost)),
    };
    Ok(Reply::to(&caller, body).truncated(&left))
}

/// The records that a caller lists: their scope, the filter that they must pass, and the work that may be done.
type Seen = (Scope, Filter, Budget);

/// Whether a page that was read for the caller whom the token suggests is the page of the caller. The budgets matter
/// only where no index serves the filter.
fn suits(page: &Result<Listed<'_>, Error>, suggested: &Seen, seen: &Seen) -> bool {
    let is_served = page.as_ref().is_ok_and(|page| !page.plan.residual);
    (&suggested.0, &suggested.1) == (&seen.0, &seen.1) && (is_served || suggested.2 == seen.2)
}

/// The list that a request asks for.
struct Lister<'a> {
    store: &'a Store,
    definition: &'a Definition,
    keys: &'a Keys,
    query: &'a Query,
    now: Timestamp,
}

/// A page, the plan that it was read by, and the cursors of its list.
struct Listed<'a> {
    page: Page,
    plan: Plan,
    pager: Pager<'a>,
}

impl<'a> Lister<'a> {
    fn seen(&self, caller: &Caller) -> Result<Seen, Error> {
        let visibility = Visibility::new(self.definition, caller);
        let (scope, filter) = visibility.list(&self.query.sort, &self.query.filter)?;
        Ok((scope, filter, Budget::of(caller)))
    }

    async fn page_if(&self, seen: Option<&Seen>) -> Option<Result<Listed<'a>, Error>> {
        match seen {
            Some(seen) => Some(self.page(seen).await),
            None => None,
        }
    }

    async fn page(&self, (scope, filter, budget): &Seen) -> Result<Listed<'a>, Error> {
        let (definition, query) = (self.definition, self.query);
        let plan = store::plan(definition, scope, Some(&query.sort), filter)?;
        let binding = Binding::new(&definition.name, scope, &plan.order(), filter);
        let pager = Pager::new(self.keys, binding, self.now);
        let position = pager.open(query.cursor.as_deref())?;
        let list = self.store.list(
            definition,
            &plan,
            filter,
            position.as_deref(),
            query.limit,
            *budget,
        );
        let page = list.await?;
        Ok(Listed { page, plan, pager })
    }
}

fn explanation(plan: &Plan, cost: Cost) -> Explanation {
    Explanation {
        index: plan.name(),
        requests: cost.requests,
        units: cost.units,
    }
}

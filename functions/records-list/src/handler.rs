use api::endpoints::RecordsList;
use api::query::parse;
use api::wire::{Explanation, RecordPage};
use api::{Code, Error, Operation};
use auth::cursor::{self, Binding};
use auth::permission::{Scope, may_list, need_credentials};
use auth::session::admit_by_claims;
use runtime::{Call, Reply};
use store::{Store, expand};

/// Lists while the session is checked, in the scope that the token suggests; where the stored role says otherwise, the
/// list is made again in the scope that the role allows.
pub(crate) async fn list(store: &Store, call: Call<RecordsList>) -> Result<Reply<RecordsList>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_credentials(definition.rule(Operation::List), call.has_credentials())?;
    let keys = store.keys().await?;
    let credentials = call.credentials(keys)?;
    let query = parse(definition, call.parameters())?;
    let relations = expand::check(definition, &query, collections::get)?;

    let page = async |scope: Scope| {
        let plan = store::plan(definition, &scope, Some(&query.sort), &query.filter)?;
        let binding = Binding::new(&definition.name, &scope, &plan.order(), &query.filter);
        let position = query.cursor.as_deref().map(|text| cursor::open(keys, &binding, text, call.now)).transpose()?;
        let page = store.list(definition, &plan, &query.filter, position.as_deref(), query.limit).await?;
        Ok::<_, Error>((page, plan, binding))
    };
    let suggested = may_list(definition, &admit_by_claims(&credentials)).ok();
    let first = async {
        match suggested.clone() {
            Some(scope) => Some(page(scope).await),
            None => None,
        }
    };
    let caller = store.caller(&credentials, call.settings.auth.session_check, call.now);
    let (caller, first) = tokio::join!(caller, first);
    let caller = caller?;
    let scope = may_list(definition, &caller)?;
    if query.explain && !caller.is_admin() {
        return Err(Error::new(Code::Forbidden).with_message("`explain` is for admins."));
    }
    let (mut page, plan, binding) = match first {
        Some(first) if suggested.as_ref() == Some(&scope) => first?,
        _ => page(scope).await?,
    };

    store.expand(&caller, &relations, &call.settings.users.fields, &mut page.records).await?;
    let seal = |position: Vec<u8>| cursor::seal(keys, &binding, &position, call.now, call.random()?);
    let next_cursor = page.next.map(seal).transpose()?;
    let items = page.records.into_iter().map(|record| record.view(query.fields.as_deref())).collect();
    let explanation = || Explanation { index: plan.name(), requests: page.cost.requests, units: page.cost.units };
    Ok(Reply::of(RecordPage { items, next_cursor, explain: query.explain.then(explanation) }))
}

use api::endpoints::RecordsList;
use api::wire::RecordPage;
use api::{Code, Detail, Error, Operation};
use auth::cursor;
use auth::permission::{Scope, may_list, need_token};
use auth::session::{Caller, admit_by_claims};
use runtime::{Call, Reply};
use store::{Page, Store};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Lists while the session is checked, in the scope that the token suggests; where the stored role says otherwise, the
/// list is made again in the scope that the role allows.
pub(crate) async fn list(store: &Store, call: Call<RecordsList>) -> Result<Reply<RecordsList>, Error> {
    let definition = collections::get(call.collection()).ok_or(Code::NotFound)?;
    need_token(definition.rule(Operation::List), call.has_token())?;
    let keys = store.keys().await?;
    let claims = call.claims(keys)?;
    let query = call.query(&["limit", "cursor"])?;
    let limit = limit(query.get("limit").map(AsRef::as_ref))?;

    let page = async |scope: &Scope| -> Result<Page, Error> {
        let after = query.get("cursor").map(|text| cursor::open(keys, &definition.name, scope, text, call.now));
        store.list(definition, scope, after.transpose()?, limit).await
    };
    let suggested = may_list(definition, &claims.as_ref().map_or_else(Caller::stranger, admit_by_claims)).ok();
    let first = async {
        match &suggested {
            Some(scope) => match page(scope).await {
                // It may be a cursor of the list that the stored role allows.
                Err(error) if error.code == Code::InvalidCursor => Ok(None),
                page => page.map(Some),
            },
            None => Ok(None),
        }
    };
    let caller = store.caller(claims.as_ref(), call.settings.auth.session_check, call.now);
    let (caller, first) = tokio::try_join!(caller, first)?;
    let scope = may_list(definition, &caller)?;
    let page = match first {
        Some(first) if suggested.as_ref() == Some(&scope) => first,
        _ => page(&scope).await?,
    };

    let seal = |after| cursor::seal(keys, &definition.name, &scope, after, call.now, call.random()?);
    let next_cursor = page.next.map(seal).transpose()?;
    let items = page.records.into_iter().map(|record| record.wire(definition).view(None)).collect();
    Ok(Reply::of(RecordPage { items, next_cursor, explain: None }))
}

/// How many records a page has.
fn limit(text: Option<&str>) -> Result<usize, Error> {
    let digits = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    match text.map(|text| Some(text).filter(digits).and_then(|text| text.parse().ok())) {
        None => Ok(DEFAULT_LIMIT),
        Some(Some(limit)) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Error::invalid(vec![Detail::new("limit", "range", "`limit` must be 1 to 100.")])),
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn a_limit_is_1_to_100() {
        for (text, expected) in [(None, 20), (Some("1"), 1), (Some("100"), 100), (Some("007"), 7)] {
            assert_eq!(limit(text), Ok(expected));
        }
        for text in ["", "0", "101", "-1", "+5", "1.0", "1e1", " 5", "99999999999999999999"] {
            assert!(limit(Some(text)).is_err(), "{text:?}");
        }
    }
}

//! The keys of providers: in this instance, else in the table, else of the provider itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::endpoints::OauthToken;
use api::{Code, Error};
use auth::provider::{KeySet, NativeToken, PAUSE};
use runtime::Call;
use store::Store;

/// The keys that this instance has read, by their address.
static READ: Mutex<BTreeMap<String, KeySet>> = Mutex::new(BTreeMap::new());

fn read() -> MutexGuard<'static, BTreeMap<String, KeySet>> {
    READ.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The least time between two questions to a provider whose keys are not known, since anybody can make it be asked.
const TURN: Duration = Duration::from_secs(5);

/// How often, and after how long, one that has not the turn looks for the keys that another request gets.
const LOOKS: u32 = 10;
const LOOK: Duration = Duration::from_millis(300);

/// The keys at an address, to verify a token with. Where none hold, one request at a time asks the provider. For a key that is
/// not among them it is asked at most once a minute: anybody can name one.
pub(crate) async fn of(
    store: &Store,
    call: &Call<OauthToken>,
    address: &str,
    token: &NativeToken<'_>,
) -> Result<KeySet, Error> {
    let known = read().get(address).cloned();
    if let Some(known) = known.filter(|it| it.holds(call.now) && token.is_of(it)) {
        return Ok(known);
    }
    let kept = store.key_set(address).await?;
    if let Some(kept) = kept.filter(|it| it.holds(call.now)) {
        let may_ask = !token.is_of(&kept) && kept.may_ask(call.now);
        if !may_ask || !store.claim_key_set(address, PAUSE, call.now).await? {
            read().insert(address.to_owned(), kept.clone());
            return Ok(kept);
        }
    } else if !store.claim_key_set(address, TURN, call.now).await? {
        let told = told(store, call, address).await?;
        read().insert(address.to_owned(), told.clone());
        return Ok(told);
    }
    let client = providers::client(call.deployment.local);
    let told = providers::key_set(&client, address, call.now).await?;
    store.keep_key_set(address, &told).await?;
    read().insert(address.to_owned(), told.clone());
    Ok(told)
}

/// The keys that another request gets meanwhile.
async fn told(store: &Store, call: &Call<OauthToken>, address: &str) -> Result<KeySet, Error> {
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK).await;
        if let Some(told) = store
            .key_set(address)
            .await?
            .filter(|it| it.holds(call.now))
        {
            return Ok(told);
        }
    }
    Err(Code::ProviderUnavailable.into())
}

//! `cargo admin api-keys`: the identities of apps and servers.

use api::wire;
use api::{Id, Timestamp};
use clap::{Args, Subcommand};
use store::Store;

use crate::printable::printable;
use crate::user::{find, id, writer};
use crate::{now, words};

/// The API keys, and the use of them.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    /// List those alone that this admin has made, by address or by id.
    #[arg(long, value_name = "EMAIL|ID")]
    made_by: Option<String>,
    #[command(subcommand)]
    change: Option<Change>,
}

/// A change of an API key; without one all are listed.
#[derive(Subcommand)]
enum Change {
    /// Delete a key. The next request with it is refused.
    Revoke {
        /// The key's id, as the list shows it.
        #[arg(value_parser = id)]
        key: Id,
    },
}

/// Lists the keys or revokes one, and reports the result.
pub(crate) async fn run(store: &Store, arguments: &Arguments) -> Result<String, String> {
    if let Some(Change::Revoke { key }) = &arguments.change {
        return revoke(store, *key).await;
    }
    let maker = match &arguments.made_by {
        None => None,
        Some(who) => Some(maker(store, who).await?),
    };
    let keys = store.list_api_keys().await.map_err(|error| words(&error))?;
    let keys = keys.into_iter().map(auth::ApiKey::wire);
    let keys: Vec<_> = keys
        .filter(|key| maker.is_none_or(|maker| key.created_by == maker))
        .collect();
    if keys.is_empty() {
        return Ok("There is no API key.".to_owned());
    }
    let lines = keys.iter().map(|key| line(key, now()));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// The id of an admin, who may be gone by now.
async fn maker(store: &Store, who: &str) -> Result<Id, String> {
    match who.trim().parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(find(store, who).await?.id),
    }
}

async fn revoke(store: &Store, key: Id) -> Result<String, String> {
    let deleted = store.delete_api_key(key, &writer()?).await;
    match deleted.map_err(|error| words(&error))? {
        true => Ok(format!(
            "The API key {key} is deleted; it holds on the next request."
        )),
        false => Err(format!(
            "there is no API key {key}; `cargo admin api-keys` lists those there are"
        )),
    }
}

fn line(key: &wire::ApiKey, now: Timestamp) -> String {
    let rotated = key.rotated_at.map(|at| format!(", rotated {at}"));
    let ends = key.expires_at.map(|at| match at <= now {
        true => format!(", expired {at}"),
        false => format!(", expires {at}"),
    });
    let scopes: Vec<String> = key.scopes.iter().map(|scope| printable(scope)).collect();
    format!(
        "{} {} {}: {}, made {} by {}{}{}",
        key.id,
        key.kind.as_str(),
        printable(&key.name),
        scopes.join(" "),
        key.created_at,
        key.created_by,
        rotated.unwrap_or_default(),
        ends.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use api::wire::KeyType;

    use super::*;

    #[test]
    fn a_line_tells_everything_but_the_secret() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let (id, maker) = (Id::new(now, [1; 10]), Id::new(now, [2; 10]));
        let key = wire::ApiKey {
            id,
            name: "ci\u{1b}".to_owned(),
            kind: KeyType::Secret,
            scopes: vec!["posts:read".to_owned(), "users:list".to_owned()],
            origins: Vec::new(),
            expires_at: Some(now),
            created_at: now,
            created_by: maker,
            rotated_at: Some(now),
        };
        let expected = format!(
            "{id} secret ci\\u{{1b}}: posts:read users:list, made {now} by {maker}, rotated {now}, expired {now}"
        );
        assert_eq!(line(&key, now), expected);
    }
}

//! `cargo admin restore`: brings an export of everything into an empty deployment.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use api::{Code, Error, Id};
use auth::webhook::{Secret, hook};
use auth::{Keys, Writer};
use clap::Args;
use serde_json::{Map, Value};
use store::{Brought, Kept, Restore, Restoring, Store};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::manifest::Manifest;
use super::{MAX_ITEM, file_of, parts, shards};
use crate::printable::printable;
use crate::progress::Progress;
use crate::rows::object;
use crate::sealing::random;
use crate::{now, words};

/// How many items are written at the same time.
const PARALLEL: usize = 32;

/// How often an item is tried to be written where the table is busy.
const TRIES: u32 = 8;

/// The folder to restore.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder that `cargo admin export --all` has written.
    folder: PathBuf,
}

/// How far a restore is.
#[derive(Default)]
struct Tally {
    made: u64,
    there: u64,
    providers: Vec<String>,
}

/// Runs the command, and reports the result in a sentence.
pub(crate) async fn run(store: Store, arguments: &Arguments) -> Result<String, String> {
    let folder = &arguments.folder;
    let manifest = Manifest::open(folder)?;
    let parts = parts();
    for file in manifest.files.keys() {
        if !parts.iter().any(|kept| file_of(kept) == *file) {
            let name = file.trim_end_matches(".jsonl");
            return Err(format!(
                "{} has records of {name}, which is no collection of this checkout: restore with the collections of the export",
                folder.display()
            ));
        }
    }
    manifest.need_shards(&shards())?;
    match store
        .restore_state(&manifest.digest)
        .await
        .map_err(|error| words(&error))?
    {
        Restore::Done => {
            return Ok(format!(
                "{} is restored already; nothing was done.",
                folder.display()
            ));
        }
        Restore::Other => {
            return Err(
                "another export was restored into this stack: restore into an empty one".to_owned(),
            );
        }
        Restore::Begun => {}
        Restore::New => need_empty(&store, &parts).await?,
    }
    let keys = sealing_keys(&store).await?;
    let begun = store.note_restore(&manifest.digest, false, now()).await;
    begun.map_err(|error| words(&error))?;
    let (store, keys) = (Arc::new(store), Arc::new(keys));
    let mut tally = Tally::default();
    for kept in parts {
        if manifest.files.contains_key(&file_of(&kept)) {
            bring(&store, &keys, kept, folder, &mut tally).await?;
        }
    }
    let done = store.note_restore(&manifest.digest, true, now()).await;
    done.map_err(|error| words(&error))?;
    let Tally {
        made,
        there,
        providers,
    } = tally;
    let again = if providers.is_empty() {
        String::new()
    } else {
        format!(
            "\nSet the client secrets of these providers again: {}.",
            printable(&providers.join(", "))
        )
    };
    Ok(format!(
        "{made} items restored, {there} there already.{again}"
    ))
}

/// Refuses a deployment that has anything.
async fn need_empty(store: &Store, parts: &[Kept]) -> Result<(), String> {
    for kept in parts {
        let holds = store.holds(*kept, now()).await;
        if holds.map_err(|error| words(&error))? {
            return Err(format!(
                "the table {} is not empty: restore into a new stack, before anybody uses it",
                kept.table()
            ));
        }
    }
    Ok(())
}

/// The keys that seal. A deployment that has never answered a request gets its first one.
async fn sealing_keys(store: &Store) -> Result<Keys, String> {
    let read = store
        .keys_that_seal()
        .await
        .map_err(|error| words(&error))?;
    if let Some(keys) = read {
        return Ok(keys);
    }
    let key = random().map_err(|error| words(&error))?;
    store
        .add_sealing_key(key, now())
        .await
        .map_err(|error| words(&error))?;
    let read = store
        .keys_that_seal()
        .await
        .map_err(|error| words(&error))?;
    read.ok_or_else(|| "there is no sealing key".to_owned())
}

/// Brings the items of a part.
async fn bring(
    store: &Arc<Store>,
    keys: &Arc<Keys>,
    kept: Kept,
    folder: &Path,
    tally: &mut Tally,
) -> Result<(), String> {
    let path = folder.join(file_of(&kept));
    let name = path.display().to_string();
    let file = File::open(&path).map_err(|error| format!("{name}: {error}"))?;
    let size = file.metadata().map_or(0, |data| data.len());
    let (mut lines, mut read, mut number) = (BufReader::new(file), 0, 0_u64);
    let mut progress = Progress::new(&name);
    let (mut work, mut is_over) = (JoinSet::new(), false);
    while !is_over || !work.is_empty() {
        while !is_over && work.len() < PARALLEL {
            let line = next_line(&mut lines, MAX_ITEM);
            let line = line.map_err(|error| format!("{name}: {error}"))?;
            if line.is_empty() {
                is_over = true;
                break;
            }
            read += line.len() as u64;
            number += 1;
            if line.len() > MAX_ITEM {
                return Err(format!("{name}: line {number} is too long"));
            }
            let item = object(&line).map_err(|reason| format!("{name}: line {number} {reason}"))?;
            tally.providers.extend(provider(kept, &item));
            if matches!(kept, Kept::Webhooks) {
                // One after the other, since each shows a secret.
                let brought = bring_webhook(store, keys, &item).await?;
                count(tally, brought, (&name, number))?;
                continue;
            }
            let (store, keys) = (Arc::clone(store), Arc::clone(keys));
            work.spawn(async move { (number, write(&store, kept, &item, (&keys, None)).await) });
        }
        if let Some(outcome) = work.join_next().await {
            let (number, brought) = outcome.map_err(|error| error.to_string())?;
            let brought = brought.map_err(|reason| {
                format!("{name}: line {number}: {reason}. The same command goes on from there.")
            })?;
            count(tally, brought, (&name, number))?;
        }
        let percent = (read * 100).checked_div(size).unwrap_or(100);
        let counts = format!("{} restored  {} there already", tally.made, tally.there);
        progress.show(percent, &counts, is_over && work.is_empty());
    }
    Ok(())
}

/// The next line, of which at most one byte more is read than an item has.
fn next_line(lines: &mut impl BufRead, most: usize) -> std::io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut some = lines.take(most as u64 + 1);
    some.read_until(b'\n', &mut line)?;
    Ok(line)
}

fn count(tally: &mut Tally, brought: Brought, (name, number): (&str, u64)) -> Result<(), String> {
    match brought {
        Brought::Made => tally.made += 1,
        Brought::There => tally.there += 1,
        Brought::Taken(key) => {
            return Err(format!(
                "{name}: line {number}: {} is there, and not as it was exported: restore into a new stack, before anybody uses it",
                printable(&key)
            ));
        }
        Brought::Broken => {
            return Err(format!(
                "{name}: line {number} is no item of this table: export again"
            ));
        }
    }
    Ok(())
}

/// The name of the provider whose settings an item has. Its secret does not move.
fn provider(kept: Kept, item: &Map<String, Value>) -> Option<String> {
    let id = item.get("id")?["S"].as_str()?;
    let name = id.strip_prefix(api::settings::PROVIDER)?;
    let is_there = matches!(kept, Kept::Configuration) && item.contains_key("settings");
    is_there.then(|| name.to_owned())
}

/// Brings a webhook with a new secret, which is shown before it is kept: an interruption between the two shows another.
async fn bring_webhook(
    store: &Store,
    keys: &Keys,
    item: &Map<String, Value>,
) -> Result<Brought, String> {
    let id = item
        .get("id")
        .and_then(|id| id["S"].as_str())
        .unwrap_or_default();
    let Some(Ok(id)) = id.strip_prefix("webhook:").map(str::parse::<Id>) else {
        return write(store, Kept::Webhooks, item, (keys, None)).await;
    };
    let kept = store.webhook(id).await.map_err(|error| words(&error))?;
    if kept.is_some() {
        return Ok(Brought::There);
    }
    let secret = random().map(Secret::new).map_err(|error| words(&error))?;
    let sealed = random().and_then(|nonce| hook::seal(keys, id, &secret, nonce));
    let sealed = sealed.map_err(|error| words(&error))?;
    let name = item
        .get("name")
        .and_then(|name| name["S"].as_str())
        .unwrap_or_default();
    println!("webhook {id} {}: {}", printable(name), secret.text());
    let brought = write(store, Kept::Webhooks, item, (keys, Some(sealed.clone()))).await?;
    if brought == Brought::There {
        // Either this command has written it, and a reply was lost, or another restore has.
        let kept = store.webhook(id).await.map_err(|error| words(&error))?;
        if kept.is_none_or(|kept| kept.secret != sealed) {
            println!("webhook {id}: this secret is not the one: another restore has kept its own");
        }
    }
    Ok(brought)
}

/// Writes an item, and tries again where the table is busy.
async fn write(
    store: &Store,
    kept: Kept,
    item: &Map<String, Value>,
    (keys, secret): (&Keys, Option<String>),
) -> Result<Brought, String> {
    for tries in 1.. {
        let written = async {
            let writer = Writer::operator(now(), random()?);
            let restoring = Restoring {
                keys: Some(keys),
                secret: secret.clone(),
                nonce: random()?,
                writer: &writer,
            };
            store.restore(kept, item, &restoring).await
        };
        match written.await {
            Ok(brought) => return Ok(brought),
            Err(Error {
                code: Code::Unavailable,
                ..
            }) if tries < TRIES => sleep(Duration::from_millis(100 << tries)).await,
            Err(error) => return Err(words(&error)),
        }
    }
    Err("is not done".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_no_further_than_an_item_is_long() {
        let mut lines = BufReader::new(std::io::repeat(b'x'));
        let line = next_line(&mut lines, 64).expect("read");
        assert_eq!(line.len(), 65);
        let mut lines = &b"one\ntwo"[..];
        let mut next = || next_line(&mut lines, 64).expect("read");
        assert_eq!((next(), next()), (b"one\n".to_vec(), b"two".to_vec()));
        assert!(next().is_empty());
    }
}

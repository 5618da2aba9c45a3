//! The list of the files of an export. It is written last, so a folder with it is whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use api::Timestamp;
use ring::digest::{Context, SHA256, digest};
use serde_json::{Value, json};

use crate::rows::object;

/// The name of the list.
pub(super) const NAME: &str = "manifest.json";

/// The version of the format.
const VERSION: u64 = 1;

/// The files of an export, each with the number of its items and its SHA-256.
#[derive(Debug, PartialEq)]
pub(super) struct Manifest {
    pub(super) files: BTreeMap<String, (u64, String)>,
    /// The shards of each collection. An export of before does not tell them.
    pub(super) shards: BTreeMap<String, u64>,
    /// The SHA-256 of the list itself.
    pub(super) digest: String,
}

/// The text of a list.
pub(super) fn text(
    files: &BTreeMap<String, (u64, String)>,
    shards: &BTreeMap<String, u64>,
    made: Timestamp,
) -> String {
    let files: BTreeMap<&String, Value> = files
        .iter()
        .map(|(name, (items, hash))| (name, json!({ "items": items, "sha256": hash })))
        .collect();
    format!(
        "{:#}\n",
        json!({ "format": "bakend", "version": VERSION, "made": made, "shards": shards, "files": files })
    )
}

impl Manifest {
    /// Reads the list of a folder, and checks that every file is as it was written.
    ///
    /// # Errors
    /// One line that says what is wrong with the folder, and what to do.
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let name = folder.display();
        let at = std::fs::metadata(folder).map_err(|error| format!("{name}: {error}"))?;
        if !at.is_dir() {
            return Err(format!(
                "{name} is a file: name the folder that `cargo admin export --all` has written"
            ));
        }
        let Ok(bytes) = std::fs::read(folder.join(NAME)) else {
            return Err(format!(
                "{name} has no {NAME}: it is no export, or one that was interrupted; run `cargo admin export --all` again"
            ));
        };
        let manifest = Self::read(&bytes).map_err(|reason| format!("{name}/{NAME} {reason}"))?;
        for (file, (_, hash)) in &manifest.files {
            let found =
                hash_of(&folder.join(file)).map_err(|error| format!("{name}/{file}: {error}"))?;
            if found != *hash {
                return Err(format!(
                    "{name}/{file} is not as it was exported: export again"
                ));
            }
        }
        Ok(manifest)
    }

    /// Refuses a checkout in which a collection has fewer shards: nothing would read the records of the others.
    pub(super) fn need_shards(&self, own: &BTreeMap<String, u64>) -> Result<(), String> {
        for (name, count) in &self.shards {
            if let Some(own) = own.get(name).filter(|own| *own < count) {
                return Err(format!(
                    "{name} has {count} shards in the export and {own} in this checkout: restore with the collections of the export"
                ));
            }
        }
        Ok(())
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let list = Value::Object(object(bytes)?);
        if list["format"] != "bakend" {
            return Err("is no list of an export".to_owned());
        }
        if list["version"] != VERSION {
            return Err(format!(
                "is of version {}: this command reads version {VERSION}",
                list["version"]
            ));
        }
        let files = list["files"].as_object().ok_or("has no `files`")?;
        let files = files.iter().map(|(name, file)| {
            let plain = !name.contains('/') && name.ends_with(".jsonl");
            let items = file["items"].as_u64().filter(|_| plain)?;
            Some((name.clone(), (items, file["sha256"].as_str()?.to_owned())))
        });
        let files: Option<_> = files.collect();
        let shards = list["shards"].as_object().into_iter().flatten();
        let shards = shards.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?)));
        Ok(Self {
            files: files.ok_or("has a broken entry in `files`")?,
            shards: shards.collect(),
            digest: hex(digest(&SHA256, bytes).as_ref()),
        })
    }
}

/// The SHA-256 of a file, in hexadecimal.
fn hash_of(path: &Path) -> std::io::Result<String> {
    let (mut file, mut context) = (File::open(path)?, Context::new(&SHA256));
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hex(context.finish().as_ref()));
        }
        context.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("whole-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn a_folder_is_whole_or_says_what_is_missing() {
        let folder = folder("whole");
        let none = Manifest::open(&folder).expect_err("refused");
        assert!(none.contains("has no manifest.json"), "{none}");
        std::fs::write(folder.join("a.jsonl"), "{}\n").expect("written");
        let hash = hex(digest(&SHA256, b"{}\n").as_ref());
        let files = BTreeMap::from([("a.jsonl".to_owned(), (1, hash))]);
        let shards = BTreeMap::from([("a".to_owned(), 4)]);
        let list = text(&files, &shards, NOW);
        std::fs::write(folder.join(NAME), list).expect("written");
        let manifest = Manifest::open(&folder).expect("whole");
        assert_eq!((&manifest.files, &manifest.shards), (&files, &shards));
        assert_eq!(
            Manifest::open(&folder).expect("whole").digest,
            manifest.digest
        );
        let file = Manifest::open(&folder.join("a.jsonl")).expect_err("refused");
        assert!(file.contains("is a file"), "{file}");
        std::fs::write(folder.join("a.jsonl"), "{}").expect("written");
        let changed = Manifest::open(&folder).expect_err("refused");
        assert!(
            changed.contains("a.jsonl is not as it was exported"),
            "{changed}"
        );
        std::fs::remove_file(folder.join("a.jsonl")).expect("gone");
        let gone = Manifest::open(&folder).expect_err("refused");
        assert!(gone.contains("a.jsonl: No such file"), "{gone}");
        std::fs::remove_dir_all(&folder).expect("gone");
        assert!(
            Manifest::open(&folder)
                .expect_err("refused")
                .contains("No such file")
        );
    }

    #[test]
    fn a_checkout_has_at_least_the_shards_of_the_export() {
        let read = |list: Value| Manifest::read(list.to_string().as_bytes()).expect("a list");
        let of = |shards: Value| {
            read(json!({ "format": "bakend", "version": 1, "files": {}, "shards": shards }))
        };
        let own = BTreeMap::from([("posts".to_owned(), 2)]);
        for shards in [
            json!({ "posts": 2 }),
            json!({ "posts": 1 }),
            json!({ "gone": 4 }),
        ] {
            assert_eq!(of(shards.clone()).need_shards(&own), Ok(()), "{shards}");
        }
        let refused = of(json!({ "posts": 4 })).need_shards(&own);
        let refused = refused.expect_err("refused");
        let start = "posts has 4 shards in the export and 2 in this checkout: ";
        assert!(refused.starts_with(start), "{refused}");
        // An export of before says nothing of them.
        let before = read(json!({ "format": "bakend", "version": 1, "files": {} }));
        assert_eq!(before.need_shards(&own), Ok(()));
    }

    #[test]
    fn a_list_of_another_kind_is_refused() {
        for (list, reason) in [
            (json!({}), "is no list of an export"),
            (
                json!({ "format": "bakend", "version": 2 }),
                "is of version 2",
            ),
            (
                json!({ "format": "bakend", "version": 1 }),
                "has no `files`",
            ),
            (
                json!({ "format": "bakend", "version": 1, "files": { "../a.jsonl": { "items": 1, "sha256": "" } } }),
                "a broken entry",
            ),
        ] {
            let refused = Manifest::read(list.to_string().as_bytes()).expect_err("refused");
            assert!(refused.contains(reason), "{refused}");
        }
    }
}

//! The ids that users and records had in another system, each with its id here: a file that imports read and add to.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use api::{Id, Timestamp};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::rows::object;

/// The ids of a file, and the file.
pub(crate) struct Ids {
    path: PathBuf,
    known: HashMap<(String, String), Id>,
    /// Opened by the first note.
    file: Option<File>,
    /// The bytes before a last line without an end, whose writer was interrupted.
    whole: u64,
}

impl Ids {
    /// Reads the file; one that is not there has no ids.
    ///
    /// # Errors
    /// One line that names the file, and the line in it.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(format!("{name}: {error}")),
        };
        let ends = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = ends.map_or(0, |at| at + 1);
        let mut known = HashMap::new();
        let lines = bytes.get(..whole).unwrap_or_default();
        for (at, line) in lines.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match entry(line) {
                Some((key, id)) => {
                    known.insert(key, id);
                }
                None => {
                    let number = at + 1;
                    return Err(format!(
                        "{name}: line {number} is not of the form {{\"collection\": …, \"old\": …, \"new\": …}}"
                    ));
                }
            }
        }
        Ok(Self {
            path: path.to_owned(),
            known,
            file: None,
            whole: whole as u64,
        })
    }

    /// The id here of a user or a record.
    pub(crate) fn get(&self, collection: &str, old: &str) -> Option<Id> {
        let key = (collection.to_owned(), old.to_owned());
        self.known.get(&key).copied()
    }

    /// Writes an id into the file, unless it is there.
    ///
    /// # Errors
    /// One line that names the file.
    pub(crate) fn note(&mut self, collection: &str, old: &str, new: Id) -> Result<(), String> {
        if self.get(collection, old) == Some(new) {
            return Ok(());
        }
        let named = |error: std::io::Error| format!("{}: {error}", self.path.display());
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut options = OpenOptions::new();
                options.append(true).create(true).mode(0o600);
                let file = options.open(&self.path).map_err(named)?;
                file.set_len(self.whole).map_err(named)?;
                file
            }
        };
        let line = json!({ "collection": collection, "old": old, "new": new });
        file.write_all(format!("{line}\n").as_bytes())
            .map_err(named)?;
        self.file = Some(file);
        self.plan(collection, old, new);
        Ok(())
    }

    /// Knows an id without writing it: for a run that makes nothing.
    pub(crate) fn plan(&mut self, collection: &str, old: &str, new: Id) {
        self.known
            .insert((collection.to_owned(), old.to_owned()), new);
    }

    /// The name of the file.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

fn entry(line: &[u8]) -> Option<((String, String), Id)> {
    let mut fields = object(line).ok()?;
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let key = (text("collection")?, text("old")?);
    Some((key, text("new")?.parse().ok()?))
}

/// The random bytes of the id that a user or a record gets here: the same ones in every run.
pub(crate) fn bytes_of(collection: &str, old: &str) -> [u8; 10] {
    let hash = digest(&SHA256, format!("{collection}\0{old}").as_bytes());
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

/// The time in an id of MongoDB, whose first four bytes are seconds; `None` for any other id.
pub(crate) fn time_of(id: &str) -> Option<Timestamp> {
    let is_object_id = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let seconds = id.get(..8).filter(|_| is_object_id)?;
    let seconds = u64::from_str_radix(seconds, 16).ok()?;
    (seconds > 0).then(|| Timestamp::from_millis(seconds * 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn id_of(collection: &str, old: &str, at: Timestamp) -> Id {
        Id::new(at, bytes_of(collection, old))
    }

    fn scrap(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("ids-{}-{name}", std::process::id()));
        let _ = fs::remove_file(&path);
        path
    }

    #[test]
    fn ids_are_kept_once_and_found_again() {
        let path = scrap("kept");
        let (one, two) = (id_of("users", "a", NOW), id_of("posts", "a", NOW));
        let mut ids = Ids::open(&path).expect("none");
        assert_eq!(ids.get("users", "a"), None);
        assert!(!path.exists(), "a file without ids is not made");
        for (collection, id) in [("users", one), ("posts", two), ("users", one)] {
            ids.note(collection, "a", id).expect("written");
        }
        let ids = Ids::open(&path).expect("read");
        assert_eq!(
            (ids.get("users", "a"), ids.get("posts", "a")),
            (Some(one), Some(two))
        );
        assert_eq!(fs::read_to_string(&path).expect("text").lines().count(), 2);
        fs::remove_file(&path).expect("gone");
    }

    #[test]
    fn an_interrupted_line_is_passed_over_and_another_is_named() {
        let path = scrap("broken");
        let id = id_of("users", "a", NOW);
        let whole = json!({ "collection": "users", "old": "a", "new": id }).to_string();
        fs::write(&path, format!("{whole}\n{}", &whole[..20])).expect("written");
        let mut ids = Ids::open(&path).expect("read");
        assert_eq!(ids.get("users", "a"), Some(id));
        ids.note("users", "b", id).expect("written");
        let ids = Ids::open(&path).expect("read");
        assert_eq!(ids.get("users", "b"), Some(id));
        fs::write(&path, format!("{whole}\n\n{{}}\n")).expect("written");
        let refused = Ids::open(&path).map(|_| ()).expect_err("refused");
        assert!(refused.contains("line 3 is not of the form"), "{refused}");
        fs::remove_file(&path).expect("gone");
    }

    #[test]
    fn an_id_of_mongodb_tells_its_time() {
        let told = |id: &str| time_of(id).map(|at| at.to_string());
        let id = "63c3f2f0a1b2c3d4e5f60718";
        assert_eq!(told(id).as_deref(), Some("2023-01-15T12:34:56.000Z"));
        for other in [
            "",
            "63c3f2f0",
            "63c3f2f0-1b2c3d4e5f60718",
            "00000000a1b2c3d4e5f60718",
        ] {
            assert_eq!(told(other), None, "{other}");
        }
    }

    #[test]
    fn an_id_is_the_same_in_every_run_and_of_its_collection_alone() {
        let id = id_of("users", "a", NOW);
        assert_eq!((id, id.created_at()), (id_of("users", "a", NOW), NOW));
        assert_ne!(id, id_of("users", "b", NOW));
        assert_ne!(id, id_of("posts", "a", NOW));
    }
}

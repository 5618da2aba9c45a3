//! The ids that users and records had in another system, each with its id here: a file that imports read and add to.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use api::{Id, Timestamp};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::rows::object;

/// The bytes that each line begins with.
const START: &[u8] = b"{\"collection\":";

/// The ids of a file, and the file.
pub(crate) struct Ids {
    path: PathBuf,
    known: HashMap<(String, String), Known>,
    /// None where the run makes nothing, and so writes no id.
    file: Option<File>,
    /// Whether the file was made for this run.
    is_new: bool,
}

/// The id of a user or a record here.
#[derive(Debug, PartialEq)]
struct Known {
    id: Id,
    /// The mark of the row that the id was noted for; users have none.
    row: Option<String>,
}

impl Ids {
    /// Reads the file; one that is not there has no ids. A run that is not dry has the file alone until it ends: of two that write,
    /// each would miss the ids of the other.
    ///
    /// # Errors
    /// One line that names the file, and the line in it; or another import has the file.
    pub(crate) fn open(path: &Path, is_dry: bool) -> Result<Self, String> {
        let name = path.display();
        let named = |error: std::io::Error| format!("{name}: {error}");
        let mut bytes = Vec::new();
        let (file, is_new) = match is_dry {
            true => (None, false),
            false => {
                let (mut file, is_new) = alone(path)?;
                file.read_to_end(&mut bytes).map_err(named)?;
                (Some(file), is_new)
            }
        };
        if is_dry {
            bytes = match fs::read(path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(named(error)),
            };
        }
        // A last line without an end is of a writer that was interrupted, if it begins as its lines do.
        let ends = bytes.iter().rposition(|byte| *byte == b'\n');
        let whole = ends.map_or(0, |at| at + 1);
        let mut ids = Self {
            path: path.to_owned(),
            known: HashMap::new(),
            file,
            is_new,
        };
        let lines = bytes.get(..whole).unwrap_or_default();
        let wrong = |number: usize| {
            format!(
                "{name}: line {number} is not of the form {{\"collection\": …, \"old\": …, \"new\": …}}"
            )
        };
        for (at, line) in lines.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            match entry(line) {
                Some((key, known)) => {
                    ids.known.insert(key, known);
                }
                None => return Err(wrong(at + 1)),
            }
        }
        if !is_torn(bytes.get(whole..).unwrap_or_default()) {
            return Err(wrong(lines.split(|byte| *byte == b'\n').count()));
        }
        if let Some(file) = ids.file.as_ref().filter(|_| whole < bytes.len()) {
            file.set_len(whole as u64).map_err(named)?;
        }
        Ok(ids)
    }

    /// The id here of a user or a record.
    pub(crate) fn get(&self, collection: &str, old: &str) -> Option<Id> {
        self.known(collection, old).map(|known| known.id)
    }

    /// The mark of the row that an id was noted for.
    pub(crate) fn row(&self, collection: &str, old: &str) -> Option<&str> {
        self.known(collection, old)?.row.as_deref()
    }

    fn known(&self, collection: &str, old: &str) -> Option<&Known> {
        let key = (collection.to_owned(), old.to_owned());
        self.known.get(&key)
    }

    /// Notes an id, with the mark of its row, and writes it into the file unless it is there or the run is dry.
    ///
    /// # Errors
    /// One line that names the file.
    pub(crate) fn note(
        &mut self,
        collection: &str,
        old: &str,
        new: Id,
        row: Option<&str>,
    ) -> Result<(), String> {
        let known = Known {
            id: new,
            row: row.map(str::to_owned),
        };
        if self.known(collection, old) == Some(&known) {
            return Ok(());
        }
        if let Some(file) = &mut self.file {
            let mut line = json!({ "collection": collection, "old": old, "new": new });
            if let Some(row) = row {
                line["row"] = json!(row);
            }
            let written = file.write_all(format!("{line}\n").as_bytes());
            written.map_err(|error| format!("{}: {error}", self.path.display()))?;
            self.is_new = false;
        }
        self.known
            .insert((collection.to_owned(), old.to_owned()), known);
        Ok(())
    }

    /// The name of the file.
    pub(crate) fn name(&self) -> String {
        self.path.display().to_string()
    }
}

impl Drop for Ids {
    fn drop(&mut self) {
        // A run without ids leaves no file.
        if self.is_new {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The file, which no other run has until this one ends, and whether it is new.
fn alone(path: &Path) -> Result<(File, bool), String> {
    let name = path.display();
    let named = |error: std::io::Error| format!("{name}: {error}");
    let taken =
        || format!("{name}: another import is writing it: wait for its end, or name another file");
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    let (file, is_new) = match options.clone().create_new(true).open(path) {
        Ok(file) => (file, true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            (options.open(path).map_err(named)?, false)
        }
        Err(error) => return Err(named(error)),
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(taken()),
        Err(TryLockError::Error(error)) => return Err(named(error)),
    }
    // A run that ended between the two may have removed its file.
    let inode = file.metadata().map_err(named)?.ino();
    match fs::metadata(path).is_ok_and(|at| at.ino() == inode) {
        true => Ok((file, is_new)),
        false => Err(taken()),
    }
}

/// Whether the bytes behind the last whole line are the start of a line of ids. Those of any other file must stay.
fn is_torn(tail: &[u8]) -> bool {
    tail.trim_ascii().is_empty() || START.starts_with(tail) || tail.starts_with(START)
}

fn entry(line: &[u8]) -> Option<((String, String), Known)> {
    let mut fields = object(line).ok()?;
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let key = (text("collection")?, text("old")?);
    let known = Known {
        id: text("new")?.parse().ok()?,
        row: text("row"),
    };
    Some((key, known))
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
        for is_dry in [true, false] {
            let ids = Ids::open(&path, is_dry).expect("none");
            assert_eq!(ids.get("users", "a"), None);
        }
        assert!(!path.exists(), "a file without ids does not stay");
        let mut ids = Ids::open(&path, false).expect("none");
        for (collection, id) in [("users", one), ("posts", two), ("users", one)] {
            ids.note(collection, "a", id, None).expect("written");
        }
        drop(ids);
        let mut ids = Ids::open(&path, false).expect("read");
        assert_eq!(
            (ids.get("users", "a"), ids.get("posts", "a")),
            (Some(one), Some(two))
        );
        assert_eq!(fs::read_to_string(&path).expect("text").lines().count(), 2);
        for row in ["mark", "other", "other"] {
            ids.note("posts", "b", two, Some(row)).expect("written");
        }
        let ids = Ids::open(&path, true).expect("read");
        assert_eq!(
            ids.row("posts", "b"),
            Some("other"),
            "the last line is good"
        );
        assert_eq!(
            (ids.row("posts", "a"), ids.get("posts", "b")),
            (None, Some(two))
        );
        assert_eq!(fs::read_to_string(&path).expect("text").lines().count(), 4);
        fs::remove_file(&path).expect("gone");
    }

    #[test]
    fn a_file_is_written_by_one_import_at_a_time() {
        let path = scrap("alone");
        let id = id_of("users", "a", NOW);
        let mut first = Ids::open(&path, false).expect("new");
        let taken = |path: &Path| {
            let refused = Ids::open(path, false).map(|_| ()).expect_err("refused");
            assert!(
                refused.contains("another import is writing it"),
                "{refused}"
            );
            assert_eq!(refused.lines().count(), 1);
        };
        taken(&path);
        first.note("users", "a", id, None).expect("written");
        taken(&path);
        // A run that makes nothing writes nothing either.
        let mut dry = Ids::open(&path, true).expect("read");
        dry.note("users", "b", id, None).expect("noted");
        assert_eq!(dry.get("users", "b"), Some(id));
        drop((first, dry));
        let mut second = Ids::open(&path, false).expect("free");
        assert_eq!(
            (second.get("users", "a"), second.get("users", "b")),
            (Some(id), None)
        );
        second.note("users", "c", id, None).expect("written");
        drop(second);
        assert_eq!(fs::read_to_string(&path).expect("text").lines().count(), 2);
        fs::remove_file(&path).expect("gone");
    }

    #[test]
    fn an_interrupted_line_is_passed_over_and_another_is_named() {
        let path = scrap("broken");
        let id = id_of("users", "a", NOW);
        let whole = json!({ "collection": "users", "old": "a", "new": id }).to_string();
        fs::write(&path, format!("{whole}\n{}", &whole[..20])).expect("written");
        let mut ids = Ids::open(&path, false).expect("read");
        assert_eq!(ids.get("users", "a"), Some(id));
        ids.note("users", "b", id, None).expect("written");
        drop(ids);
        let ids = Ids::open(&path, true).expect("read");
        assert_eq!(ids.get("users", "b"), Some(id));
        fs::write(&path, format!("{whole}\n\n{{}}\n")).expect("written");
        let refused = Ids::open(&path, false).map(|_| ()).expect_err("refused");
        assert!(refused.contains("line 3 is not of the form"), "{refused}");
        fs::remove_file(&path).expect("gone");
    }

    #[test]
    fn a_file_of_something_else_is_refused_and_stays_as_it_is() {
        let path = scrap("foreign");
        let id = id_of("users", "a", NOW);
        let whole = json!({ "collection": "users", "old": "a", "new": id }).to_string();
        for (text, line) in [
            ("[{\"id\":\"1\",\"email\":\"a@b\"}]".to_owned(), 1),
            ("{\"collectionId\":\"1\"}".to_owned(), 1),
            ("id,email\n1,a@b".to_owned(), 1),
            (format!("{whole}\nid,email"), 2),
        ] {
            fs::write(&path, &text).expect("written");
            for is_dry in [true, false] {
                let refused = Ids::open(&path, is_dry).map(|_| ()).expect_err("refused");
                let told = format!("line {line} is not of the form");
                assert!(refused.contains(&told), "{text}: {refused}");
                assert_eq!(fs::read_to_string(&path).expect("text"), text);
            }
        }
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

//! `cargo admin export --all`: writes a deployment into a folder.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{BufWriter, ErrorKind, IsTerminal as _, Write, stderr};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::Path;

use api::Id;
use ring::digest::{Context, SHA256};
use store::{Kept, Store};

use super::manifest::{self, NAME, hex};
use super::{file_of, parts, shards};
use crate::{now, words};

/// Writes everything into a folder, and reports the result in a sentence.
pub(crate) async fn run(store: &Store, folder: &Path) -> Result<String, String> {
    prepare(folder)?;
    let keys = store
        .keys_that_seal()
        .await
        .map_err(|error| words(&error))?;
    let (mut files, mut closed) = (BTreeMap::new(), Vec::<Id>::new());
    let shows = stderr().is_terminal();
    for kept in parts() {
        let mut out = Hashed::create(&folder.join(file_of(&kept)))?;
        let mut from = None;
        loop {
            let page = store.dump(kept, from, keys.as_ref(), now()).await;
            let page = page.map_err(|error| words(&error))?;
            for item in page.items {
                out.line(&item.to_string())?;
            }
            closed.extend(page.closed);
            if shows {
                let _ = write!(stderr(), "\r{}: {} items   ", kept.table(), out.lines);
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        files.insert(file_of(&kept), out.finish()?);
    }
    let mut list = create(&folder.join(NAME))?;
    let text = manifest::text(&files, &shards(), now());
    list.write_all(text.as_bytes())
        .map_err(|error| format!("writing: {error}"))?;
    list.sync_all()
        .map_err(|error| format!("writing: {error}"))?;
    let done = told(folder, &files, shows);
    if closed.is_empty() {
        return Ok(done);
    }
    let closed = closed.iter().map(|user| {
        format!(
            "the second factor of user {user} does not open and is not written: bring its key back"
        )
    });
    let closed: Vec<String> = closed.collect();
    Err(format!("{}\n{done}", closed.join("\n")))
}

/// Makes the folder, or takes one that is empty or that an interrupted export has left. No other user of the machine can read it
/// afterwards.
fn prepare(folder: &Path) -> Result<(), String> {
    let name = folder.display();
    let named = |error: std::io::Error| format!("{name}: {error}");
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(named(error)),
    }
    if !folder.is_dir() {
        return Err(format!(
            "{name} is a file: name a folder that is not there yet"
        ));
    }
    let ours: Vec<String> = parts().iter().map(file_of).collect();
    for entry in fs::read_dir(folder).map_err(named)? {
        let file = entry.map_err(named)?.file_name();
        let file = file.to_string_lossy();
        if file == NAME {
            return Err(format!("{name} has an export already: name another folder"));
        }
        if !ours.iter().any(|own| *own == file) {
            return Err(format!(
                "{name} has {file}, which no export writes: name a folder that is not there yet"
            ));
        }
    }
    let theirs = || format!("{name} is of another user: name a folder that is not there yet");
    let closed = fs::set_permissions(folder, Permissions::from_mode(0o700));
    closed.map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => theirs(),
        _ => named(error),
    })?;
    // Root may close the folder of another user, who can open it again. A file tells who runs the command.
    let first = folder.join(ours.first().map_or(NAME, String::as_str));
    let own = create(&first)?.metadata().map_err(named)?.uid();
    fs::remove_file(&first).map_err(named)?;
    match fs::metadata(folder).map_err(named)?.uid() == own {
        true => Ok(()),
        false => Err(theirs()),
    }
}

/// A new file that no other user of the machine can read. The one of an interrupted export goes: it may be open to others, or a link.
fn create(path: &Path) -> Result<File, String> {
    let named = |error: std::io::Error| format!("{}: {error}", path.display());
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(named(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    made.map_err(named)
}

/// A file whose content is hashed as it is written.
struct Hashed {
    file: BufWriter<File>,
    context: Context,
    lines: u64,
}

impl Hashed {
    fn create(path: &Path) -> Result<Self, String> {
        Ok(Self {
            file: BufWriter::new(create(path)?),
            context: Context::new(&SHA256),
            lines: 0,
        })
    }

    fn line(&mut self, text: &str) -> Result<(), String> {
        let line = format!("{text}\n");
        self.context.update(line.as_bytes());
        self.lines += 1;
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|error| format!("writing: {error}"))
    }

    fn finish(self) -> Result<(u64, String), String> {
        let writing = |error: std::io::Error| format!("writing: {error}");
        let file = self
            .file
            .into_inner()
            .map_err(|error| writing(error.into_error()))?;
        file.sync_all().map_err(writing)?;
        Ok((self.lines, hex(self.context.finish().as_ref())))
    }
}

fn told(folder: &Path, files: &BTreeMap<String, (u64, String)>, shows: bool) -> String {
    let line_end = if shows { "\r" } else { "" };
    let all: u64 = files.values().map(|(items, _)| items).sum();
    let users = files
        .get(&file_of(&Kept::Users))
        .map_or(0, |(items, _)| *items);
    format!(
        "{line_end}{all} items written to {}, {users} of users and their ways to sign in. Keep it as you would keep the \
         passwords: it has hashes, and the secrets of authenticator apps.",
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_that_others_can_read_is_closed_and_what_is_left_in_it_is_not_written_into() {
        let folder = std::env::temp_dir().join(format!("export-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        prepare(&folder).expect("new");
        assert_eq!(mode(&folder), 0o700);
        let left = folder.join(file_of(&Kept::Users));
        fs::write(&left, "x").expect("written");
        fs::set_permissions(&left, Permissions::from_mode(0o644)).expect("open");
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("open");
        // Another user may hold the file of before open.
        let before = File::open(&left).expect("open");
        prepare(&folder).expect("taken");
        assert_eq!(mode(&folder), 0o700);
        let mut out = Hashed::create(&left).expect("made");
        out.line("secret").expect("written");
        out.finish().expect("written");
        assert_eq!(mode(&left), 0o600);
        assert_eq!(before.metadata().expect("open").len(), 1);
        // A folder with other files stays as it is.
        fs::write(folder.join("x"), "").expect("written");
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("open");
        let refused = prepare(&folder).expect_err("refused");
        assert!(
            refused.contains("has x, which no export writes"),
            "{refused}"
        );
        assert_eq!(mode(&folder), 0o755);
        fs::remove_dir_all(&folder).expect("gone");
    }
}

//! Files that one process of a checkout uses at a time. The system lets go of a lock when its process ends, however.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// How often a data file that is in use is looked at again, and the time between two looks.
const TRIES: usize = 10;
const PAUSE: Duration = Duration::from_millis(50);

/// A lock beside a file, held until it is dropped.
#[derive(Debug)]
pub struct Hold {
    _lock: File,
}

impl Hold {
    /// Locks the file at `path`, which need not be there. `None` while another holder has it.
    ///
    /// # Errors
    /// One line: the lock's own file cannot be written.
    pub fn take(path: &Path) -> Result<Option<Self>, String> {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let trouble = |error: std::io::Error| format!("Cannot lock {}: {error}", lock.display());
        if let Some(folder) = lock.parent() {
            fs::create_dir_all(folder).map_err(trouble)?;
        }
        let mut options = File::options();
        let file = options.create(true).truncate(false).write(true);
        let file = file.open(&lock).map_err(trouble)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _lock: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(trouble(error)),
        }
    }

    /// Locks a data file. A lock that was just let go is waited for. A process that starts meanwhile has a copy of every open
    /// file, until it runs its own program.
    ///
    /// # Errors
    /// One line: another process uses it.
    pub fn of_data(path: &Path) -> Result<Self, String> {
        let mut hold = Self::take(path)?;
        for _ in 0..TRIES {
            if hold.is_some() {
                break;
            }
            sleep(PAUSE);
            hold = Self::take(path)?;
        }
        hold.ok_or_else(|| {
            format!(
                "Another `cargo dev` or `cargo dev seed` uses {}: stop it, keep the data of this one apart with --memory, \
                 or use the other's DynamoDB with --dynamodb",
                path.display()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamo::{Dynamo, Storage};

    #[test]
    fn a_data_file_has_one_process() {
        let folder = std::env::temp_dir().join(format!("bakend-hold-{}", std::process::id()));
        let file = folder.join("dynamodb.sqlite");
        let storage = Storage::File(file.clone());
        let first = Dynamo::start(&storage, 0).expect("started");
        let second = Dynamo::start(&storage, 0).expect_err("refused");
        let line = format!(
            "Another `cargo dev` or `cargo dev seed` uses {}: ",
            file.display()
        );
        assert!(
            second.starts_with(&line) && second.lines().count() == 1,
            "{second}"
        );
        drop(first);
        drop(Dynamo::start(&storage, 0).expect("free again"));
        fs::remove_dir_all(folder).expect("removed");
    }
}

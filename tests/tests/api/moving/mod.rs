//! Moving in and out: users and records of other systems, and a deployment as a whole.

mod beside;
mod files;
mod records;
mod stopping;
mod systems;
mod whole;

use std::fs;
use std::path::PathBuf;

use blackbox::{Apart, Inside, fresh_email};

use crate::admin::{admin_on, said};

/// A folder of one test, which goes with it.
pub(super) struct Scraps(PathBuf);

impl Scraps {
    pub(super) fn new() -> Self {
        let folder = local::root().join(".bakend/tests").join(fresh_email());
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// The path of a file in it.
    pub(super) fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and returns its path.
    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.at(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }
}

impl Drop for Scraps {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Tables of one test, on which the command runs.
pub(super) struct Place<'a> {
    pub(super) inside: &'a Inside,
    pub(super) apart: Apart<'a>,
}

impl<'a> Place<'a> {
    pub(super) fn new(inside: &'a Inside) -> Self {
        let apart = Apart::new(inside);
        Self { inside, apart }
    }

    /// Runs the command; whether it succeeds, and its words.
    pub(super) fn run(&self, arguments: &[&str]) -> (bool, String) {
        said(&admin_on(
            self.inside,
            &self.apart.dynamo.endpoint(),
            arguments,
        ))
    }
}

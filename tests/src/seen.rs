//! The notes of a run against a deployment, for `cargo rehearse`: skipped tests, tests that went on without the inside,
//! and endpoints that answered with success.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::env;
use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use api::endpoints::{PAGE, Route, route};

use crate::client::Reply;

/// The file that the lines go to.
const VARIABLE: &str = "BAKEND_TEST_SEEN";

thread_local! {
    /// Whether the test of this thread has needed a part of the stack that is not there.
    static ASIDE: Cell<bool> = const { Cell::new(false) };
}

/// Notes that this test needs a part of the stack that is not there.
pub(crate) fn aside() {
    ASIDE.set(true);
    note(format!("aside {}", test()));
}

/// The name of the test: the runner calls its thread so.
fn test() -> String {
    std::thread::current().name().unwrap_or("?").to_owned()
}

/// Notes which endpoint gave this reply, if it is a success of it, and that the test goes on after all.
pub(crate) fn answered(method: &str, path: &str, reply: &Reply) {
    if ASIDE.get() {
        note(format!("went-on {}", test()));
    }
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let endpoint = match route(PAGE, method, path, |_| true) {
        Route::To(name) if reply.status < 400 => name,
        // A refusal in the error shape is a success of the fallback.
        Route::NotFound if reply.status == 404 && reply.code() == "common/not-found" => "fallback",
        _ => return,
    };
    note(format!("answered {endpoint}"));
}

/// Appends a line that is new.
fn note(line: String) {
    static WRITTEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
        return;
    };
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if !written.contains(&line) {
        let file = File::options().create(true).append(true).open(path);
        file.and_then(|mut file| writeln!(file, "{line}")).unwrap();
        let _ = written.insert(line);
    }
}

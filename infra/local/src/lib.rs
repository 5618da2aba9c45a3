//! The local stack: embedded DynamoDB, a proxy in front of it, `cargo lambda watch` as the gateway, a mailbox, and
//! records to fill the tables with. The proxy enforces the template's IAM policies, keeps a ledger and makes faults.

use std::path::PathBuf;

pub mod dynamo;
pub mod emulator;
pub mod engine;
mod event;
pub mod hold;
pub mod invocation;
mod listen;
pub mod mailbox;
pub mod process;
pub mod proxy;
pub mod pump;
mod relay;
pub mod seed;
pub mod template;
// The file is infra's. Compiled here as well, so that `cargo dev` neither waits for the generator nor fails to build on
// a broken collection before it can report it.
#[path = "../../src/tools.rs"]
pub mod tools;

pub use self::event::event;

/// The stack's name locally, and so the tables' prefix without its hyphen.
pub const STACK: &str = "local";

/// The prefix of every local table's name.
pub const TABLE_PREFIX: &str = "local-";

/// The region that local names and signatures carry.
pub const REGION: &str = "us-east-1";

/// The access key id of the local stack. Some engines keep a database of its own for each key.
pub const LOCAL_KEY: &str = "local";

/// The project's root folder.
#[must_use]
pub fn root() -> PathBuf {
    let root = tools::root();
    std::fs::canonicalize(&root).unwrap_or(root)
}

/// The folder of the owner's project: the root, or the folder that `BAKEND_PROJECT` names.
#[must_use]
pub fn project() -> PathBuf {
    root().join(std::env::var_os(api::project::VARIABLE).unwrap_or_default())
}

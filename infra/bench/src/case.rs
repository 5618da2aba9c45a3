//! The requests whose instructions are counted.

use serde_json::Value;

use crate::event::{event, with_token};
use crate::world::{World, answering};

/// The function that only answers.
pub(crate) const BARE: &str = "bare";

/// The function that reads a record through the SDK alone.
pub(crate) const BARE_READ: &str = "bare-read";

/// The case whose share of the SDK is told.
pub(crate) const GET: &str = "get";

/// A request, again and again.
pub(crate) struct Case {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// The status it must be answered with.
    pub(crate) status: u16,
    /// The `n`th of them, ready to be handed out.
    pub(crate) event: fn(&World, usize) -> Result<Value, String>,
}

/// A list of twenty records.
const LIST: &str = "/api/products?limit=20";
/// A list whose filter no index serves and every second record passes, about.
const FILTERED: &str = "/api/products?limit=20&active=true";

/// Every case: the bare function first.
pub(crate) const CASES: &[Case] = &[
    Case {
        name: BARE,
        status: 200,
        event: |_, _| Ok(event("GET", "/api/health")),
    },
    Case {
        name: BARE_READ,
        status: 200,
        event: |world, _| Ok(event("GET", &world.record)),
    },
    Case {
        name: "health",
        status: 200,
        event: |_, _| Ok(event("GET", "/api/health")),
    },
    Case {
        name: GET,
        status: 200,
        event: |world, _| Ok(event("GET", &world.record)),
    },
    Case {
        name: "get-token",
        status: 200,
        event: |world, _| {
            Ok(with_token(
                event("GET", &world.record),
                &world.member.access,
            ))
        },
    },
    Case {
        name: "list",
        status: 200,
        event: |_, _| Ok(event("GET", LIST)),
    },
    Case {
        name: "list-filtered",
        status: 200,
        event: |_, _| Ok(event("GET", FILTERED)),
    },
    Case {
        name: "create",
        status: 201,
        event: |world, _| Ok(world.creation()),
    },
    Case {
        name: "update",
        status: 200,
        event: |world, n| Ok(world.change(n)),
    },
    Case {
        name: "refresh",
        status: 200,
        event: |world, _| world.refresh(),
    },
    Case {
        name: "sign-in",
        status: 200,
        event: |world, _| Ok(world.login()),
    },
];

impl Case {
    /// The function that answers it.
    ///
    /// # Errors
    /// One line: none does.
    pub(crate) fn function(&self, event: &Value) -> Result<&'static str, String> {
        if [BARE, BARE_READ].contains(&self.name) {
            return Ok(self.name);
        }
        let http = &event["requestContext"]["http"];
        let text = |name: &str| http[name].as_str().unwrap_or_default();
        answering(text("method"), text("path"))
    }
}

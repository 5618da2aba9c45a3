//! Requests for a mail, and tries of a code, with all that they are counted by.

use api::settings::Auth;
use api::{Id, Timestamp};

/// A request for a mail, or a try of a code.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The source address of the request.
    pub source: &'a str,
    /// An id that no other request has. It marks the counts of this request, and becomes the id of a flow that it opens.
    pub mark: Id,
    /// The settings.
    pub settings: &'a Auth,
    /// The time.
    pub now: Timestamp,
}

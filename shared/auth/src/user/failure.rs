//! Failures of mails to the address of a user.

use api::{Timestamp, wire};

/// A mail that came back, or that its reader complained of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailFailure {
    /// Whether it was a complaint; otherwise the mail bounced for good.
    pub complaint: bool,
    /// When.
    pub at: Timestamp,
}

impl MailFailure {
    /// The failure as admins see it.
    #[must_use]
    pub fn wire(self) -> wire::MailFailure {
        wire::MailFailure {
            kind: if self.complaint {
                wire::MailFailureKind::Complaint
            } else {
                wire::MailFailureKind::Bounce
            },
            at: self.at,
        }
    }

    /// The failure that is kept after an earlier one: a complaint stays one.
    #[must_use]
    pub fn after(self, earlier: Option<Self>) -> Self {
        let complained = earlier.filter(|earlier| earlier.complaint && !self.complaint);
        complained.unwrap_or(self)
    }
}

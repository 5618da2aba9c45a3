//! Invitations: made, sent again and closed.

use api::event::{Envelope, Event, Subject, subjects};
use api::wire::{Invitation, InvitationStatus};

use super::draft::Write;
use super::image::Image;
use super::stamp::Stamp;
use super::world::Unfit;
use crate::invitations::item::read_invitation;

/// The events of a write to `_invitations`: of a new item, of another status, or of another nonce. The removal of an item
/// tells nothing.
pub(super) fn events_of(write: &Write<'_, '_>) -> Result<Vec<Envelope>, Unfit> {
    let Some(new) = write.after() else {
        return Ok(Vec::new());
    };
    let change = write.needed("change", new.map("change"))?;
    let at = write.needed("change.at", change.time("at"))?;
    let read = read_invitation(new.item()).map_err(|_| write.unfit("a broken invitation"))?;
    let subject = Subject::of(subjects::INVITATIONS, read.id);
    let Some(event) = event(write.before(), new, read.to_wire(at)) else {
        return Ok(Vec::new());
    };
    Ok(vec![write.event(Stamp::read(&change, at), subject, event)])
}

fn event(old: Option<&Image>, new: &Image, invitation: Invitation) -> Option<Event> {
    let Some(old) = old else {
        return Some(Event::InvitationCreated { invitation });
    };
    if old.same(new, "status") {
        let is_resent = !old.same(new, "nonce");
        return is_resent.then_some(Event::InvitationResent { invitation });
    }
    match invitation.status {
        InvitationStatus::Accepted => Some(Event::InvitationAccepted { invitation }),
        InvitationStatus::Rejected => Some(Event::InvitationRejected { invitation }),
        InvitationStatus::Revoked => Some(Event::InvitationRevoked { invitation }),
        InvitationStatus::Pending | InvitationStatus::Expired => None,
    }
}

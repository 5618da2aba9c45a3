//! `POST /api/auth/invitations/reject`: rejects an invitation.

use std::process::ExitCode;

use api::endpoints::InvitationsReject;
use api::wire::{ClosedInvitation, InvitationStatus};
use api::{Code, Error};
use auth::proof::{Link, Purpose, Shown};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(InvitationsReject, reject)
}

/// Closes the invitation by the token of its mail. Garbage costs no request.
async fn reject(
    store: &Store,
    call: Call<InvitationsReject>,
) -> Result<Reply<InvitationsReject>, Error> {
    let shown = Shown {
        token: Some(&call.body.token),
        ..Shown::default()
    };
    shown.check(false)?;
    let keys = store.sealing_keys(shown.sealed()).await?;
    let link = Link::parse(&keys, &call.body.token);
    let link = link.filter(|link| link.ticket.place.purpose == Purpose::Invitation);
    let link = link.ok_or(Code::InvalidCode)?;
    let admitted = call.admit(store).await?;
    let invitation = store.invitation(link.id()).await?;
    let invitation = invitation.ok_or(Code::InvalidCode)?;
    invitation.need_good(&link, call.now)?;
    let writer = call.writer(&admitted)?;
    store.reject_invitation(&invitation, &writer).await?;
    let closed = ClosedInvitation {
        id: invitation.id,
        status: InvitationStatus::Rejected,
    };
    Ok(Reply::to(&admitted, closed))
}

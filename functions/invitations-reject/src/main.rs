//! `POST /api/auth/invitations/reject`: rejects an invitation.

use std::process::ExitCode;

use api::endpoints::InvitationsReject;
use api::wire::{ClosedInvitation, InvitationStatus};
use api::{Code, Error};
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
    let link = store.invitation_link(&call.body.token).await?;
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

//! `DELETE /api/auth/invitations/{id}`: takes an invitation back.

use std::process::ExitCode;

use api::endpoints::InvitationsRevoke;
use api::wire::NoContent;
use api::{Code, Error, Id};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(InvitationsRevoke, revoke)
}

/// Closes the invitation, so that its token is dead.
async fn revoke(
    store: &Store,
    call: Call<InvitationsRevoke>,
) -> Result<Reply<InvitationsRevoke>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _) = store.user_or_server(&credentials, call.now).await?;
    let id: Id = call.id().parse().map_err(|_| Code::InvitationNotFound)?;
    let invitation = store.invitation(id).await?;
    let invitation = invitation.filter(|invitation| invitation.is_for(&caller));
    let invitation = invitation.ok_or(Code::InvitationNotFound)?;
    invitation.need_open()?;
    let writer = call.writer(&caller)?;
    store.revoke_invitation(&invitation, &writer).await?;
    Ok(Reply::to(&caller, NoContent))
}

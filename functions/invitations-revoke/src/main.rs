//! `DELETE /api/auth/invitations/{id}`: takes an invitation back.

use std::process::ExitCode;

use api::Error;
use api::endpoints::InvitationsRevoke;
use api::wire::NoContent;
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
    let invitation = store.invitation_for(&caller, call.id()).await?;
    invitation.need_open()?;
    let writer = call.writer(&caller)?;
    store.revoke_invitation(&invitation, &writer).await?;
    Ok(Reply::to(&caller, NoContent))
}

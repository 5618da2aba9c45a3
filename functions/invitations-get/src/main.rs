//! `GET /api/auth/invitations/{id}`: reads an invitation.

use std::process::ExitCode;

use api::Error;
use api::endpoints::InvitationsGet;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(InvitationsGet, get)
}

/// Shows an invitation to its inviter and to admins. For others there is none.
async fn get(store: &Store, call: Call<InvitationsGet>) -> Result<Reply<InvitationsGet>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _) = store.user_or_server(&credentials, call.now).await?;
    let invitation = store.invitation_for(&caller, call.id()).await?;
    Ok(Reply::to(&caller, invitation.to_wire(call.now)))
}

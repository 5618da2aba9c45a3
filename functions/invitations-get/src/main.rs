//! `GET /api/auth/invitations/{id}`: reads an invitation.

use std::process::ExitCode;

use api::endpoints::InvitationsGet;
use api::{Code, Error, Id};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(InvitationsGet, get)
}

/// Shows an invitation to its inviter and to admins. For others there is none.
async fn get(store: &Store, call: Call<InvitationsGet>) -> Result<Reply<InvitationsGet>, Error> {
    let credentials = call.credentials(store).await?;
    let (caller, _) = store.user_or_server(&credentials, call.now).await?;
    let id: Id = call.id().parse().map_err(|_| Code::InvitationNotFound)?;
    let invitation = store.invitation(id).await?;
    let invitation = invitation.filter(|invitation| invitation.is_for(&caller));
    let invitation = invitation.ok_or(Code::InvitationNotFound)?;
    Ok(Reply::to(&caller, invitation.to_wire(call.now)))
}

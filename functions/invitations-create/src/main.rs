//! `POST /api/auth/invitations`: invites an address.

use std::process::ExitCode;

use api::endpoints::InvitationsCreate;
use api::{Error, Id};
use auth::invitation::{Invitation, may_invite};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(InvitationsCreate, create)
}

/// Counts the invitation by its inviter, and keeps it together with its mail.
async fn create(
    store: &Store,
    call: Call<InvitationsCreate>,
) -> Result<Reply<InvitationsCreate>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    let (caller, user) = store.user_or_server(&credentials, call.now).await?;
    let settings = call.settings;
    may_invite(&caller, &settings.auth)?;
    let body = call.body.read()?;
    let wishes = call.wishes(body.locale.as_deref(), body.redirect_to.as_deref())?;
    let id = Id::new(call.now, call.random()?);
    let invitation = Invitation::new(body, (&caller, user.as_ref()), settings, id)?;
    store
        .count_invitation(&call.asking()?, invitation.invited_by)
        .await?;

    let keys = store.sealing_keys(std::iter::empty()).await?;
    let at = (&settings.auth, call.now);
    let posted = invitation.mail(&keys, wishes.origin, call.random()?, at)?;
    let invitation = invitation.with_mail(&posted);
    let writer = call.writer(&caller)?;
    store.invite(&invitation, &posted, &writer).await?;
    let location = format!("/api/auth/invitations/{}", invitation.id);
    Ok(Reply::to(&caller, invitation.to_wire(call.now)).at(location))
}

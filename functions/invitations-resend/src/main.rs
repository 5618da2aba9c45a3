//! `POST /api/auth/invitations/{id}/resend`: sends an invitation again.

use std::process::ExitCode;

use api::endpoints::InvitationsResend;
use api::wire::MailAsked;
use api::{Code, Error};
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(InvitationsResend, resend)
}

/// Counts as another invitation of the one who asks. The new mail has another token, which is good for the whole time.
async fn resend(
    store: &Store,
    call: Call<InvitationsResend>,
) -> Result<Reply<InvitationsResend>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    let (caller, _) = store.user_or_server(&credentials, call.now).await?;
    let invitation = store.invitation_for(&caller, call.id()).await?;
    invitation.need_open()?;
    let asker = caller.identity().ok_or(Code::AuthenticationRequired)?;
    store.count_invitation(&call.asking()?, asker).await?;

    let keys = store.sealing_keys(std::iter::empty()).await?;
    let origin = call.wishes(None, None)?.origin;
    let at = (&call.settings.auth, call.now);
    let posted = invitation.mail(&keys, origin, call.random()?, at)?;
    let writer = call.writer(&caller)?;
    store.invite_again(&invitation, &posted, &writer).await?;
    let expires_in = posted.ends.link.seconds() - call.now.seconds();
    Ok(Reply::to(&caller, MailAsked { expires_in }))
}

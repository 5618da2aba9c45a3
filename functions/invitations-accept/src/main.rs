//! `POST /api/auth/invitations/accept`: accepts an invitation.

mod stranger;

use std::process::ExitCode;

use api::endpoints::InvitationsAccept;
use api::event::Reason;
use api::record::{Write, profile};
use api::wire::{AcceptedInvitation, InvitationAcceptance, InvitationStatus};
use api::{Code, Detail, Error, told_together};
use auth::User;
use auth::invitation::Invitation;
use auth::proof::Link;
use runtime::{Call, Reply};
use serde_json::Map;
use store::{Along, Store};

fn main() -> ExitCode {
    runtime::serve(InvitationsAccept, accept)
}

/// Accepts as the user who is signed in, or makes the account. Garbage costs no request.
async fn accept(
    store: &Store,
    call: Call<InvitationsAccept>,
) -> Result<Reply<InvitationsAccept>, Error> {
    call.need_mail()?;
    let credentials = call.credentials(store).await?;
    let body = call.body.read()?;
    if !body.faults.is_empty() {
        let declared = &call.settings.users.fields;
        let checked = profile(declared, &Map::new(), body.profile.clone(), Write::Merge);
        let _ = told_together(body.faults.clone(), None, checked)?;
    }
    let link = store.invitation_link(&body.token).await?;
    if credentials.claims.is_none() {
        return stranger::accept(store, &call, &credentials, (&body, &link)).await;
    }
    let (signed_in, invitation) = tokio::try_join!(
        store.signed_in(&credentials, call.now),
        store.invitation(link.id())
    )?;
    let (caller, _, user) = signed_in;
    alone(&body)?;
    let invitation = good(invitation, &link, &call)?;
    if user.email.as_ref() != Some(&invitation.email) {
        return Err(Code::OtherAddress.into());
    }
    let along = Along {
        accepts: Some(&invitation),
        ..Along::of(Reason::Invitation)
    };
    let writer = call.writer(&caller)?;
    let declared = &call.settings.users.fields;
    let by = (&writer, call.bootstraps(&user));
    let decide =
        |found: &User, bootstraps| invitation.accepted_by(&user, found, (bootstraps, call.now));
    let user = store
        .change_proven(declared, &user, &along, by, decide)
        .await?;
    let invitation = Invitation {
        status: InvitationStatus::Accepted,
        ..invitation
    };
    let accepted = AcceptedInvitation {
        invitation: invitation.to_wire(call.now),
        user: user.wire(declared),
    };
    Reply::other(&caller, &accepted)
}

/// The invitation, if the link still opens it.
fn good(
    invitation: Option<Invitation>,
    link: &Link,
    call: &Call<InvitationsAccept>,
) -> Result<Invitation, Error> {
    let invitation = invitation.ok_or(Code::InvalidCode)?;
    invitation.need_good(link, call.now)?;
    Ok(invitation)
}

/// Refuses the fields of a new account beside an access token.
fn alone(body: &InvitationAcceptance) -> Result<(), Error> {
    let mut fields = vec![
        ("password", body.password.is_some()),
        ("session", body.session.is_some()),
        ("termsVersion", body.terms_version.is_some()),
    ];
    fields.extend(body.profile.keys().map(|name| (name.as_str(), true)));
    let wrong = fields.into_iter().filter(|(_, is_there)| *is_there);
    let mut details = body.faults.clone();
    details.extend(wrong.map(|(field, _)| {
        let field: String = field.chars().take(64).collect();
        let message = format!("`{field}` goes without an access token alone.");
        Detail::new(field, "either-or", message)
    }));
    if details.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(details))
    }
}

//! `GET /api/auth/invitations`: lists invitations, newest first.

use std::process::ExitCode;

use api::Error;
use api::endpoints::InvitationsList;
use api::query::{invitation_status, listing};
use api::wire::InvitationPage;
use auth::cursor::{Binding, Pager};
use auth::user::ADMIN;
use runtime::{Call, Reply};
use store::{Store, Wanted};

fn main() -> ExitCode {
    runtime::serve(InvitationsList, list)
}

/// Shows the caller's own invitations, or to an admin all of them.
async fn list(store: &Store, call: Call<InvitationsList>) -> Result<Reply<InvitationsList>, Error> {
    let keys = store.keys().await?;
    let credentials = call.credentials(store).await?;
    let (caller, _) = store.user_or_server(&credentials, call.now).await?;
    let known = ["status", "resourceType", "resourceId", "limit", "cursor"];
    let mut parameters = call.query(&known)?;
    let mut text = |name: &str| parameters.remove(name).map(std::borrow::Cow::into_owned);
    let status = invitation_status(text("status").as_deref())?;
    let (resource_type, resource_id) = (text("resourceType"), text("resourceId"));
    let asked = listing(parameters, &["limit", "cursor"])?;
    let is_admin = caller.role() == Some(ADMIN);
    let wanted = Wanted {
        inviter: caller.identity().filter(|_| !is_admin),
        status,
        resource_type,
        resource_id,
    };
    let narrowed = (
        wanted.inviter,
        status,
        [&wanted.resource_type, &wanted.resource_id],
    );
    let pager = Pager::new(keys, Binding::of_invitations(narrowed), call.now);
    let after = pager.open_id(asked.cursor.as_deref())?;
    let page = store.list_invitations(&wanted, (asked.limit, after), call.now);
    let page = page.await?;
    let next_cursor = pager.seal_id(page.next, call.random()?)?;
    let invitations = page.invitations.iter();
    let items = invitations.map(|it| it.to_wire(call.now)).collect();
    Ok(Reply::to(&caller, InvitationPage { items, next_cursor }))
}

//! Callers without an access token: the token of the mail proves the mailbox, and makes the account.

use api::endpoints::InvitationsAccept;
use api::event::Reason;
use api::record::{Write, profile};
use api::settings::SessionCheck;
use api::wire::InvitationAcceptance;
use api::{Code, Error, Id, told_together};
use auth::authentication::{Authentication, Method};
use auth::invitation::{Invitation, may_take_over};
use auth::password::{self, Context};
use auth::proof::Link;
use auth::sign_in::Begun;
use auth::user::Terms;
use auth::{Admitted, Credentials, User, consent};
use runtime::{Call, Reply};
use serde_json::{Map, Value};
use store::{Along, Store};

type Beginning = Option<Begun>;

/// A request of a caller without an access token, with its good invitation.
struct Acceptance<'a> {
    store: &'a Store,
    call: &'a Call<InvitationsAccept>,
    body: &'a InvitationAcceptance,
    admitted: Admitted,
    invitation: Invitation,
}

/// Makes the account; or takes one over whose address nobody has proven.
pub(crate) async fn accept(
    store: &Store,
    call: &Call<InvitationsAccept>,
    credentials: &Credentials,
    (body, link): (&InvitationAcceptance, &Link),
) -> Result<Reply<InvitationsAccept>, Error> {
    let keys = store.keys().await?;
    let (admitted, invitation) = tokio::try_join!(
        store.caller(credentials, SessionCheck::Immediate, call.now),
        store.invitation(link.id())
    )?;
    let acceptance = Acceptance {
        store,
        call,
        body,
        admitted,
        invitation: super::good(invitation, link, call)?,
    };
    let (user, begun) = match acceptance.register().await {
        Err(refusal) if may_be_of_holder(&refusal) => acceptance.take_over(refusal).await?,
        made => made?,
    };
    let begun = store.finished_if(begun, call.random()?).await?;
    call.show_proven(&acceptance.admitted, keys, &user, begun.as_ref())
}

/// Whether a refused registration may find an account that has the address: its owner hears of that first.
fn may_be_of_holder(refusal: &Error) -> bool {
    matches!(
        refusal.code,
        Code::EmailAlreadyExists
            | Code::ValidationFailed
            | Code::RecordTooLarge
            | Code::UserUniqueViolation
    )
}

impl Acceptance<'_> {
    /// Makes the account, as if there were none.
    async fn register(&self) -> Result<(User, Beginning), Error> {
        let call = self.call;
        let declared = &call.settings.users.fields;
        let created = profile(
            declared,
            &Map::new(),
            self.body.profile.clone(),
            Write::Create,
        );
        let (profile, terms) = self.checked(created)?;
        let hash = self.hash().await?;
        let id = Id::new(call.now, call.random()?);
        let user = User {
            role: self.invitation.role.clone(),
            profile,
            terms,
            locale: self.invitation.locale.clone(),
            email_verified_at: Some(call.now),
            ..User::new(id, self.invitation.email.clone(), false, call.now)
        };
        let begun = self.begin(&user)?;
        let along = Along {
            password_hash: hash.as_deref(),
            begins: begun.as_ref().and_then(Begun::session),
            begun: Some(Reason::Register),
            accepts: Some(&self.invitation),
            ..Along::of(Reason::Invitation)
        };
        let writer = call.writer_for(user.id, &self.admitted)?;
        let bootstraps = user.email.is_some() && call.deployment.admin_email == user.email;
        let user = self
            .store
            .create_proven(declared, user, &along, (&writer, bootstraps));
        Ok((user.await?, begun))
    }

    /// Takes the account over that has the address, if there is one; otherwise the refusal stands.
    async fn take_over(&self, refusal: Error) -> Result<(User, Beginning), Error> {
        let call = self.call;
        let holder = self.store.holder(&self.invitation.email, call.now).await?;
        let Some(holder) = holder else {
            return Err(refusal);
        };
        may_take_over(&holder)?;
        let declared = &call.settings.users.fields;
        let merge = |found: &User| {
            let body = self.body.profile.clone();
            profile(declared, &found.profile, body, Write::Merge)
        };
        let (_, terms) = self.checked(merge(&holder))?;
        let hash = self.hash().await?;
        let invitation = &self.invitation;
        let (at, with) = ((false, call.now), (merge(&holder)?, terms.clone()));
        let taken = invitation.taken_over(&holder, &holder, at, with)?;
        let begun = self.begin(&taken)?;
        let along = Along {
            password_hash: hash.as_deref(),
            forgets_password: hash.is_none(),
            begins: begun.as_ref().and_then(Begun::session),
            begun: Some(Reason::Invitation),
            accepts: Some(&self.invitation),
            ..Along::of(match hash {
                Some(_) => Reason::PasswordReset,
                None => Reason::PasswordRemoved,
            })
        };
        let writer = call.writer_for(holder.id, &self.admitted)?;
        let by = (&writer, call.bootstraps(&holder));
        let decide = |found: &User, bootstraps| {
            let at = (bootstraps, call.now);
            invitation.taken_over(&holder, found, at, (merge(found)?, terms.clone()))
        };
        let user = self
            .store
            .change_proven(declared, &holder, &along, by, decide);
        Ok((user.await?, begun))
    }

    /// The profile and the terms that are accepted, after the password was judged beside them.
    fn checked(
        &self,
        profile: Result<Map<String, Value>, Error>,
    ) -> Result<(Map<String, Value>, Option<Terms>), Error> {
        let (settings, version) = (self.call.settings, self.body.terms_version.as_deref());
        let terms = consent::given(version, &settings.auth, self.call.now);
        let context = Context::of(Some(&self.invitation.email), settings);
        let policy = &settings.auth.password;
        let judged = self
            .body
            .password
            .as_deref()
            .and_then(|it| password::judge("password", it, context, policy).err());
        let wrong = [judged, terms.as_ref().err().cloned()];
        let faults = self.body.faults.clone();
        let profile = told_together(faults, wrong.into_iter().flatten(), profile)?;
        Ok((profile, terms?))
    }

    async fn hash(&self) -> Result<Option<String>, Error> {
        match &self.body.password {
            Some(password) => Ok(Some(breaches::hash(self.call, "password", password).await?)),
            None => Ok(None),
        }
    }

    /// Begins a session, unless the body says otherwise.
    fn begin(&self, user: &User) -> Result<Beginning, Error> {
        let begins = self.body.session.unwrap_or(true);
        let by_mail = || Authentication::by(Method::Email, self.call.now);
        begins.then(|| self.call.begin(user, by_mail())).transpose()
    }
}

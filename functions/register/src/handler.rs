use api::endpoints::Register;
use api::wire::SignedIn;
use api::{Code, Error, Id};
use auth::{Session, User, email, password, session};
use runtime::{Call, Reply};
use store::{Registration, Store};

/// Checks address and password, makes user, identity and session in one transaction, and answers as a login does.
pub(crate) async fn register(store: &Store, call: Call<Register>) -> Result<Reply<Register>, Error> {
    let (now, settings) = (call.now, &call.settings.auth);
    let keys = store.keys().await?;
    let (email, checked) =
        (email::normalise(&call.body.email), password::check(&call.body.password, &settings.password));
    let email = match (email, checked) {
        (Ok(email), Ok(())) => email,
        (email, checked) => return Err(Error::invalid(email.err().into_iter().chain(checked.err()).collect())),
    };

    let hash = password::hash(&call.body.password, settings.bcrypt_cost, call.random()?)?;
    let is_admin = call.deployment.admin_email.as_ref() == Some(&email);
    let user = User::new(Id::new(now, call.random()?), email, is_admin, now);
    let session_id = Id::new(now, call.random()?);
    let (session, token) = Session::begin(user.id, session_id, user.auth_version, call.random()?, settings, now);
    match store.register(&user, &hash, &session, &call.client()).await? {
        Registration::EmailTaken => Err(Code::EmailAlreadyExists.into()),
        Registration::Done => {
            let tokens = session::tokens(keys, &token, &user.role, settings, now)?;
            Ok(Reply::of(SignedIn { user: user.wire(), tokens }))
        }
    }
}

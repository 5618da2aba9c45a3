//! `POST /api/users`: makes a user.

use std::process::ExitCode;

use api::endpoints::UsersCreate;
use api::record::{Write, profile};
use api::{Error, Id, told_together};
use auth::user::{AUTHENTICATED, check_role};
use auth::{User, email, password};
use runtime::{Call, Reply};
use serde_json::Map;
use store::{Along, Store, Writer};

fn main() -> ExitCode {
    runtime::serve(UsersCreate, create)
}

/// Makes the account. Without a password nobody can log in to it until one is set.
async fn create(store: &Store, call: Call<UsersCreate>) -> Result<Reply<UsersCreate>, Error> {
    let (now, settings, declared) = (call.now, &call.settings.auth, &call.settings.users.fields);
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, now).await?;
    let body = call.body.read()?;
    let role = body.role.unwrap_or_else(|| AUTHENTICATED.to_owned());
    let (email, password) = (email::normalise(&body.email), body.password.as_deref());
    let checked = password.map_or(Ok(()), |password| {
        password::check(password, &settings.password)
    });
    let profile = profile(declared, &Map::new(), body.profile, Write::Create);
    let wrong = [
        email.as_ref().err().cloned(),
        checked.err(),
        check_role(&role, settings).err(),
    ];
    let profile = told_together(body.faults, wrong.into_iter().flatten(), profile)?;

    let hash = password
        .map(|password| call.hash_password(password))
        .transpose()?;
    let email = email.map_err(|detail| Error::invalid(vec![detail]))?;
    let user = User {
        role,
        profile,
        ..User::new(Id::new(now, call.random()?), email, false, now)
    };
    let along = Along {
        password_hash: hash.as_deref(),
        ..Along::default()
    };
    let writer =
        Writer::new(admin.id(), call.request_id.clone(), now, call.random()?).with_key(admin.key());
    store.create_user(declared, &user, &along, &writer).await?;
    Ok(Reply::of(user.for_admins(declared)).at(format!("/api/users/{}", user.id)))
}

//! The account that an operator names, by address or by id.

use api::Id;
use auth::User;
use store::Store;

use crate::printable::printable;
use crate::{now, words};

/// The user who has an address, or an id.
///
/// # Errors
/// One line: the text is neither, or nobody has it.
pub(crate) async fn find(store: &Store, who: &str) -> Result<User, String> {
    if let Ok(id) = who.trim().parse::<Id>() {
        let user = store.user(id).await.map_err(|error| words(&error))?;
        return user.ok_or_else(|| format!("there is no user {id}"));
    }
    let email = auth::email::known(who).map_err(|_| {
        format!(
            "{}: name a user by an email address or by an id",
            printable(who)
        )
    })?;
    let holder = store.holder(&email, now()).await;
    let holder = holder.map_err(|error| words(&error))?;
    holder.ok_or_else(|| format!("nobody has registered {email}"))
}

/// The address of a user, else the id.
pub(crate) fn name_of(user: &User) -> String {
    let email = user.email.as_deref().map(printable);
    email.unwrap_or_else(|| user.id.to_string())
}

//! `cargo admin addresses`: names the accounts whose address no new account could have.

use api::value::is_email;
use store::Store;

use crate::printable::printable;

/// Prints a line for each such account, and reports the result in a sentence.
pub(crate) async fn run(store: &Store) -> Result<String, String> {
    let (mut from, mut all, mut named) = (None, 0_u64, 0_u64);
    loop {
        let page = store.export_users(from, false).await;
        let page = page
            .map_err(|error| format!("{}: {}", error.message, error.cause.unwrap_or_default()))?;
        for (user, _) in page.users {
            all += 1;
            let email = user.email.unwrap_or_default();
            if !is_email(&email) {
                named += 1;
                println!("{} {}", user.id, printable(&email));
            }
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok(format!(
        "{named} of {all} accounts have an address that no new account could have."
    ))
}

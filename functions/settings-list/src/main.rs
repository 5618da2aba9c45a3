//! `GET /api/admin/settings`: lists every setting with its value and its origin.

use std::process::ExitCode;

use api::Error;
use api::endpoints::SettingsList;
use api::wire::ShownSettings;
use runtime::{Call, Reply};
use store::Store;

fn main() -> ExitCode {
    runtime::serve(SettingsList, list)
}

/// Shows the settings as this function has them; the template gives every function the same.
async fn list(store: &Store, call: Call<SettingsList>) -> Result<Reply<SettingsList>, Error> {
    let credentials = call.credentials(store).await?;
    let admin = store.admin(&credentials, call.now).await?;
    call.query(&[])?;
    let items = call.shown_settings()?;
    Ok(Reply::to(&admin, ShownSettings { items }))
}

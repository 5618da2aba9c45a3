//! The accounts: users, their sessions, the API keys, and the counts of attempts.

pub(crate) mod admins;
pub(crate) mod api_keys;
mod caller;
pub(crate) mod change;
pub(crate) mod clearing;
mod clients;
pub(crate) mod directory;
mod factor;
pub(crate) mod factor_items;
mod items;
mod key_items;
mod leaver;
pub(crate) mod mail_counts;
mod mail_sign_in;
pub(crate) mod parts;
pub(crate) mod passkeys;
pub(crate) mod prove;
mod proven;
pub(crate) mod providers;
pub(crate) mod removal;
mod session_ends;
pub(crate) mod sessions;
pub(crate) mod stamp;
mod succession;
mod tally;
pub(crate) mod throttle;
pub(crate) mod users;

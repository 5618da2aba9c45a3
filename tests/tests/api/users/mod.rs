//! `/api/users*`: admins' requests about users.

mod look;

mod create;
mod delete;
mod guard;
mod last_admin;
mod list;
mod moving;
mod password;
mod profile;
mod sessions;
pub(crate) mod transfer;
mod update;

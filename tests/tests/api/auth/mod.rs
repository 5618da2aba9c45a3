//! `/api/auth/*`

pub(crate) mod forge;
pub(crate) mod items;
pub(crate) mod look;

mod breaches;
pub(crate) mod browser;
mod deletion;
mod login;
mod logout;
mod me;
mod pages;
mod password;
mod presets;
mod profile;
mod refresh;
mod register;
mod sessions;
mod throttle;
mod tokens;
mod transports;

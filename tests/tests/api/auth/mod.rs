//! `/api/auth/*`

pub(crate) mod forge;
pub(crate) mod items;
pub(crate) mod look;

mod login;
mod logout;
mod refresh;
mod register;
mod throttle;
mod tokens;

//! The templates of mails: those that ship, the check of an admin's own, and their rendering.
//!
//! Pure: no AWS, no HTTP, no clock, no environment. A template is text with `{{ variable }}`, `{% if %}` and a few
//! filters. It has no loops, no assignments and no other files, so that its cost is bounded by its size.

mod check;
mod engine;
mod locale;
mod render;
mod sample;
mod shipped;

pub use api::mail::{Kind, Template};
pub use check::check;
pub use locale::{LOCALES, locale, place};
pub use render::{Addresses, Rendered, Unrenderable, render};
pub use sample::sample;
pub use shipped::shipped;

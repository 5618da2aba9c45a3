//! Mail, and the templates that it is made of.

mod templates;
mod trying;

/// The templates.
pub(crate) const TEMPLATES: &str = "/api/admin/mail-templates";

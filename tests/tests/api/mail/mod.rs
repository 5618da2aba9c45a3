//! Mail, and the templates that it is made of.

mod templates;

/// The templates.
pub(crate) const TEMPLATES: &str = "/api/admin/mail-templates";

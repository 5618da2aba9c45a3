//! The tables: converts items into the types of the other crates. One file per table or subject.
//!
//! The only crate that names `aws-sdk-dynamodb`. Names of attributes always go through `#placeholders`, values through
//! `:placeholders`: no caller's text is ever part of an expression.

mod accounts;
mod backing;
mod batch;
pub mod client;
mod connector;
mod events;
mod fault;
mod invitations;
mod item;
mod key_pairs;
mod key_sets;
mod looks;
mod mail_templates;
mod mails;
mod operator;
mod provider_settings;
mod records;
mod send;
mod signing_keys;
mod size;
mod tables;

pub use accounts::api_keys::MAX_API_KEYS;
pub use accounts::directory::UserPage;
pub use accounts::factor_items::FactorChange;
pub use accounts::mail_counts::{MailReason, MailTurn};
pub use accounts::parts::Along;
pub use accounts::passkeys::PasskeyChange;
pub use accounts::prove::Proven;
pub use accounts::removal::Removal;
pub use accounts::sessions::SessionPage;
pub use auth::Writer;
pub use connector::connector;
pub use events::audit::AuditPage;
pub use events::backlog::Backlog;
pub use events::batch::{Batch, old_address, read_batch, recovery_left};
pub use events::derived::{Derived, is_audited};
pub use events::queue::{DeliveriesPage, KeptEvent, Settled};
pub use events::stream::{StreamRecord, Unfit, World, events_of};
pub use events::waiting::Waiting;
pub use invitations::{InvitationsPage, Wanted};
pub use mails::{DueMail, Opening, Reading};
pub use operator::audit::AuditWalk;
pub use operator::backfill;
pub use operator::check::{Checked, Finding, Mended, Place};
pub use operator::recovery::{Copied, Recovery, Step};
pub use operator::rotation::{KeyRotation, RotatedKey};
pub use operator::sealing::{Nonces, Resealed, SealingNumber};
pub use operator::seed::new_items;
pub use operator::transfer::{Exported, Imported, Position, Ways, claims};
pub use operator::vouch::Vouched;
pub use records::budget::Budget;
pub use records::operation::Change;
pub use records::page::{Cost, Count, Page};
pub use records::plan::{Plan, plan};
pub use records::record::{Before, StoredRecord};
pub use records::reservation::IdempotencyKey;
pub use records::{Created, expand, index, plan};
pub use tables::Store;

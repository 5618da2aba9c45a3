//! `_settings`: the signing keys.

use std::time::Duration;

use api::Error;
use api::settings::check_secret;
use api::tables::SETTINGS;
use auth::{Keyring, Keys};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::time::timeout;

use crate::fault;
use crate::item::{Item, text};
use crate::tables::{FirstSecret, Store};

/// The item's key.
const SIGNING: &str = "signing";

impl Store {
    /// Returns the signing keys.
    ///
    /// # Errors
    /// `common/unavailable` while they cannot be read.
    pub async fn keys(&self) -> Result<&Keys, Error> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        match (self.read_keys().await?, &self.first) {
            (Some(keys), _) => Ok(self.keys.get_or_init(async || keys).await),
            (None, FirstSecret::Await(keys)) => Ok(keys),
            (None, _) => Err(Error::internal("there is no signing key")),
        }
    }

    /// Opens the connection with the one read that every function may do, and keeps the keys that it finds. It never
    /// fails: the first request tries again.
    pub(crate) async fn warm(&self) {
        if self.secret.is_some() {
            let _ = timeout(Duration::from_secs(1), self.signing_item()).await;
        }
        let _ = timeout(Duration::from_secs(3), self.keys()).await;
    }

    /// Reads the keys of the settings or of the table, or stores this function's new secret. `None` where another
    /// function has to store it.
    async fn read_keys(&self) -> Result<Option<Keys>, Error> {
        if let Some(secret) = &self.secret {
            return Keys::new(&self.prefix, secret.as_bytes(), None).map(Some);
        }
        let item = match (self.signing_item().await?, &self.first) {
            (Some(item), _) => item,
            (None, FirstSecret::Keep(secret)) => self.keep_secret(secret).await?,
            (None, FirstSecret::Await(_) | FirstSecret::Never) => return Ok(None),
        };
        // An operator edits this item: an empty or short secret would let an attacker sign tokens.
        let secret = |name: &str| match item.get(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(AttributeValue::S(secret)) if check_secret(secret).is_ok() => {
                Ok(Some(secret.as_bytes()))
            }
            Some(_) => Err(Error::internal(format!(
                "_settings item: `{name}` is no signing secret of 32 bytes"
            ))),
        };
        let current = secret("current")?
            .ok_or_else(|| Error::internal("_settings item without `current`"))?;
        Keys::new(&self.prefix, current, secret("previous")?).map(Some)
    }

    async fn signing_item(&self) -> Result<Option<Item>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(SETTINGS.name))
            .key("id", text(SIGNING));
        let output = get
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| fault::of(&error))?;
        Ok(output.item)
    }

    /// Stores a secret if there is none yet. Of several functions that start at once, one wins and all use its secret.
    async fn keep_secret(&self, secret: &[u8; 32]) -> Result<Item, Error> {
        let item = Item::from([
            ("id".to_owned(), text(SIGNING)),
            ("current".to_owned(), text(STANDARD.encode(secret))),
        ]);
        let put = self
            .client
            .put_item()
            .table_name(self.table(SETTINGS.name))
            .set_item(Some(item.clone()))
            .condition_expression("attribute_not_exists(#id)")
            .expression_attribute_names("#id", "id");
        match put.send().await {
            Ok(_) => Ok(item),
            Err(error) => match error.as_service_error() {
                Some(service) if service.is_conditional_check_failed_exception() => self
                    .signing_item()
                    .await?
                    .ok_or_else(|| Error::unavailable("the signing item came and went")),
                _ => Err(fault::of(&error)),
            },
        }
    }
}

impl Keyring for Store {
    async fn keys(&self) -> Result<&Keys, Error> {
        Self::keys(self).await
    }
}

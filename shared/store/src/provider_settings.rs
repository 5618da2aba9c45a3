//! The settings of providers that an admin has set: items of `_configuration`.
//!
//! Settings that were taken back stay as an item without them, which reads as absent: so its event has an actor.

use std::collections::{BTreeMap, HashMap};

use api::check::stored_provider;
use api::event::Reason;
use api::settings::{PROVIDER, provider_id};
use api::tables::CONFIGURATION;
use api::{Code, Error};
use auth::Writer;
use auth::provider::{Discovery, KeptProvider};
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValuesOnConditionCheckFailure};

use crate::accounts::stamp::{self, CHANGE};
use crate::fault;
use crate::item::{Item, Reader, number, text};
use crate::tables::Store;

/// The attributes of the settings, the sealed secret and the metadata.
const SETTINGS: &str = "settings";
const SECRET: &str = "secret";
const SECRET_AT: &str = "secret_at";
const DISCOVERY: &str = "discovery";

impl Store {
    /// Reads the settings of a provider. Strongly consistent: 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn kept_provider(&self, name: &str) -> Result<Option<KeptProvider>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(key(name)))
            .consistent_read(true);
        let output = get.send().await.map_err(|error| fault::of(&error))?;
        Ok(output.item.map(read_provider).transpose()?.flatten())
    }

    /// Reads the settings of these providers, by name. Strongly consistent: 1 RRU for each.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn kept_providers(
        &self,
        names: &[&str],
    ) -> Result<BTreeMap<String, KeptProvider>, Error> {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(names.iter().map(|name| key(name)).collect()))
            .consistent_read(true)
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let table = self.table(CONFIGURATION.name);
        let mut found = self.batch(HashMap::from([(table.clone(), wanted)])).await?;
        let mut providers = BTreeMap::new();
        for mut item in found.remove(&table).unwrap_or_default() {
            let id = Reader::new(CONFIGURATION.name, &mut item).text("id")?;
            let name = id.strip_prefix(PROVIDER).unwrap_or_default().to_owned();
            providers.extend(read_provider(item)?.map(|kept| (name, kept)));
        }
        Ok(providers)
    }

    /// Reads the settings of every provider, by name. 1 RRU per 4 KB of the table.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub(crate) async fn all_providers(&self) -> Result<Vec<(String, KeptProvider)>, Error> {
        let (mut all, mut from): (Vec<(String, KeptProvider)>, Option<Item>) = (Vec::new(), None);
        loop {
            let scan = self
                .client
                .scan()
                .table_name(self.table(CONFIGURATION.name))
                .consistent_read(true)
                .filter_expression("begins_with(#id, :provider)")
                .expression_attribute_names("#id", "id")
                .expression_attribute_values(":provider", text(PROVIDER))
                .set_exclusive_start_key(from);
            let page = scan.send().await.map_err(|error| fault::of(&error))?;
            for mut item in page.items.unwrap_or_default() {
                let id = Reader::new(CONFIGURATION.name, &mut item).text("id")?;
                let name = id.strip_prefix(PROVIDER).unwrap_or_default().to_owned();
                all.extend(read_provider(item)?.map(|kept| (name, kept)));
            }
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(all);
            }
        }
    }

    /// Replaces the sealed secret of a provider, where it is the one that was read; `false` for another. Nothing else of the
    /// item changes, so this makes no event.
    pub(crate) async fn reseal_secret(
        &self,
        name: &str,
        read: &str,
        anew: &str,
    ) -> Result<bool, Error> {
        let update = self
            .client
            .update_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(key(name)))
            .update_expression("SET #secret = :anew")
            .condition_expression("#secret = :read")
            .expression_attribute_names("#secret", SECRET)
            .expression_attribute_values(":read", text(read))
            .expression_attribute_values(":anew", text(anew));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) if fault::failed_condition(&error).is_some() => Ok(false),
            Err(error) => Err(fault::of(&error)),
        }
    }

    /// Keeps the settings of a provider in place of those that were there. `read` are those whose secret goes on: where it is
    /// another by now, nothing is kept and this is `false`. 1 WRU for each KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn keep_provider(
        &self,
        name: &str,
        kept: &KeptProvider,
        read: Option<&KeptProvider>,
        writer: &Writer,
    ) -> Result<bool, Error> {
        let mut item = key(name);
        let settings = serde_json::to_string(&kept.settings).map_err(unwritable)?;
        item.insert(SETTINGS.to_owned(), text(settings));
        let secret = kept.secret.as_ref();
        item.extend(secret.map(|secret| (SECRET.to_owned(), text(secret))));
        item.extend(kept.secret_at.map(|at| (SECRET_AT.to_owned(), number(at))));
        let discovery = kept.discovery.as_ref().map(serde_json::to_string);
        if let Some(discovery) = discovery.transpose().map_err(unwritable)? {
            item.insert(DISCOVERY.to_owned(), text(discovery));
        }
        let change = stamp::change(writer, Reason::Update, None);
        item.insert(CHANGE.to_owned(), change.clone());
        let put = self.client.put_item();
        let put = put
            .table_name(self.table(CONFIGURATION.name))
            .set_item(Some(item));
        let put = match read.map(|read| read.secret.as_deref()) {
            None => put,
            Some(secret) => as_read(put, secret),
        };
        let Err(error) = put.send().await else {
            return Ok(true);
        };
        let found = fault::failed_put(&error).ok_or_else(|| fault::of(&error))?;
        // A retry after a lost reply finds its own change.
        Ok(found.unwrap_or_default().get(CHANGE) == Some(&change))
    }

    /// Forgets the settings of a provider that an admin has set, and its secret. 1 WRU for each KB of them.
    ///
    /// # Errors
    /// `providers/not-found` where there are none; `common/unavailable`, `common/internal`.
    pub async fn forget_provider(&self, name: &str, writer: &Writer) -> Result<(), Error> {
        let change = stamp::change(writer, Reason::Delete, None);
        let update = self
            .client
            .update_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(key(name)))
            .update_expression("SET #change = :change REMOVE #settings, #secret, #at, #discovery")
            .condition_expression("attribute_exists(#settings)")
            .expression_attribute_names("#settings", SETTINGS)
            .expression_attribute_names("#secret", SECRET)
            .expression_attribute_names("#at", SECRET_AT)
            .expression_attribute_names("#discovery", DISCOVERY)
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":change", change.clone())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = update.send().await else {
            return Ok(());
        };
        let found = fault::failed_condition(&error).ok_or_else(|| fault::of(&error))?;
        // A retry after a lost reply finds its own change.
        match found.unwrap_or_default().get(CHANGE) == Some(&change) {
            true => Ok(()),
            false => Err(Code::ProviderNotFound.into()),
        }
    }
}

/// A put on condition that the secret is the one that was read, or that there is none.
fn as_read(put: PutItemFluentBuilder, secret: Option<&str>) -> PutItemFluentBuilder {
    let put = put
        .expression_attribute_names("#secret", SECRET)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match secret {
        None => put.condition_expression("attribute_not_exists(#secret)"),
        Some(secret) => put
            .condition_expression("#secret = :read")
            .expression_attribute_values(":read", text(secret)),
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::internal(error.to_string())
}

fn key(name: &str) -> Item {
    Item::from([("id".to_owned(), text(provider_id(name)))])
}

/// Reads an item of `_configuration` as the settings of a provider; `None` for those that were taken back.
fn read_provider(mut item: Item) -> Result<Option<KeptProvider>, Error> {
    let mut reader = Reader::new(CONFIGURATION.name, &mut item);
    let Some(settings) = reader.optional_text(SETTINGS) else {
        return Ok(None);
    };
    let settings = stored_provider(&settings);
    let discovery = reader.optional_text(DISCOVERY);
    Ok(Some(KeptProvider {
        settings: settings.ok_or_else(|| Error::internal("a broken provider"))?,
        secret: reader.optional_text(SECRET),
        secret_at: reader.optional_number(SECRET_AT),
        discovery: discovery.and_then(|it| api::value::known::<Discovery>(it.as_bytes())),
    }))
}

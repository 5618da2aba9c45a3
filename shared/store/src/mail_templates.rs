//! The templates of mails that an admin has made: items of `_configuration`.
//!
//! A template that was taken back stays as an item without parts, which reads as absent: so its event has an actor.

use std::collections::HashMap;

use api::Error;
use api::event::Reason;
use api::mail::{Kind, Template, template_id, template_of};
use api::tables::CONFIGURATION;
use auth::Writer;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::accounts::stamp::{self, CHANGE};
use crate::fault;
use crate::item::{Item, Reader, text};
use crate::tables::Store;

/// The attributes of the parts; a template that is there has the first one.
pub(crate) const PARTS: [&str; 3] = ["subject", "text", "html"];

impl Store {
    /// Reads an admin's template. Strongly consistent: 1 RRU per 4 KB.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn mail_template(&self, kind: Kind, locale: &str) -> Result<Option<Template>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(mail_template_key(kind, locale)))
            .consistent_read(true);
        let output = get.send().await.map_err(|error| fault::of(&error))?;
        Ok(output.item.map(read_mail_template).transpose()?.flatten())
    }

    /// Lists the kinds and languages that have an admin's template. Strongly consistent: 1 RRU per 4 KB of each, and 1
    /// for each that there is not.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn mail_templates(&self, locales: &[&str]) -> Result<Vec<(Kind, String)>, Error> {
        let kinds = Kind::ALL.iter();
        let keys = kinds.flat_map(|kind| {
            locales
                .iter()
                .map(|locale| mail_template_key(*kind, locale))
        });
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.collect()))
            .consistent_read(true)
            .projection_expression("#id, #subject")
            .expression_attribute_names("#id", "id")
            .expression_attribute_names("#subject", PARTS[0])
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let table = self.table(CONFIGURATION.name);
        let mut found = self.batch(HashMap::from([(table.clone(), wanted)])).await?;
        let mut templates = Vec::new();
        for mut item in found.remove(&table).unwrap_or_default() {
            let id = Reader::new(CONFIGURATION.name, &mut item).text("id")?;
            if item.contains_key(PARTS[0]) {
                templates.extend(template_of(&id).map(|(kind, locale)| (kind, locale.to_owned())));
            }
        }
        templates.sort();
        Ok(templates)
    }

    /// Stores an admin's template. 1 WRU per KB of the larger one of old and new.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn set_mail_template(
        &self,
        (kind, locale): (Kind, &str),
        template: &Template,
        writer: &Writer,
    ) -> Result<(), Error> {
        let expression = match &template.html {
            Some(_) => "SET #subject = :subject, #text = :text, #html = :html, #change = :change",
            None => "SET #subject = :subject, #text = :text, #change = :change REMOVE #html",
        };
        let update = self
            .client
            .update_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(mail_template_key(kind, locale)))
            .update_expression(expression)
            .expression_attribute_names("#subject", PARTS[0])
            .expression_attribute_names("#text", PARTS[1])
            .expression_attribute_names("#html", PARTS[2])
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":subject", text(&template.subject))
            .expression_attribute_values(":text", text(&template.text))
            .expression_attribute_values(":change", stamp::change(writer, Reason::Update, None));
        let update = match &template.html {
            Some(html) => update.expression_attribute_values(":html", text(html)),
            None => update,
        };
        update.send().await.map_err(|error| fault::of(&error))?;
        Ok(())
    }

    /// Takes an admin's template back; nothing where there is none. 1 WRU per KB of it.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn reset_mail_template(
        &self,
        (kind, locale): (Kind, &str),
        writer: &Writer,
    ) -> Result<(), Error> {
        let update = self
            .client
            .update_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(mail_template_key(kind, locale)))
            .update_expression("SET #change = :change REMOVE #subject, #text, #html")
            .condition_expression("attribute_exists(#subject)")
            .expression_attribute_names("#subject", PARTS[0])
            .expression_attribute_names("#text", PARTS[1])
            .expression_attribute_names("#html", PARTS[2])
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":change", stamp::change(writer, Reason::Delete, None));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if fault::failed_condition(&error).is_some() => Ok(()),
            Err(error) => Err(fault::of(&error)),
        }
    }
}

/// The key of an admin's template in `_configuration`.
pub(crate) fn mail_template_key(kind: Kind, locale: &str) -> Item {
    Item::from([("id".to_owned(), text(template_id(kind, locale)))])
}

/// Reads an item of `_configuration` as a template; `None` for one that was taken back.
pub(crate) fn read_mail_template(mut item: Item) -> Result<Option<Template>, Error> {
    let mut reader = Reader::new(CONFIGURATION.name, &mut item);
    let Some(subject) = reader.optional_text(PARTS[0]) else {
        return Ok(None);
    };
    Ok(Some(Template {
        subject,
        text: reader.text(PARTS[1])?,
        html: reader.optional_text(PARTS[2]),
    }))
}

//! Marks of the deeds of operators on whole tables, as items of `_configuration`. Events tell of them.

use api::event::{Event, Reason, subjects};
use api::tables::CONFIGURATION;
use api::{Error, Timestamp};
use auth::Writer;

use super::check::counted;
use crate::accounts::stamp::{self, CHANGE};
use crate::fault;
use crate::item::{Item, text, time};
use crate::tables::Store;

/// The attribute with the type of the event.
pub(crate) const KIND: &str = "kind";

/// The attribute with the content of the event, as JSON.
pub(crate) const TOLD: &str = "told";

/// The attributes with the point of the newest recovery to a point in time, and with its end.
const RECOVERED_TO: &str = "recovered_to";
const RECOVERED_AT: &str = "recovered_at";

impl Store {
    /// Leaves the mark of a deed on a table, of which its event tells. 1 WRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn mark_table(
        &self,
        table: &str,
        deed: &Event,
        writer: &Writer,
    ) -> Result<(), Error> {
        let told = serde_json::to_string(deed);
        let told = told.map_err(|error| Error::internal(error.to_string()))?;
        let mut set = "SET #kind = :kind, #told = :told, #change = :change".to_owned();
        let mut update = self
            .client
            .update_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(mark_key(table)))
            .expression_attribute_names("#kind", KIND)
            .expression_attribute_names("#told", TOLD)
            .expression_attribute_names("#change", CHANGE)
            .expression_attribute_values(":kind", text(deed.kind().as_str()))
            .expression_attribute_values(":told", text(told))
            .expression_attribute_values(":change", stamp::change(writer, Reason::Restore, None));
        if let Event::TableRecovered { to: Some(to), .. } = deed {
            set.push_str(", #to = :to, #at = :at");
            update = update
                .expression_attribute_names("#to", RECOVERED_TO)
                .expression_attribute_names("#at", RECOVERED_AT)
                .expression_attribute_values(":to", time(*to))
                .expression_attribute_values(":at", time(writer.now));
        }
        let sent = update.update_expression(set).send().await;
        sent.map(|_| ()).map_err(|error| fault::of(&error))
    }

    /// When the newest recovery of a table to a point in time has ended, if it was to this second. 1 RRU.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn recovered_at(
        &self,
        table: &str,
        to: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let get = self
            .client
            .get_item()
            .table_name(self.table(CONFIGURATION.name))
            .set_key(Some(mark_key(table)))
            .consistent_read(true);
        let found = get.send().await.map_err(|error| fault::of(&error))?;
        let found = found.item.unwrap_or_default();
        let moment = |name: &str| counted(&found, name).map(Timestamp::from_millis);
        let is_same = moment(RECOVERED_TO).is_some_and(|it| it.seconds() == to.seconds());
        Ok(moment(RECOVERED_AT).filter(|_| is_same))
    }
}

fn mark_key(table: &str) -> Item {
    Item::from([("id".to_owned(), text(format!("{}{table}", subjects::TABLE)))])
}

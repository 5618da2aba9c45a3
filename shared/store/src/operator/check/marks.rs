//! Marks of indexes and unique fields: whether every writer of a collection has kept them.

use api::{Definition, Error};

use super::Finding;
use crate::fault;
use crate::records::index;
use crate::records::kept::Kept;
use crate::tables::Store;

impl Store {
    /// Looks at the names that every writer of a collection has kept. Returns a finding for each declared one that is not
    /// among them although there are records, and the names that are.
    ///
    /// # Errors
    /// `common/unavailable`, `common/internal`.
    pub async fn check_marks(
        &self,
        definition: &Definition,
    ) -> Result<(Vec<Finding>, Vec<String>), Error> {
        let declared = index::names(definition);
        let kept = Kept {
            client: &self.client,
            table: self.table(&definition.name),
        };
        let split = |names: Option<Vec<String>>| {
            let kept = names.unwrap_or_default();
            let declared = declared.iter().cloned();
            declared.partition::<Vec<String>, _>(|name| kept.contains(name))
        };
        let (ready, unfilled) = split(kept.names().await?);
        if unfilled.is_empty() || !self.has_records(definition).await? {
            return Ok((Vec::new(), ready));
        }
        // The first record ever may have come with its marks in between.
        let (ready, unfilled) = split(kept.names().await?);
        let collection = &definition.name;
        let told = unfilled.into_iter().map(|name| {
            let what = format!(
                "does not have every record; `cargo admin backfill {collection} {name}` fills it, once no older code runs"
            );
            Finding::new(collection, name, what)
        });
        Ok((told.collect(), ready))
    }

    /// Whether a collection has a record.
    async fn has_records(&self, definition: &Definition) -> Result<bool, Error> {
        let mut from = None;
        loop {
            let scan = self
                .client
                .scan()
                .table_name(self.table(&definition.name))
                .filter_expression("attribute_exists(#data)")
                .expression_attribute_names("#data", "data")
                .set_exclusive_start_key(from);
            let output = scan.send().await.map_err(|error| fault::of(&error))?;
            if output.items.is_some_and(|items| !items.is_empty()) {
                return Ok(true);
            }
            from = output.last_evaluated_key;
            if from.is_none() {
                return Ok(false);
            }
        }
    }
}

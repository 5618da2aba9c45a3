//! Marks of indexes and unique fields: whether every writer of a collection has kept them.

use api::{Definition, Error};

use super::Finding;
use crate::records::index;
use crate::records::kept::Kept;
use crate::tables::Store;

impl Store {
    /// Looks at the names that every writer of a collection has kept. Returns a finding for each declared one that is not
    /// among them, and the names that are.
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
        // Before the first write by the API every writer has kept all of them, as `cargo dev seed` has.
        let Some(names) = kept.names().await? else {
            return Ok((Vec::new(), declared));
        };
        let (ready, unfilled): (Vec<_>, Vec<_>) =
            declared.into_iter().partition(|name| names.contains(name));
        let collection = &definition.name;
        let told = unfilled.into_iter().map(|name| {
            let what = format!(
                "does not have every record; `cargo admin backfill {collection} {name}` fills it, once no older code runs"
            );
            Finding::new(collection, name, what)
        });
        Ok((told.collect(), ready))
    }
}

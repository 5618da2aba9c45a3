//! Row filters: the records that a definition shows to a caller, as a [`Filter`].

use serde_json::{Map, Value};

use crate::definition::{Definition, names_user, set_user};
use crate::id::Id;
use crate::query::filter::Filter;
use crate::query::join::all;
use crate::query::reader::Reader;

/// The row filter for this user. `None` where it never holds: it names the caller's id and the caller has none, or it
/// is no filter, which the build refuses.
#[must_use]
pub fn row_filter(
    definition: &Definition,
    filter: &Map<String, Value>,
    user: Option<Id>,
) -> Option<Filter> {
    let mut filter = filter.clone();
    if names_user(&filter) {
        let user = Value::String(user?.to_string());
        filter.values_mut().for_each(|value| set_user(value, &user));
    }
    let mut reader = Reader::new(definition, "");
    let filter = all(reader.members("filter", filter, 1));
    reader.finish().is_ok().then_some(filter)
}

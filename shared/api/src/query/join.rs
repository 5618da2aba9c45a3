//! Filters joined by "and" and "or", in normal form.

use crate::query::filter::Filter;

impl Filter {
    /// Joins both filters by "and", in normal form.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        all(vec![self, other])
    }

    /// Joins filters by "or", in normal form.
    #[must_use]
    pub fn one_of(filters: Vec<Self>) -> Self {
        if filters.contains(&Self::everything()) {
            Self::everything()
        } else {
            any(filters)
        }
    }
}

/// Joins filters by "and", in normal form.
pub(super) fn all(filters: Vec<Filter>) -> Filter {
    let mut parts = Vec::with_capacity(filters.len());
    for filter in filters {
        match filter {
            Filter::All(inner) => parts.extend(inner),
            filter => parts.push(filter),
        }
    }
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Filter::All(parts)
    }
}

/// Joins filters by "or", in normal form.
pub(super) fn any(filters: Vec<Filter>) -> Filter {
    let mut parts = Vec::with_capacity(filters.len());
    for filter in filters {
        match filter {
            Filter::Any(inner) => parts.extend(inner),
            filter => parts.push(filter),
        }
    }
    if parts.len() == 1 {
        parts.remove(0)
    } else {
        Filter::Any(parts)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query::filter::Test;

    #[test]
    fn filters_are_joined_in_one_form() {
        let is = |value: u8| Filter::Field("a".to_owned(), Test::Eq(Some(json!(value))));
        let (one, two) = (is(1), is(2));
        assert_eq!(one.clone().and(Filter::everything()), one);
        assert_eq!(Filter::everything().and(one.clone()), one);
        // The other condition stays, for an order may depend on it.
        let in_vain = Filter::nothing().and(one.clone());
        assert_eq!(in_vain, Filter::All(vec![Filter::nothing(), one.clone()]));
        assert!(
            in_vain.is_nothing()
                && Filter::one_of(vec![in_vain.clone(), Filter::nothing()]).is_nothing()
        );
        assert!(
            !one.is_nothing()
                && !Filter::everything().is_nothing()
                && !Filter::one_of(vec![in_vain, two.clone()]).is_nothing()
        );
        assert_eq!(
            one.clone().and(two.clone()),
            Filter::All(vec![one.clone(), two.clone()])
        );
        assert_eq!(Filter::one_of(vec![one.clone()]), one);
        assert_eq!(
            Filter::one_of(vec![one.clone(), two.clone()]),
            Filter::Any(vec![one.clone(), two.clone()])
        );
        assert_eq!(
            Filter::one_of(vec![one.clone(), Filter::everything()]),
            Filter::everything()
        );
        assert_eq!(Filter::one_of(Vec::new()), Filter::nothing());
        let search = Filter::Search("x".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
        let all = Filter::Not(Box::new(Filter::All(vec![Filter::Any(vec![one, search])])));
        assert_eq!(all.fields().into_iter().collect::<Vec<_>>(), ["a"]);
        let searching = all.searching(&|field| field == "b");
        assert!(
            searching.canonical().contains(r#"["search","x",["b"]]"#),
            "{}",
            searching.canonical()
        );
    }
}

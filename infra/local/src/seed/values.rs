//! Believable values, made from the fields of a definition.

use std::collections::BTreeMap;

use api::definition::{Definition, Field, FieldType, Format};
use api::{Id, Timestamp};
use serde_json::{Map, Number, Value};

use super::random::Random;
use super::words;

/// A day in milliseconds.
pub(super) const DAY: i64 = 86_400_000;

/// How often an optional field is left out, in a hundred.
const ABSENT: u64 = 12;

/// The ids that relations may name, by collection.
pub(super) type Targets = BTreeMap<String, Vec<String>>;

/// The body of a create at `now`. The owner field is left to the caller.
pub(super) fn body(
    definition: &Definition,
    targets: &Targets,
    now: Timestamp,
    random: &mut Random,
) -> Map<String, Value> {
    let fields = definition
        .fields
        .iter()
        .filter(|field| field.name != definition.owner_field());
    Maker {
        targets,
        now,
        random,
    }
    .fields(fields)
}

struct Maker<'a> {
    targets: &'a Targets,
    now: Timestamp,
    random: &'a mut Random,
}

impl Maker<'_> {
    fn fields<'f>(&mut self, fields: impl Iterator<Item = &'f Field>) -> Map<String, Value> {
        let mut values = Map::new();
        for field in fields {
            let optional = !field.required && self.random.chance(ABSENT);
            if let Some(value) = self.value(field).filter(|_| !optional) {
                values.insert(field.name.clone(), value);
            }
        }
        values
    }

    fn value(&mut self, field: &Field) -> Option<Value> {
        if let Some(choices) = &field.choices {
            return self.random.pick(choices).cloned();
        }
        Some(match field.kind {
            FieldType::String => Value::from(self.text(field)),
            FieldType::Number | FieldType::Integer => self.number(field)?,
            FieldType::Boolean => Value::Bool(self.random.chance(60)),
            FieldType::Date => Value::from(self.date(&field.name).to_string()),
            FieldType::Object => Value::Object(self.fields(field.fields.iter().flatten())),
            FieldType::Array => Value::Array(self.items(field)),
            FieldType::Relation => Value::from(
                self.random
                    .pick(self.targets.get(field.collection.as_deref()?)?)?
                    .as_str(),
            ),
        })
    }

    fn items(&mut self, field: &Field) -> Vec<Value> {
        let least = field.min_length.unwrap_or(0);
        let most = field
            .max_length
            .unwrap_or(usize::MAX)
            .min(least.saturating_add(3));
        let count = self.random.between(
            i64::try_from(least).unwrap_or(0),
            i64::try_from(most).unwrap_or(0),
        );
        let words = Field {
            name: "tag".to_owned(),
            ..Field::default()
        };
        (0..count)
            .filter_map(|_| self.value(field.items.as_deref().unwrap_or(&words)))
            .collect()
    }

    fn text(&mut self, field: &Field) -> String {
        let random = &mut *self.random;
        if let Some(text) = field
            .pattern
            .as_ref()
            .and_then(|pattern| words::matching(pattern.as_str(), random).ok())
        {
            return text;
        }
        let mut text = match field.format {
            Some(Format::Email) => return words::email(random),
            Some(Format::Url) => return words::url(random),
            Some(Format::Slug) => return words::slug(random),
            Some(Format::Color) => return format!("#{:06x}", random.below(1 << 24)),
            Some(Format::Uuid) => return Id::new(self.now, random.bytes()).to_string(),
            None => words::text(&field.name, random),
        };
        while text.chars().count() < field.min_length.unwrap_or(0) {
            text = format!("{text} {}", words::sentences(random));
        }
        let most = field.max_length.unwrap_or(usize::MAX);
        let own = if field.unique {
            format!(" {:09}", random.below(1_000_000_000))
        } else {
            String::new()
        };
        let kept = text
            .chars()
            .take(most.saturating_sub(own.len()))
            .collect::<String>();
        format!("{}{own}", kept.trim_end())
            .chars()
            .take(most)
            .collect()
    }

    /// A number of the size that its name suggests, within its bounds; few are large.
    fn number(&mut self, field: &Field) -> Option<Value> {
        let name = field.name.to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let whole = field.kind == FieldType::Integer;
        let usual = match () {
            () if field.unique => 1_000_000_000_000,
            () if has(&["year"]) => 2026,
            () if has(&["rating", "stars"]) => 5,
            () if has(&["percent"]) => 100,
            () if whole => 250,
            () => 500,
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "bounds beyond 64 bits are cut"
        )]
        let bound = |number: &Option<Number>| number.as_ref()?.as_f64().map(|bound| bound as i64);
        let least =
            bound(&field.min).unwrap_or_else(|| bound(&field.max).map_or(0, |most| most.min(0)));
        let most = bound(&field.max)
            .unwrap_or(least.saturating_add(usual))
            .max(least);
        let most = if field.unique {
            most
        } else {
            most.min(least.saturating_add(usual))
        };
        let reach = if field.unique {
            most
        } else {
            self.random.between(least, most)
        };
        let value = self.random.between(least, reach);
        let cents = if whole || value == most {
            ""
        } else {
            *self.random.pick(&["", ".5", ".9", ".95", ".99"])?
        };
        serde_json::from_str(&format!("{value}{cents}")).ok()
    }

    /// A time around the creation: before it, or after it where the name says so.
    fn date(&mut self, name: &str) -> Timestamp {
        let later = ["due", "until", "end", "expire", "deliver", "next"]
            .iter()
            .any(|word| name.contains(word));
        let offset = if later {
            self.random.between(DAY, 60 * DAY)
        } else {
            -self.random.between(0, 700 * DAY)
        };
        Timestamp::from_millis(self.now.millis().saturating_add_signed(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::check::check;
    use api::record::{self, Write};

    fn definition(fields: &str) -> Definition {
        let content = format!(r#"{{"name":"a","fields":[{fields}]}}"#);
        check(&[("a.json".to_owned(), content)])
            .unwrap()
            .definitions
            .remove(0)
    }

    #[test]
    fn what_is_made_fits_its_definition() {
        let all = definition(
            r##"{"name":"name","type":"string","required":true,"maxLength":9},
                {"name":"text","type":"string","minLength":200},{"name":"state","type":"string","enum":["a","b"]},
                {"name":"mail","type":"string","format":"email"},{"name":"home","type":"string","format":"url"},
                {"name":"key","type":"string","format":"uuid"},{"name":"slug","type":"string","format":"slug"},
                {"name":"color","type":"string","format":"color"},{"name":"sku","type":"string","unique":true,"pattern":"^[A-Z]{3}-[0-9]{4,9}$"},
                {"name":"price","type":"number","min":0.5,"max":9},{"name":"below","type":"integer","max":-7},
                {"name":"year","type":"integer","min":1900},{"name":"open","type":"boolean"},{"name":"due","type":"date"},
                {"name":"size","type":"object","fields":[{"name":"width","type":"number","required":true}]},
                {"name":"tags","type":"array","minLength":1,"maxLength":2,"items":{"type":"string","maxLength":3}},
                {"name":"any","type":"array"},{"name":"free","type":"object"},
                {"name":"by","type":"relation","collection":"users","required":true}"##,
        );
        let targets = Targets::from([(
            "users".to_owned(),
            vec!["0197a3b0-0000-7000-8000-000000000000".to_owned()],
        )]);
        let now = Timestamp::from_millis(1_790_000_000_000);
        let mut random = Random(3);
        let fits = (0..500).filter(|_| {
            let body = body(&all, &targets, now, &mut random);
            record::check(&all, body, Write::Create).is_ok()
        });
        // A draw that misses a bound by its cents is drawn again.
        assert!(fits.count() > 400);
        let same = |seed| body(&all, &targets, now, &mut Random(seed));
        assert_eq!(same(5), same(5));
        assert_ne!(same(5), same(6));
    }
}

//! The table with the items of the point: whether it can be one.

use api::Timestamp;
use aws_sdk_dynamodb::types::{RestoreSummary, StreamSpecification, TableDescription};

/// A table, as DynamoDB describes it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    /// Its whole name.
    name: String,
    /// When it was made.
    pub(super) made: Timestamp,
    /// The names of its keys, each with its type.
    keys: Vec<(String, String)>,
    /// `ACTIVE`, or another word of DynamoDB.
    status: String,
    /// Whether something may listen to its changes.
    has_stream: bool,
    /// The whole name of the table that AWS has restored it from.
    origin: Option<String>,
}

impl Described {
    /// Reads the description of the table of this name; `None` where it does not say when the table was made.
    pub(super) fn read(name: &str, table: &TableDescription) -> Option<Self> {
        let made = table.creation_date_time()?.to_millis().ok()?;
        let attributes = table.attribute_definitions();
        let kind = |name: &str| {
            let mut attributes = attributes.iter();
            let found = attributes.find(|it| it.attribute_name() == name);
            found.map_or("", |it| it.attribute_type().as_str())
        };
        let keys = table.key_schema().iter().map(|key| {
            let name = key.attribute_name();
            (name.to_owned(), kind(name).to_owned())
        });
        let origin = table
            .restore_summary()
            .and_then(RestoreSummary::source_table_arn);
        Some(Self {
            name: name.to_owned(),
            made: Timestamp::from_millis(u64::try_from(made).ok()?),
            keys: keys.collect(),
            status: table
                .table_status()
                .map_or_else(String::new, |it| it.as_str().to_owned()),
            has_stream: table
                .stream_specification()
                .is_some_and(StreamSpecification::stream_enabled),
            origin: origin
                .and_then(|arn| arn.rsplit('/').next())
                .map(ToOwned::to_owned),
        })
    }

    /// The reason why the items of this table cannot take the place of those of `own`. Its items would be put in their place, and
    /// every other one removed.
    pub(super) fn refusal(&self, own: &Self) -> Option<String> {
        let (name, whole) = (&self.name, &own.name);
        if self.keys != own.keys {
            return Some(format!("{name} has other keys than {whole}"));
        }
        if let Some(origin) = self.origin.as_ref().filter(|origin| *origin != whole) {
            return Some(format!(
                "{name} was restored from {origin}, and not from {whole}"
            ));
        }
        if self.status != "ACTIVE" {
            let status = &self.status;
            return Some(format!("{name} is {status}: wait until it can be read"));
        }
        self.has_stream.then(|| {
            format!("{name} has a stream, as the tables of a stack have: name one that AWS has restored from a backup")
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::DateTime;
    use aws_sdk_dynamodb::types::{
        AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus,
    };

    use super::*;

    fn table(kind: ScalarAttributeType) -> Described {
        let attribute = |name: &str, kind: ScalarAttributeType| {
            let built = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(kind);
            built.build().expect("an attribute")
        };
        let key = |name: &str, kind: KeyType| {
            let built = KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind);
            built.build().expect("a key")
        };
        let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/shop-posts";
        let restored = RestoreSummary::builder()
            .source_table_arn(arn)
            .restore_date_time(DateTime::from_secs(1))
            .restore_in_progress(false);
        let stream = StreamSpecification::builder().stream_enabled(true);
        let described = TableDescription::builder()
            .creation_date_time(DateTime::from_secs(7))
            .attribute_definitions(attribute("owner", ScalarAttributeType::S))
            .attribute_definitions(attribute("id", ScalarAttributeType::S))
            .attribute_definitions(attribute("shard", kind))
            .key_schema(key("shard", KeyType::Hash))
            .key_schema(key("id", KeyType::Range))
            .table_status(TableStatus::Active)
            .stream_specification(stream.build().expect("a stream"))
            .restore_summary(restored.build().expect("a summary"))
            .build();
        Described::read("kept", &described).expect("a table")
    }

    #[test]
    fn a_source_is_a_table_that_was_restored_from_this_one_or_made_by_hand() {
        let whole = table(ScalarAttributeType::N);
        assert_eq!(whole.made, Timestamp::from_millis(7_000));
        let own = Described {
            name: "shop-posts".to_owned(),
            ..whole.clone()
        };
        let kept = Described {
            has_stream: false,
            ..whole.clone()
        };
        assert_eq!(kept.refusal(&own), None);
        let by_hand = Described {
            origin: None,
            ..kept.clone()
        };
        assert_eq!(by_hand.refusal(&own), None);
        let comments = Described {
            origin: Some("shop-comments".to_owned()),
            ..kept.clone()
        };
        let creating = Described {
            status: "CREATING".to_owned(),
            ..kept.clone()
        };
        // The log of the stack has a shard as well, which is a text.
        let audit = Described {
            has_stream: false,
            ..table(ScalarAttributeType::S)
        };
        for (source, expected) in [
            (whole, "kept has a stream, as the tables of a stack have"),
            (
                comments,
                "kept was restored from shop-comments, and not from shop-posts",
            ),
            (creating, "kept is CREATING: wait until it can be read"),
            (audit, "kept has other keys than shop-posts"),
        ] {
            let refusal = source.refusal(&own).expect("a refusal");
            assert!(refusal.starts_with(expected), "{refusal}");
        }
    }
}

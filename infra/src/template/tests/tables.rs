//! The tables of the template.

use serde_json::json;

use super::*;

#[test]
fn a_collection_is_a_table_with_the_indexes_it_needs() {
    let template = drawn(&[definition("my-notes")]).expect("drawn");
    let table = properties(&template, "MyNotesCollection");
    let shown = serde_json::to_value(table).expect("JSON");
    assert_eq!(
        shown["TableName"],
        json!({ "Fn::Sub": "${AWS::StackName}-my-notes" })
    );
    assert_eq!(
        shown["AttributeDefinitions"],
        json!([
            { "AttributeName": "shard", "AttributeType": "N" },
            { "AttributeName": "id", "AttributeType": "S" },
            { "AttributeName": "owner", "AttributeType": "S" },
        ])
    );
    assert_eq!(
        shown["GlobalSecondaryIndexes"][0]["IndexName"],
        json!("by_owner")
    );
    assert_eq!(
        shown["TimeToLiveSpecification"],
        json!({ "AttributeName": "expires_at", "Enabled": true })
    );
    let stream = json!({ "StreamViewType": "NEW_AND_OLD_IMAGES" });
    assert_eq!(shown["StreamSpecification"], stream);
    let metadata = template
        .get("Resources")
        .and_then(|all| all.get("MyNotesCollection")?.get("Metadata")?.get("Shards"));
    assert_eq!(metadata, Some(&Value::from(1)));
}

#[test]
fn tables_have_streams_where_their_changes_make_events() {
    let mut silent = definition("silent");
    silent.events = false;
    let template = drawn(&[definition("notes"), silent]).expect("drawn");
    let all = template["Resources"].as_mapping().expect("there");
    let streaming: Vec<&str> = all
        .iter()
        .filter(|(_, it)| it["Properties"].get("StreamSpecification").is_some())
        .filter_map(|(id, _)| id.as_str())
        .collect();
    let expected = [
        "UsersTable",
        "SessionsTable",
        "ApiKeysTable",
        "DeliveriesTable",
        "ConfigurationTable",
        "MailTable",
        "InvitationsTable",
        "NotesCollection",
    ];
    assert_eq!(streaming, expected);
    for id in expected {
        let stream = properties(&template, id).get("StreamSpecification");
        let view = stream.and_then(|stream| stream.get("StreamViewType"));
        let images = match id {
            "MailTable" => "NEW_IMAGE",
            _ => "NEW_AND_OLD_IMAGES",
        };
        assert_eq!(view, Some(&Value::from(images)), "{id}");
    }
}

#[test]
fn a_declared_index_sorts_a_shard_or_an_owner_by_its_binary_key() {
    let mut notes = definition("notes");
    notes.permissions.list = Some(api::Rule::public());
    notes.indexes = serde_json::from_value(json!([
        ["status", "-createdAt"],
        { "fields": ["total"], "perOwner": true },
    ]))
    .expect("indexes");
    let template = drawn(&[notes]).expect("drawn");
    let shown = serde_json::to_value(properties(&template, "NotesCollection")).expect("JSON");
    let index = |hash: &str, name: &str| {
        json!({ "IndexName": name, "Projection": { "ProjectionType": "ALL" },
            "OnDemandThroughput": { "MaxReadRequestUnits": { "Ref": "MaxReadUnits" } }, "KeySchema": [
            { "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": name, "KeyType": "RANGE" } ] })
    };
    let expected = json!([
        index("shard", "by.status.-createdAt"),
        index("owner", "own.total")
    ]);
    assert_eq!(shown["GlobalSecondaryIndexes"], expected);
    assert_eq!(
        shown["AttributeDefinitions"],
        json!([
            { "AttributeName": "shard", "AttributeType": "N" },
            { "AttributeName": "id", "AttributeType": "S" },
            { "AttributeName": "by.status.-createdAt", "AttributeType": "B" },
            { "AttributeName": "owner", "AttributeType": "S" },
            { "AttributeName": "own.total", "AttributeType": "B" },
        ])
    );
}

#[test]
fn a_table_reads_no_more_than_its_owner_pays_for_and_has_the_key_that_costs_nothing() {
    let template = drawn(&[definition("notes")]).expect("drawn");
    let tables = template["Resources"].as_mapping().expect("there");
    let tables = tables
        .values()
        .filter(|resource| resource["Type"] == "AWS::DynamoDB::Table");
    let mut count = 0;
    for table in tables {
        let shown = serde_json::to_value(&table["Properties"]).expect("JSON");
        let most = json!({ "MaxReadRequestUnits": { "Ref": "MaxReadUnits" } });
        assert_eq!(shown["OnDemandThroughput"], most);
        for index in shown["GlobalSecondaryIndexes"]
            .as_array()
            .into_iter()
            .flatten()
        {
            assert_eq!(index["OnDemandThroughput"], most, "{index}");
        }
        let own = json!({ "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": { "Ref": "TableKeyArn" } });
        assert_eq!(
            shown["SSESpecification"],
            json!({ "Fn::If": ["HasTableKey", own, { "Ref": "AWS::NoValue" }] })
        );
        count += 1;
    }
    assert_eq!(count, api::tables::ALL.len() + 1);
    let default = |name: &str| template["Parameters"][name]["Default"].as_u64();
    let defaults = [
        ("CountThrottlingRate", 10),
        ("CountThrottlingBurst", 20),
        ("PasswordThrottlingRate", 100),
        ("PasswordThrottlingBurst", 200),
        ("MaxReadUnits", 8000),
    ];
    for (name, value) in defaults {
        assert_eq!(default(name), Some(value), "{name}");
    }
}

//! Tables that an operator repairs and takes back.

use super::*;

impl Scene<'_> {
    /// An operator has the admins counted again, and takes the log back to a table that has nothing.
    pub(super) fn play_tables(&mut self) {
        let dynamo = &self.world.flow.apart.dynamo;
        let call = |operation: &str, body: Value| {
            let _ = dynamo.engine().call(operation, &body).unwrap();
        };
        let wrong = json!({ "id": { "S": "#admins" }, "count": { "N": "5" } });
        call(
            "PutItem",
            json!({ "TableName": "local-_users", "Item": wrong }),
        );
        let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
        call(
            "CreateTable",
            json!({ "TableName": "kept", "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [attribute("shard"), attribute("id")],
                "KeySchema": [key("shard", "HASH"), key("id", "RANGE")] }),
        );
        let inside = stack().inside().unwrap();
        let recover = ["recover", "--table", "_audit", "--from", "kept", "--yes"];
        for arguments in [["check", "--repair"].as_slice(), &recover] {
            let (done, said) = said(&admin_on(inside, &dynamo.endpoint(), arguments));
            assert!(done, "{said}");
        }
        for (name, table) in [("repaired", "table#_users"), ("recovered", "table#_audit")] {
            self.ids.insert(name, table.to_owned());
        }
    }
}

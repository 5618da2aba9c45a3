//! Whether a stack is there, for an operator's first look.

use api::tables::USERS;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;

use crate::tables::Store;

impl Store {
    /// The name of the table of users, if DynamoDB says that there is none: the stack or the region is another one.
    pub async fn missing_table(&self) -> Option<String> {
        let table = self.table(USERS.name);
        let described = self.client.describe_table().table_name(&table).send().await;
        // Any other trouble is told by the command itself.
        let error = described.err()?;
        let is_missing = error
            .as_service_error()
            .is_some_and(DescribeTableError::is_resource_not_found_exception);
        is_missing.then_some(table)
    }
}

//! A function that reads a record through the SDK and answers: the SDK's own share of a request. Of this project it has
//! the connection alone.

use api::{Deployment, Id};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Body, Error, Request, Response, run, service_fn};
use store::client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let deployment = Deployment::read(|name| std::env::var(name).ok())
        .map_err(|problem| format!("{} {}", problem.path, problem.reason))?;
    let client = client::connect(&deployment.aws, client::FUNCTION);
    let table = format!("{}posts", deployment.table_prefix);
    run(service_fn(|request| read(&client, &table, request))).await
}

/// Reads the record that the path names, as `records-get` does.
async fn read(client: &Client, table: &str, request: Request) -> Result<Response<Body>, Error> {
    let id: Id = request
        .uri()
        .path()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .parse()
        .map_err(|_| "no id in the path")?;
    let read = client
        .get_item()
        .table_name(table)
        .key("shard", AttributeValue::N(id.shard().to_string()))
        .key("id", AttributeValue::S(id.to_string()))
        .consistent_read(true)
        .send()
        .await?;
    Ok(Response::builder()
        .status(if read.item.is_some() { 200 } else { 404 })
        .header("content-type", "application/json")
        .body("{\"status\":\"ok\"}".into())?)
}

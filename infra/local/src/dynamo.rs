//! DynamoDB with the template's tables: embedded on a loopback port, or another that runs already.

mod sweep;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, io};

use dynoxide::Database;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::hold::Hold;
use crate::listen::{listen, runtime};
use crate::relay::Relay;
use crate::template::Table;

/// Where the items are kept.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In memory: gone with the process. Streams cannot be read from there.
    Memory,
    /// In a file of its own in the folder of temporary files, gone with the engine.
    Scratch,
    /// In this file, made if it is missing.
    File(PathBuf),
}

/// A running DynamoDB. Dropping it stops only the parts that this process started.
pub struct Dynamo {
    endpoint: String,
    place: Place,
}

enum Place {
    Here(Embedded),
    /// Another process runs it; the relay, where there is one, signs with a key of its own.
    There {
        _relay: Option<Relay>,
    },
}

/// The engine in this process; dropping it answers the requests under way, then stops it.
struct Embedded {
    database: Database,
    file: Option<PathBuf>,
    /// The folder to remove after the engine has stopped.
    scratch: Option<PathBuf>,
    /// Let go after the engine has stopped.
    _hold: Option<Hold>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<Result<(), String>>>,
    runtime: Option<Runtime>,
}

/// The address of a DynamoDB that runs already, such as `http://127.0.0.1:8000`.
///
/// # Errors
/// One line: it is not an address.
pub fn address(text: &str) -> Result<String, String> {
    let endpoint = text.trim_end_matches('/');
    let authority = endpoint.strip_prefix("http://").unwrap_or_default();
    if authority.is_empty() || authority.contains('/') {
        return Err(format!(
            "{endpoint} is no address of a local DynamoDB: it looks like http://127.0.0.1:8000"
        ));
    }
    Ok(endpoint.to_owned())
}

impl std::fmt::Debug for Dynamo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dynamo")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Dynamo {
    /// Starts on `port` of the loopback interface, or on a free port if that is 0.
    ///
    /// # Errors
    /// One line: the port is taken, another process uses the file, it is not a data file, or it cannot be written.
    pub fn start(storage: &Storage, port: u16) -> Result<Self, String> {
        let scratch = match storage {
            Storage::Scratch => Some(scratch_folder()?),
            Storage::Memory | Storage::File(_) => None,
        };
        let file = match (storage, &scratch) {
            (Storage::File(path), _) => Some(path.clone()),
            (_, folder) => folder.as_ref().map(|folder| folder.join("dynamodb.sqlite")),
        };
        let hold = file.as_deref().map(Hold::of_data).transpose()?;
        let runtime = runtime()?;
        let listener = listen(port)?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let database = match &file {
            None => {
                Database::memory().map_err(|error| format!("Cannot start DynamoDB: {error}"))?
            }
            Some(path) => open(path)?,
        };
        let guard = runtime.enter();
        let listener =
            tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        drop(guard);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = runtime.spawn(dynoxide::server::serve_with_shutdown(
            listener,
            database.clone(),
            async {
                let _ = stopped.await;
            },
        ));
        runtime.spawn(sweep::sweep_regularly(database.clone()));
        Ok(Self {
            endpoint: format!("http://{address}"),
            place: Place::Here(Embedded {
                database,
                file,
                scratch,
                _hold: hold,
                stop: Some(stop),
                serving: Some(serving),
                runtime: Some(runtime),
            }),
        })
    }

    /// The DynamoDB that runs already at `endpoint`, such as `http://127.0.0.1:8000`.
    ///
    /// # Errors
    /// One line: it is not an address, or no DynamoDB answers there.
    pub fn at(endpoint: &str) -> Result<Self, String> {
        let there = Self {
            endpoint: address(endpoint)?,
            place: Place::There { _relay: None },
        };
        there.engine().call("ListTables", &json!({}))?;
        Ok(there)
    }

    /// The same DynamoDB by way of a relay that signs with `key`, letters and digits. Where the engine keeps a database
    /// for each access key, these are tables of their own.
    ///
    /// # Errors
    /// As [`Dynamo::at`], or no port is free.
    pub fn signed(endpoint: &str, key: &str) -> Result<Self, String> {
        let there = Self::at(endpoint)?;
        let relay = Relay::start(&there.endpoint, key)?;
        Ok(Self {
            endpoint: relay.endpoint(),
            place: Place::There {
                _relay: Some(relay),
            },
        })
    }

    /// Where it listens, such as `http://127.0.0.1:8000`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Its operations as JSON: past HTTP where it is in this process.
    #[must_use]
    pub fn engine(&self) -> Engine<'_> {
        match &self.place {
            Place::Here(embedded) => Engine::Here(&embedded.database),
            Place::There { .. } => Engine::There(&self.endpoint),
        }
    }

    /// The file that a pump reads the streams from; `None` in memory and for an engine in another process.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::Here(embedded) => embedded.file.as_deref(),
            Place::There { .. } => None,
        }
    }

    /// Switches on the streams of the tables that have one. Without a pump that removes what it has delivered, every write
    /// to them is slower than the one before.
    ///
    /// # Errors
    /// One line: a table cannot be changed.
    pub fn stream(&self, tables: &[Table]) -> Result<(), String> {
        for table in tables {
            let Some(stream) = &table.stream else {
                continue;
            };
            let there = self.describe(&table.name).unwrap_or_default();
            if there["StreamSpecification"]["StreamEnabled"] != true {
                let update = json!({ "TableName": table.name, "StreamSpecification": stream });
                self.engine()
                    .call("UpdateTable", &update)
                    .map_err(|error| format!("Table {}: {error}", table.name))?;
            }
        }
        Ok(())
    }

    /// Makes the tables, indexes and TTL settings that are missing and leaves the rest; returns a line for each thing
    /// done.
    ///
    /// # Errors
    /// One line: an existing table has other keys than the template.
    pub fn make(&self, tables: &[Table]) -> Result<Vec<String>, String> {
        let mut done = Vec::new();
        for table in tables {
            self.make_table(table, &mut done)
                .map_err(|error| format!("Table {}: {error}", table.name))?;
        }
        Ok(done)
    }

    fn make_table(&self, table: &Table, done: &mut Vec<String>) -> Result<(), String> {
        match self.describe(&table.name) {
            None => {
                self.engine().call("CreateTable", &table.create)?;
                done.push(format!("made table {}", table.name));
            }
            Some(there) if there["KeySchema"] != table.create["KeySchema"] => {
                return Err(
                    "its key is another one than in template.yaml; start afresh by deleting the data file".to_owned()
                );
            }
            Some(there) => self.make_indexes(table, &there, done)?,
        }
        let Some(attribute) = &table.ttl else {
            return Ok(());
        };
        let name = json!({ "TableName": table.name });
        let there = self.engine().call("DescribeTimeToLive", &name)?;
        if there["TimeToLiveDescription"]["AttributeName"] != *attribute {
            let wanted = json!({ "TableName": table.name,
                "TimeToLiveSpecification": { "Enabled": true, "AttributeName": attribute } });
            self.engine().call("UpdateTimeToLive", &wanted)?;
        }
        Ok(())
    }

    fn make_indexes(
        &self,
        table: &Table,
        there: &Value,
        done: &mut Vec<String>,
    ) -> Result<(), String> {
        let has = |name: &Value| {
            there["GlobalSecondaryIndexes"]
                .as_array()
                .is_some_and(|all| all.iter().any(|i| &i["IndexName"] == name))
        };
        for index in table.create["GlobalSecondaryIndexes"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if has(&index["IndexName"]) {
                continue;
            }
            // One update adds one index, as in AWS, and may name only attributes that some key uses by then.
            let mut keys = key_names(&table.create["KeySchema"]);
            keys.extend(key_names(&index["KeySchema"]));
            for other in there["GlobalSecondaryIndexes"]
                .as_array()
                .into_iter()
                .flatten()
            {
                keys.extend(key_names(&other["KeySchema"]));
            }
            let attributes: Vec<&Value> = table.create["AttributeDefinitions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|attribute| keys.contains(&attribute["AttributeName"]))
                .collect();
            let update = json!({ "TableName": table.name, "AttributeDefinitions": attributes,
                "GlobalSecondaryIndexUpdates": [{ "Create": index }] });
            let name = index["IndexName"].as_str().unwrap_or_default();
            self.engine()
                .call("UpdateTable", &update)
                .map_err(|error| {
                    format!(
                        "cannot add index {name} ({error}); start afresh by deleting the data file"
                    )
                })?;
            done.push(format!("added index {name} to table {}", table.name));
        }
        Ok(())
    }

    fn describe(&self, name: &str) -> Option<Value> {
        let described = self
            .engine()
            .call("DescribeTable", &json!({ "TableName": name }));
        described.ok().map(|mut answer| answer["Table"].take())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        drop(self.stop.take());
        let (Some(runtime), Some(serving)) = (self.runtime.take(), self.serving.take()) else {
            return;
        };
        let _ =
            runtime.block_on(async { tokio::time::timeout(Duration::from_secs(2), serving).await });
        runtime.shutdown_timeout(Duration::from_secs(2));
        if let Some(folder) = self.scratch.take() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// A new folder for the file of one engine, in memory where the system has such a file system.
fn scratch_folder() -> Result<PathBuf, String> {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() {
        memory.to_path_buf()
    } else {
        std::env::temp_dir()
    };
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let folder = base.join(format!("bakend-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)
        .map_err(|error| format!("Cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

fn key_names(schema: &Value) -> Vec<Value> {
    schema
        .as_array()
        .into_iter()
        .flatten()
        .map(|key| key["AttributeName"].clone())
        .collect()
}

fn open(path: &Path) -> Result<Database, String> {
    let refuse = |why: &str| {
        format!(
            "{} cannot be used as the data file ({why}): move it away, or start with --memory",
            path.display()
        )
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| refuse(&error.to_string()))?;
    let head = match fs::File::open(path) {
        Ok(file) => {
            let mut head = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(file, 16), &mut head)
                .map_err(|e| refuse(&e.to_string()))?;
            head
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(refuse(&error.to_string())),
    };
    if !head.is_empty() && head != b"SQLite format 3\0" {
        return Err(refuse("it is not an SQLite file"));
    }
    let database =
        Database::new(&path.to_string_lossy()).map_err(|error| refuse(&error.to_string()))?;
    database
        .database_info()
        .map_err(|error| refuse(&error.to_string()))?;
    Ok(database)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{SAMPLE, Template};

    fn tables() -> Vec<Table> {
        Template::parse(SAMPLE).unwrap().tables().unwrap()
    }

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("bakend-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder.join("dynamodb.sqlite")
    }

    #[test]
    fn tables_are_made_once_and_survive_a_restart() {
        let file = scratch("restart");
        let storage = Storage::File(file.clone());
        let first = Dynamo::start(&storage, 0).unwrap();
        assert_eq!(first.make(&tables()).unwrap().len(), 3);
        let item = json!({ "TableName": "local-_users", "Item": { "id": { "S": "a" } } });
        first.engine().call("PutItem", &item).unwrap();
        drop(first);
        let second = Dynamo::start(&storage, 0).unwrap();
        assert_eq!(second.make(&tables()).unwrap(), Vec::<String>::new());
        let key = json!({ "TableName": "local-_users", "Key": { "id": { "S": "a" } } });
        assert!(second.engine().call("GetItem", &key).unwrap()["Item"].is_object());
        let _ = fs::remove_dir_all(file.parent().unwrap());
    }

    #[test]
    fn an_index_that_is_missing_is_added() {
        let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
        let mut before = tables();
        let create = before[2].create.as_object_mut().unwrap();
        create.remove("GlobalSecondaryIndexes");
        create["AttributeDefinitions"]
            .as_array_mut()
            .unwrap()
            .truncate(2);
        dynamo.make(&before).unwrap();
        let item = json!({ "TableName": "local-notes",
            "Item": { "shard": { "S": "0" }, "id": { "S": "1" }, "owner": { "S": "me" } } });
        dynamo.engine().call("PutItem", &item).unwrap();
        assert_eq!(
            dynamo.make(&tables()).unwrap(),
            ["added index by_owner to table local-notes"]
        );
        let query = json!({ "TableName": "local-notes", "IndexName": "by_owner",
            "KeyConditionExpression": "#o = :o", "ExpressionAttributeNames": { "#o": "owner" },
            "ExpressionAttributeValues": { ":o": { "S": "me" } } });
        assert_eq!(dynamo.engine().call("Query", &query).unwrap()["Count"], 1);
    }

    #[test]
    fn an_index_may_have_dots_and_hyphens_in_its_name_and_a_binary_key() {
        let dynamo = Dynamo::start(&Storage::Memory, 0).unwrap();
        let name = "by.status.-createdAt";
        let mut table = tables().remove(2);
        table.create = json!({ "TableName": table.name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                { "AttributeName": "shard", "AttributeType": "N" },
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": name, "AttributeType": "B" } ],
            "KeySchema": [
                { "AttributeName": "shard", "KeyType": "HASH" },
                { "AttributeName": "id", "KeyType": "RANGE" } ],
            "GlobalSecondaryIndexes": [{ "IndexName": name, "Projection": { "ProjectionType": "ALL" }, "KeySchema": [
                { "AttributeName": "shard", "KeyType": "HASH" },
                { "AttributeName": name, "KeyType": "RANGE" } ] }] });
        dynamo.make(&[table]).unwrap();
        // Bytes in base64: 0xff, 0x00 and 0x80 0x00, which sort as unsigned.
        for (id, key) in [("a", "/w=="), ("b", "AA=="), ("c", "gAA=")] {
            let item = json!({ "TableName": "local-notes",
                "Item": { "shard": { "N": "0" }, "id": { "S": id }, name: { "B": key } } });
            dynamo.engine().call("PutItem", &item).unwrap();
        }
        let query = |condition: &str| {
            let query = json!({ "TableName": "local-notes", "IndexName": name, "KeyConditionExpression": condition,
                "ExpressionAttributeNames": { "#s": "shard", "#k": name },
                "ExpressionAttributeValues": { ":s": { "N": "0" }, ":k": { "B": "gA==" } } });
            let found = dynamo.engine().call("Query", &query).unwrap();
            let ids = found["Items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"]["S"].as_str().unwrap().to_owned());
            ids.collect::<String>()
        };
        assert_eq!(query("#s = :s AND #k >= :k"), "ca");
        assert_eq!(query("#s = :s AND #k < :k"), "b");
        assert_eq!(query("#s = :s AND begins_with(#k, :k)"), "c");
    }

    #[test]
    fn bad_starts_say_what_to_do() {
        let file = scratch("foreign");
        fs::write(&file, "this is something else entirely").unwrap();
        assert!(
            Dynamo::start(&Storage::File(file.clone()), 0)
                .unwrap_err()
                .contains("move it away")
        );
        let _ = fs::remove_dir_all(file.parent().unwrap());
        let first = Dynamo::start(&Storage::Memory, 0).unwrap();
        let taken = first
            .endpoint()
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let refused = Dynamo::start(&Storage::Memory, taken).unwrap_err();
        assert!(
            refused.starts_with(&format!("Port {taken} is taken")),
            "{refused}"
        );
    }

    #[test]
    fn an_engine_that_runs_already_takes_the_tables_that_it_lacks() {
        let engine = Dynamo::start(&Storage::Memory, 0).unwrap();
        engine.make(&tables()[..1]).unwrap();
        let (at, signed) = (
            Dynamo::at(&format!("{}/", engine.endpoint())).unwrap(),
            Dynamo::signed(&engine.endpoint(), "another").unwrap(),
        );
        assert_eq!(at.make(&tables()).unwrap().len(), 2);
        assert_eq!(signed.make(&tables()).unwrap(), Vec::<String>::new());
        let item = json!({ "TableName": "local-_users", "Item": { "id": { "S": "a" } } });
        at.engine().call("PutItem", &item).unwrap();
        let key = json!({ "TableName": "local-_users", "Key": { "id": { "S": "a" } } });
        for dynamo in [&engine, &at, &signed] {
            assert!(dynamo.engine().call("GetItem", &key).unwrap()["Item"].is_object());
        }
        drop((at, signed));
        assert!(engine.engine().call("GetItem", &key).unwrap()["Item"].is_object());
    }

    #[test]
    fn an_address_without_an_engine_is_told() {
        let port = crate::emulator::free_port().unwrap();
        for (address, said) in [
            (format!("http://127.0.0.1:{port}"), "does not answer"),
            ("127.0.0.1:8000".to_owned(), "no address"),
            ("http://127.0.0.1:8000/path".to_owned(), "no address"),
            ("https://127.0.0.1:8000".to_owned(), "no address"),
        ] {
            let refused = Dynamo::at(&address).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
    }
}

//! The pump before a function that the test is: order, restarts, failures of a batch and of the function.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::*;
use crate::dynamo::{Dynamo, Storage};
use crate::listen::listen;

/// A stack with the table `_users` and the collection `notes`, whose partition is text here.
const TEMPLATE: &str = include_str!("tests.yaml");

/// How long a delivery may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// One invocation: the ids of its records, and where to answer.
struct Call {
    ids: Vec<String>,
    numbers: Vec<String>,
    answer: Sender<(u16, Value)>,
}

impl Call {
    fn well(self) -> Vec<String> {
        let _ = self.answer.send((200, json!({ "batchItemFailures": [] })));
        self.ids
    }

    fn failing_at(self, at: usize) {
        let failures = json!([{ "itemIdentifier": self.numbers[at] }]);
        let _ = self
            .answer
            .send((200, json!({ "batchItemFailures": failures })));
    }

    fn broken(self) {
        let _ = self.answer.send((500, json!({ "errorMessage": "broken" })));
    }
}

/// An emulator whose one function is this test.
fn emulator(runtime: &Runtime) -> (String, Receiver<Call>) {
    let (calls, called) = channel();
    let calls = Arc::new(Mutex::new(calls));
    let listener = listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let _guard = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let calls = Arc::clone(&calls);
            let service = service_fn(move |request| answer(Arc::clone(&calls), request));
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    (format!("http://{address}"), called)
}

async fn answer(
    calls: Arc<Mutex<Sender<Call>>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let records = body["Records"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (reply, answered) = channel();
    let call = Call {
        ids: records
            .iter()
            .map(|record| text(&record["dynamodb"]["Keys"]["id"]["S"]))
            .collect(),
        numbers: records
            .iter()
            .map(|record| text(&record["dynamodb"]["SequenceNumber"]))
            .collect(),
        answer: reply,
    };
    let sent = calls.lock().unwrap().send(call).is_ok();
    let answered = spawn_blocking(move || answered.recv()).await.unwrap();
    let (status, body) = match answered {
        Ok(answer) if sent => answer,
        _ => (500, Value::Null),
    };
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap();
    Ok(response)
}

/// A DynamoDB with streams, and what a pump needs.
struct World {
    dynamo: Dynamo,
    template: Template,
    called: Receiver<Call>,
    front: Front,
    _runtime: Runtime,
}

impl World {
    fn new() -> Self {
        let template = Template::parse(TEMPLATE).unwrap();
        let dynamo = Dynamo::start(&Storage::Scratch, 0).unwrap();
        dynamo.make(&template.tables().unwrap()).unwrap();
        dynamo.stream(&template.tables().unwrap()).unwrap();
        let runtime = runtime().unwrap();
        let (emulator, called) = emulator(&runtime);
        let front = Front::start(&emulator, &template).unwrap();
        Self {
            dynamo,
            template,
            called,
            front,
            _runtime: runtime,
        }
    }

    fn pump(&self) -> Pump {
        let file = self.dynamo.file().unwrap();
        Pump::start(
            file,
            &file.with_extension("lost"),
            &self.template,
            &self.front,
        )
        .unwrap()
    }

    fn put(&self, table: &str, id: &str) {
        put(&self.dynamo, table, id);
    }

    fn call(&self) -> Call {
        self.called.recv_timeout(PATIENCE).expect("an invocation")
    }

    /// How many stream records lie in the file.
    fn left(&self) -> usize {
        let records = Records::open(self.dynamo.file().unwrap()).unwrap();
        let tables = self.template.tables().unwrap();
        let of = |name: &str| records.oldest(name, 100_000).unwrap().len();
        tables.iter().map(|table| of(&table.name)).sum()
    }

    fn wait_until_all_is_delivered(&self) {
        let started = Instant::now();
        while self.left() > 0 {
            assert!(started.elapsed() < PATIENCE, "{} are left", self.left());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn put(dynamo: &Dynamo, table: &str, id: &str) {
    let item = json!({ "shard": { "N": "0" }, "id": { "S": id }, "role": { "S": "x" } });
    let put = json!({ "TableName": format!("local-{table}"), "Item": item });
    dynamo.engine().call("PutItem", &put).unwrap();
}

/// Writes so many items one after another; how long each thousand took.
fn write(dynamo: &Dynamo, count: usize) -> Vec<Duration> {
    let numbers: Vec<usize> = (0..count).collect();
    let thousands = numbers.chunks(1_000).map(|thousand| {
        let started = Instant::now();
        for number in thousand {
            put(dynamo, "notes", &format!("{number:05}"));
        }
        started.elapsed()
    });
    thousands.collect()
}

#[test]
fn changes_arrive_in_order_also_those_that_came_before_the_pump_or_between_two() {
    let world = World::new();
    let ids: Vec<String> = (0..250).map(|number| format!("{number:03}")).collect();
    ids[..150].iter().for_each(|id| world.put("notes", id));
    let first = world.pump();
    let mut seen = world.call().well();
    assert_eq!(seen.len(), 100, "a batch has 100");
    // The second batch is under way when the pump is killed: it comes again.
    let interrupted = world.call();
    assert_eq!(interrupted.ids, ids[100..150]);
    drop(first);
    drop(interrupted);
    ids[150..].iter().for_each(|id| world.put("notes", id));
    let _second = world.pump();
    while seen.len() < ids.len() {
        seen.extend(world.call().well());
    }
    assert_eq!(seen, ids);
    world.wait_until_all_is_delivered();
    assert!(world.called.try_recv().is_err(), "nothing comes twice");
}

#[test]
fn a_batch_comes_again_from_the_record_that_failed() {
    let world = World::new();
    (0..5).for_each(|id| world.put("notes", &id.to_string()));
    let _pump = world.pump();
    world.call().failing_at(3);
    let again = world.call();
    assert_eq!(again.ids, ["3", "4"]);
    again.failing_at(0);
    assert_eq!(world.call().well(), ["3", "4"]);
    world.wait_until_all_is_delivered();
}

#[test]
fn a_function_that_fails_gets_half_of_the_batch() {
    let world = World::new();
    (0..4).for_each(|id| world.put("notes", &id.to_string()));
    let _pump = world.pump();
    let whole = world.call();
    assert_eq!(whole.ids, ["0", "1", "2", "3"]);
    whole.broken();
    let half = world.call();
    assert_eq!(half.ids, ["0", "1"]);
    half.broken();
    assert_eq!(world.call().well(), ["0"]);
    assert_eq!(world.call().well(), ["1", "2", "3"]);
}

#[test]
fn a_table_that_fails_delays_no_other_and_no_filter_lets_the_rest_through() {
    let world = World::new();
    world.put("notes", "1");
    let _pump = world.pump();
    let stuck = world.call();
    world.put("_users", "ada");
    assert_eq!(world.call().well(), ["ada"]);
    stuck.well();
    // Neither an item without a role nor a write that changes nothing makes an invocation.
    let item = json!({ "id": { "S": "email#ada" } });
    let put = json!({ "TableName": "local-_users", "Item": item });
    world.dynamo.engine().call("PutItem", &put).unwrap();
    world.put("_users", "ada");
    world.wait_until_all_is_delivered();
    assert!(world.called.try_recv().is_err());
}

#[test]
fn a_write_costs_the_same_after_thousands() {
    let world = World::new();
    let _pump = world.pump();
    let dynamo = &world.dynamo;
    let delivered = std::thread::scope(|scope| {
        let writing = scope.spawn(|| write(dynamo, 6_000));
        let mut delivered = 0;
        while let Ok(call) = world.called.recv_timeout(Duration::from_secs(2)) {
            delivered += call.well().len();
        }
        let times = writing.join().unwrap();
        println!("each thousand writes took {times:?}");
        // Without the trimming, the sixth thousand took more than ten times the first.
        assert!(times[5] < times[0] * 3, "{times:?}");
        delivered
    });
    assert_eq!(delivered, 6_000);
}

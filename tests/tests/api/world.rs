//! A stack of its own whose changes flow to the workers, an admin, and functions that start when a test asks them.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use api::endpoints::PAGE;
use blackbox::{Event, Flow, Inside, Instance, PASSWORD, Reply, fresh_email};
use serde_json::{Value, json};

/// How long what follows from a write may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The clock offsets at which the second attempt to the eighth are due. The delays are 1, 5 and 15 minutes, then 1, 4, 12 and
/// 24 hours, each with a tenth more.
pub(crate) const ATTEMPTS: [&str; 7] = ["2m", "8m", "25m", "92m", "360m", "1155m", "2740m"];

/// Variables of the environment.
pub(crate) type Variables<'v> = &'v [(&'v str, &'v str)];

/// Tables, workers and functions of one test.
pub(crate) struct World<'a> {
    pub(crate) flow: Flow<'a>,
    pub(crate) admin: Value,
    functions: BTreeMap<&'static str, OnceLock<Instance<'a>>>,
    /// The variables of the functions.
    variables: Vec<(String, String)>,
}

impl<'a> World<'a> {
    /// Starts these workers, and makes an admin before the changes flow.
    pub(crate) fn new(inside: &'a Inside, workers: &[(&str, Variables<'_>)]) -> Self {
        Self::with(inside, workers, &[])
    }

    /// The same, with variables for every function but the one that makes the admin.
    pub(crate) fn with(
        inside: &'a Inside,
        workers: &[(&str, Variables<'_>)],
        variables: Variables<'_>,
    ) -> Self {
        let flow = Flow::new(inside);
        let email = fresh_email();
        let own = [("BAKEND_ADMIN_EMAIL", email.as_str())];
        let register = flow.function("register", &own);
        let body = json!({ "email": email, "password": PASSWORD });
        let event = Event::new("POST", "/api/auth/register").json(&body);
        let admin = flow.apart.ask(&register, &event).expect(201).json();
        for (worker, variables) in workers {
            flow.start_worker(worker, variables);
        }
        flow.open();
        let names = PAGE.iter().map(|entry| (entry.name, OnceLock::new()));
        Self {
            functions: names.collect(),
            variables: variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            admin,
            flow,
        }
    }

    /// The answer to the admin's request; null where there is none.
    pub(crate) fn ask(&self, function: &str, event: Event, status: u16) -> Value {
        let token = self.admin["accessToken"].as_str().unwrap();
        self.send(function, &event.token(token), status)
    }

    /// The answer to a request as it is; null where there is none.
    pub(crate) fn send(&self, function: &str, event: &Event, status: u16) -> Value {
        let reply = self.reply(function, event).expect(status);
        if status == 204 {
            Value::Null
        } else {
            reply.json()
        }
    }

    /// The variables of the functions.
    pub(crate) fn variables(&self) -> Vec<(&str, &str)> {
        let all = self.variables.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }

    /// The whole reply to a request.
    pub(crate) fn reply(&self, function: &str, event: &Event) -> Reply {
        let variables = self.variables();
        let function =
            self.functions[function].get_or_init(|| self.flow.function(function, &variables));
        self.flow.apart.ask(function, event)
    }

    /// Another instance of a function, with more variables.
    pub(crate) fn variant(&self, function: &str, more: Variables<'_>) -> Instance<'a> {
        let mut variables = self.variables();
        variables.extend_from_slice(more);
        self.flow.function(function, &variables)
    }

    /// Sends a JSON body to a function of strangers.
    pub(crate) fn post(&self, function: &str, path: &str, body: &Value) -> Reply {
        self.reply(function, &Event::new("POST", path).json(body))
    }

    /// The same with an access token.
    pub(crate) fn post_as(&self, token: &str, function: &str, path: &str, body: &Value) -> Reply {
        let event = Event::new("POST", path).json(body).token(token);
        self.reply(function, &event)
    }

    /// Whether the session of an access token stands.
    pub(crate) fn stands(&self, token: &str) -> bool {
        let event = Event::new("GET", "/api/auth/me").token(token);
        self.reply("me-get", &event).status == 200
    }

    /// Instances of a function that take part in a race.
    pub(crate) fn instances(&self, function: &str, count: usize) -> Vec<Instance<'a>> {
        let start = |_| self.variant(function, &[]);
        (0..count).map(start).collect()
    }

    /// Sends each event to its instance at the same time.
    pub(crate) fn at_once(&self, all: &[(&Instance<'_>, Event)]) -> Vec<Reply> {
        std::thread::scope(|scope| {
            let asked: Vec<_> = all
                .iter()
                .map(|(instance, event)| scope.spawn(|| self.flow.apart.ask(instance, event)))
                .collect();
            asked.into_iter().map(|it| it.join().unwrap()).collect()
        })
    }

    /// Creates a record, and returns its id.
    pub(crate) fn create(&self, collection: &str, fields: &Value) -> String {
        let event = Event::new("POST", &format!("/api/{collection}")).json(fields);
        let made = self.ask("records-create", event, 201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// The values of a field in a collection, sorted, as soon as `enough` says so.
    pub(crate) fn wait_for(
        &self,
        (collection, field): (&str, &str),
        enough: impl Fn(&[String]) -> bool,
    ) -> Vec<String> {
        self.until(
            || {
                let event = Event::new("GET", &format!("/api/{collection}?limit=100"));
                let page = self.ask("records-list", event, 200);
                let items = page["items"].as_array().unwrap();
                let values = items.iter().filter_map(|item| item[field].as_str());
                let mut values: Vec<String> = values.map(ToOwned::to_owned).collect();
                values.sort();
                values
            },
            |values| enough(values),
        )
    }

    /// The deliveries of a consumer, as soon as `enough` says so.
    pub(crate) fn wait_for_deliveries(
        &self,
        consumer: &str,
        enough: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let path = format!("/api/admin/consumers/{consumer}/deliveries?limit=100");
        self.until(
            || {
                let page = self.ask("deliveries-list", Event::new("GET", &path), 200);
                page["items"].as_array().unwrap().clone()
            },
            |items| enough(items),
        )
    }

    /// All items of a table.
    pub(crate) fn scan(&self, table: &str) -> Vec<Value> {
        let (mut items, mut request) = (Vec::new(), json!({ "TableName": table }));
        loop {
            let page = self
                .flow
                .apart
                .dynamo
                .engine()
                .call("Scan", &request)
                .unwrap();
            items.extend(page["Items"].as_array().unwrap().iter().cloned());
            if page["LastEvaluatedKey"].is_null() {
                return items;
            }
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
        }
    }

    /// The first value that is enough.
    pub(crate) fn until<T: std::fmt::Debug>(
        &self,
        look: impl Fn() -> T,
        enough: impl Fn(&T) -> bool,
    ) -> T {
        let started = Instant::now();
        loop {
            let found = look();
            if enough(&found) {
                return found;
            }
            let log = self.flow.log();
            assert!(started.elapsed() < PATIENCE, "{found:#?}\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

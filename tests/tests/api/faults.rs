//! What DynamoDB may do to a request: throttle it, fail, hang, close the connection, lose the reply of a write that was
//! done. The caller hears 503 with `Retry-After` or success, and the tables are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use api::endpoints::{Action, PAGE, Table};
use blackbox::{Apart, Event, Instance, PASSWORD, Reply, fresh_email, stack};
use local::proxy::{Fault, Rule};
use serde_json::{Value, json};

/// How many targets suffer at a time: most of them wait, and other tests run beside.
const WORKERS: usize = 8;

/// How a request goes wrong.
fn faults() -> Vec<(&'static str, Fault)> {
    vec![
        ("throttled", Fault::Throttle),
        ("500", Fault::Internal),
        ("connection closed", Fault::Close),
        ("no reply", Fault::Hang),
        ("reply lost after it was done", Fault::LoseReply),
        ("reply too late", Fault::Delay(Duration::from_millis(1500))),
        ("transaction conflict", Fault::Conflict),
        ("keys unprocessed", Fault::Unprocessed),
    ]
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scene {
    Register,
    RegisterAgain,
    RegisterAdmin,
    Login,
    LoginAgain,
    LoginKeyed,
    ListKeys,
    CreateKey,
    RotateKey,
    DeleteKey,
    ListAsServer,
    Refresh,
    ReuseRefreshToken,
    Logout,
    Create,
    ListOwn,
    ListAll,
    Get,
    Patch,
    Put,
    Delete,
    CreateUnique,
    CreateAgain,
    CreateRelated,
    PatchUnique,
    PatchRelated,
    CreateSeen,
    PatchSeen,
    DeleteUnique,
    Bulk,
    Count,
    Spec,
    MeGet,
    MeUpdate,
    MeDelete,
    MeDeleteAtOnce,
    MeDeleteAgain,
    MeRestore,
    MeRestoreAgain,
    Sessions,
    EndSession,
    EndOthers,
    ChangePassword,
    ChangePasswordAgain,
    Public,
    UsersRead(&'static str),
    UsersCreate,
    UsersUpdate,
    UsersDelete,
    UsersPassword,
    UsersEndAll,
    UsersEndOne,
}

/// The request that goes wrong: the function, what it asks of which table, and how many such requests go well before.
type Target = (&'static str, &'static str, &'static str, usize, Scene);

const TARGETS: &[Target] = &[
    ("register", "PutItem", "_users", 0, Scene::Register),
    ("register", "PutItem", "_sessions", 0, Scene::Register),
    ("register", "UpdateItem", "_users", 0, Scene::RegisterAdmin),
    ("register", "PutItem", "_throttle", 0, Scene::Register),
    (
        "register",
        "UpdateItem",
        "_throttle",
        0,
        Scene::RegisterAgain,
    ),
    ("login", "PutItem", "_throttle", 0, Scene::Login),
    ("login", "PutItem", "_throttle", 1, Scene::Login),
    ("login", "UpdateItem", "_throttle", 0, Scene::LoginAgain),
    ("login", "UpdateItem", "_throttle", 1, Scene::LoginAgain),
    ("login", "DeleteItem", "_throttle", 0, Scene::Login),
    ("login", "BatchGetItem", "_api_keys", 0, Scene::LoginKeyed),
    (
        "api-keys-list",
        "BatchGetItem",
        "_users",
        0,
        Scene::ListKeys,
    ),
    ("api-keys-list", "Query", "_api_keys", 0, Scene::ListKeys),
    (
        "api-keys-create",
        "BatchGetItem",
        "_users",
        0,
        Scene::CreateKey,
    ),
    ("api-keys-create", "Query", "_api_keys", 0, Scene::CreateKey),
    (
        "api-keys-create",
        "PutItem",
        "_api_keys",
        0,
        Scene::CreateKey,
    ),
    (
        "api-keys-create",
        "UpdateItem",
        "_api_keys",
        0,
        Scene::CreateKey,
    ),
    (
        "api-keys-rotate",
        "BatchGetItem",
        "_users",
        0,
        Scene::RotateKey,
    ),
    (
        "api-keys-rotate",
        "GetItem",
        "_api_keys",
        0,
        Scene::RotateKey,
    ),
    (
        "api-keys-rotate",
        "UpdateItem",
        "_api_keys",
        0,
        Scene::RotateKey,
    ),
    (
        "api-keys-delete",
        "BatchGetItem",
        "_users",
        0,
        Scene::DeleteKey,
    ),
    (
        "api-keys-delete",
        "DeleteItem",
        "_api_keys",
        0,
        Scene::DeleteKey,
    ),
    (
        "records-list",
        "BatchGetItem",
        "_api_keys",
        0,
        Scene::ListAsServer,
    ),
    ("login", "GetItem", "_users", 0, Scene::Login),
    ("login", "GetItem", "_users", 1, Scene::Login),
    ("login", "PutItem", "_sessions", 0, Scene::Login),
    ("login", "UpdateItem", "_users", 0, Scene::Login),
    ("refresh", "GetItem", "_users", 0, Scene::Refresh),
    ("refresh", "UpdateItem", "_sessions", 0, Scene::Refresh),
    (
        "refresh",
        "UpdateItem",
        "_sessions",
        1,
        Scene::ReuseRefreshToken,
    ),
    ("logout", "UpdateItem", "_sessions", 0, Scene::Logout),
    ("records-create", "BatchGetItem", "_users", 0, Scene::Create),
    ("records-create", "PutItem", "notes", 0, Scene::Create),
    ("records-list", "BatchGetItem", "_users", 0, Scene::ListOwn),
    ("records-list", "Query", "notes", 0, Scene::ListOwn),
    ("records-list", "Query", "posts", 0, Scene::ListAll),
    ("records-get", "BatchGetItem", "_users", 0, Scene::Get),
    ("records-get", "GetItem", "notes", 0, Scene::Get),
    ("records-update", "BatchGetItem", "_users", 0, Scene::Patch),
    ("records-update", "UpdateItem", "notes", 0, Scene::Patch),
    ("records-update", "UpdateItem", "notes", 0, Scene::Put),
    ("records-delete", "BatchGetItem", "_users", 0, Scene::Delete),
    ("records-delete", "UpdateItem", "notes", 0, Scene::Delete),
    (
        "records-create",
        "PutItem",
        "products",
        0,
        Scene::CreateUnique,
    ),
    (
        "records-create",
        "GetItem",
        "products",
        0,
        Scene::CreateAgain,
    ),
    (
        "records-create",
        "ConditionCheckItem",
        "posts",
        0,
        Scene::CreateRelated,
    ),
    (
        "records-update",
        "GetItem",
        "products",
        0,
        Scene::PatchUnique,
    ),
    (
        "records-update",
        "PutItem",
        "products",
        0,
        Scene::PatchUnique,
    ),
    (
        "records-update",
        "DeleteItem",
        "products",
        0,
        Scene::PatchUnique,
    ),
    (
        "records-update",
        "ConditionCheckItem",
        "posts",
        0,
        Scene::PatchRelated,
    ),
    (
        "records-create",
        "BatchGetItem",
        "articles",
        0,
        Scene::CreateSeen,
    ),
    (
        "records-create",
        "ConditionCheckItem",
        "articles",
        0,
        Scene::CreateSeen,
    ),
    ("records-update", "GetItem", "articles", 0, Scene::PatchSeen),
    (
        "records-update",
        "BatchGetItem",
        "articles",
        0,
        Scene::PatchSeen,
    ),
    (
        "records-delete",
        "GetItem",
        "products",
        0,
        Scene::DeleteUnique,
    ),
    (
        "records-delete",
        "DeleteItem",
        "products",
        0,
        Scene::DeleteUnique,
    ),
    ("records-bulk", "BatchGetItem", "_users", 0, Scene::Bulk),
    ("records-bulk", "BatchGetItem", "orders", 0, Scene::Bulk),
    ("records-bulk", "PutItem", "orders", 0, Scene::Bulk),
    ("records-bulk", "UpdateItem", "orders", 0, Scene::Bulk),
    ("records-bulk", "DeleteItem", "orders", 0, Scene::Bulk),
    (
        "records-bulk",
        "ConditionCheckItem",
        "products",
        0,
        Scene::Bulk,
    ),
    ("records-count", "BatchGetItem", "_users", 0, Scene::Count),
    ("records-count", "Query", "notes", 0, Scene::Count),
    ("records-spec", "BatchGetItem", "_users", 0, Scene::Spec),
    ("me-get", "BatchGetItem", "_users", 0, Scene::MeGet),
    ("me-update", "BatchGetItem", "_users", 0, Scene::MeUpdate),
    ("me-update", "UpdateItem", "_users", 0, Scene::MeUpdate),
    ("me-update", "PutItem", "_users", 0, Scene::MeUpdate),
    ("me-update", "DeleteItem", "_users", 0, Scene::MeUpdate),
    ("me-delete", "BatchGetItem", "_users", 0, Scene::MeDelete),
    ("me-delete", "GetItem", "_users", 0, Scene::MeDelete),
    ("me-delete", "UpdateItem", "_users", 0, Scene::MeDelete),
    ("me-delete", "PutItem", "_users", 0, Scene::MeDelete),
    (
        "me-delete",
        "DeleteItem",
        "_users",
        0,
        Scene::MeDeleteAtOnce,
    ),
    ("me-delete", "PutItem", "_throttle", 0, Scene::MeDelete),
    (
        "me-delete",
        "UpdateItem",
        "_throttle",
        0,
        Scene::MeDeleteAgain,
    ),
    ("me-delete", "DeleteItem", "_throttle", 0, Scene::MeDelete),
    ("me-restore", "GetItem", "_users", 0, Scene::MeRestore),
    ("me-restore", "GetItem", "_users", 1, Scene::MeRestore),
    ("me-restore", "UpdateItem", "_users", 0, Scene::MeRestore),
    ("me-restore", "PutItem", "_users", 0, Scene::MeRestore),
    ("me-restore", "PutItem", "_sessions", 0, Scene::MeRestore),
    ("me-restore", "PutItem", "_throttle", 0, Scene::MeRestore),
    (
        "me-restore",
        "UpdateItem",
        "_throttle",
        0,
        Scene::MeRestoreAgain,
    ),
    ("me-restore", "DeleteItem", "_throttle", 0, Scene::MeRestore),
    (
        "sessions-list",
        "BatchGetItem",
        "_users",
        0,
        Scene::Sessions,
    ),
    ("sessions-list", "Query", "_sessions", 0, Scene::Sessions),
    (
        "sessions-end",
        "BatchGetItem",
        "_users",
        0,
        Scene::EndSession,
    ),
    (
        "sessions-end",
        "UpdateItem",
        "_sessions",
        0,
        Scene::EndSession,
    ),
    (
        "sessions-end-others",
        "BatchGetItem",
        "_users",
        0,
        Scene::EndOthers,
    ),
    (
        "sessions-end-others",
        "UpdateItem",
        "_users",
        0,
        Scene::EndOthers,
    ),
    (
        "sessions-end-others",
        "UpdateItem",
        "_sessions",
        0,
        Scene::EndOthers,
    ),
    (
        "password-change",
        "BatchGetItem",
        "_users",
        0,
        Scene::ChangePassword,
    ),
    (
        "password-change",
        "GetItem",
        "_users",
        0,
        Scene::ChangePassword,
    ),
    (
        "password-change",
        "UpdateItem",
        "_users",
        0,
        Scene::ChangePassword,
    ),
    (
        "password-change",
        "UpdateItem",
        "_sessions",
        0,
        Scene::ChangePassword,
    ),
    (
        "password-change",
        "PutItem",
        "_throttle",
        0,
        Scene::ChangePassword,
    ),
    (
        "password-change",
        "UpdateItem",
        "_throttle",
        0,
        Scene::ChangePasswordAgain,
    ),
    (
        "password-change",
        "DeleteItem",
        "_throttle",
        0,
        Scene::ChangePassword,
    ),
    ("users-public", "GetItem", "_users", 0, Scene::Public),
    ("users-public", "GetItem", "_users", 1, Scene::Public),
    (
        "users-list",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersRead(""),
    ),
    ("users-list", "Query", "_users", 0, Scene::UsersRead("")),
    (
        "users-get",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersRead("/{id}"),
    ),
    (
        "users-get",
        "GetItem",
        "_users",
        0,
        Scene::UsersRead("/{id}"),
    ),
    (
        "users-sessions-list",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersRead("/{id}/sessions"),
    ),
    (
        "users-sessions-list",
        "GetItem",
        "_users",
        0,
        Scene::UsersRead("/{id}/sessions"),
    ),
    (
        "users-sessions-list",
        "Query",
        "_sessions",
        0,
        Scene::UsersRead("/{id}/sessions"),
    ),
    (
        "users-create",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersCreate,
    ),
    ("users-create", "PutItem", "_users", 0, Scene::UsersCreate),
    (
        "users-create",
        "UpdateItem",
        "_users",
        0,
        Scene::UsersCreate,
    ),
    (
        "users-update",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersUpdate,
    ),
    ("users-update", "GetItem", "_users", 0, Scene::UsersUpdate),
    (
        "users-update",
        "UpdateItem",
        "_users",
        0,
        Scene::UsersUpdate,
    ),
    ("users-update", "PutItem", "_users", 0, Scene::UsersUpdate),
    (
        "users-update",
        "DeleteItem",
        "_users",
        0,
        Scene::UsersUpdate,
    ),
    (
        "users-delete",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersDelete,
    ),
    ("users-delete", "GetItem", "_users", 0, Scene::UsersDelete),
    (
        "users-delete",
        "DeleteItem",
        "_users",
        0,
        Scene::UsersDelete,
    ),
    (
        "users-delete",
        "UpdateItem",
        "_users",
        0,
        Scene::UsersDelete,
    ),
    (
        "users-password",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersPassword,
    ),
    (
        "users-password",
        "GetItem",
        "_users",
        0,
        Scene::UsersPassword,
    ),
    (
        "users-password",
        "UpdateItem",
        "_users",
        0,
        Scene::UsersPassword,
    ),
    (
        "users-sessions-end",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersEndAll,
    ),
    (
        "users-sessions-end",
        "GetItem",
        "_users",
        0,
        Scene::UsersEndAll,
    ),
    (
        "users-sessions-end",
        "UpdateItem",
        "_users",
        0,
        Scene::UsersEndAll,
    ),
    (
        "users-session-end",
        "BatchGetItem",
        "_users",
        0,
        Scene::UsersEndOne,
    ),
    (
        "users-session-end",
        "GetItem",
        "_users",
        0,
        Scene::UsersEndOne,
    ),
    (
        "users-session-end",
        "UpdateItem",
        "_sessions",
        0,
        Scene::UsersEndOne,
    ),
];

/// The tables, and an instance of every function that nothing happens to.
struct World<'a> {
    apart: Apart<'a>,
    well: BTreeMap<&'static str, Instance<'a>>,
    admin_email: String,
    admin: OnceLock<String>,
}

/// Somebody signed in.
struct Member {
    email: String,
    id: String,
    access: String,
    refresh: String,
}

impl World<'_> {
    /// Asks the instance of `function` that nothing happens to.
    #[track_caller]
    fn ask(&self, function: &str, event: &Event) -> Reply {
        self.apart.ask(&self.well[function], event)
    }

    fn member(&self) -> Member {
        let email = fresh_email();
        let reply = self
            .ask("register", &credentials("register", &email))
            .expect(201);
        signed_in(&email, &reply.json())
    }

    /// The access token of an admin.
    fn admin(&self) -> &str {
        self.admin.get_or_init(|| {
            let reply = self
                .ask("register", &credentials("register", &self.admin_email))
                .expect(201);
            text(&reply.json()["accessToken"])
        })
    }

    /// A new secret key, by its path and its text.
    fn key(&self) -> (String, String) {
        let event = Event::new("POST", KEYS)
            .json(&new_key())
            .token(self.admin());
        let made = self.ask("api-keys-create", &event).expect(201).json();
        (format!("{KEYS}/{}", text(&made["id"])), text(&made["key"]))
    }

    fn keys(&self) -> Vec<Value> {
        let event = Event::new("GET", KEYS).token(self.admin());
        self.ask("api-keys-list", &event).expect(200).json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Deletes a key if it is there: there may be a hundred.
    fn forget(&self, path: &str) {
        let reply = self.ask(
            "api-keys-delete",
            &Event::new("DELETE", path).token(self.admin()),
        );
        assert!([204, 404].contains(&reply.status), "{}", reply.text());
    }

    /// Whether a key is good.
    fn is_good(&self, key: &str) -> bool {
        let reply = self.ask("records-list", &Event::new("GET", "/api/feedback").key(key));
        assert!(
            reply.status == 200 || reply.code() == "auth/invalid-api-key",
            "{}",
            reply.text()
        );
        reply.status == 200
    }

    fn note(&self, member: &Member, title: &str) -> Value {
        let event = Event::new("POST", "/api/notes")
            .json(&json!({ "title": title }))
            .token(&member.access);
        self.ask("records-create", &event).expect(201).json()
    }

    fn product(&self, member: &Member, sku: &Value) -> Value {
        let event = Event::new("POST", "/api/products")
            .json(&json!({ "name": "a", "sku": sku }))
            .token(&member.access);
        self.ask("records-create", &event).expect(201).json()
    }

    /// Nobody else can have this value.
    fn is_taken(&self, member: &Member, sku: &Value) {
        let event = Event::new("POST", "/api/products")
            .json(&json!({ "name": "b", "sku": sku }))
            .token(&member.access);
        assert_eq!(
            self.ask("records-create", &event).expect(409).code(),
            "data/unique-violation"
        );
    }

    /// The notes of whoever holds this access token.
    fn notes(&self, access: &str) -> Vec<Value> {
        let event = Event::new("GET", "/api/notes").token(access);
        self.ask("records-list", &event).expect(200).json()["items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Whether an access token is good.
    fn is_signed_in(&self, access: &str) -> bool {
        let reply = self.ask(
            "records-list",
            &Event::new("GET", "/api/notes").token(access),
        );
        assert!(
            reply.status == 200 || reply.code() == "auth/session-revoked",
            "{}",
            reply.text()
        );
        reply.status == 200
    }

    fn login(&self, email: &str) -> Reply {
        self.ask("login", &credentials("login", email))
    }

    fn scan(&self, table: &str) -> Vec<Value> {
        let request = json!({ "TableName": format!("local-{table}"), "ConsistentRead": true });
        let found = self
            .apart
            .dynamo
            .database()
            .scan(serde_json::from_value(request).unwrap())
            .unwrap();
        let found = serde_json::to_value(found).unwrap();
        assert_eq!(found.get("LastEvaluatedKey"), None);
        found["Items"].as_array().cloned().unwrap_or_default()
    }
}

/// A username that nobody else has.
fn fresh_username() -> String {
    fresh_email()
        .split('@')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A value for a unique field that nobody else has.
fn fresh_sku() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("SKU-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn credentials(endpoint: &str, email: &str) -> Event {
    Event::new("POST", &format!("/api/auth/{endpoint}"))
        .json(&json!({ "email": email, "password": PASSWORD }))
}

fn with_refresh_token(endpoint: &str, token: &str) -> Event {
    Event::new("POST", &format!("/api/auth/{endpoint}")).json(&json!({ "refreshToken": token }))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn signed_in(email: &str, body: &Value) -> Member {
    Member {
        email: email.to_owned(),
        id: text(&body["user"]["id"]),
        access: text(&body["accessToken"]),
        refresh: text(&body["refreshToken"]),
    }
}

/// A request, what it answers when all goes well, and what to look at afterwards.
struct Act<'a> {
    event: Event,
    status: u16,
    look: Box<dyn FnOnce(&Reply) + 'a>,
}

/// Prepares a scene and says what must hold after it, whatever the reply was.
fn arrange<'a>(world: &'a World<'_>, scene: Scene, admin_email: &str) -> Act<'a> {
    match scene {
        Scene::Register => registration(world, fresh_email()),
        Scene::RegisterAgain => {
            let _ = world.member();
            registration(world, fresh_email())
        }
        Scene::RegisterAdmin => registration(world, admin_email.to_owned()),
        Scene::Login | Scene::LoginAgain => login(world, scene),
        Scene::LoginKeyed | Scene::ListAsServer => keyed(world, scene),
        Scene::ListKeys | Scene::CreateKey | Scene::RotateKey | Scene::DeleteKey => {
            manage_keys(world, scene)
        }
        Scene::Refresh => refresh(world),
        Scene::ReuseRefreshToken => reuse(world),
        Scene::Logout => logout(world),
        Scene::Create => create(world),
        Scene::ListOwn | Scene::ListAll | Scene::Get | Scene::Count | Scene::Spec => {
            read(world, scene)
        }
        Scene::Patch | Scene::Put => update(world, scene),
        Scene::Delete => delete(world),
        Scene::CreateUnique | Scene::CreateAgain => create_unique(world, scene),
        Scene::CreateRelated | Scene::PatchRelated => relate(world, scene),
        Scene::CreateSeen | Scene::PatchSeen => relate_to_seen(world, scene),
        Scene::PatchUnique => patch_unique(world),
        Scene::DeleteUnique => delete_unique(world),
        Scene::Bulk => bulk(world),
        Scene::MeGet | Scene::Sessions => own(world, scene),
        Scene::MeUpdate => change_profile(world),
        Scene::MeDelete | Scene::MeDeleteAtOnce | Scene::MeDeleteAgain => {
            delete_account(world, scene)
        }
        Scene::MeRestore | Scene::MeRestoreAgain => restore_account(world, scene),
        Scene::EndSession | Scene::EndOthers => end_sessions(world, scene),
        Scene::ChangePassword | Scene::ChangePasswordAgain => change_password(world, scene),
        Scene::Public => public_profile(world),
        Scene::UsersRead(path) => read_users(world, path),
        Scene::UsersCreate => create_user(world),
        Scene::UsersUpdate => update_user(world),
        Scene::UsersDelete => delete_user(world),
        Scene::UsersPassword => set_password(world),
        Scene::UsersEndAll | Scene::UsersEndOne => end_users_sessions(world, scene),
    }
}

/// A user wholly or not at all: who was told nothing may register again, or is there and may log in.
fn registration<'a>(world: &'a World<'_>, email: String) -> Act<'a> {
    let event = credentials("register", &email);
    let look = move |reply: &Reply| {
        if reply.status == 201 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        } else {
            let again = world.ask("register", &credentials("register", &email));
            assert!(
                again.status == 201 || again.code() == "auth/email-already-exists",
                "{}",
                again.text()
            );
        }
        let body = world.login(&email).expect(200).json();
        assert!(world.is_signed_in(&text(&body["accessToken"])));
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn login<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    if scene == Scene::LoginAgain {
        let wrong = json!({ "email": member.email, "password": "not the password" });
        let _ = world
            .ask("login", &Event::new("POST", "/api/auth/login").json(&wrong))
            .expect(401);
    }
    let event = credentials("login", &member.email);
    let look = move |reply: &Reply| {
        if reply.status == 200 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        }
        let _ = world.login(&member.email).expect(200);
        assert!(
            world.is_signed_in(&member.access),
            "a login ends no other session"
        );
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

const KEYS: &str = "/api/admin/api-keys";

fn new_key() -> Value {
    json!({ "name": fresh_email(), "type": "secret", "scopes": ["*:*"] })
}

/// A request with an API key is that of a good one or of nobody.
fn keyed<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let (path, key) = world.key();
    let member = world.member();
    let event = match scene {
        Scene::LoginKeyed => credentials("login", &member.email),
        _ => Event::new("GET", "/api/feedback"),
    };
    let look = move |_: &Reply| {
        let _ = world.login(&member.email).expect(200);
        world.forget(&path);
    };
    Act {
        event: event.key(&key),
        status: 200,
        look: Box::new(look),
    }
}

/// A key is there or not, good or dead, and whoever was told of it was told the truth.
fn manage_keys<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let (path, key) = world.key();
    let rotate = format!("{path}/rotate");
    let asked = new_key();
    let name = text(&asked["name"]);
    let (event, status) = match scene {
        Scene::ListKeys => (Event::new("GET", KEYS), 200),
        Scene::CreateKey => (Event::new("POST", KEYS).json(&asked), 201),
        Scene::RotateKey => (Event::new("POST", &rotate), 200),
        _ => (Event::new("DELETE", &path), 204),
    };
    let look = move |reply: &Reply| {
        let done = reply.status == status;
        match scene {
            Scene::CreateKey => {
                let made: Vec<Value> = world
                    .keys()
                    .into_iter()
                    .filter(|key| key["name"] == *name)
                    .collect();
                assert!(made.len() <= 1 && (!done || made.len() == 1), "{made:?}");
                assert!(!done || world.is_good(&text(&reply.json()["key"])));
                made.iter()
                    .for_each(|key| world.forget(&format!("{KEYS}/{}", text(&key["id"]))));
            }
            Scene::RotateKey if done => {
                assert!(world.is_good(&text(&reply.json()["key"])) && !world.is_good(&key));
            }
            Scene::DeleteKey => assert!(!done || !world.is_good(&key)),
            Scene::ListKeys if done => {
                assert!(
                    reply.json()["items"]
                        .as_array()
                        .is_some_and(|all| !all.is_empty())
                );
            }
            _ => {}
        }
        world.forget(&path);
        assert!(!world.is_good(&key));
    };
    Act {
        event: event.token(world.admin()),
        status,
        look: Box::new(look),
    }
}

/// With a key, a lost reply can be asked for again; in any case the session lives.
fn refresh<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let key = |event: Event| event.header("idempotency-key", "a-key-of-its-own-0");
    let event = key(with_refresh_token("refresh", &member.refresh));
    let look = move |reply: &Reply| {
        assert!(world.is_signed_in(&member.access));
        let tokens = if reply.status == 200 {
            reply.json()
        } else {
            world
                .ask(
                    "refresh",
                    &key(with_refresh_token("refresh", &member.refresh)),
                )
                .expect(200)
                .json()
        };
        let next = with_refresh_token("refresh", &text(&tokens["refreshToken"]));
        let next = world.ask("refresh", &next).expect(200).json();
        assert!(world.is_signed_in(&text(&next["accessToken"])));
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// Whoever shows an old token ends the session, at the latest when it is shown again.
fn reuse<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let mut newest = member.refresh.clone();
    for _ in 0..2 {
        let tokens = world
            .ask("refresh", &with_refresh_token("refresh", &newest))
            .expect(200)
            .json();
        newest = text(&tokens["refreshToken"]);
    }
    let event = with_refresh_token("refresh", &member.refresh);
    let look = move |reply: &Reply| {
        if reply.status != 401 {
            let _ = world
                .ask("refresh", &with_refresh_token("refresh", &member.refresh))
                .expect(401);
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &newest))
            .expect(401);
    };
    Act {
        event,
        status: 401,
        look: Box::new(look),
    }
}

fn logout<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let event = with_refresh_token("logout", &member.refresh);
    let look = move |reply: &Reply| {
        if reply.status != 204 {
            let _ = world
                .ask("logout", &with_refresh_token("logout", &member.refresh))
                .expect(204);
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &member.refresh))
            .expect(401);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn me(member: &Member) -> Event {
    Event::new("GET", "/api/auth/me").token(&member.access)
}

fn own<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let user = world.ask("me-get", &me(&member)).expect(200).json();
    let event = if scene == Scene::MeGet {
        me(&member)
    } else {
        Event::new("GET", "/api/auth/sessions").token(&member.access)
    };
    let look = move |reply: &Reply| match (reply.status, scene) {
        (200, Scene::MeGet) => assert_eq!(reply.json(), user),
        (200, _) => assert_eq!(reply.json()["items"].as_array().map(Vec::len), Some(1)),
        _ => {}
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn rename(member: &Member, username: &str) -> Event {
    Event::new("PATCH", "/api/auth/me")
        .json(&json!({ "username": username }))
        .token(&member.access)
}

fn find(world: &World<'_>, username: &str) -> Reply {
    world.ask(
        "users-public",
        &Event::new("GET", &format!("/api/users/public/{username}")),
    )
}

/// One name is the user's and the other nobody's, the one that the caller was told if it was told one.
fn change_profile<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let [before, after] = [fresh_username(), fresh_username()];
    let _ = world
        .ask("me-update", &rename(&member, &before))
        .expect(200);
    let event = rename(&member, &after);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let now = world.ask("me-get", &me(&member)).expect(200).json();
        if reply.status == 200 {
            assert_eq!(reply.json(), now);
            assert_eq!(now["username"], *after);
        }
        let other = if now["username"] == *after {
            &before
        } else {
            &after
        };
        assert_eq!(
            find(world, now["username"].as_str().unwrap_or_default())
                .expect(200)
                .json()["id"],
            *member.id
        );
        let _ = find(world, other).expect(404);
        assert_eq!(
            world.ask("me-update", &again).expect(200).json()["username"],
            *after
        );
        // What was given up is free.
        let _ = world
            .ask("me-update", &rename(&world.member(), &before))
            .expect(200);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// A member with a username.
fn named(world: &World<'_>) -> (Member, String) {
    let (member, username) = (world.member(), fresh_username());
    let _ = world
        .ask("me-update", &rename(&member, &username))
        .expect(200);
    (member, username)
}

fn deletion(member: &Member, password: &str) -> Event {
    Event::new("DELETE", "/api/auth/me")
        .json(&json!({ "password": password }))
        .token(&member.access)
}

fn restoration(member: &Member) -> Event {
    Event::new("POST", "/api/auth/me/restore")
        .json(&json!({ "email": member.email, "password": PASSWORD }))
}

/// Wholly deleted or not at all, and what is deleted can be brought back, or its address be had.
fn delete_account<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let (member, username) = named(world);
    if scene == Scene::MeDeleteAgain {
        let _ = world
            .ask("me-delete", &deletion(&member, "not the password"))
            .expect(400);
    }
    let event = deletion(&member, PASSWORD);
    let look = move |reply: &Reply| {
        let mut at_once = scene == Scene::MeDeleteAtOnce;
        if reply.status == 204 {
            assert!(!world.is_signed_in(&member.access));
        } else if world.is_signed_in(&member.access) {
            let _ = find(world, &username).expect(200);
            let _ = world
                .ask("me-delete", &deletion(&member, PASSWORD))
                .expect(204);
            at_once = false;
        }
        let _ = world.login(&member.email).expect(401);
        let _ = find(world, &username).expect(404);
        if at_once {
            let again = world
                .ask("register", &credentials("register", &member.email))
                .expect(201)
                .json();
            let _ = world
                .ask(
                    "me-update",
                    &rename(&signed_in(&member.email, &again), &username),
                )
                .expect(200);
        } else {
            let back = world
                .ask("me-restore", &restoration(&member))
                .expect(200)
                .json();
            assert!(world.is_signed_in(&text(&back["accessToken"])));
            assert_eq!(find(world, &username).expect(200).json()["id"], *member.id);
        }
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// Wholly brought back or still deleted.
fn restore_account<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let (member, username) = named(world);
    let _ = world
        .ask("me-delete", &deletion(&member, PASSWORD))
        .expect(204);
    if scene == Scene::MeRestoreAgain {
        let body = json!({ "email": member.email, "password": "not the password" });
        let _ = world
            .ask(
                "me-restore",
                &Event::new("POST", "/api/auth/me/restore").json(&body),
            )
            .expect(401);
    }
    let event = restoration(&member);
    let look = move |reply: &Reply| {
        if reply.status == 200 {
            assert!(world.is_signed_in(&text(&reply.json()["accessToken"])));
        } else {
            // It was done, or is done now.
            let again = world.ask("me-restore", &restoration(&member));
            assert!([200, 401].contains(&again.status), "{}", again.text());
        }
        let body = world.login(&member.email).expect(200).json();
        assert_eq!(body["user"]["username"], *username);
        assert_eq!(find(world, &username).expect(200).json()["id"], *member.id);
        assert!(
            !world.is_signed_in(&member.access),
            "the old sessions stay over"
        );
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// The one that asks goes on whatever happens, and in the end the other is over.
fn end_sessions<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let other = world.login(&member.email).expect(200).json();
    let other = signed_in(&member.email, &other);
    let sessions = Event::new("GET", "/api/auth/sessions").token(&other.access);
    let sessions = world.ask("sessions-list", &sessions).expect(200).json();
    let sessions = sessions["items"].as_array().cloned().unwrap_or_default();
    let current = sessions
        .iter()
        .find(|session| session["current"] == true)
        .expect("the one that asks");
    let (function, path) = match scene {
        Scene::EndSession => (
            "sessions-end",
            format!("/api/auth/sessions/{}", text(&current["id"])),
        ),
        _ => ("sessions-end-others", "/api/auth/sessions".to_owned()),
    };
    let event = Event::new("DELETE", &path).token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        assert!(world.is_signed_in(&member.access));
        if reply.status != 204 {
            let again = world.ask(function, &again);
            assert!(
                again.status == 204 || again.code() == "auth/session-not-found",
                "{}",
                again.text()
            );
        }
        assert!(world.is_signed_in(&member.access) && !world.is_signed_in(&other.access));
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &other.refresh))
            .expect(401);
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &member.refresh))
            .expect(200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// One password is right and the other wrong; the session that asks goes on.
fn change_password<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let other = world.login(&member.email).expect(200).json();
    let change = |current: &str| {
        let body =
            json!({ "currentPassword": current, "newPassword": "another battery, less correct" });
        Event::new("POST", "/api/auth/password/change")
            .json(&body)
            .token(&member.access)
    };
    if scene == Scene::ChangePasswordAgain {
        let _ = world
            .ask("password-change", &change("not the password"))
            .expect(400);
    }
    let event = change(PASSWORD);
    let look = move |reply: &Reply| {
        assert!(world.is_signed_in(&member.access));
        let login = |password: &str| {
            let body = json!({ "email": member.email, "password": password });
            world
                .ask("login", &Event::new("POST", "/api/auth/login").json(&body))
                .status
        };
        let logins = (login(PASSWORD), login("another battery, less correct"));
        assert!([(200, 401), (401, 200)].contains(&logins), "{logins:?}");
        if reply.status == 204 {
            assert_eq!(logins, (401, 200));
        }
        assert_eq!(
            world.is_signed_in(&text(&other["accessToken"])),
            logins.0 == 200
        );
        let _ = world
            .ask("refresh", &with_refresh_token("refresh", &member.refresh))
            .expect(200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

fn public_profile<'a>(world: &'a World<'_>) -> Act<'a> {
    let (member, username) = named(world);
    let event = Event::new("GET", &format!("/api/users/public/{username}"));
    let look = move |reply: &Reply| {
        if reply.status == 200 {
            assert_eq!(
                reply.json(),
                json!({ "id": member.id, "username": username })
            );
        }
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// A request of an admin.
fn by_admin(world: &World<'_>, method: &str, path: &str) -> Event {
    Event::new(method, path).token(world.admin())
}

/// What an admin sees of a user.
fn user(world: &World<'_>, path: &str) -> Reply {
    world.ask("users-get", &by_admin(world, "GET", path))
}

fn read_users<'a>(world: &'a World<'_>, path: &str) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/users{}", path.replace("{id}", &member.id));
    let look = move |reply: &Reply| {
        if reply.status == 200 && reply.json()["email"].is_string() {
            assert_eq!(reply.json()["email"], *member.email);
        }
        assert!(world.is_signed_in(&member.access));
    };
    Act {
        event: by_admin(world, "GET", &path),
        status: 200,
        look: Box::new(look),
    }
}

/// A user wholly or not at all, who logs in.
fn create_user<'a>(world: &'a World<'_>) -> Act<'a> {
    let (email, username) = (fresh_email(), fresh_username());
    let body =
        json!({ "email": email, "password": PASSWORD, "role": "admin", "username": username });
    let event = by_admin(world, "POST", "/api/users").json(&body);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 201 {
            let again = world.ask("users-create", &again);
            assert!(
                again.status == 201 || again.code() == "auth/email-already-exists",
                "{}",
                again.text()
            );
        }
        let user = world.login(&email).expect(200).json()["user"].clone();
        assert_eq!(
            (&user["role"], &user["username"]),
            (&json!("admin"), &json!(username))
        );
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

/// Role, profile and whether the account is switched off change together, and with the last the sessions.
fn update_user<'a>(world: &'a World<'_>) -> Act<'a> {
    let (member, username) = named(world);
    let path = format!("/api/users/{}", member.id);
    let before = user(world, &path).expect(200).json();
    let changes = json!({ "role": "editor", "disabled": true, "username": fresh_username() });
    let mut after = before.clone();
    for name in ["role", "disabled", "username"] {
        after[name] = changes[name].clone();
    }
    assert_eq!(before["username"], *username);
    let event = by_admin(world, "PATCH", &path).json(&changes);
    let look = move |reply: &Reply| {
        let now = user(world, &path).expect(200).json();
        assert!(
            now == after || (now == before && reply.status != 200),
            "{now}"
        );
        assert_eq!(world.is_signed_in(&member.access), now == before);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// An admin with a username is gone, and counted, or there.
fn delete_user<'a>(world: &'a World<'_>) -> Act<'a> {
    let (member, username) = named(world);
    let path = format!("/api/users/{}", member.id);
    let promote = by_admin(world, "PATCH", &path).json(&json!({ "role": "admin" }));
    let _ = world.ask("users-update", &promote).expect(200);
    let event = by_admin(world, "DELETE", &path);
    let again = event.clone();
    let look = move |reply: &Reply| {
        assert!(reply.status != 204 || user(world, &path).status == 404);
        if user(world, &path).status == 200 {
            assert!(world.is_signed_in(&member.access));
            let _ = world.ask("users-delete", &again).expect(204);
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = find(world, &username).expect(404);
        // The address is free.
        let _ = world
            .ask("register", &credentials("register", &member.email))
            .expect(201);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// One password is right and the other wrong, and with the new one the sessions are over.
fn set_password<'a>(world: &'a World<'_>) -> Act<'a> {
    const NEW: &str = "another battery, less correct";
    let member = world.member();
    let path = format!("/api/users/{}/password", member.id);
    let event = by_admin(world, "POST", &path).json(&json!({ "password": NEW }));
    let look = move |reply: &Reply| {
        let login = |password: &str| {
            let body = json!({ "email": member.email, "password": password });
            world
                .ask("login", &Event::new("POST", "/api/auth/login").json(&body))
                .status
        };
        let logins = (login(PASSWORD), login(NEW));
        assert!(
            logins == (401, 200) || (logins == (200, 401) && reply.status != 204),
            "{logins:?}"
        );
        assert_eq!(world.is_signed_in(&member.access), logins.0 == 200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// The sessions are over in the end.
fn end_users_sessions<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/users/{}/sessions", member.id);
    let page = world
        .ask("users-sessions-list", &by_admin(world, "GET", &path))
        .expect(200)
        .json();
    let (function, path) = match scene {
        Scene::UsersEndOne => (
            "users-session-end",
            format!("{path}/{}", text(&page["items"][0]["id"])),
        ),
        _ => ("users-sessions-end", path),
    };
    let event = by_admin(world, "DELETE", &path);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 204 {
            let again = world.ask(function, &again);
            assert!(
                again.status == 204 || again.code() == "auth/session-not-found",
                "{}",
                again.text()
            );
        }
        assert!(!world.is_signed_in(&member.access));
        let _ = world.login(&member.email).expect(200);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// One record if the caller was told so, at most one if not.
fn create<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let event = Event::new("POST", "/api/notes")
        .json(&json!({ "title": "marked" }))
        .token(&member.access);
    let look = move |reply: &Reply| {
        let notes = world.notes(&member.access);
        if reply.status == 201 {
            assert_eq!(notes, [reply.json()]);
        } else {
            assert!(notes.len() <= 1, "{notes:?}");
        }
        assert!(
            notes
                .iter()
                .all(|note| note["title"] == "marked" && note["createdBy"] == *member.id)
        );
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn read<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let note = world.note(&member, "a");
    let event = match scene {
        Scene::Get => Event::new("GET", &format!("/api/notes/{}", text(&note["id"]))),
        Scene::ListAll => Event::new("GET", "/api/posts"),
        Scene::Count => Event::new("GET", "/api/notes/count"),
        Scene::Spec => Event::new("GET", "/api/notes/spec"),
        _ => Event::new("GET", "/api/notes"),
    };
    let event = event.token(&member.access);
    let look = move |reply: &Reply| match (reply.status, scene) {
        (200, Scene::Get) => assert_eq!(reply.json(), note),
        (200, Scene::Count) => assert_eq!(reply.json(), json!({ "count": 1, "exact": true })),
        (200, Scene::ListOwn) => {
            assert_eq!(reply.json(), json!({ "items": [note], "nextCursor": null }))
        }
        _ => {}
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn update<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let before = world.note(&member, "before");
    let path = format!("/api/notes/{}", text(&before["id"]));
    let method = if scene == Scene::Put { "PUT" } else { "PATCH" };
    let event = Event::new(method, &path)
        .json(&json!({ "title": "after" }))
        .token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let now = world
            .ask(
                "records-get",
                &Event::new("GET", &path).token(&member.access),
            )
            .expect(200)
            .json();
        if reply.status == 200 {
            assert_eq!(reply.json(), now);
            assert_eq!(now["title"], "after");
        } else {
            assert!(now == before || now["title"] == "after", "{now}");
        }
        let now = world.ask("records-update", &again).expect(200).json();
        assert_eq!(
            (&now["title"], &now["createdAt"]),
            (&json!("after"), &before["createdAt"])
        );
        assert_eq!(world.notes(&member.access), [now]);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn delete<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let path = format!("/api/notes/{}", text(&world.note(&member, "a")["id"]));
    let kept = world.note(&member, "kept");
    let event = Event::new("DELETE", &path).token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 204 {
            let again = world.ask("records-delete", &again);
            assert!(
                again.status == 204 || again.code() == "data/record-not-found",
                "{}",
                again.text()
            );
        }
        let _ = world
            .ask(
                "records-get",
                &Event::new("GET", &path).token(&member.access),
            )
            .expect(404);
        assert_eq!(world.notes(&member.access), [kept]);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// With a key, a create can be sent again until it is heard: there is one record in the end.
fn create_unique<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let body = json!({ "name": "once", "sku": fresh_sku() });
    let event = Event::new("POST", "/api/products")
        .json(&body)
        .token(&member.access);
    let event = event.header("idempotency-key", "a-key-of-its-own-0");
    let again = event.clone();
    let first = (scene == Scene::CreateAgain)
        .then(|| world.ask("records-create", &again).expect(201).json());
    let look = move |reply: &Reply| {
        let made = world.ask("records-create", &again).expect(201).json();
        assert!(
            reply.status != 201 || reply.json() == made,
            "{} {made}",
            reply.text()
        );
        assert!(first.is_none_or(|first| first == made));
        world.is_taken(&member, &made["sku"]);
    };
    Act {
        event,
        status: 201,
        look: Box::new(look),
    }
}

fn relate<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let make = |path: &str, body: Value| {
        world
            .ask(
                "records-create",
                &Event::new("POST", path).json(&body).token(&member.access),
            )
            .expect(201)
            .json()
    };
    let post = make("/api/posts", json!({ "title": "target" }));
    let body = json!({ "post": post["id"], "text": "a" });
    let (event, status) = if scene == Scene::CreateRelated {
        (Event::new("POST", "/api/comments").json(&body), 201)
    } else {
        let path = format!("/api/comments/{}", text(&make("/api/comments", body)["id"]));
        (
            Event::new("PATCH", &path).json(&json!({ "post": post["id"], "text": "b" })),
            200,
        )
    };
    let look = move |reply: &Reply| {
        if reply.status == status {
            let path = format!("/api/comments/{}", text(&reply.json()["id"]));
            assert_eq!(
                world
                    .ask("records-get", &Event::new("GET", &path))
                    .expect(200)
                    .json(),
                reply.json()
            );
        }
    };
    Act {
        event: event.token(&member.access),
        status,
        look: Box::new(look),
    }
}

/// An article points to one that row filters might hide.
fn relate_to_seen<'a>(world: &'a World<'_>, scene: Scene) -> Act<'a> {
    let member = world.member();
    let make = |body: Value| {
        let event = Event::new("POST", "/api/articles")
            .json(&body)
            .token(&member.access);
        world.ask("records-create", &event).expect(201).json()
    };
    let target = make(json!({ "title": "target" }));
    let body = json!({ "title": "a", "see": target["id"] });
    let (event, status) = if scene == Scene::CreateSeen {
        (Event::new("POST", "/api/articles").json(&body), 201)
    } else {
        let path = format!(
            "/api/articles/{}",
            text(&make(json!({ "title": "b" }))["id"])
        );
        (Event::new("PATCH", &path).json(&body), 200)
    };
    let access = member.access.clone();
    let look = move |reply: &Reply| {
        if reply.status == status {
            let event = Event::new(
                "GET",
                &format!("/api/articles/{}", text(&reply.json()["id"])),
            )
            .token(&access);
            assert_eq!(
                world.ask("records-get", &event).expect(200).json(),
                reply.json()
            );
        }
    };
    Act {
        event: event.token(&member.access),
        status,
        look: Box::new(look),
    }
}

fn patch_unique<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let before = world.product(&member, &json!(fresh_sku()));
    let path = format!("/api/products/{}", text(&before["id"]));
    let event = Event::new("PATCH", &path)
        .json(&json!({ "sku": fresh_sku() }))
        .token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        let now = world
            .ask("records-get", &Event::new("GET", &path))
            .expect(200)
            .json();
        assert!(
            reply.status != 200 || reply.json() == now,
            "{} {now}",
            reply.text()
        );
        world.is_taken(&member, &now["sku"]);
        let after = world.ask("records-update", &again).expect(200).json();
        world.is_taken(&member, &after["sku"]);
        let _ = world.product(&member, &before["sku"]);
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

fn delete_unique<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let before = world.product(&member, &json!(fresh_sku()));
    let event = Event::new("DELETE", &format!("/api/products/{}", text(&before["id"])))
        .token(&member.access);
    let again = event.clone();
    let look = move |reply: &Reply| {
        if reply.status != 204 {
            let again = world.ask("records-delete", &again);
            assert!(
                again.status == 204 || again.code() == "data/record-not-found",
                "{}",
                again.text()
            );
        }
        let _ = world.product(&member, &before["sku"]);
    };
    Act {
        event,
        status: 204,
        look: Box::new(look),
    }
}

/// One order is made, one changed and one deleted, or nothing of it.
fn bulk<'a>(world: &'a World<'_>) -> Act<'a> {
    let member = world.member();
    let product = world.product(&member, &json!(fresh_sku()));
    let make = |code: String| {
        let body = json!({ "product": product["id"], "code": code });
        world
            .ask(
                "records-create",
                &Event::new("POST", "/api/orders")
                    .json(&body)
                    .token(&member.access),
            )
            .expect(201)
            .json()
    };
    let (changed, deleted) = (make(fresh_sku()), make(fresh_sku()));
    let operations = json!([{ "create": { "product": product["id"], "code": fresh_sku() } },
        { "update": { "id": changed["id"], "code": fresh_sku() } }, { "delete": { "id": deleted["id"] } }]);
    let event = Event::new("POST", "/api/orders/bulk")
        .json(&json!({ "operations": operations }))
        .token(&member.access);
    let look = move |reply: &Reply| {
        let get = |id: &Value| {
            world.ask(
                "records-get",
                &Event::new("GET", &format!("/api/orders/{}", text(id))).token(&member.access),
            )
        };
        let (now, gone) = (
            get(&changed["id"]).expect(200).json(),
            get(&deleted["id"]).status == 404,
        );
        assert_eq!(now["code"] != changed["code"], gone, "half done");
        if reply.status == 200 {
            let items = reply.json()["items"].clone();
            assert_eq!((&items[1], gone), (&now, true));
            assert_eq!(get(&items[0]["id"]).expect(200).json(), items[0]);
        }
    };
    Act {
        event,
        status: 200,
        look: Box::new(look),
    }
}

/// Whether a fault can happen to a request of this kind.
fn fits(fault: &Fault, action: &str, table: &str) -> bool {
    match fault {
        // No transaction is ever at it.
        Fault::Conflict if table == "_throttle" => false,
        Fault::Conflict => matches!(action, "PutItem" | "UpdateItem"),
        Fault::Unprocessed => action == "BatchGetItem",
        _ => true,
    }
}

/// 503 with `Retry-After`, in the one shape and with the one sentence.
#[track_caller]
fn assert_unavailable(reply: &Reply, what: &str) {
    assert_eq!(reply.status, 503, "{what}: {}", reply.text());
    assert_eq!(reply.header("retry-after"), Some("1"), "{what}");
    let expected = json!({ "error": { "code": "common/unavailable", "requestId": reply.header("x-request-id"),
        "message": "The service is busy; try again in a moment." } });
    assert_eq!(reply.json(), expected, "{what}");
}

/// One target through every fault, once and for all attempts; the time that each took.
fn suffer(
    world: &World<'_>,
    (function, action, table, after, scene): Target,
    times: &Mutex<BTreeMap<String, Duration>>,
) {
    let mut faulty = None;
    for (name, fault) in faults()
        .into_iter()
        .filter(|(_, fault)| fits(fault, action, table))
    {
        for always in [false, true] {
            let admin_email = fresh_email();
            // Only one address is an admin's, and it can be registered once.
            if scene == Scene::RegisterAdmin || faulty.is_none() {
                // A cost that no stored hash has, so that a login renews it.
                let env = [
                    ("BAKEND_ADMIN_EMAIL", admin_email.as_str()),
                    ("BAKEND_AUTH_BCRYPT_COST", "5"),
                ];
                let env = match (function, scene) {
                    ("login", _) => &env[..],
                    (_, Scene::MeDeleteAtOnce) => &[("BAKEND_AUTH_DELETION_GRACE", "0s")],
                    _ => &env[..1],
                };
                faulty = Some(world.apart.function(function, "faulty", env));
            }
            let instance = faulty.as_ref().expect("an instance");
            let extent = if always { "always" } else { "once" };
            let what = format!("{function} {scene:?}, {action} on {table} {name} {extent}");

            let act = arrange(world, scene, &admin_email);
            let rule = Rule::new(fault.clone())
                .key(&instance.key)
                .action(action)
                .table(table)
                .after(after);
            world
                .apart
                .proxy
                .fault(if always { rule } else { rule.times(1) });
            let start = Instant::now();
            let (reply, calls) = world.apart.measure(instance, &act.event);
            let took = start.elapsed();
            world.apart.proxy.clear(&instance.key);

            // DynamoDB's own retries do not go for a single write that meets a transaction; ours do for records.
            let ours = [
                "register",
                "me-update",
                "me-delete",
                "me-restore",
                "sessions-end-others",
                "password-change",
            ];
            let administers = function.starts_with("users-") && function != "users-session-end";
            let retried =
                function.starts_with("records-") || administers || ours.contains(&function);
            let may_fail = always || (!retried && matches!(fault, Fault::Conflict));
            // A login has succeeded before its hash is renewed, and before its attempt is given back.
            let forgiven = (function, action, table) == ("login", "UpdateItem", "_users")
                || (action, table) == ("DeleteItem", "_throttle");
            if reply.status == act.status && (!always || forgiven) {
                // A late call is in the ledger only when its reply has left.
                let waited = took >= Duration::from_secs(1);
                assert!(calls.len() > 1 || waited, "{what}: nothing went wrong");
            } else {
                assert!(may_fail, "{what}: {}", reply.text());
                assert_unavailable(&reply, &what);
            }
            (act.look)(&reply);
            let mut times = times.lock().unwrap();
            let slowest = times.entry(format!("{name}, {extent}")).or_default();
            *slowest = took.max(*slowest);
        }
    }
}

#[test]
fn every_fault_is_503_or_success_and_nothing_is_half_done() {
    let Some(inside) = stack().inside() else {
        return;
    };
    let mut world = World {
        apart: Apart::new(inside),
        well: BTreeMap::new(),
        admin_email: fresh_email(),
        admin: OnceLock::new(),
    };
    let admin_email = world.admin_email.clone();
    let touching = || PAGE.iter().filter(|entry| entry.touches_tables());
    for entry in touching() {
        world.well.insert(
            entry.name,
            world
                .apart
                .function(entry.name, "well", &[("BAKEND_ADMIN_EMAIL", &admin_email)]),
        );
        // The settings are read when a function starts; see below. The API key is read before the handler, everywhere
        // in the same way.
        let elsewhere = |granted: &(Action, Table)| {
            granted.1 == Table::Settings || *granted == (Action::BatchGetItem, Table::ApiKeys)
        };
        for (action, _) in entry.granted().filter(|granted| !elsewhere(granted)) {
            let covered = TARGETS
                .iter()
                .any(|target| target.0 == entry.name && target.1 == action.as_str());
            assert!(
                covered,
                "nothing goes wrong with {} of {}: add it to TARGETS",
                action.as_str(),
                entry.name
            );
        }
    }
    let (world, times, next) = (&world, &Mutex::default(), &AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(move || {
                while let Some(target) = TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    suffer(world, *target, times);
                }
            });
        }
    });
    println!("slowest reply by fault:");
    for (fault, time) in times.lock().unwrap().iter() {
        println!("{:6} ms  {fault}", time.as_millis());
    }
    assert_every_user_is_whole(world);
    assert_every_reservation_is_held(world, "products", "sku");
    assert_every_reservation_is_held(world, "orders", "code");
}

/// Every record that has the value reserved it, and nothing is reserved but by such a record.
fn assert_every_reservation_is_held(world: &World<'_>, collection: &str, field: &str) {
    let items = world.scan(collection);
    let starts = |item: &Value, prefix: &str| text(&item["id"]["S"]).starts_with(prefix);
    let holders = |item: &&Value| item["data"]["M"].get(field).is_some();
    let mut having: Vec<String> = items
        .iter()
        .filter(holders)
        .map(|item| text(&item["id"]["S"]))
        .collect();
    let mut holding: Vec<String> = items
        .iter()
        .filter(|item| starts(item, "unique#"))
        .map(|item| text(&item["record"]["S"]))
        .collect();
    having.sort();
    holding.sort();
    assert_eq!(having, holding);
    println!(
        "{} values of {collection}.{field}, all reserved once",
        having.len()
    );
}

/// Every identity has its user, every user the identity of its address, its username and a session, and admins are
/// counted.
fn assert_every_user_is_whole(world: &World<'_>) {
    let items = world.scan("_users");
    let id = |item: &Value| text(&item["id"]["S"]);
    let (identities, rest): (Vec<_>, Vec<_>) = items
        .iter()
        .partition(|item| id(item).starts_with("email#"));
    let (usernames, rest): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|item| id(item).starts_with("username#"));
    let (counters, users): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|item| id(item) == "#admins");
    let held = |items: &[&Value]| -> BTreeSet<(String, String)> {
        items
            .iter()
            .map(|item| (id(item), text(&item["user_id"]["S"])))
            .collect()
    };
    let exists: BTreeSet<(String, String)> = users
        .iter()
        .map(|item| (format!("email#{}", text(&item["email"]["S"])), id(item)))
        .collect();
    assert_eq!(held(&identities), exists);
    assert_eq!(identities.len(), users.len());
    let named = users
        .iter()
        .filter(|item| item["profile"]["M"]["username"].is_object());
    let named: BTreeSet<(String, String)> = named
        .map(|item| {
            (
                format!("username#{}", text(&item["profile"]["M"]["username"]["S"])),
                id(item),
            )
        })
        .collect();
    assert_eq!(held(&usernames), named);
    let sessions: BTreeSet<String> = world
        .scan("_sessions")
        .iter()
        .map(|item| text(&item["user_id"]["S"]))
        .collect();
    // Of those who are gone at once some sessions stay, which nobody can use.
    assert!(sessions.is_superset(&users.iter().map(|item| id(item)).collect()));
    let admins = users
        .iter()
        .filter(|item| item["role"]["S"] == "admin")
        .count();
    assert_eq!(text(&counters[0]["count"]["N"]), admins.to_string());
    println!(
        "{} users, {} usernames, {} sessions, {admins} admins, all whole",
        users.len(),
        usernames.len(),
        sessions.len()
    );
}

#[test]
fn a_function_that_starts_while_dynamodb_fails_recovers() {
    let Some(inside) = stack().inside() else {
        return;
    };
    for (name, fault) in faults()
        .into_iter()
        .filter(|(_, fault)| fits(fault, "GetItem", "_settings"))
    {
        let apart = Apart::new(inside);
        let key = "register~storm";
        let table = |action: &str| {
            Rule::new(fault.clone())
                .key(key)
                .action(action)
                .table("_settings")
        };
        // Attempts enough for the start and the first request; then the first secret is lost on its way as well.
        apart.proxy.fault(table("GetItem").times(6));
        apart.proxy.fault(table("PutItem").times(1));
        let register = apart.signed_as(
            "register",
            "storm",
            Some(key),
            &[("BAKEND_AUTH_JWT_SECRET", "")],
        );
        let first = apart.ask(&register, &credentials("register", &fresh_email()));
        assert!(
            [201, 503].contains(&first.status),
            "{name}: {}",
            first.text()
        );
        apart.proxy.clear(key);
        let reply = apart
            .ask(&register, &credentials("register", &fresh_email()))
            .expect(201)
            .json();
        // What was signed is what is kept.
        let list = apart.function("records-list", "storm", &[("BAKEND_AUTH_JWT_SECRET", "")]);
        let notes = Event::new("GET", "/api/notes").token(&text(&reply["accessToken"]));
        let _ = apart.ask(&list, &notes).expect(200);
    }
}

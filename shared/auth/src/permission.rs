//! Who may do what to a record.
//!
//! What you may not read does not exist for you (404); what you may read but not change is refused (403); where a
//! rule needs credentials and there are none, that is what is missing (401).

use api::definition::{Field, USERS};
use api::record::{Input, OwnerInput, Relation};
use api::rule::{Reach, Rule};
use api::wire::Record;
use api::{Code, Definition, Detail, Error, Id, Operation};
use serde_json::{Map, Value};

use crate::precondition::Precondition;
use crate::session::Caller;
use crate::visibility::Visibility;

/// Which records a list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every one.
    All,
    /// The caller's.
    OwnedBy(Id),
}

/// What a record must be like for the caller to change it: the condition of the write itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Anything that exists.
    Exists,
    /// The caller's.
    OwnedBy(Id),
    /// Nothing is: the write only finds out whether the caller is told 403 or 404.
    Never,
}

impl Requirement {
    /// Whether a record of this owner is so.
    #[must_use]
    pub fn is_met(&self, owner: Option<&str>) -> bool {
        match self {
            Self::Exists => true,
            Self::OwnedBy(id) => owner == Some(id.to_string().as_str()),
            Self::Never => false,
        }
    }

    /// Both, of the same caller.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Never, _) | (_, Self::Exists) => self,
            (_, Self::Never) | (Self::Exists, _) => other,
            (Self::OwnedBy(one), Self::OwnedBy(two)) => {
                if one == two {
                    self
                } else {
                    Self::Never
                }
            }
        }
    }
}

/// What a rule comes to for a caller: what a record must be like for the caller to pass it. The one place that tells.
#[must_use]
pub fn granted(rule: &Rule, caller: &Caller) -> Requirement {
    let reach = if caller.is_admin() {
        Reach::All
    } else {
        rule.reach(caller.role())
    };
    match (reach, caller.id()) {
        (Reach::All, _) => Requirement::Exists,
        (Reach::Own, Some(id)) => Requirement::OwnedBy(id),
        (Reach::Own, None) | (Reach::Nothing, _) => Requirement::Never,
    }
}

/// What a write says about the owner of a record that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerChange {
    /// Nothing.
    Keep,
    /// It must be this one already: the owner cannot be changed.
    MustBe(Option<String>),
    /// It becomes this one, on an admin's word.
    Set(Option<String>),
}

/// Refuses, before anything is read, a caller who shows nothing where the rule needs somebody.
///
/// # Errors
/// `auth/authentication-required`.
pub fn need_credentials(rule: &Rule, has_credentials: bool) -> Result<(), Error> {
    if rule.is_public() || has_credentials {
        Ok(())
    } else {
        Err(Code::AuthenticationRequired.into())
    }
}

/// Refuses who shows an app's key and no user where the definition has not said that strangers may write.
fn need_declared(definition: &Definition, caller: &Caller) -> Result<(), Error> {
    let undeclared = caller.is_keyed_stranger() && !definition.permissions.declared;
    if undeclared {
        Err(Code::AuthenticationRequired.into())
    } else {
        Ok(())
    }
}

/// Whether the caller may create.
///
/// # Errors
/// 401, 403.
pub fn may_create(definition: &Definition, caller: &Caller) -> Result<(), Error> {
    let rule = definition.rule(Operation::Create);
    caller.need_scope(&definition.name, Operation::Create)?;
    need_declared(definition, caller)?;
    need_credentials(rule, !caller.is_stranger())?;
    // Whoever creates a record is its owner.
    if granted(rule, caller) == Requirement::Never {
        Err(Code::Forbidden.into())
    } else {
        Ok(())
    }
}

/// The owner of a new record: the caller, when the body leaves it out, null or empty. Naming somebody else takes an
/// admin.
///
/// # Errors
/// 403; 400 when the owner is required and a stranger has none.
pub fn owner_of_new(
    definition: &Definition,
    caller: &Caller,
    named: OwnerInput,
) -> Result<Option<String>, Error> {
    let own = caller.id().map(|id| id.to_string());
    match named {
        OwnerInput::Absent | OwnerInput::Empty => need_owner(definition, own),
        OwnerInput::Named(name) if caller.is_admin() || own.as_ref() == Some(&name) => {
            Ok(Some(name))
        }
        OwnerInput::Named(_) => Err(owner_refusal(definition)),
    }
}

/// Whether the caller may give a new record the fields that a body names.
///
/// # Errors
/// 401, 403, each naming the field.
pub fn may_set(
    definition: &Definition,
    caller: &Caller,
    body: &Map<String, Value>,
) -> Result<(), Error> {
    // Whoever creates a record is its owner.
    let refused = |field: &&Field| {
        body.contains_key(&field.name) && granted(&field.write, caller) == Requirement::Never
    };
    definition
        .ruled()
        .find(refused)
        .map_or(Ok(()), |field| Err(field_refusal(caller, &field.name)))
}

/// What the rules of single fields say of an update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// The fields that it names, and what a record must be like for the caller to write them.
    pub written: Vec<(String, Requirement)>,
    /// The fields that a replacement leaves as they are: it does not name them, and the caller may not both see and
    /// write them in every record that the update may be of.
    pub kept: Vec<String>,
}

/// What the rules of single fields say of an update with this body, of a record that is as `requirement` wants it.
///
/// # Errors
/// 401, naming the field.
pub fn columns(
    definition: &Definition,
    caller: &Caller,
    body: &Map<String, Value>,
    replace: bool,
    requirement: &Requirement,
) -> Result<Columns, Error> {
    let mut columns = Columns::default();
    for field in definition.ruled() {
        let name = field.name.clone();
        let is_owner = name == definition.owner_field();
        let (read, write) = (granted(&field.read, caller), granted(&field.write, caller));
        if body.contains_key(&name) {
            // Whoever may not see the owner must not find out by naming one.
            let wanted = if is_owner { read } else { write };
            if wanted == Requirement::Never && caller.is_stranger() {
                return Err(field_refusal(caller, &name));
            }
            columns.written.push((name, wanted));
        } else if replace && !is_owner && read.and(write).and(requirement.clone()) != *requirement {
            columns.kept.push(name);
        }
    }
    Ok(columns)
}

/// Which records the caller may list.
///
/// # Errors
/// 401, 403.
pub fn may_list(definition: &Definition, caller: &Caller) -> Result<Scope, Error> {
    let rule = definition.rule(Operation::List);
    caller.need_scope(&definition.name, Operation::List)?;
    need_credentials(rule, !caller.is_stranger())?;
    match granted(rule, caller) {
        Requirement::Exists => Ok(Scope::All),
        Requirement::OwnedBy(id) => Ok(Scope::OwnedBy(id)),
        Requirement::Never => Err(Code::Forbidden.into()),
    }
}

/// What a record must be like for the caller to read it, by the rule and by the scopes of the API key.
fn readable(definition: &Definition, caller: &Caller) -> Requirement {
    if caller.is_in_scope(&definition.name, Operation::Read) {
        granted(definition.rule(Operation::Read), caller)
    } else {
        Requirement::Never
    }
}

/// Whether the caller may see the account that a relation points to: one's own, and admins anyone's.
#[must_use]
pub fn may_read_user(caller: &Caller, user: Id) -> bool {
    caller.is_in_scope(USERS, Operation::Read) && (caller.is_admin() || caller.id() == Some(user))
}

/// What a record must be like for the caller to update or delete it. What the caller may not read does not exist for
/// the caller, so the rule for reading must hold as well; of an API key's scopes, the one for the operation will do.
///
/// # Errors
/// 401, 403.
pub fn may_change(
    definition: &Definition,
    operation: Operation,
    caller: &Caller,
) -> Result<Requirement, Error> {
    caller.need_scope(&definition.name, operation)?;
    need_declared(definition, caller)?;
    let rules = [definition.rule(operation), definition.rule(Operation::Read)];
    for rule in rules {
        need_credentials(rule, !caller.is_stranger())?;
    }
    let [changed, read] = rules.map(|rule| granted(rule, caller));
    Ok(changed.and(read))
}

/// What an update says about the owner: only an admin may change it.
///
/// # Errors
/// 400 when an admin would leave a record without the owner it requires.
pub fn owner_change(
    definition: &Definition,
    caller: &Caller,
    named: OwnerInput,
) -> Result<OwnerChange, Error> {
    let name = match named {
        OwnerInput::Absent => return Ok(OwnerChange::Keep),
        OwnerInput::Empty => None,
        OwnerInput::Named(name) => Some(name),
    };
    if caller.is_admin() {
        need_owner(definition, name).map(OwnerChange::Set)
    } else {
        Ok(OwnerChange::MustBe(name))
    }
}

/// Refuses to leave a required owner field empty.
fn need_owner(definition: &Definition, owner: Option<String>) -> Result<Option<String>, Error> {
    let field = definition.owner_field();
    if owner.is_none() && definition.field(field).is_some_and(|field| field.required) {
        return Err(Error::invalid(vec![Detail::new(
            field,
            "required",
            format!("`{field}` is required."),
        )]));
    }
    Ok(owner)
}

/// On what a caller's change of a record depends. All of it is a condition of the write itself.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// What the caller sees of the record's collection.
    pub visibility: &'a Visibility<'a>,
    /// What the rules want of the record.
    pub requirement: Requirement,
    /// What the rules of the fields that are written want of it.
    pub fields: Vec<(String, Requirement)>,
    /// What becomes of its owner.
    pub owner: OwnerChange,
    /// What the caller wants of its revision.
    pub precondition: Precondition,
}

impl Terms<'_> {
    /// What all the rules want of the record: what of the terms its owner tells.
    #[must_use]
    pub fn wanted(&self) -> Requirement {
        let fields = self
            .fields
            .iter()
            .map(|(_, requirement)| requirement.clone());
        fields.fold(self.requirement.clone(), Requirement::and)
    }

    /// Why a record of this revision may not be changed; `None` when nothing is against it.
    ///
    /// What the caller may not read is 404, whatever else is wrong.
    #[must_use]
    pub fn refusal(&self, record: &Record, rev: &str) -> Option<Error> {
        let owner = record.owner.as_deref();
        if !self.visibility.passes(record) {
            Some(Code::RecordNotFound.into())
        } else if !self.requirement.is_met(owner) {
            Some(Code::Forbidden.into())
        } else if let Some((field, _)) = self
            .fields
            .iter()
            .find(|(_, requirement)| !requirement.is_met(owner))
        {
            Some(field_refusal(self.visibility.caller, field))
        } else if matches!(&self.owner, OwnerChange::MustBe(expected) if expected.as_deref() != owner)
        {
            Some(owner_refusal(self.visibility.definition))
        } else if !self.precondition.holds(rev) {
            Some(Code::PreconditionFailed.into())
        } else {
            None
        }
    }
}

/// A target that a write names, and what it must be like at that moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Related<'a> {
    /// The relation and its target.
    pub relation: Relation,
    /// Existing, and the caller's to read.
    pub requirement: Requirement,
    /// What the caller sees of the target's collection, where row filters say that: the target must be looked at.
    pub rows: Option<Visibility<'a>>,
}

/// What a body relates to. A target that the caller may not read must not be told from a missing one, so a rule that
/// never lets the caller read becomes a condition that nothing meets. `find` knows the collections.
pub fn related<'a, 'd: 'a>(
    definition: &Definition,
    input: &Input,
    caller: &'a Caller,
    find: impl Fn(&str) -> Option<&'d Definition>,
) -> Vec<Related<'a>> {
    // The caller exists, and names no other owner unless an admin.
    let own = |relation: &Relation| {
        relation.field == definition.owner_field()
            && (!caller.is_admin() || caller.id() == Some(relation.id))
    };
    let relations = input
        .related(definition)
        .into_iter()
        .filter(|relation| !own(relation));
    let related = |relation: Relation| {
        let target = find(&relation.collection);
        let requirement = match target {
            _ if relation.collection == USERS => Requirement::Exists,
            Some(target) => readable(target, caller),
            None => Requirement::Never,
        };
        let rows = target
            .map(|target| Visibility::new(target, caller))
            .filter(Visibility::has_rows);
        Related {
            relation,
            requirement,
            rows,
        }
    };
    relations.map(related).collect()
}

fn owner_refusal(definition: &Definition) -> Error {
    let field = definition.owner_field();
    Error::new(Code::Forbidden).with_message(format!(
        "`{field}` is the record's owner: only an admin may set it."
    ))
}

fn field_refusal(caller: &Caller, field: &str) -> Error {
    let code = if caller.is_stranger() {
        Code::AuthenticationRequired
    } else {
        Code::Forbidden
    };
    Error::new(code).with_message(format!("`{field}` is not yours to write."))
}

#[cfg(test)]
mod tests {
    use api::Timestamp;
    use api::definition::{Field, FieldType, Permissions};
    use api::settings::{Auth, SessionCheck};
    use api::wire::{KeyType, NewApiKey};

    use super::*;
    use crate::access_token::Claims;
    use crate::api_key::{ApiKey, PresentedKey};
    use crate::session::{Credentials, Found, Session, admit, admit_all};
    use crate::user::User;

    const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn caller(n: u8, admin: bool) -> Caller {
        signed_in(&User::new(Id::new(NOW, [n; 10]), "a@b".into(), admin, NOW))
    }

    fn signed_in(user: &User) -> Caller {
        let (session, _) = Session::begin(
            user.id,
            Id::new(NOW, [9; 10]),
            1,
            [0; 32],
            &Auth::default(),
            NOW,
        );
        let claims = Claims {
            iss: String::new(),
            sub: user.id,
            role: String::new(),
            sid: session.id,
            iat: 0,
            exp: u64::MAX,
        };
        admit(&claims, Some(&session), Some(user), NOW).expect("admitted")
    }

    fn definition(rule: &Rule) -> Definition {
        Definition {
            schema: None,
            name: "things".into(),
            fields: Vec::new(),
            permissions: Permissions {
                create: rule.clone(),
                read: rule.clone(),
                list: None,
                update: rule.clone(),
                delete: rule.clone(),
                declared: true,
            },
            owner_field: None,
            shards: 1,
            indexes: Vec::new(),
            row_filters: Vec::new(),
        }
    }

    fn terms<'a>(visibility: &'a Visibility<'a>, requirement: Requirement) -> Terms<'a> {
        let (owner, precondition) = (OwnerChange::Keep, Precondition::Any);
        Terms {
            visibility,
            requirement,
            fields: Vec::new(),
            owner,
            precondition,
        }
    }

    fn record(owner: Option<&str>) -> Record {
        Record {
            id: Id::new(NOW, [3; 10]),
            created_at: NOW,
            updated_at: NOW,
            created_by: None,
            owner: owner.map(str::to_owned),
            fields: Map::new(),
        }
    }

    fn status<T>(result: Result<T, Error>) -> u16 {
        result.map_or_else(|error| error.code.status(), |_| 200)
    }

    /// rule, caller, [create, list, read own, read another's, update own, update another's]
    #[test]
    fn the_rules() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        for (rule, who, expected) in [
            (Rule::public(), &stranger, [200, 200, 200, 200, 200, 200]),
            (Rule::public(), &member, [200, 200, 200, 200, 200, 200]),
            (Rule::public(), &admin, [200, 200, 200, 200, 200, 200]),
            (
                Rule::authenticated(),
                &stranger,
                [401, 401, 404, 404, 401, 401],
            ),
            (
                Rule::authenticated(),
                &member,
                [200, 200, 200, 200, 200, 200],
            ),
            (
                Rule::authenticated(),
                &admin,
                [200, 200, 200, 200, 200, 200],
            ),
            (Rule::owner(), &stranger, [401, 401, 404, 404, 401, 401]),
            (Rule::owner(), &member, [200, 200, 200, 404, 200, 404]),
            (Rule::owner(), &admin, [200, 200, 200, 200, 200, 200]),
            (Rule::admin(), &stranger, [401, 401, 404, 404, 401, 401]),
            (Rule::admin(), &member, [403, 403, 404, 404, 404, 404]),
            (Rule::admin(), &admin, [200, 200, 200, 200, 200, 200]),
        ] {
            let definition = definition(&rule);
            let own = who.id().map(|id| id.to_string());
            let other = Id::new(NOW, [77; 10]).to_string();
            let visibility = Visibility::new(&definition, who);
            let read = |owner| {
                if visibility.shows(&record(owner)) {
                    200
                } else {
                    404
                }
            };
            let update = |owner: Option<&str>| match may_change(&definition, Operation::Update, who)
            {
                Err(error) => error.code.status(),
                Ok(requirement) => {
                    let refusal = terms(&visibility, requirement).refusal(&record(owner), "rev");
                    refusal.map_or(200, |error| error.code.status())
                }
            };
            let got = [
                status(may_create(&definition, who)),
                status(may_list(&definition, who)),
                read(own.as_deref()),
                read(Some(&other)),
                update(own.as_deref()),
                update(Some(&other)),
            ];
            assert_eq!(got, expected, "{rule:?} {who:?}");
        }
        assert_eq!(
            may_list(&definition(&Rule::owner()), &member),
            Ok(Scope::OwnedBy(member.id().expect("a user")))
        );
        assert_eq!(
            may_list(&definition(&Rule::owner()), &admin),
            Ok(Scope::All)
        );
    }

    #[test]
    fn a_rule_comes_to_one_requirement() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let own = Requirement::OwnedBy(member.id().expect("a user"));
        let never = Requirement::Never;
        for (rule, to_member) in [
            ("authenticated", Requirement::Exists),
            ("owner | role:editor", own.clone()),
            ("owner & role:editor", never.clone()),
            ("role:editor", never.clone()),
            ("role:authenticated | role:editor", Requirement::Exists),
            ("owner & role:authenticated | role:editor", own),
        ] {
            let rule = Rule::parse(rule).expect("a rule");
            assert_eq!(granted(&rule, &stranger), never, "{rule}");
            assert_eq!(granted(&rule, &member), to_member, "{rule}");
            assert_eq!(granted(&rule, &admin), Requirement::Exists, "{rule}");
        }
    }

    #[test]
    fn an_account_is_seen_by_its_user_and_by_admins() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let own = member.id().expect("a user");
        let other = Id::new(NOW, [77; 10]);
        for (who, user, expected) in [
            (&stranger, own, false),
            (&member, own, true),
            (&member, other, false),
            (&admin, own, true),
            (&admin, other, true),
        ] {
            assert_eq!(may_read_user(who, user), expected, "{who:?}");
        }
    }

    #[test]
    fn what_may_be_read_but_not_changed_is_403() {
        let mut definition = definition(&Rule::owner());
        definition.permissions.read = Rule::public();
        for who in [caller(1, false), Caller::stranger()] {
            let visibility = Visibility::new(&definition, &who);
            let refused =
                terms(&visibility, Requirement::Never).refusal(&record(Some("somebody")), "rev");
            assert_eq!(refused, Some(Code::Forbidden.into()));
        }
    }

    #[test]
    fn the_rules_come_before_the_owner_and_the_owner_before_the_revision() {
        let member = caller(1, false);
        let own = member.id().map(|id| id.to_string());
        let mut definition = definition(&Rule::owner());
        let mut status = |read: Rule, owner: &Option<String>, input: OwnerChange, rev: &str| {
            definition.permissions.read = read.clone();
            let requirement =
                may_change(&definition, Operation::Update, &member).expect("a requirement");
            let precondition = Precondition::OneOf(vec!["this".into()]);
            let visibility = Visibility::new(&definition, &member);
            let terms = Terms {
                precondition,
                owner: input,
                ..terms(&visibility, requirement)
            };
            terms
                .refusal(&record(owner.as_deref()), rev)
                .map_or(200, |error| error.code.status())
        };
        let other = Some("other".to_owned());
        let stays = || OwnerChange::MustBe(own.clone());
        let given = || OwnerChange::MustBe(Some("other".to_owned()));
        for (read, owner, input, rev, expected) in [
            (Rule::owner(), &own, stays(), "this", 200),
            (Rule::owner(), &own, stays(), "another", 412),
            (Rule::owner(), &own, given(), "another", 403),
            (Rule::public(), &other, stays(), "another", 403),
            (Rule::owner(), &other, given(), "another", 404),
            (Rule::owner(), &None, OwnerChange::Keep, "this", 404),
        ] {
            assert_eq!(
                status(read.clone(), owner, input.clone(), rev),
                expected,
                "{read:?} {owner:?} {input:?} {rev}"
            );
        }
    }

    #[test]
    fn a_target_must_be_the_callers_to_read() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let own = Requirement::OwnedBy(member.id().expect("a user"));
        for (rule, expected) in [
            (
                Rule::public(),
                [
                    Requirement::Exists,
                    Requirement::Exists,
                    Requirement::Exists,
                ],
            ),
            (
                Rule::authenticated(),
                [Requirement::Never, Requirement::Exists, Requirement::Exists],
            ),
            (
                Rule::owner(),
                [Requirement::Never, own, Requirement::Exists],
            ),
            (
                Rule::admin(),
                [Requirement::Never, Requirement::Never, Requirement::Exists],
            ),
        ] {
            let got = [&stranger, &member, &admin].map(|who| granted(&rule, who));
            assert_eq!(got, expected, "{rule:?}");
        }
    }

    /// Whoever shows a key of these scopes, which binds.
    fn with_key(kind: KeyType, scopes: &[&str]) -> Caller {
        let id = Id::new(NOW, [5; 10]);
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let asked = NewApiKey {
            name: "a".into(),
            kind,
            scopes,
            origins: None,
            expires_at: None,
        };
        let (key, text) = ApiKey::new(asked, id, [6; 32], id, NOW, |_| true).expect("a key");
        let presented = PresentedKey::parse(&text).expect("a key").binding(None);
        let credentials = Credentials {
            key: Some(presented),
            ..Credentials::default()
        };
        let found = Found {
            key: Some(key),
            ..Found::default()
        };
        admit_all(&credentials, found, SessionCheck::Immediate, NOW).expect("admitted")
    }

    #[test]
    fn a_server_does_what_its_scopes_say_whatever_the_rules() {
        for (scopes, expected) in [
            (&["*:*"][..], [200, 200, 200, 200, 200]),
            (&["things:create"], [200, 403, 404, 403, 403]),
            (&["things:list"], [403, 200, 404, 403, 403]),
            (&["things:read"], [403, 403, 200, 403, 403]),
            (&["things:update"], [403, 403, 404, 200, 403]),
            (&["things:delete", "others:*"], [403, 403, 404, 403, 200]),
        ] {
            let server = with_key(KeyType::Secret, scopes);
            for rule in [
                Rule::admin(),
                Rule::owner(),
                Rule::public(),
                Rule::role("editor"),
            ] {
                let definition = definition(&rule);
                let got = [
                    status(may_create(&definition, &server)),
                    status(may_list(&definition, &server)),
                    if Visibility::new(&definition, &server).shows(&record(Some("somebody"))) {
                        200
                    } else {
                        404
                    },
                    status(may_change(&definition, Operation::Update, &server)),
                    status(may_change(&definition, Operation::Delete, &server)),
                ];
                assert_eq!(got, expected, "{scopes:?} {rule}");
            }
        }
        let server = with_key(KeyType::Secret, &["things:*"]);
        let definition = definition(&Rule::admin());
        assert_eq!(
            may_change(&definition, Operation::Update, &server),
            Ok(Requirement::Exists)
        );
        let named = owner_of_new(&definition, &server, OwnerInput::Named("somebody".into()));
        assert_eq!(named, Ok(Some("somebody".to_owned())));
        assert_eq!(
            owner_of_new(&definition, &server, OwnerInput::Absent),
            Ok(None)
        );
        let user = Id::new(NOW, [8; 10]);
        assert!(
            !may_read_user(&server, user)
                && may_read_user(&with_key(KeyType::Secret, &["users:read"]), user)
        );
    }

    #[test]
    fn with_an_apps_key_alone_nothing_is_written_where_nothing_is_said() {
        let app = with_key(KeyType::Publishable, &["*:*"]);
        let mut definition = definition(&Rule::public());
        for (declared, expected) in [(true, 200), (false, 401)] {
            definition.permissions.declared = declared;
            assert_eq!(status(may_create(&definition, &app)), expected);
            assert_eq!(
                status(may_change(&definition, Operation::Update, &app)),
                expected
            );
            assert_eq!(
                status(may_change(&definition, Operation::Delete, &app)),
                expected
            );
            assert_eq!(status(may_list(&definition, &app)), 200);
            assert!(Visibility::new(&definition, &app).shows(&record(None)));
            // Who shows no key that binds, or is somebody, is not concerned.
            for other in [
                Caller::stranger(),
                caller(1, false),
                with_key(KeyType::Secret, &["*:*"]),
            ] {
                assert_eq!(status(may_create(&definition, &other)), 200);
            }
        }
    }

    #[test]
    fn the_owner_is_checked_when_an_admin_names_another() {
        let (member, admin) = (caller(1, false), caller(2, true));
        let mut definition = definition(&Rule::public());
        let relation = |name: &str| Field {
            name: name.into(),
            kind: FieldType::Relation,
            collection: Some(USERS.into()),
            ..Field::default()
        };
        definition.fields = vec![relation("user_id"), relation("friend")];
        let fields = |who: &Caller, owner: Option<Id>| {
            let owner = owner.map_or(OwnerInput::Absent, |id| OwnerInput::Named(id.to_string()));
            let friend = Relation {
                field: "friend".into(),
                collection: USERS.into(),
                id: Id::new(NOW, [5; 10]),
            };
            let relations = vec![friend];
            let input = Input {
                fields: serde_json::Map::new(),
                removed: Vec::new(),
                owner,
                relations,
            };
            let related = related(&definition, &input, who, |_| None);
            assert!(
                related
                    .iter()
                    .all(|related| related.requirement == Requirement::Exists)
            );
            related
                .into_iter()
                .map(|related| related.relation.field)
                .collect::<Vec<_>>()
        };
        assert_eq!(fields(&member, member.id()), ["friend"]);
        assert_eq!(fields(&member, admin.id()), ["friend"]);
        assert_eq!(fields(&admin, admin.id()), ["friend"]);
        assert_eq!(fields(&admin, member.id()), ["friend", "user_id"]);
    }

    #[test]
    fn an_owner_is_filled_in_and_only_an_admin_names_another() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let definition = definition(&Rule::public());
        let own = member.id().map(|id| id.to_string());
        let named = |name: &Option<String>| OwnerInput::Named(name.clone().unwrap_or_default());
        let other = Some("somebody".to_owned());
        for (who, input, expected) in [
            (&member, OwnerInput::Absent, Ok(own.clone())),
            (&member, OwnerInput::Empty, Ok(own.clone())),
            (&member, named(&own), Ok(own.clone())),
            (&member, named(&other), Err(403)),
            (&stranger, OwnerInput::Absent, Ok(None)),
            (&stranger, OwnerInput::Empty, Ok(None)),
            (&stranger, named(&other), Err(403)),
            (&admin, named(&other), Ok(other.clone())),
        ] {
            let got =
                owner_of_new(&definition, who, input.clone()).map_err(|error| error.code.status());
            assert_eq!(got, expected, "{who:?} {input:?}");
        }
        for (who, input, expected) in [
            (&member, OwnerInput::Absent, OwnerChange::Keep),
            (&member, OwnerInput::Empty, OwnerChange::MustBe(None)),
            (&member, named(&other), OwnerChange::MustBe(other.clone())),
            (&admin, named(&other), OwnerChange::Set(other.clone())),
            (&admin, OwnerInput::Empty, OwnerChange::Set(None)),
        ] {
            assert_eq!(owner_change(&definition, who, input), Ok(expected));
        }
    }

    #[test]
    fn a_required_owner_is_never_left_empty() {
        let mut definition = definition(&Rule::public());
        definition.fields = vec![Field {
            name: "user_id".into(),
            required: true,
            ..Field::default()
        }];
        assert_eq!(
            status(owner_of_new(
                &definition,
                &Caller::stranger(),
                OwnerInput::Absent
            )),
            400
        );
        assert_eq!(
            status(owner_of_new(
                &definition,
                &caller(1, false),
                OwnerInput::Absent
            )),
            200
        );
        assert_eq!(
            status(owner_change(
                &definition,
                &caller(2, true),
                OwnerInput::Empty
            )),
            400
        );
    }

    fn ruled() -> Definition {
        let mut definition = definition(&Rule::public());
        let field = |name: &str, read: &str, write: &str| Field {
            name: name.into(),
            read: Rule::parse(read).expect("a rule"),
            write: Rule::parse(write).expect("a rule"),
            ..Field::default()
        };
        definition.fields = vec![
            field("free", "public", "public"),
            field("shown", "public", "admin"),
            field("hidden", "admin", "public"),
            field("own", "owner", "owner"),
            field("user_id", "admin", "public"),
        ];
        definition
    }

    fn body(names: &[&str]) -> Map<String, Value> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), Value::Null))
            .collect()
    }

    #[test]
    fn a_new_record_has_what_its_creator_may_write() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let definition = ruled();
        for (who, names, expected) in [
            (&stranger, &["free", "hidden", "nope"][..], 200),
            (&stranger, &["own"], 401),
            (&stranger, &["shown"], 401),
            (&member, &["free", "hidden", "own", "user_id"], 200),
            (&member, &["free", "shown"], 403),
            (&admin, &["free", "shown", "hidden", "own"], 200),
        ] {
            assert_eq!(
                status(may_set(&definition, who, &body(names))),
                expected,
                "{who:?} {names:?}"
            );
        }
        let refused = may_set(&definition, &member, &body(&["shown"])).expect_err("refused");
        assert_eq!(refused.message, "`shown` is not yours to write.");
    }

    #[test]
    fn an_update_depends_on_the_rules_of_what_it_writes_and_a_replacement_keeps_the_rest() {
        let (stranger, member, admin) = (Caller::stranger(), caller(1, false), caller(2, true));
        let own = Requirement::OwnedBy(member.id().expect("a user"));
        let (any, never) = (Requirement::Exists, Requirement::Never);
        let definition = ruled();
        let of = |who: &Caller, names: &[&str], replace: bool, requirement: &Requirement| {
            columns(&definition, who, &body(names), replace, requirement)
        };
        let written = |all: &[(&str, &Requirement)]| {
            all.iter()
                .map(|(name, wanted)| ((*name).to_owned(), (*wanted).clone()))
                .collect::<Vec<_>>()
        };
        for (who, names, requirement, wanted, kept) in [
            (
                &member,
                &["free"][..],
                &any,
                written(&[]),
                &["shown", "hidden", "own"][..],
            ),
            // Whoever may change their own records alone replaces what they may write in them.
            (&member, &["free"], &own, written(&[]), &["shown", "hidden"]),
            (
                &member,
                &["own"],
                &any,
                written(&[("own", &own)]),
                &["shown", "hidden"],
            ),
            (
                &member,
                &["shown", "hidden"],
                &own,
                written(&[("shown", &never), ("hidden", &any)]),
                &[],
            ),
            // An owner that is not seen cannot be found out by guessing.
            (
                &member,
                &["user_id"],
                &own,
                written(&[("user_id", &never)]),
                &["shown", "hidden"],
            ),
            (
                &admin,
                &["shown", "own", "user_id"],
                &any,
                written(&[("shown", &any), ("own", &any), ("user_id", &any)]),
                &[],
            ),
            (
                &stranger,
                &["hidden"],
                &any,
                written(&[("hidden", &any)]),
                &["shown", "own"],
            ),
        ] {
            let got = of(who, names, true, requirement).expect("columns");
            assert_eq!(
                (got.written, got.kept.as_slice()),
                (
                    wanted.clone(),
                    &*kept
                        .iter()
                        .map(|name| (*name).to_owned())
                        .collect::<Vec<_>>()
                ),
                "{who:?} {names:?}"
            );
            let merged = of(who, names, false, requirement).expect("columns");
            assert_eq!(
                merged,
                Columns {
                    written: wanted,
                    kept: Vec::new()
                },
                "{who:?} {names:?}"
            );
        }
        assert_eq!(status(of(&stranger, &["shown"], false, &any)), 401);
        assert_eq!(status(of(&stranger, &["user_id"], false, &any)), 401);
    }

    #[test]
    fn a_field_that_is_not_the_callers_to_write_comes_after_the_record_and_before_its_owner() {
        let member = caller(1, false);
        let own = member.id().map(|id| id.to_string());
        let mut definition = ruled();
        let mine = Requirement::OwnedBy(member.id().expect("a user"));
        for (read, owner, fields, expected) in [
            (
                Rule::public(),
                own.as_deref(),
                vec![("own".to_owned(), mine.clone())],
                None,
            ),
            (
                Rule::public(),
                Some("another"),
                vec![("own".to_owned(), mine.clone())],
                Some("`own` is not yours to write."),
            ),
            (
                Rule::public(),
                own.as_deref(),
                vec![
                    ("own".to_owned(), mine.clone()),
                    ("shown".to_owned(), Requirement::Never),
                ],
                Some("`shown` is not yours to write."),
            ),
            (
                Rule::owner(),
                Some("another"),
                vec![("shown".to_owned(), Requirement::Never)],
                Some("There is no such record."),
            ),
        ] {
            definition.permissions.read = read;
            let visibility = Visibility::new(&definition, &member);
            let wanted = fields
                .iter()
                .fold(Requirement::Exists, |all, (_, one)| all.and(one.clone()));
            let terms = Terms {
                fields,
                owner: OwnerChange::Keep,
                ..terms(&visibility, Requirement::Exists)
            };
            assert_eq!(terms.wanted(), wanted);
            let refusal = terms
                .refusal(&record(owner), "rev")
                .map(|error| error.message);
            assert_eq!(refusal.as_deref(), expected);
        }
    }

    #[test]
    fn what_may_not_be_read_may_not_be_changed() {
        let (member, stranger) = (caller(1, false), Caller::stranger());
        let own = Requirement::OwnedBy(member.id().expect("a user"));
        for (read, who, expected) in [
            (Rule::public(), &stranger, Ok(Requirement::Exists)),
            (Rule::owner(), &member, Ok(own)),
            (
                Rule::owner(),
                &stranger,
                Err(Code::AuthenticationRequired.into()),
            ),
            (
                Rule::authenticated(),
                &stranger,
                Err(Code::AuthenticationRequired.into()),
            ),
            (Rule::admin(), &member, Ok(Requirement::Never)),
        ] {
            let mut definition = definition(&Rule::public());
            definition.permissions.read = read.clone();
            assert_eq!(
                may_change(&definition, Operation::Update, who),
                expected,
                "{read:?} {who:?}"
            );
        }
    }

    /// An expression as a tree, judged atom by atom.
    enum Naive {
        Atom(&'static str),
        All(Box<Naive>, Box<Naive>),
        Any(Box<Naive>, Box<Naive>),
    }

    impl Naive {
        fn roll(dice: &mut impl FnMut(usize) -> usize, depth: usize) -> Self {
            const ATOMS: [&str; 9] = [
                "public",
                "guest",
                "authenticated",
                "user",
                "owner",
                "self",
                "admin",
                "role:editor",
                "role:chief",
            ];
            let part = |dice: &mut _| Box::new(Self::roll(dice, depth - 1));
            match dice(if depth == 0 { 1 } else { 3 }) {
                0 => Self::Atom(ATOMS[dice(ATOMS.len())]),
                1 => Self::All(part(dice), part(dice)),
                _ => Self::Any(part(dice), part(dice)),
            }
        }

        /// With no more parentheses than `&` before `|` needs.
        fn text(&self) -> String {
            let within = |part: &Self| match part {
                Self::Any(..) => format!("({})", part.text()),
                _ => part.text(),
            };
            match self {
                Self::Atom(atom) => (*atom).to_owned(),
                Self::All(one, two) => format!("{} & {}", within(one), within(two)),
                Self::Any(one, two) => format!("{}|{}", one.text(), two.text()),
            }
        }

        fn holds(&self, caller: &Caller, owner: Option<&str>) -> bool {
            match self {
                _ if caller.is_admin() => true,
                Self::All(one, two) => one.holds(caller, owner) && two.holds(caller, owner),
                Self::Any(one, two) => one.holds(caller, owner) || two.holds(caller, owner),
                Self::Atom("public" | "guest") => true,
                Self::Atom("authenticated" | "user") => caller.id().is_some(),
                Self::Atom("owner" | "self") => caller
                    .id()
                    .map(|id| id.to_string())
                    .as_deref()
                    .is_some_and(|id| owner == Some(id)),
                Self::Atom("admin") => false,
                Self::Atom(role) => role
                    .strip_prefix("role:")
                    .is_some_and(|role| caller.role() == Some(role)),
            }
        }
    }

    #[test]
    fn random_expressions_mean_what_their_words_say() {
        let mut state = 0x5eed_u64;
        let mut dice = |bound: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap_or_default() % bound
        };
        let mut editor = User::new(Id::new(NOW, [3; 10]), "c@b".into(), false, NOW);
        editor.role = "editor".to_owned();
        let callers = [
            Caller::stranger(),
            caller(1, false),
            caller(2, true),
            signed_in(&editor),
        ];
        let mut owners: Vec<Option<String>> = callers
            .iter()
            .map(|caller| caller.id().map(|id| id.to_string()))
            .collect();
        owners.push(Some("another".to_owned()));
        let mut read = 0;
        for _ in 0..20_000 {
            let naive = Naive::roll(&mut dice, 4);
            // What is too long or comes to too much is refused.
            let Ok(rule) = Rule::parse(&naive.text()) else {
                continue;
            };
            read += 1;
            for caller in &callers {
                for owner in &owners {
                    let owner = owner.as_deref();
                    let expected = naive.holds(caller, owner);
                    assert_eq!(
                        granted(&rule, caller).is_met(owner),
                        expected,
                        "{} {caller:?} {owner:?}",
                        naive.text()
                    );
                }
            }
        }
        assert!(read > 10_000, "{read}");
    }
}

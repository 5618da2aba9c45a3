//! The facts of an entry that it may leave out, as the macro of the page reads them.

/// A fact that an entry may leave out.
macro_rules! fact {
    (Demand) => {
        Demand::Any
    };
    (Demand $demand:ident) => {
        Demand::$demand
    };
    (Policy) => {
        Policy::Judged
    };
    (Policy $policy:ident) => {
        Policy::$policy
    };
    (Cookie) => {
        Cookie::Unused
    };
    (Cookie $cookie:ident) => {
        Cookie::$cookie
    };
    (other) => {
        None
    };
    (other $status:literal) => {
        Some($status)
    };
    (KeyUse) => {
        KeyUse::Taken
    };
    (KeyUse $keys:ident) => {
        KeyUse::$keys
    };
    (Media) => {
        Media::Json
    };
    (Media $media:ident) => {
        Media::$media
    };
    (Dialect) => {
        Dialect::Own
    };
    (Dialect $dialect:ident) => {
        Dialect::$dialect
    };
    (Form) => {
        None
    };
    (Form $form:ident) => {
        Some(Form::$form)
    };
    (Pace) => {
        Pace::Stage
    };
    (Pace $throttle:ident) => {
        Pace::$throttle
    };
    (timeout) => {
        None
    };
    (timeout $timeout:literal) => {
        Some($timeout)
    };
    (kept) => {
        None
    };
    (kept $seconds:literal) => {
        Some($seconds)
    };
    (hashes) => {
        false
    };
    (hashes passwords) => {
        true
    };
}

/// Gives a handler the trait that a fact allows.
macro_rules! facts {
    ($type:ident Takes) => {
        impl TakesCookie for $type {}
        impl HasCookie for $type {}
    };
    ($type:ident Sets) => {
        impl SetsCookie for $type {}
        impl HasCookie for $type {}
    };
    ($type:ident Html) => {
        impl ShowsPages for $type {}
    };
    ($type:ident OAuth) => {
        impl SpeaksOAuth for $type {}
    };
    ($type:ident passwords) => {
        impl Hashes for $type {}
    };
}

pub(super) use {fact, facts};

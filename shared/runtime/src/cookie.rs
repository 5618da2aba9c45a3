//! The cookie with the refresh token (RFC 6265bis): only for browsers, which keep it out of the reach of scripts.

use api::settings::{SameSite, Settings};

use crate::boot::Boot;

/// The prefix ties the cookie to this host, its whole path and a secure connection.
const NAME: &str = "__Host-refresh";
/// On a developer's machine there is no secure connection.
const LOCAL_NAME: &str = "refresh";

pub(crate) fn name(local: bool) -> &'static str {
    if local { LOCAL_NAME } else { NAME }
}

/// The `Set-Cookie` header that keeps a refresh token for `seconds`.
pub(crate) fn keep(boot: &Boot, token: &str, seconds: u64) -> String {
    write(&boot.settings, boot.deployment.local, token, seconds)
}

/// The `Set-Cookie` header that makes a browser forget it.
pub(crate) fn forget(boot: &Boot) -> String {
    keep(boot, "", 0)
}

/// The name of the cookie that ties a sign-in by a provider to its browser.
pub(crate) fn sign_in_name(boot: &Boot, part: &str) -> String {
    let prefix = if boot.deployment.local { "" } else { "__Host-" };
    format!("{prefix}oauth-{part}")
}

/// The `Set-Cookie` header that ties a sign-in to its browser for `seconds`. Where the answer comes as a form of another site,
/// the cookie comes with it only without `SameSite`; then it needs `Secure`, locally as well.
pub(crate) fn tie(boot: &Boot, (part, value): (&str, &str), seconds: u64, by_form: bool) -> String {
    let (secure, same_site) = match (boot.deployment.local, by_form) {
        (_, true) => (" Secure;", "None"),
        (true, false) => ("", "Lax"),
        (false, false) => (" Secure;", "Lax"),
    };
    let name = sign_in_name(boot, part);
    format!("{name}={value}; Max-Age={seconds}; Path=/; HttpOnly;{secure} SameSite={same_site}")
}

fn write(settings: &Settings, local: bool, token: &str, seconds: u64) -> String {
    // Without `Secure` browsers reject `SameSite=None`; on localhost all ports belong to the same site.
    let (secure, same_site) = match (local, settings.auth.cookie_same_site) {
        (true, _) => ("", "Lax"),
        (false, SameSite::Lax) => (" Secure;", "Lax"),
        (false, SameSite::None) => (" Secure;", "None"),
    };
    format!(
        "{}={token}; Max-Age={seconds}; Path=/; HttpOnly;{secure} SameSite={same_site}",
        name(local)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_this_host_alone() {
        let mut settings = Settings::default();
        let cloud = "__Host-refresh=t; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax";
        assert_eq!(write(&settings, false, "t", 60), cloud);
        assert_eq!(
            write(&settings, true, "t", 60),
            "refresh=t; Max-Age=60; Path=/; HttpOnly; SameSite=Lax"
        );
        settings.auth.cookie_same_site = SameSite::None;
        assert_eq!(
            write(&settings, false, "t", 60),
            cloud.replace("Lax", "None")
        );
        assert_eq!(
            write(&settings, true, "", 0),
            "refresh=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        );
    }
}

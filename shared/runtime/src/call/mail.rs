//! Requests that ask for a mail, or show what one brought.

use api::endpoints::Endpoint;
use api::settings::{EmailVerification, MagicLink};
use api::value::is_locale;
use api::{Code, Detail, Error, Id, redirect};
use auth::User;
use auth::proof::{Asking, Wishes};

use super::Call;
use super::arrival::Arrival;

impl<E: Endpoint<Guard: Arrival>> Call<E> {
    /// The request with all that a mail or a code is counted by.
    ///
    /// # Errors
    /// `common/internal` when the system has no random bytes.
    pub fn asking(&self) -> Result<Asking<'_>, Error> {
        Ok(Asking {
            source: self.source(),
            mark: Id::new(self.now, self.random()?),
            settings: &self.settings.auth,
            now: self.now,
        })
    }

    /// Whether a proof of this user's address makes the first admin: it is the bootstrap address, and not proven yet.
    #[must_use]
    pub fn bootstraps(&self, user: &User) -> bool {
        let is_bootstrap = user.email.is_some() && self.deployment.admin_email == user.email;
        is_bootstrap && user.email_verified_at.is_none()
    }

    /// Whether a password alone does not sign this user in: addresses are to be proven, and this one is not.
    #[must_use]
    pub fn lacks_proof(&self, user: &User) -> bool {
        let required = self.settings.email_verification() == EmailVerification::Required;
        required && user.email.is_some() && user.email_verified_at.is_none()
    }

    /// Refuses what needs mail where there is none.
    ///
    /// # Errors
    /// `auth/method-disabled`.
    pub fn need_mail(&self) -> Result<(), Error> {
        match self.settings.mail.from {
            Some(_) => Ok(()),
            None => {
                let message = "No mail is sent here: `mail.from` is not set.";
                Err(Error::new(Code::MethodDisabled).with_message(message))
            }
        }
    }

    /// Refuses a sign-in by mail where there is none; tells how far it goes otherwise.
    ///
    /// # Errors
    /// `auth/method-disabled`.
    pub fn need_magic_link(&self) -> Result<MagicLink, Error> {
        self.need_mail()?;
        match self.settings.auth.magic_link {
            MagicLink::Off => {
                let message = "Nobody signs in by mail here: `auth.magicLink` is off.";
                Err(Error::new(Code::MethodDisabled).with_message(message))
            }
            on => Ok(on),
        }
    }

    /// The wishes about a mail, and the address of the API that its links lead to.
    ///
    /// # Errors
    /// `common/validation-failed` naming `locale`; `auth/redirect-not-allowed`.
    pub fn wishes(&self, locale: Option<&str>, redirect_to: Option<&str>) -> Result<Wishes, Error> {
        if locale.is_some_and(|locale| !is_locale(locale)) {
            let message = "`locale` must be a language such as en, de or de-CH.";
            return Err(Detail::new("locale", "format", message).into());
        }
        let redirects = &self.settings.auth.redirects;
        let permits = |to: &str| redirects.iter().any(|entry| redirect::matches(entry, to));
        if redirect_to.is_some_and(|to| !permits(to)) {
            return Err(Code::RedirectNotAllowed.into());
        }
        Ok(Wishes {
            origin: self.origin_of_api(),
            locale: locale.map(ToOwned::to_owned),
            redirect: redirect_to.map(ToOwned::to_owned),
            challenge: None,
        })
    }

    /// The public address of the API: that of the settings, or that by which API Gateway was reached. No header of the caller
    /// decides it.
    #[must_use]
    pub fn origin_of_api(&self) -> String {
        let set = self.settings.auth.public_url.clone();
        set.unwrap_or_else(|| format!("https://{}", self.event.domain_name()))
    }
}

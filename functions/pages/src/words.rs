//! The words of the pages, in English and German.

use crate::page::Page;

/// A language of the pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    German,
}

impl Language {
    /// The language of a locale such as `de-CH`; English for every other.
    pub(crate) fn of(locale: &str) -> Self {
        let language = locale.split('-').next().unwrap_or_default();
        if language.eq_ignore_ascii_case("de") {
            Self::German
        } else {
            Self::English
        }
    }

    /// Its tag (RFC 5646).
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }
}

/// The words of one page: `{address}` stands for the masked address.
pub(crate) struct Words {
    pub(crate) title: &'static str,
    pub(crate) lead: &'static str,
    pub(crate) button: &'static str,
    pub(crate) done: &'static str,
}

/// The words of every page.
pub(crate) struct Common {
    pub(crate) password: &'static str,
    pub(crate) new_password: &'static str,
    pub(crate) again: &'static str,
    /// `{least}` stands for the fewest characters.
    pub(crate) hint: &'static str,
    /// `{version}` stands for that of the terms.
    pub(crate) consent: &'static str,
    pub(crate) decline: &'static str,
    pub(crate) declined: &'static str,
    pub(crate) differ: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) next: &'static str,
    pub(crate) have_account: &'static str,
    pub(crate) no_script: &'static str,
}

const ENGLISH: Common = Common {
    password: "Password",
    new_password: "New password",
    again: "The same password again",
    hint: "At least {least} characters.",
    consent: "I accept the terms of use, version {version}.",
    decline: "No, thank you",
    declined: "You have declined the invitation. You can close this page.",
    differ: "The two passwords differ.",
    failed: "That did not work. Check your connection and try again.",
    next: "Go on",
    have_account: "I have an account",
    no_script: "This page needs JavaScript.",
};

const GERMAN: Common = Common {
    password: "Passwort",
    new_password: "Neues Passwort",
    again: "Dasselbe Passwort noch einmal",
    hint: "Mindestens {least} Zeichen.",
    consent: "Ich stimme den Nutzungsbedingungen zu, Fassung {version}.",
    decline: "Nein, danke",
    declined: "Sie haben die Einladung abgelehnt. Sie können diese Seite schließen.",
    differ: "Die beiden Passwörter sind verschieden.",
    failed: "Das hat nicht geklappt. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.",
    next: "Weiter",
    have_account: "Ich habe ein Konto",
    no_script: "Diese Seite braucht JavaScript.",
};

/// The words of every page.
pub(crate) fn common(language: Language) -> &'static Common {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

/// The words of a page.
pub(crate) fn of(page: Page, language: Language) -> Words {
    match language {
        Language::English => english(page),
        Language::German => german(page),
    }
}

/// The words for a link that is not good.
pub(crate) fn refusal(language: Language) -> Words {
    let (title, lead) = match language {
        Language::English => (
            "This link does not work",
            "The link is not complete, or no longer good. Open it once more from the mail, as a whole. If that does not \
             help, ask for a new mail in the app.",
        ),
        Language::German => (
            "Dieser Link funktioniert nicht",
            "Der Link ist nicht vollständig oder nicht mehr gültig. Öffnen Sie ihn noch einmal aus der E-Mail, als Ganzes. \
             Hilft das nicht, fordern Sie in der App eine neue E-Mail an.",
        ),
    };
    words([title, lead, "", ""])
}

fn english(page: Page) -> Words {
    words(match page {
        Page::VerifyEmail => [
            "Confirm your email address",
            "Enter the password of your account to confirm {address}.",
            "Confirm",
            "Your address is confirmed. You can close this page.",
        ],
        Page::Register => [
            "Complete your registration",
            "Enter the password that you chose when you registered {address}.",
            "Complete",
            "Your account is ready. You can sign in now.",
        ],
        Page::Reset => [
            "Set a new password",
            "Choose a new password for {address}.",
            "Set the password",
            "Your new password is set. You can sign in with it now.",
        ],
        Page::MagicLink => [
            "Sign in",
            "Go back to the app and type the code of the mail to {address}. Nothing is done on this page.",
            "",
            "",
        ],
        Page::Return => [
            "Sign in",
            "Sign in as {address}? Go on only where you have just asked for it, in this browser.",
            "Sign in",
            "You are being led back to the app.",
        ],
        Page::EmailChange => [
            "Confirm your new address",
            "Go back to the app, where you are signed in, and type the code of the mail to {address}. Nothing is done on \
             this page.",
            "",
            "",
        ],
        Page::Invitation => [
            "Accept your invitation",
            "{address} is invited. Choose a password for a new account. If you have an account, accept in the app.",
            "Accept",
            "You have accepted, and your account is ready. You can sign in now.",
        ],
    })
}

fn german(page: Page) -> Words {
    words(match page {
        Page::VerifyEmail => [
            "E-Mail-Adresse bestätigen",
            "Geben Sie das Passwort Ihres Kontos ein, um {address} zu bestätigen.",
            "Bestätigen",
            "Ihre Adresse ist bestätigt. Sie können diese Seite schließen.",
        ],
        Page::Register => [
            "Registrierung abschließen",
            "Geben Sie das Passwort ein, das Sie bei der Registrierung von {address} gewählt haben.",
            "Abschließen",
            "Ihr Konto ist bereit. Sie können sich jetzt anmelden.",
        ],
        Page::Reset => [
            "Neues Passwort setzen",
            "Wählen Sie ein neues Passwort für {address}.",
            "Passwort setzen",
            "Ihr neues Passwort gilt. Sie können sich jetzt damit anmelden.",
        ],
        Page::MagicLink => [
            "Anmelden",
            "Gehen Sie zurück zur App und geben Sie den Code aus der E-Mail an {address} ein. Auf dieser Seite geschieht \
             nichts.",
            "",
            "",
        ],
        Page::Return => [
            "Anmelden",
            "Als {address} anmelden? Fahren Sie nur fort, wenn Sie das gerade in diesem Browser angefordert haben.",
            "Anmelden",
            "Sie werden zur App zurückgeleitet.",
        ],
        Page::EmailChange => [
            "Neue Adresse bestätigen",
            "Gehen Sie zurück zur App, in der Sie angemeldet sind, und geben Sie den Code aus der E-Mail an {address} ein. \
             Auf dieser Seite geschieht nichts.",
            "",
            "",
        ],
        Page::Invitation => [
            "Einladung annehmen",
            "{address} ist eingeladen. Wählen Sie ein Passwort für ein neues Konto. Wenn Sie ein Konto haben, nehmen Sie die \
             Einladung in der App an.",
            "Annehmen",
            "Sie haben angenommen, und Ihr Konto ist bereit. Sie können sich jetzt anmelden.",
        ],
    })
}

fn words([title, lead, button, done]: [&'static str; 4]) -> Words {
    Words {
        title,
        lead,
        button,
        done,
    }
}

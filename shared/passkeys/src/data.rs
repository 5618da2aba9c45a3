//! The data of an authenticator (WebAuthn Level 3, section 6.1): all of it is read, and nothing is left over.

use crate::cbor;

/// Hash of the relying party, flags and counter.
const HEAD: usize = 37;
const FLAGS_AT: usize = 32;
/// The flag of attested credential data.
const ATTESTED: u8 = 0x40;
/// The flag of extensions.
const EXTENDED: u8 = 0x80;
/// The longest id of a credential.
const MAX_CREDENTIAL: usize = 1023;

/// The attested credential of an attestation object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Attested<'a> {
    /// The model of the device.
    pub(crate) aaguid: [u8; 16],
    /// The id of the credential.
    pub(crate) credential: &'a [u8],
}

/// The attested credential of an attestation object that has no part twice and no part too many.
pub(crate) fn attested(object: &[u8]) -> Option<Attested<'_>> {
    let data = cbor::bytes_under(object, "authData")?;
    let (flags, rest) = split(data)?;
    if flags & ATTESTED == 0 {
        return None;
    }
    let (aaguid, rest) = rest.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (credential, rest) = rest.split_at_checked(length)?;
    let rest = cbor::rest(rest)?;
    let fits = (1..=MAX_CREDENTIAL).contains(&length) && ends(flags, rest);
    fits.then_some(Attested {
        aaguid: *aaguid,
        credential,
    })
}

/// Whether the data of a signature has no part too many.
pub(crate) fn is_signable(data: &[u8]) -> bool {
    split(data).is_some_and(|(flags, rest)| flags & ATTESTED == 0 && ends(flags, rest))
}

fn split(data: &[u8]) -> Option<(u8, &[u8])> {
    let flags = data.get(FLAGS_AT)?;
    Some((*flags, data.get(HEAD..)?))
}

/// Whether the rest is the extensions, where the flags say that there are some.
fn ends(flags: u8, rest: &[u8]) -> bool {
    if flags & EXTENDED == 0 {
        rest.is_empty()
    } else {
        cbor::is_one(rest)
    }
}

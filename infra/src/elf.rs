//! The requirements of a Linux binary on the C library.

/// A version of glibc, such as 2.34.
pub type Version = (u32, u32);

/// The section type of the versions that a binary needs (LSB Core, section 10.7.1).
const SHT_GNU_VERNEED: u32 = 0x6fff_fffe;

/// The highest `GLIBC_x.y` among the symbol versions that `binary` needs; `None` where it needs none.
///
/// # Errors
/// It is not a 64-bit little-endian ELF file, or it is cut short.
pub fn highest_glibc(binary: &[u8]) -> Result<Option<Version>, String> {
    if binary.get(..6) != Some(b"\x7fELF\x02\x01") {
        return Err("not a 64-bit little-endian ELF file".to_owned());
    }
    let file = File(binary);
    versions(&file).ok_or_else(|| "an ELF file that is cut short".to_owned())
}

/// A file read by offset; an offset outside it is `None`.
struct File<'a>(&'a [u8]);

impl File<'_> {
    fn bytes<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.0.get(offset..offset.checked_add(N)?)?.try_into().ok()
    }

    fn half(&self, offset: usize) -> Option<usize> {
        self.bytes(offset).map(u16::from_le_bytes).map(usize::from)
    }

    fn word(&self, offset: usize) -> Option<u32> {
        self.bytes(offset).map(u32::from_le_bytes)
    }

    fn size(&self, offset: usize) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(self.bytes(offset)?)).ok()
    }

    fn text(&self, offset: usize) -> Option<&str> {
        let rest = self.0.get(offset..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(rest.get(..end)?).ok()
    }
}

fn versions(file: &File<'_>) -> Option<Option<Version>> {
    let (table, entry_size, entries) = (file.size(0x28)?, file.half(0x3a)?, file.half(0x3c)?);
    let header = |index: usize| table.checked_add(index.checked_mul(entry_size)?);
    let mut highest = None;
    for index in 0..entries {
        let section = header(index)?;
        if file.word(section + 4)? != SHT_GNU_VERNEED {
            continue;
        }
        let names = file.size(header(usize::try_from(file.word(section + 0x28)?).ok()?)? + 0x18)?;
        let mut need = file.size(section + 0x18)?;
        // One entry for each library, each with a list of versions.
        for _ in 0..file.word(section + 0x2c)? {
            let mut version = need.checked_add(usize::try_from(file.word(need + 8)?).ok()?)?;
            for _ in 0..file.half(need + 2)? {
                let name =
                    file.text(names.checked_add(usize::try_from(file.word(version + 8)?).ok()?)?)?;
                highest = highest.max(parse(name));
                version = version.checked_add(usize::try_from(file.word(version + 12)?).ok()?)?;
            }
            need = need.checked_add(usize::try_from(file.word(need + 12)?).ok()?)?;
        }
    }
    Some(highest)
}

/// Reads `GLIBC_2.34` or `GLIBC_2.2.5`.
fn parse(name: &str) -> Option<Version> {
    let mut parts = name.strip_prefix("GLIBC_")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse("GLIBC_2.2.5"), Some((2, 2)));
        assert!(parse("GLIBC_2.34") > parse("GLIBC_2.4"));
        assert_eq!(parse("GCC_3.0"), None);
        assert_eq!(parse("GLIBC_PRIVATE"), None);
    }

    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    #[test]
    fn this_very_binary_needs_a_glibc() {
        let binary = std::fs::read(std::env::current_exe().expect("a path")).expect("readable");
        let (major, minor) = highest_glibc(&binary)
            .expect("an ELF file")
            .expect("linked to glibc");
        assert!(major == 2 && minor >= 17, "GLIBC_{major}.{minor}");
        for cut in [6, 64, 1000, binary.len() / 2] {
            assert!(highest_glibc(&binary[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(highest_glibc(b"").is_err());
        assert!(highest_glibc(b"#!/bin/sh\n").is_err());
    }
}

//! Decodes the roots, which are kept as text, so that no function does it when it starts.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told by its environment where to write"
)]

use std::path::Path;
use std::{env, fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const ROOTS: &str = "src/amazon-roots.pem";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={ROOTS}");
    let text = fs::read_to_string(ROOTS)?;
    let mut roots = Vec::new();
    for block in text.split("-----BEGIN CERTIFICATE-----").skip(1) {
        let (block, _) = block
            .split_once("-----END CERTIFICATE-----")
            .ok_or_else(|| io::Error::other(format!("{ROOTS}: a certificate has no end")))?;
        let block: String = block.split_whitespace().collect();
        let bytes = STANDARD.decode(block).map_err(io::Error::other)?;
        roots.push(format!("&{bytes:?}"));
    }
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(
        Path::new(&out).join("roots.rs"),
        format!("&[{}]", roots.join(",")),
    )
}

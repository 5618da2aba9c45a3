//! cargo-lambda's emulator as the gateway, and the functions' own binaries behind it.

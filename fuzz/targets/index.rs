//! Encoding the keys of declared indexes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::index(data));

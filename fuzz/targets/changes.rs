//! Stream records as events.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::changes(data));

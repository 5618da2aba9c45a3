//! Reading and evaluating a list's parameters.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::filter(data));

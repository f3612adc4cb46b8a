//! Runs the target `sexpr` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::sexpr(data));

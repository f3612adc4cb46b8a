//! Runs the target `chaton_answers` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::chaton_answers(data));

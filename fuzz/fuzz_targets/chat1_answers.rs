//! Runs the target `chat1_answers` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::chat1_answers(data));

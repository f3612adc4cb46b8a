//! Runs the target `chat1_requests` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::chat1_requests(data));

//! Runs the target `chaton_archive` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| parlor_fuzz::chaton_archive(data));

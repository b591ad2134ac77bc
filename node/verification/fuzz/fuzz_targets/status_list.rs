//! See `verification_fuzz::targets::status_list`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    verification_fuzz::targets::status_list(bytes);
});

//! See `verification_fuzz::targets::json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    verification_fuzz::targets::json(bytes);
});

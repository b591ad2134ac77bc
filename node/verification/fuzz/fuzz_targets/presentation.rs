//! See `verification_fuzz::targets::presentation`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    verification_fuzz::targets::presentation(bytes);
});

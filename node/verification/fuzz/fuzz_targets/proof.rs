//! See `verification_fuzz::targets::proof`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    verification_fuzz::targets::proof(bytes);
});

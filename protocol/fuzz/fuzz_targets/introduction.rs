//! Bytes that a peer sends, or a carried file holds, as this kind of object.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = protocol::decoders::introduction(bytes);
});

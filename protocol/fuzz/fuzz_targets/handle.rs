//! Bytes that a peer sends as a request or as an answer, to a replica that holds its agency's key log.
#![no_main]

#[path = "../replica.rs"]
mod replica;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| replica::handle(bytes));

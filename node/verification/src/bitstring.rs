//! Bitstring Status List v1.0: many credentials' status, one bit each, packed so that asking for one tells nobody
//! which (§2.2, §3.3).

use std::io::{Read, Write};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, GzBuilder, read::GzDecoder};
use registry_schema::phrases;

/// The least number of entries that the standard allows (§6.1): fewer would tell who was asked about.
pub const MIN_ENTRIES: u32 = 131_072;

/// The most bytes that a list may unpack to: 16,777,216 entries. A gzip bomb ends here.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A status list, unpacked. Index 0 is the left-most bit.
#[derive(Clone, PartialEq, Eq)]
pub struct Bitstring(Vec<u8>);

phrases! {
    /// The reason why an `encodedList` could not be read.
    pub enum BadBitstring {
        // No multibase base64url.
        Encoding,
        // The bytes are no gzip.
        Gzip { why: String },
        // It unpacks to more than we take.
        TooLong { most: usize },
        // It has too few entries.
        TooShort { has: usize, least: u32 },
    }
}

impl Bitstring {
    /// A list of `entries` bits, none set, rounded up to whole bytes.
    #[must_use]
    pub fn new(entries: u32) -> Self {
        Self(vec![0; usize::try_from(entries.div_ceil(8)).unwrap_or(0)])
    }

    /// The number of its entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len().saturating_mul(8)
    }

    /// Returns true if it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bit of an entry; none beyond the end, which is an error of the asker and never "not revoked".
    #[must_use]
    pub fn bit(&self, index: u32) -> Option<bool> {
        let byte = self.0.get(usize::try_from(index / 8).ok()?)?;
        Some(byte & (0x80 >> (index % 8)) != 0)
    }

    /// Sets the bit of an entry; says whether there is such an entry.
    pub fn set(&mut self, index: u32) -> bool {
        let byte = usize::try_from(index / 8).ok().and_then(|i| self.0.get_mut(i));
        byte.map(|b| *b |= 0x80 >> (index % 8)).is_some()
    }
}

impl std::fmt::Debug for Bitstring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let set: u32 = self.0.iter().map(|b| b.count_ones()).sum();
        write!(f, "Bitstring({set} of {} set)", self.len())
    }
}

/// `encodedList`: `u` and unpadded base64url of gzip. The same list always gives the same text.
#[must_use]
pub fn encode(list: &Bitstring) -> String {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let packed = gzip.write_all(&list.0).and_then(|()| gzip.finish());
    // Writing to a vector cannot fail; an empty text would be read as no list, never as an empty one.
    packed.map_or_else(|_| String::new(), |bytes| format!("u{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Reads `encodedList`.
///
/// # Errors
/// If it is not what [`encode`] writes, too long, or shorter than `least` entries ([`MIN_ENTRIES`], unless an
/// operator knows an issuer whose lists are shorter).
pub fn decode(encoded: &str, least: u32) -> Result<Bitstring, BadBitstring> {
    let text = encoded.strip_prefix('u').ok_or(BadBitstring::Encoding)?;
    let packed = URL_SAFE_NO_PAD.decode(text).map_err(|_| BadBitstring::Encoding)?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    GzDecoder::new(packed.as_slice())
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| BadBitstring::Gzip { why: e.to_string() })?;
    if bytes.len() > MAX_BYTES {
        return Err(BadBitstring::TooLong { most: MAX_BYTES });
    }
    let list = Bitstring(bytes);
    if u64::try_from(list.len()).unwrap_or(u64::MAX) < u64::from(least) {
        return Err(BadBitstring::TooShort { has: list.len(), least });
    }
    Ok(list)
}

/// The bit of one entry of an `encodedList`.
///
/// # Errors
/// As [`decode`], with [`MIN_ENTRIES`]; an index beyond the end is [`BadBitstring::TooShort`].
pub fn decode_bit(encoded: &str, index: u32) -> Result<bool, BadBitstring> {
    let list = decode(encoded, MIN_ENTRIES)?;
    list.bit(index).ok_or(BadBitstring::TooShort {
        has: list.len(),
        least: MIN_ENTRIES,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_with_index_0_left_most() {
        let mut list = Bitstring::new(MIN_ENTRIES);
        for index in [0, 9, 131_071] {
            assert!(list.set(index));
        }
        assert!(!list.set(131_072));
        assert_eq!(list.0[..2], [0x80, 0x40]);
        let text = encode(&list);
        assert!(text.starts_with("uH4sI"), "{text}");
        assert_eq!(decode(&text, MIN_ENTRIES), Ok(list));
        assert_eq!(decode_bit(&text, 9), Ok(true));
        assert_eq!(decode_bit(&text, 8), Ok(false));
        assert_eq!(
            decode_bit(&text, 131_072),
            Err(BadBitstring::TooShort {
                has: 131_072,
                least: MIN_ENTRIES
            })
        );
    }

    #[test]
    fn hostile_lists_are_refused() {
        assert_eq!(decode("H4sI", 8), Err(BadBitstring::Encoding));
        assert_eq!(decode("u!!", 8), Err(BadBitstring::Encoding));
        assert!(matches!(decode("uAAAA", 8), Err(BadBitstring::Gzip { .. })));
        let short = encode(&Bitstring::new(100_000));
        assert_eq!(
            decode(&short, MIN_ENTRIES),
            Err(BadBitstring::TooShort {
                has: 100_000,
                least: MIN_ENTRIES
            })
        );
        assert!(decode(&short, 100_000).is_ok());
        let bomb = encode(&Bitstring::new(u32::MAX / 8));
        assert_eq!(
            decode(&bomb, MIN_ENTRIES),
            Err(BadBitstring::TooLong { most: MAX_BYTES })
        );
        // Nothing past the cap is unpacked: else this one's missing end would be seen.
        let endless = bomb.get(..bomb.len() - 8).unwrap();
        assert_eq!(
            decode(endless, MIN_ENTRIES),
            Err(BadBitstring::TooLong { most: MAX_BYTES })
        );
        let mut cut = encode(&Bitstring::new(MIN_ENTRIES));
        cut.truncate(20);
        assert!(matches!(decode(&cut, MIN_ENTRIES), Err(BadBitstring::Gzip { .. })));
    }
}

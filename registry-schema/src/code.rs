//! Short codes: what a person types instead of sending a file.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Crockford's base 32 (no I, L, O, U).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A credential's short code: two letters of its agency, ten random characters of Crockford base 32, and one check
/// character (Luhn mod 32: finds every single wrong character and nearly every swap of neighbours).
///
/// Shown as `NC-4K2M9-QXR7T-3`; read in any case and spacing, with I and L for 1 and O for 0.
/// Fifty random bits: a code is a *name* that is hard to guess when look-ups are limited in rate, not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, example = "NC-4K2M9-QXR7T-3"))]
#[serde(try_from = "String", into = "String")]
pub struct CredentialCode([u8; 13]);

/// The text is no credential code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCredentialCode {
    /// Not thirteen characters of the alphabet.
    #[error("`{0}` is no credential code: it has 13 letters and digits, like NC-4K2M9-QXR7T-3")]
    Shape(String),
    /// The last character does not fit the others.
    #[error("`{0}` has a typing mistake: its last character does not fit the others")]
    Check(String),
}

impl CredentialCode {
    /// The code of the agency with these two letters and fifty random bits (the lowest of `random`).
    #[must_use]
    pub fn new(agency: [u8; 2], random: u64) -> Self {
        let mut code = [b'0'; 13];
        for (place, letter) in code.iter_mut().zip(agency) {
            *place = letter.to_ascii_uppercase();
        }
        for (i, place) in code.iter_mut().skip(2).take(10).enumerate() {
            *place = symbol((random >> (5 * i)) & 31);
        }
        let check = check_symbol(&code);
        if let Some(last) = code.last_mut() {
            *last = check;
        }
        Self(code)
    }

    /// The two letters of the agency.
    #[must_use]
    pub fn agency_letters(&self) -> [u8; 2] {
        let [a, b, ..] = self.0;
        [a, b]
    }

    /// The thirteen characters without hyphens: the form for storage and URLs.
    #[must_use]
    pub fn compact(&self) -> String {
        self.0.iter().map(|b| char::from(*b)).collect()
    }
}

fn symbol(value: u64) -> u8 {
    usize::try_from(value & 31)
        .ok()
        .and_then(|i| ALPHABET.get(i))
        .copied()
        .unwrap_or(b'0')
}

/// A letter's value for the check: its place in the alphabet; the letters that the alphabet lacks (an agency may
/// have them) count by their place in A to Z.
fn value(symbol: u8) -> u64 {
    let place = ALPHABET.iter().position(|s| *s == symbol);
    place.map_or_else(|| u64::from(symbol.wrapping_sub(b'A')) & 31, |p| p as u64)
}

fn check_symbol(code: &[u8; 13]) -> u8 {
    let mut factor = 2;
    let mut sum = 0;
    for s in code.iter().take(12).rev() {
        let addend = factor * value(*s);
        sum += addend / 32 + addend % 32;
        factor = 3 - factor;
    }
    symbol((32 - sum % 32) % 32)
}

impl FromStr for CredentialCode {
    type Err = BadCredentialCode;

    fn from_str(text: &str) -> Result<Self, BadCredentialCode> {
        let shown = || text.chars().take(32).collect::<String>();
        let mut code = [0_u8; 13];
        let mut count = 0;
        for c in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let upper = u8::try_from(c.to_ascii_uppercase()).map_err(|_| BadCredentialCode::Shape(shown()))?;
            let read = match upper {
                letter @ b'A'..=b'Z' if count < 2 => letter,
                _ if count < 2 => return Err(BadCredentialCode::Shape(shown())),
                b'I' | b'L' => b'1',
                b'O' => b'0',
                other if ALPHABET.contains(&other) => other,
                _ => return Err(BadCredentialCode::Shape(shown())),
            };
            *code.get_mut(count).ok_or_else(|| BadCredentialCode::Shape(shown()))? = read;
            count += 1;
        }
        if count != code.len() {
            return Err(BadCredentialCode::Shape(shown()));
        }
        if code.last() == Some(&check_symbol(&code)) {
            Ok(Self(code))
        } else {
            Err(BadCredentialCode::Check(shown()))
        }
    }
}

impl fmt::Display for CredentialCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, b) in self.0.iter().enumerate() {
            if matches!(i, 2 | 7 | 12) {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*b))?;
        }
        Ok(())
    }
}

impl TryFrom<String> for CredentialCode {
    type Error = BadCredentialCode;

    fn try_from(text: String) -> Result<Self, BadCredentialCode> {
        text.parse()
    }
}

impl From<CredentialCode> for String {
    fn from(code: CredentialCode) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back_in_any_case_and_spacing() {
        let code = CredentialCode::new(*b"NC", 0x2_1234_5678_9abc);
        let shown = code.to_string();
        assert_eq!(shown.len(), 16);
        for text in [
            shown.clone(),
            shown.to_lowercase(),
            shown.replace('-', " "),
            shown.replace('-', ""),
        ] {
            assert_eq!(text.parse(), Ok(code), "{text}");
        }
    }

    #[test]
    fn every_single_wrong_character_is_found() {
        for seed in 0..50_u64 {
            let code = CredentialCode::new(*b"TN", seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)).compact();
            for place in 2..13 {
                for wrong in ALPHABET {
                    let mut text = code.clone().into_bytes();
                    if text[place] == *wrong {
                        continue;
                    }
                    text[place] = *wrong;
                    let text = String::from_utf8(text).unwrap();
                    assert!(text.parse::<CredentialCode>().is_err(), "{code} {text}");
                }
            }
        }
    }
}

//! From bytes to a badge: which form a file has, and where in it the credential stands.
//!
//! Any bytes give an answer: an [`OpenBadge`], or an [`UnreadableBadge`] that a person can act on. Limits come first, so
//! that hostile bytes cost little.

mod png;
mod reasons;
mod svg;

use registry_schema::Phrase;
use serde_json::Value;

use crate::{OpenBadge, badge, json, jwt};

pub use png::bake_png;
pub use reasons::{NextStep, OtherFileKind, SvgProblem, UnreadableReason};
pub use svg::bake_svg;

/// The most bytes that a file may have.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The form in which a badge came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadgeFormat {
    /// A JSON-LD document.
    Json,
    /// A PNG image with the credential baked in.
    Png,
    /// An SVG image with the credential baked in.
    Svg,
    /// A compact JSON Web Token (VC-JWT).
    Jwt,
}

/// A file in which no badge could be read: where reading stopped, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableBadge {
    /// The place where reading stopped, and why.
    pub stopped: UnreadableReason,
    /// The next step for the person who has the file.
    pub next: NextStep,
}

impl From<&UnreadableBadge> for Phrase {
    fn from(why: &UnreadableBadge) -> Self {
        Self::Clauses(vec![why.stopped.clone().into(), why.next.clone().into()])
    }
}

impl UnreadableBadge {
    pub(crate) const fn new(stopped: UnreadableReason, next: NextStep) -> Self {
        Self { stopped, next }
    }
}

/// Finds out the form, takes the credential out of it, and reads it.
///
/// # Errors
/// If no credential could be read; it says why.
pub fn read(bytes: &[u8]) -> Result<OpenBadge, UnreadableBadge> {
    if bytes.len() > MAX_BYTES {
        return Err(UnreadableBadge::new(
            UnreadableReason::TooLarge {
                bytes: bytes.len(),
                most: MAX_BYTES,
            },
            NextStep::SendFileNoArchive,
        ));
    }
    if bytes.starts_with(&png::SIGNATURE) {
        return png::credential(bytes).and_then(|text| embedded(&text, BadgeFormat::Png));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map(str::trim)
        .map_err(|e| strange(bytes, e.valid_up_to()))?;
    match text.as_bytes() {
        [] => Err(UnreadableBadge::new(UnreadableReason::Empty, NextStep::DownloadAgain)),
        [b'<', ..] => svg::credential(text).and_then(|text| embedded(&text, BadgeFormat::Svg)),
        _ => embedded(text, BadgeFormat::Json),
    }
}

/// Reads what stood in a file: JSON, or a token.
fn embedded(text: &str, form: BadgeFormat) -> Result<OpenBadge, UnreadableBadge> {
    let text = text.trim();
    if jwt::is_token(text) {
        return jwt::read(
            text,
            if form == BadgeFormat::Json {
                BadgeFormat::Jwt
            } else {
                form
            },
        );
    }
    if !text.starts_with(['{', '[', '"']) {
        return Err(UnreadableBadge::new(
            UnreadableReason::NoKnownForm,
            NextStep::SendAsReceived,
        ));
    }
    let document = json::read(text.as_bytes())
        .map_err(|why| UnreadableBadge::new(UnreadableReason::Json { why }, NextStep::DownloadAgain))?;
    match enveloped(&document) {
        Some(token) => jwt::read(token, form),
        None => badge::parse(document, form),
    }
}

/// The token in an `EnvelopedVerifiableCredential` (VCDM 2.0, §4.13).
pub(crate) fn enveloped(document: &Value) -> Option<&str> {
    let is_envelope = |kind: &Value| kind == "EnvelopedVerifiableCredential";
    let kind = document.get("type")?;
    if !is_envelope(kind) && !kind.as_array()?.iter().any(is_envelope) {
        return None;
    }
    let id = document.get("id")?.as_str()?;
    id.strip_prefix("data:application/vc+jwt,")
}

/// Says what a file that is no text might be.
fn strange(bytes: &[u8], at: usize) -> UnreadableBadge {
    let known = [
        (&b"%PDF"[..], OtherFileKind::Pdf),
        (b"PK\x03\x04", OtherFileKind::Zip),
        (b"\xff\xd8\xff", OtherFileKind::Jpeg),
        (b"GIF8", OtherFileKind::Gif),
        (b"\xff\xfe", OtherFileKind::Utf16),
        (b"\xfe\xff", OtherFileKind::Utf16),
    ];
    let stopped = match known.into_iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, kind)) => UnreadableReason::OtherFile { kind },
        None => UnreadableReason::NoText { at },
    };
    UnreadableBadge::new(stopped, NextStep::SendBadge)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use registry_schema::Wording as _;

    use super::*;
    use crate::said;

    const BADGE: &str = include_str!("../fixtures/digitalbazaar-ob-3.0.3.json");
    /// One grey pixel.
    const PIXEL: &[u8] = &[
        137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 58, 126,
        155, 85, 0, 0, 0, 10, 73, 68, 65, 84, 120, 156, 99, 104, 0, 0, 0, 130, 0, 129, 119, 205, 114, 182, 0, 0, 0, 0,
        73, 69, 78, 68, 174, 66, 96, 130,
    ];

    fn stopped(bytes: &[u8]) -> String {
        let start = Instant::now();
        let unreadable = read(bytes).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(5), "slow: {:?}", start.elapsed());
        let text = said(&unreadable);
        assert!(!text.ends_with('.') && text.len() < 400, "{text}");
        let spanish = words::Language::Spanish.say(&Phrase::from(&unreadable));
        assert!(!spanish.ends_with('.') && spanish != text, "{spanish}");
        text
    }

    #[test]
    fn the_same_badge_reads_from_json_png_and_svg() {
        let plain = read(BADGE.as_bytes()).unwrap();
        assert_eq!(plain.faults, []);
        let baked = bake_png(PIXEL, BADGE).unwrap();
        let png = read(&baked).unwrap();
        assert_eq!((png.form, &png.document), (BadgeFormat::Png, &plain.document));
        let svg = format!(
            "<?xml version=\"1.0\"?><!-- hi --><svg xmlns=\"http://www.w3.org/2000/svg\" \
             xmlns:openbadges=\"https://purl.imsglobal.org/ob/v3p0\">\
             <openbadges:credential><![CDATA[\n{BADGE}\n]]></openbadges:credential><circle r=\"1\"/></svg>"
        );
        let svg = read(svg.as_bytes()).unwrap();
        assert_eq!((svg.form, &svg.document), (BadgeFormat::Svg, &plain.document));
        let bom = [b"\xef\xbb\xbf  ", BADGE.as_bytes()].concat();
        assert_eq!(read(&bom).unwrap().document, plain.document);
    }

    #[test]
    fn what_is_baked_into_an_svg_reads_as_what_it_was() {
        let named = BADGE.replacen("\"name\": \"", "\"name\": \"<![CDATA[&amp;]]> ", 1);
        assert_ne!(named, BADGE);
        let plain = read(named.as_bytes()).unwrap();
        let picture = "<?xml version=\"1.0\"?><!-- <svg> --><svg xmlns=\"http://www.w3.org/2000/svg\"><g/></svg>";
        let baked = bake_svg(picture, &named).unwrap();
        assert_eq!(read(baked.as_bytes()).unwrap().document, plain.document);
        assert_eq!(
            bake_svg(&baked, BADGE).unwrap_err().stopped,
            UnreadableReason::PictureWithBadge
        );
        let marked = format!("\u{feff}{picture}");
        let baked = bake_svg(&marked, &named).unwrap();
        assert_eq!(
            read(baked.as_bytes()).unwrap().document,
            plain.document,
            "after a byte order mark"
        );
        let empty = "<svg xmlns:o=\"https://purl.imsglobal.org/ob/v3p0\"><o:credential/></svg>";
        assert!(stopped(empty.as_bytes()).contains("nothing in it"));
        assert_eq!(
            bake_svg(empty, BADGE).unwrap_err().stopped,
            UnreadableReason::PictureWithElement
        );
        for no_picture in [
            "",
            "<html><svg/></html>",
            "<svg/>",
            "text",
            "<svg>",
            "PK<svg></svg>",
            "&amp;<svg></svg>",
            "<![CDATA[x]]><svg></svg>",
        ] {
            assert!(bake_svg(no_picture, BADGE).is_err(), "{no_picture}");
        }
    }

    #[test]
    fn a_png_has_exactly_one_badge_uncompressed_and_whole() {
        let baked = bake_png(PIXEL, BADGE).unwrap();
        assert!(stopped(PIXEL).contains("no badge inside"));
        let twice = bake_png(&baked, BADGE).unwrap_err();
        assert_eq!(twice.stopped, UnreadableReason::PictureWithBadge);
        // The chunk begins after signature (8) and header (25); its text after length, type, keyword and four zeros.
        let end = 33 + 12 + 19 + 5 + BADGE.len();
        let chunk = &baked[33..end];
        assert!(stopped(&[&baked[..end], chunk, &baked[end..]].concat()).contains("more than one"));
        let mut compressed = baked.clone();
        compressed[33 + 8 + 19 + 1] = 1;
        assert!(stopped(&compressed).contains("damaged"));
        for cut in [8, 20, 40, 100, baked.len() - 4] {
            assert!(
                stopped(&baked[..cut]).contains("end"),
                "cut at {cut}: {}",
                stopped(&baked[..cut])
            );
        }
        let mut endless = baked.clone();
        endless[33] = 0xff;
        assert!(stopped(&endless).contains("end"));
    }

    #[test]
    fn an_svg_has_exactly_one_badge() {
        let ns = "xmlns:o=\"https://purl.imsglobal.org/ob/v3p0\"";
        assert!(stopped(b"<svg/>").contains("no badge inside"));
        let two = format!("<svg {ns}><o:credential verify=\"{{}}\"/><o:credential verify=\"{{}}\"/></svg>");
        assert!(stopped(two.as_bytes()).contains("more than one"));
        assert!(
            stopped(b"<svg xmlns:o=\"https://evil.example\"><o:credential verify=\"{}\"/></svg>")
                .contains("no badge inside")
        );
        assert!(stopped(b"<svg><a></svg>").contains("XML"));
        let bomb = format!("<!DOCTYPE s [<!ENTITY a \"b\">]><svg {ns}><o:credential>&a;</o:credential></svg>");
        assert!(stopped(bomb.as_bytes()).contains("XML"), "{}", stopped(bomb.as_bytes()));
        assert!(stopped("<a>".repeat(600_000).as_bytes()).contains("XML"));
    }

    #[test]
    fn hostile_and_foreign_bytes_say_where_reading_stopped() {
        assert!(stopped(b"").contains("empty"));
        assert!(stopped(b"  \n").contains("empty"));
        assert!(stopped(b"%PDF-1.7 \xff\xff").contains("PDF"));
        assert!(stopped(b"hello").contains("no JSON"));
        assert!(stopped(b"{\"a\":1,\"a\":2}").contains("`a` stands twice"));
        assert!(stopped("[".repeat(MAX_BYTES).as_bytes()).contains("64 levels"));
        assert!(stopped("{\"a\":".repeat(200_000).as_bytes()).contains("64 levels"));
        assert!(stopped(&vec![b'7'; MAX_BYTES + 1]).contains("bytes"));
        assert!(stopped(b"[1,2]").contains("no JSON object"));
        assert!(stopped(b"eyJhbGciOiJFZERTQSJ9.eyJ2YyI6e319.c2ln").contains("no credential"));
        assert!(stopped(&BADGE.as_bytes()[..BADGE.len() / 2]).contains("EOF"));
        let mut noise = Vec::with_capacity(MAX_BYTES);
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        while noise.len() < MAX_BYTES {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise.extend_from_slice(&state.to_le_bytes());
        }
        stopped(&noise);
        let png_noise = [&PIXEL[..33], &noise[..MAX_BYTES - 64]].concat();
        stopped(&png_noise);
    }

    #[test]
    fn every_cut_and_every_flipped_bit_gives_an_answer() {
        let baked = bake_png(PIXEL, BADGE).unwrap();
        for end in 0..baked.len() {
            assert!(read(&baked[..end]).is_err(), "{end}");
        }
        for at in 0..BADGE.len() {
            let mut bytes = BADGE.as_bytes().to_vec();
            bytes[at] ^= 0x41;
            let _: Result<OpenBadge, UnreadableBadge> = read(&bytes);
        }
    }
}

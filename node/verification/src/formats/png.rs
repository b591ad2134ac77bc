//! Badges baked into PNG images: one uncompressed iTXt chunk (Open Badges 3.0, §5.3.1).

use super::{NextStep, UnreadableBadge, UnreadableReason};

/// The first eight bytes of every PNG file.
pub(super) const SIGNATURE: [u8; 8] = [137, 80, 78, 71, 13, 10, 26, 10];
const KEYWORD: &[u8] = b"openbadgecredential\0";
const OLD_KEYWORD: &[u8] = b"openbadges\0";
/// A picture of two megabytes with more chunks than this is no picture.
const MAX_CHUNKS: usize = 10_000;

struct PngChunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
    /// True if its checksum fits.
    whole: bool,
    /// The bytes after it.
    rest: &'a [u8],
}

fn ended() -> UnreadableBadge {
    UnreadableBadge::new(UnreadableReason::PngDamaged, NextStep::DownloadAgain)
}

fn damaged() -> UnreadableBadge {
    UnreadableBadge::new(UnreadableReason::PngBadgeDamaged, NextStep::DownloadAgain)
}

fn chunk(bytes: &[u8]) -> Option<PngChunk<'_>> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (checked, after) = rest.split_at_checked(length.checked_add(4)?)?;
    let (crc, rest) = after.split_first_chunk::<4>()?;
    let (kind, data) = checked.split_first_chunk::<4>()?;
    Some(PngChunk {
        kind: *kind,
        data,
        whole: crc32fast::hash(checked) == u32::from_be_bytes(*crc),
        rest,
    })
}

/// The text of the one badge in an image.
pub(super) fn credential(bytes: &[u8]) -> Result<String, UnreadableBadge> {
    let mut rest = bytes.strip_prefix(&SIGNATURE).ok_or_else(ended)?;
    let mut found = None;
    let mut old = false;
    for _ in 0..MAX_CHUNKS {
        let chunk = chunk(rest).ok_or_else(ended)?;
        rest = chunk.rest;
        if &chunk.kind == b"iTXt" && chunk.data.starts_with(KEYWORD) && found.replace(text(&chunk)?).is_some() {
            return Err(UnreadableBadge::new(
                UnreadableReason::PngManyBadges,
                NextStep::AskForOneInImage,
            ));
        }
        match &chunk.kind {
            b"iTXt" | b"tEXt" | b"zTXt" if chunk.data.starts_with(OLD_KEYWORD) => old = true,
            b"IEND" => {
                return found.ok_or_else(|| match old {
                    true => UnreadableBadge::new(UnreadableReason::PngOlderBadge, NextStep::AskForOpenBadge),
                    false => UnreadableBadge::new(UnreadableReason::PngNoBadge, NextStep::AskForFileNoScreenshot),
                });
            }
            _ => {}
        }
    }
    Err(ended())
}

/// The text of an iTXt chunk: after the keyword, two bytes on compression, then language and translated keyword.
fn text(chunk: &PngChunk<'_>) -> Result<String, UnreadableBadge> {
    let after = chunk
        .data
        .strip_prefix(KEYWORD)
        .filter(|_| chunk.whole)
        .ok_or_else(damaged)?;
    let [0, _, named @ ..] = after else {
        return Err(damaged());
    };
    let mut parts = named.splitn(3, |b| *b == 0);
    let text = parts.nth(2).ok_or_else(damaged)?;
    String::from_utf8(text.to_vec()).map_err(|_| damaged())
}

/// Writes a credential into a PNG image, right after its header.
///
/// # Errors
/// If the image is no PNG, or holds a badge already.
pub fn bake_png(png: &[u8], credential_json: &str) -> Result<Vec<u8>, UnreadableBadge> {
    let no_image = || UnreadableBadge::new(UnreadableReason::NoPng, NextStep::ChoosePng);
    match credential(png) {
        Err(e) if e.stopped == UnreadableReason::PngNoBadge => {}
        Ok(_) => {
            return Err(UnreadableBadge::new(
                UnreadableReason::PictureWithBadge,
                NextStep::ChooseWithoutBadge,
            ));
        }
        Err(_) => return Err(no_image()),
    }
    let body = png.strip_prefix(&SIGNATURE).ok_or_else(no_image)?;
    let header = chunk(body)
        .filter(|c| &c.kind == b"IHDR" && c.whole)
        .ok_or_else(no_image)?;
    let (before, after) = png
        .split_at_checked(png.len() - header.rest.len())
        .ok_or_else(no_image)?;
    let mut checked = b"iTXt".to_vec();
    checked.extend_from_slice(KEYWORD);
    checked.extend_from_slice(&[0; 4]);
    checked.extend_from_slice(credential_json.as_bytes());
    let length = u32::try_from(checked.len() - 4).map_err(|_| no_image())?;
    let crc = crc32fast::hash(&checked);
    Ok([before, &length.to_be_bytes(), &checked, &crc.to_be_bytes(), after].concat())
}

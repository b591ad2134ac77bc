//! Badges baked into SVG images: one `openbadges:credential` element (Open Badges 3.0, §5.3.2), with the credential
//! as JSON in its content, or as a token in its `verify` attribute.
//!
//! No entity of a document type is ever resolved.

use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesStart, Event},
    name::{Namespace, ResolveResult},
};

use super::{NextStep, SvgProblem, UnreadableBadge, UnreadableReason};

const NAMESPACE: Namespace<'_> = Namespace("https://purl.imsglobal.org/ob/v3p0");
/// The deepest nesting that the picture may have.
const MAX_DEPTH: u32 = 256;

const fn broken(why: SvgProblem) -> UnreadableBadge {
    UnreadableBadge::new(UnreadableReason::SvgBroken { why }, NextStep::DownloadAgain)
}

/// The same, in the words of the library.
fn broken_xml(why: impl std::fmt::Display) -> UnreadableBadge {
    broken(SvgProblem::Xml {
        why: why.to_string().chars().take(160).collect(),
    })
}

/// The text of the one badge in an image.
pub(super) fn credential(text: &str) -> Result<String, UnreadableBadge> {
    let mut reader = NsReader::from_str(text);
    let mut found: Option<String> = None;
    let mut depth = 0_u32;
    // The depth of the element whose content is being read.
    let mut inside: Option<u32> = None;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(broken_xml)?;
        let ours = namespace == ResolveResult::Bound(NAMESPACE);
        match event {
            Event::Start(start) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(broken(SvgProblem::TooDeep { most: MAX_DEPTH }));
                }
                if ours && start.local_name().as_ref() == "credential" {
                    begin(&mut found, &start)?;
                    inside = Some(depth);
                }
            }
            Event::Empty(start) if ours && start.local_name().as_ref() == "credential" => begin(&mut found, &start)?,
            Event::End(_) => {
                if inside == Some(depth) {
                    inside = None;
                }
                depth = depth.saturating_sub(1);
            }
            Event::CData(content) if inside == Some(depth) => append(&mut found, &content.into_inner()),
            Event::Text(content) if inside == Some(depth) => append(&mut found, &content.into_inner()),
            Event::GeneralRef(reference) if inside == Some(depth) => {
                append(
                    &mut found,
                    entity(&reference.into_inner()).ok_or_else(|| broken(SvgProblem::UnknownEntity))?,
                );
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if depth > 0 {
        return Err(broken(SvgProblem::NoEnd));
    }
    let nothing = |stopped| UnreadableBadge::new(stopped, NextStep::AskForFileNotEdited);
    let found = found.ok_or_else(|| nothing(UnreadableReason::SvgNoBadge))?;
    match found.trim().is_empty() {
        true => Err(nothing(UnreadableReason::SvgEmptyBadge)),
        false => Ok(found),
    }
}

/// Writes a credential into an SVG image, right after the beginning of its root element.
///
/// # Errors
/// If the image is no SVG, or holds a badge already.
pub fn bake_svg(svg: &str, credential_json: &str) -> Result<String, UnreadableBadge> {
    let no_image = || UnreadableBadge::new(UnreadableReason::NoSvg, NextStep::ChooseSvg);
    let svg = svg.trim_start_matches('\u{feff}');
    match credential(svg) {
        Err(e) if e.stopped == UnreadableReason::SvgNoBadge => {}
        // A second element beside an empty one could not be read.
        Err(e) if e.stopped == UnreadableReason::SvgEmptyBadge => {
            return Err(UnreadableBadge::new(
                UnreadableReason::PictureWithElement,
                NextStep::ChooseWithoutElement,
            ));
        }
        Ok(_) => {
            return Err(UnreadableBadge::new(
                UnreadableReason::PictureWithBadge,
                NextStep::ChooseWithoutBadge,
            ));
        }
        Err(_) => return Err(no_image()),
    }
    let mut reader = NsReader::from_str(svg);
    loop {
        match reader.read_event().map_err(broken_xml)? {
            Event::Start(root) if root.local_name().as_ref() == "svg" => break,
            // Whoever reads it knows a picture by its first character.
            Event::Text(text) if text.trim().is_empty() => {}
            Event::Decl(_) | Event::DocType(_) | Event::Comment(_) | Event::PI(_) => {}
            _ => return Err(no_image()),
        }
    }
    let place = usize::try_from(reader.buffer_position()).map_err(|_| no_image())?;
    let (before, after) = svg.split_at_checked(place).ok_or_else(no_image)?;
    // In JSON these three can only stand in a text, and there they may be written so.
    let json = credential_json.replace("]]>", "]]\\u003e");
    let Namespace(namespace) = NAMESPACE;
    Ok(format!(
        "{before}<openbadges:credential xmlns:openbadges=\"{namespace}\"><![CDATA[{json}]]></openbadges:credential>{after}"
    ))
}

/// Begins the one credential, with what stands in its `verify` attribute.
fn begin(found: &mut Option<String>, start: &BytesStart<'_>) -> Result<(), UnreadableBadge> {
    if found.is_some() {
        return Err(UnreadableBadge::new(
            UnreadableReason::SvgManyBadges,
            NextStep::AskForOneInImage,
        ));
    }
    let verify = start.try_get_attribute("verify").map_err(broken_xml)?;
    let verify = match verify {
        Some(attribute) => attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(broken_xml)?
            .into_owned(),
        None => String::new(),
    };
    *found = Some(verify);
    Ok(())
}

fn append(found: &mut Option<String>, content: &str) {
    if let Some(text) = found {
        // The attribute, if there is one, is the credential; white space beside it is none.
        if text.is_empty() || !content.trim().is_empty() {
            text.push_str(content);
        }
    }
}

/// The five entities of XML itself.
fn entity(name: &str) -> Option<&'static str> {
    Some(match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    })
}

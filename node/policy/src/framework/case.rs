//! CASE packages (1EdTech Competencies and Academic Standards Exchange 1.1, `CFPackage`; and exports of 1.0 as they are
//! found: wrapped in `CFPackage` or not, with empty strings or `null` where nothing is said, and links as objects or as
//! bare URIs).
//!
//! What is not used here is not read: rubrics, definitions, and associations other than `isChildOf`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::{
    BadFramework, Framework, FrameworkElement, FrameworkSource, ImportNotes, MAX_ASSOCIATIONS, MAX_ID, MAX_ITEMS,
    MAX_TEXT, ParsedFramework,
};

/// A text; an empty one and `null` stand for none.
#[derive(Clone, Debug, Default)]
struct CfText(Option<String>);

impl<'de> Deserialize<'de> for CfText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(Self(
            text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        ))
    }
}

/// Several texts; a single one stands for itself, and an empty one for none.
#[derive(Clone, Debug, Default)]
struct CfTextList(Vec<String>);

impl<'de> Deserialize<'de> for CfTextList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrManyTexts {
            One(String),
            Many(Vec<Option<String>>),
            Other(IgnoredAny),
        }
        let texts = match OneOrManyTexts::deserialize(deserializer)? {
            OneOrManyTexts::One(text) => vec![text],
            OneOrManyTexts::Many(texts) => texts.into_iter().flatten().collect(),
            OneOrManyTexts::Other(_) => Vec::new(),
        };
        let texts = texts.into_iter().map(|text| text.trim().to_owned());
        Ok(Self(texts.filter(|text| !text.is_empty()).collect()))
    }
}

/// A link to a document or an item.
#[derive(Clone, Debug, Default)]
struct CfLink {
    id: Option<String>,
    uri: Option<String>,
    title: Option<String>,
}

impl<'de> Deserialize<'de> for CfLink {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct CfLinkObject {
            #[serde(default)]
            identifier: CfText,
            #[serde(default)]
            uri: CfText,
            #[serde(default)]
            title: CfText,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum UriOrLink {
            Uri(String),
            Object(CfLinkObject),
            Other(IgnoredAny),
        }
        Ok(match UriOrLink::deserialize(deserializer)? {
            UriOrLink::Uri(uri) => Self {
                uri: Some(uri.trim().to_owned()).filter(|uri| !uri.is_empty()),
                ..Self::default()
            },
            UriOrLink::Object(CfLinkObject { identifier, uri, title }) => Self {
                id: identifier.0,
                uri: uri.0,
                title: title.0,
            },
            UriOrLink::Other(_) => Self::default(),
        })
    }
}

#[derive(Deserialize)]
struct WrappedPackage {
    #[serde(rename = "CFPackage")]
    package: CfPackage,
}

#[derive(Deserialize)]
struct CfPackage {
    #[serde(rename = "CFDocument")]
    document: CfDocument,
    #[serde(rename = "CFItems", default)]
    items: Option<Vec<CfItem>>,
    #[serde(rename = "CFAssociations", default)]
    associations: Option<Vec<CfAssociation>>,
}

#[derive(Deserialize)]
struct CfDocument {
    #[serde(default)]
    identifier: CfText,
    #[serde(default)]
    uri: CfText,
    #[serde(default)]
    title: CfText,
    #[serde(default)]
    creator: CfText,
    #[serde(default)]
    version: CfText,
    #[serde(default)]
    subject: CfTextList,
    #[serde(rename = "CFPackageURI", default)]
    package: CfLink,
}

#[derive(Deserialize)]
struct CfItem {
    #[serde(default)]
    identifier: CfText,
    #[serde(default)]
    uri: CfText,
    #[serde(rename = "fullStatement", default)]
    full: CfText,
    #[serde(rename = "abbreviatedStatement", default)]
    abbreviated: CfText,
    #[serde(rename = "humanCodingScheme", default)]
    code: CfText,
    #[serde(rename = "CFItemType", default)]
    kind: CfText,
    #[serde(default)]
    subject: CfTextList,
}

#[derive(Deserialize)]
struct CfAssociation {
    #[serde(rename = "associationType", default)]
    kind: CfText,
    #[serde(rename = "originNodeURI", default)]
    origin: CfLink,
    #[serde(rename = "destinationNodeURI", default)]
    destination: CfLink,
}

/// Reads a package.
///
/// # Errors
/// [`BadFramework`], with the place in the file where its form is wrong, or the item that breaks a rule.
pub fn read(text: &str) -> Result<ParsedFramework, BadFramework> {
    let no_package = |e: serde_json::Error| BadFramework(format!("this is no CASE package: {e}"));
    // Looked at first, so that a mistake within the package is told by its own line.
    let is_wrapped = serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text)
        .map_err(no_package)?
        .contains_key("CFPackage");
    let package = if is_wrapped {
        serde_json::from_str::<WrappedPackage>(text)
            .map_err(no_package)?
            .package
    } else {
        serde_json::from_str::<CfPackage>(text).map_err(no_package)?
    };
    framework(package)
}

fn framework(package: CfPackage) -> Result<ParsedFramework, BadFramework> {
    let CfPackage {
        document,
        items,
        associations,
    } = package;
    let (items, associations) = (items.unwrap_or_default(), associations.unwrap_or_default());
    if items.len() > MAX_ITEMS || associations.len() > MAX_ASSOCIATIONS {
        return Err(BadFramework(format!(
            "it has {} items and {} associations: at most {MAX_ITEMS} and {MAX_ASSOCIATIONS}",
            items.len(),
            associations.len()
        )));
    }
    let id = document.identifier.0.or(document.package.id);
    let id = id.ok_or_else(|| BadFramework("its `CFDocument` has no `identifier`".into()))?;
    let title = document.title.0.or(document.package.title);
    let title = title.ok_or_else(|| BadFramework("its `CFDocument` has no `title`".into()))?;
    let uri = document.uri.0.unwrap_or_else(|| format!("urn:uuid:{id}"));
    for (what, text, most) in [
        ("identifier", &id, MAX_ID),
        ("uri", &uri, MAX_ID),
        ("title", &title, MAX_TEXT),
    ] {
        within(&format!("its `CFDocument.{what}`"), text, most)?;
    }
    let mut notes = ImportNotes::default();
    let mut known: Vec<FrameworkElement> = Vec::with_capacity(items.len());
    for (nth, item) in items.into_iter().enumerate() {
        known.push(read_item(nth, item)?);
    }
    super::without_twins(&known)?;
    let parents = parents(&known, &associations, &id, &uri, &mut notes);
    for (item, parents) in known.iter_mut().zip(parents) {
        item.parents = parents.into_iter().collect();
    }
    let (items, depth) = super::in_order(known)?;
    let framework = Framework {
        id,
        uri,
        title,
        creator: document.creator.0,
        version: document.version.0,
        subjects: document.subject.0,
        source: FrameworkSource::Case,
        items,
    };
    Ok(ParsedFramework {
        framework,
        depth,
        notes: notes.all(),
    })
}

fn read_item(nth: usize, item: CfItem) -> Result<FrameworkElement, BadFramework> {
    let nth = nth + 1;
    let id = item.identifier.0;
    let id = id.ok_or_else(|| BadFramework(format!("item {nth} of `CFItems` has no `identifier`")))?;
    let statement = item.full.0.or(item.abbreviated.0).or_else(|| item.code.0.clone());
    let statement = statement.ok_or_else(|| {
        BadFramework(format!(
            "item `{id}` says nothing: it has neither `fullStatement` nor another text"
        ))
    })?;
    let uri = item.uri.0.unwrap_or_else(|| format!("urn:uuid:{id}"));
    within(&format!("the `identifier` of item {nth}"), &id, MAX_ID)?;
    within(&format!("the `uri` of item `{id}`"), &uri, MAX_ID)?;
    within(&format!("the statement of item `{id}`"), &statement, MAX_TEXT)?;
    let short = |text: Option<String>| text.filter(|text| text.len() <= MAX_ID);
    Ok(FrameworkElement {
        id,
        uri,
        code: short(item.code.0),
        statement,
        kind: short(item.kind.0),
        subjects: item.subject.0,
        parents: Vec::new(),
    })
}

fn within(what: &str, text: &str, most: usize) -> Result<(), BadFramework> {
    if text.len() <= most {
        Ok(())
    } else {
        Err(BadFramework(format!("{what} is longer than {most} bytes")))
    }
}

/// For each item, the items that it stands below.
fn parents(
    items: &[FrameworkElement],
    associations: &[CfAssociation],
    document: &str,
    document_uri: &str,
    notes: &mut ImportNotes,
) -> Vec<BTreeSet<String>> {
    let by_id: BTreeMap<&str, usize> = items
        .iter()
        .enumerate()
        .map(|(at, item)| (item.id.as_str(), at))
        .collect();
    let by_uri: BTreeMap<&str, usize> = items
        .iter()
        .enumerate()
        .map(|(at, item)| (item.uri.as_str(), at))
        .collect();
    let find = |link: &CfLink| {
        let by_id = link.id.as_deref().and_then(|id| by_id.get(id));
        by_id.or_else(|| by_uri.get(link.uri.as_deref()?)).copied()
    };
    let shown = |link: &CfLink| {
        let known = link.id.as_deref().or(link.uri.as_deref());
        known.unwrap_or("nothing").chars().take(80).collect::<String>()
    };
    let mut parents = vec![BTreeSet::new(); items.len()];
    for association in associations {
        if association.kind.0.as_deref() != Some("isChildOf") {
            continue;
        }
        let (origin, destination) = (&association.origin, &association.destination);
        let below_document =
            destination.id.as_deref() == Some(document) || destination.uri.as_deref() == Some(document_uri);
        match (find(origin), find(destination)) {
            (Some(child), Some(parent)) => {
                if let (Some(known), Some(parent)) = (parents.get_mut(child), items.get(parent)) {
                    known.insert(parent.id.clone());
                }
            }
            (Some(_), None) if below_document => {}
            (child, _) => notes.add(|| {
                let missing = if child.is_none() { origin } else { destination };
                format!(
                    "left out: `{}` isChildOf `{}`, since `{}` is not in the package",
                    shown(origin),
                    shown(destination),
                    shown(missing)
                )
            }),
        }
    }
    parents
}

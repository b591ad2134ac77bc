//! Frameworks, readable: which there are, and their items.

use std::collections::BTreeMap;

use askama::Template;
use policy::framework::{Framework, FrameworkElement};

use super::words::{counted, plain};
use storage::FrameworkRow;

/// `GET /frameworks`.
#[derive(Debug, Template)]
#[template(path = "frameworks.html")]
pub(crate) struct FrameworksPage {
    agency: String,
    summary: String,
    frameworks: Vec<FrameworkView>,
}

#[derive(Debug)]
struct FrameworkView {
    id: String,
    title: String,
    creator: String,
    version: String,
    items: i64,
    identifiers: &'static str,
}

/// `GET /frameworks/{id}`, in pages.
#[derive(Debug, Template)]
#[template(path = "framework.html")]
pub(crate) struct FrameworkPage {
    agency: String,
    title: String,
    lead: String,
    identifiers: &'static str,
    uri: String,
    tested: String,
    items: Vec<FrameworkItemView>,
    page: usize,
    pages: usize,
}

#[derive(Debug)]
struct FrameworkItemView {
    code: Option<String>,
    statement: String,
    uri: String,
    /// The item that it stands below.
    below: Option<String>,
}

fn identifiers(source: &str) -> &'static str {
    match source {
        "minted" => "The names are the publisher’s; this agency made the identifiers.",
        _ => "The publisher made the identifiers.",
    }
}

impl FrameworksPage {
    pub(crate) fn new(agency: &str, rows: &[FrameworkRow]) -> Self {
        let or_not_said =
            |text: &Option<String>| text.as_deref().map_or_else(|| "not said".to_owned(), |t| plain(t, 80));
        let shown = rows.iter().map(|row| FrameworkView {
            id: row.id.clone(),
            title: plain(&row.title, 120),
            creator: or_not_said(&row.creator),
            version: or_not_said(&row.version),
            items: row.items,
            identifiers: match row.source.as_str() {
                "minted" => "this agency’s",
                _ => "the publisher’s",
            },
        });
        let agency = plain(agency, 80);
        let summary = match rows.len() {
            0 => format!("{agency} has imported no framework yet."),
            many => format!("{agency} keeps {}.", counted(many, "framework", "frameworks")),
        };
        Self {
            summary,
            frameworks: shown.collect(),
            agency,
        }
    }
}

impl FrameworkPage {
    /// The number of items that a page shows: keeps it under 50 KB.
    const ITEMS: usize = 32;

    /// `page` counts from 1; one that does not exist shows the nearest.
    pub(crate) fn new(agency: &str, framework: &Framework, tested: &[String], page: usize) -> Self {
        let pages = framework.items.len().div_ceil(Self::ITEMS).max(1);
        let page = page.clamp(1, pages);
        let by_id: BTreeMap<&str, &FrameworkElement> =
            framework.items.iter().map(|item| (item.id.as_str(), item)).collect();
        let named = |item: &FrameworkElement| {
            item.code
                .as_deref()
                .map_or_else(|| plain(&item.statement, 60), |c| plain(c, 60))
        };
        let shown = framework.items.iter().skip((page - 1) * Self::ITEMS).take(Self::ITEMS);
        let items = shown.map(|item| {
            let below: Vec<String> = item
                .parents
                .iter()
                .take(1)
                .filter_map(|id| by_id.get(id.as_str()).map(|parent| named(parent)))
                .collect();
            FrameworkItemView {
                code: item.code.as_deref().map(|code| plain(code, 60)),
                statement: plain(&item.statement, 160),
                uri: plain(&item.uri, 100),
                below: (!below.is_empty()).then(|| below.join(" and ")),
            }
        });
        let by = framework.creator.as_deref().map(|by| format!(", by {}", plain(by, 80)));
        let version = framework
            .version
            .as_deref()
            .map(|v| format!(", version {}", plain(v, 40)));
        Self {
            agency: plain(agency, 80),
            title: plain(&framework.title, 120),
            lead: format!(
                "{}{}{}.",
                counted(framework.items.len(), "item", "items"),
                by.unwrap_or_default(),
                version.unwrap_or_default()
            ),
            identifiers: identifiers(framework.source.as_str()),
            uri: plain(&framework.uri, 200),
            tested: plain(&tested.join(", "), 400),
            items: items.collect(),
            page,
            pages,
        }
    }
}

#[cfg(test)]
mod tests {
    use policy::framework::FrameworkSource;

    use super::*;

    #[test]
    fn a_page_of_the_longest_items_is_short_enough_and_writes_no_markup() {
        let item = |n: usize| FrameworkElement {
            id: format!("i-{n}"),
            uri: format!("https://a.example/{n}/{}", "<&>\"'".repeat(100)),
            code: Some("<b>".repeat(50)),
            statement: "<script>".repeat(500),
            kind: None,
            subjects: vec![],
            parents: (0..n.min(3)).map(|parent| format!("i-{parent}")).collect(),
        };
        let framework = Framework {
            id: "f".into(),
            uri: "https://a.example/f".into(),
            title: "T".repeat(500),
            creator: Some("C".repeat(500)),
            version: None,
            subjects: vec![],
            source: FrameworkSource::Minted,
            items: (0..200).map(item).collect(),
        };
        let last = FrameworkPage::new("An agency", &framework, &["Mathematics".into()], 99);
        assert_eq!((last.page, last.pages, last.items.len()), (7, 7, 8));
        let first = FrameworkPage::new("An agency", &framework, &[], 0).render().unwrap();
        assert!(!first.contains("<script>") && first.contains("Below"), "{first}");
        assert!(first.len() < 50_000, "{}", first.len());
    }
}

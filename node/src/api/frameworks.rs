//! Frameworks: what achievements align to, and how far they are covered.

#![expect(
    unused_qualifications,
    reason = "utoipa's macro writes qualified names in place of ours"
)]

use api_types::consequences::ConsequencesResponse;
use axum::{
    Json,
    extract::{Path, Query, Request, State},
    http::StatusCode,
};
use policy::framework::{
    self, Framework,
    coverage::{self, CoverageReport, CoverageShare, CoveredItem},
};
use registry_schema::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    auth::AuthenticatedOperator,
    bulk,
    problem::{INVALID, NOT_FOUND, Problem, TOO_LARGE},
    recognitions::consequences_response,
    verifications::apart,
};
use storage::FrameworkRow;

/// A framework, without its items.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FrameworkSummary {
    /// Its identifier.
    id: String,
    /// Its URI.
    uri: String,
    /// Its title.
    title: String,
    /// The body that made it, if that is known.
    creator: Option<String>,
    /// Its version, if it says so.
    version: Option<String>,
    /// `case`: its publisher's CASE package. `minted`: the names are the publisher's, the identifiers this agency's.
    source: String,
    /// The subjects in which students are tested, as the operator named them.
    tested: Vec<String>,
    /// The number of its items.
    items: i64,
    /// The number of levels in which they stand below each other.
    depth: i64,
    /// The moment at which it was imported.
    imported_at: Timestamp,
}

impl TryFrom<FrameworkRow> for FrameworkSummary {
    type Error = Problem;

    fn try_from(row: FrameworkRow) -> Result<Self, Problem> {
        Ok(Self {
            tested: row.tested()?,
            id: row.id,
            uri: row.uri,
            title: row.title,
            creator: row.creator,
            version: row.version,
            source: row.source,
            items: row.items,
            depth: row.depth,
            imported_at: Timestamp(row.imported_at),
        })
    }
}

/// The frameworks that this agency imported or minted. They are its own data, and do not replicate.
#[utoipa::path(get, path = "/v1/frameworks", tag = "frameworks",
    responses((status = 200, body = Vec<FrameworkSummary>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<FrameworkSummary>>, Problem> {
    let all = app.store.frameworks().await?.into_iter();
    Ok(Json(all.map(FrameworkSummary::try_from).collect::<Result<_, _>>()?))
}

/// The subjects that are tested.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Import {
    /// The subjects in which students are tested, separated by `|`: `Mathematics|English Language Arts`.
    #[serde(default)]
    tested: String,
}

/// A framework that was imported, or with `dry_run` would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportedFramework {
    #[serde(flatten)]
    framework: FrameworkSummary,
    /// The parts of the file that were left out, in words.
    notes: Vec<String>,
    /// With `dry_run`: what would change, for a badge that is aligned to an item counts as aligned to those above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// Import a framework.
///
/// The body is a CASE 1.1 package (a 1.0 export with empty strings, with or without the `CFPackage` wrapper, is read as
/// well), or a definition to mint items from, in TOML, where nobody has published identifiers. At most 16 MiB, 50,000
/// items, 32 deep. A later import with the same identifier takes the place of the earlier one.
#[utoipa::path(post, path = "/v1/frameworks", tag = "frameworks",
    request_body(content((serde_json::Value = "application/json"), (String = "application/toml"))),
    security(("operator" = [])), params(Import, ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = ImportedFramework), (status = 401, body = Problem), (status = 413, body = Problem),
              (status = 422, description = "what is wrong with the file", body = Problem)))]
pub(super) async fn import(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    Query(asked): Query<Import>,
    request: Request,
) -> Result<(StatusCode, Json<ImportedFramework>), Problem> {
    let client = app.clients.of(request.extensions(), request.headers());
    let arriving = app
        .arriving_uploads
        .receive(client, request, framework::MAX_BYTES, too_large);
    let arrived = arriving.await?;
    let _permit = bulk::admit(&app).await?;
    let body = arrived.bytes;
    let base = {
        let registry = app.registry.snapshot();
        registry.home().map(|home| home.url.clone()).unwrap_or_default()
    };
    let read = apart(move || framework::read(&body, &base)).await?;
    let read = read.map_err(|wrong| Problem::new(&INVALID, wrong.to_string()))?;
    let notes = read.notes.clone();
    let tested = asked.tested.split('|').map(|subject| subject.trim().to_owned());
    let tested = tested.filter(|subject| !subject.is_empty()).collect();
    let new = app.registrar.import_framework(read, tested, &hand).await?;
    let consequences = match hand.dry_run {
        true => {
            let changed = &new.framework;
            let would = app.registrar.framework_consequences(&changed.id, Some(changed));
            Some(consequences_response(would.await?))
        }
        false => None,
    };
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let framework = FrameworkSummary {
        items: number(new.framework.items.len()),
        depth: number(new.depth),
        source: new.framework.source.as_str().to_owned(),
        id: new.framework.id,
        uri: new.framework.uri,
        title: new.framework.title,
        creator: new.framework.creator,
        version: new.framework.version,
        tested: new.tested,
        imported_at: new.at,
    };
    let imported = ImportedFramework {
        framework,
        notes,
        consequences,
    };
    Ok((super::created(&hand), Json(imported)))
}

/// A framework that was removed, or with `dry_run` would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Removed {
    #[serde(flatten)]
    framework: FrameworkSummary,
    /// With `dry_run`: what would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// Keep a framework no more.
///
/// What badges say that they are aligned to stays as it is; but alignment to an item counts no more for those above it, and
/// no new badge can be aligned to it. With `dry_run`, nothing is removed and the consequences are shown.
#[utoipa::path(delete, path = "/v1/frameworks/{id}", tag = "frameworks", params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    security(("operator" = [])),
    responses((status = 201, description = "removed", body = Removed), (status = 200, description = "dry run", body = Removed),
              (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<(StatusCode, Json<Removed>), Problem> {
    let row = app.registrar.remove_framework(&id, &hand).await?;
    let consequences = match hand.dry_run {
        true => Some(consequences_response(
            app.registrar.framework_consequences(&id, None).await?,
        )),
        false => None,
    };
    let removed = Removed {
        framework: row.try_into()?,
        consequences,
    };
    Ok((super::created(&hand), Json(removed)))
}

/// The answer to a framework that is too long.
pub(super) fn too_large() -> Problem {
    let most = framework::MAX_BYTES / (1024 * 1024);
    Problem::new(&TOO_LARGE, format!("a framework has at most {most} MiB"))
}

/// A framework with its items.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WholeFramework {
    #[serde(flatten)]
    framework: FrameworkSummary,
    /// Its items; parents stand before their children.
    #[serde(rename = "item")]
    items: Vec<FrameworkItem>,
}

/// An item of a framework.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FrameworkItem {
    /// Its identifier.
    id: String,
    /// Its URI: what alignments and scopes name.
    uri: String,
    /// The code by which people call it.
    code: Option<String>,
    /// Its wording.
    statement: String,
    /// The kind of item that it is.
    kind: Option<String>,
    /// The identifiers of the items that it stands below.
    parents: Vec<String>,
}

async fn row(app: &App, id: &str) -> Result<FrameworkRow, Problem> {
    let row = app.store.framework_row(id).await?;
    row.ok_or_else(|| {
        Problem::new(
            &NOT_FOUND,
            format!("there is no framework `{id}` here: see /v1/frameworks"),
        )
    })
}

/// One framework, with its items.
#[utoipa::path(get, path = "/v1/frameworks/{id}", tag = "frameworks", params(("id" = String, Path)),
    responses((status = 200, body = WholeFramework), (status = 404, body = Problem)))]
pub(super) async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<WholeFramework>, Problem> {
    let row = row(&app, &id).await?;
    let _permit = bulk::admit(&app).await?;
    let items = app.store.framework(&row).await?.items.into_iter();
    let items = items.map(|item| FrameworkItem {
        id: item.id,
        uri: item.uri,
        code: item.code,
        statement: item.statement,
        kind: item.kind,
        parents: item.parents,
    });
    Ok(Json(WholeFramework {
        items: items.collect(),
        framework: row.try_into()?,
    }))
}

/// The extent to which this agency's achievements cover a framework.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FrameworkCoverage {
    #[serde(flatten)]
    framework: FrameworkSummary,
    /// Of what the numbers are: this agency's achievements of which it has issued a badge, revoked ones included.
    base: Base,
    /// Over all items.
    all: ItemShare,
    /// The same by subject.
    subjects: BySubject,
    /// The items to which an achievement is aligned, or to one below them.
    covered: Vec<ItemCoverage>,
}

/// The items by their subjects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BySubject {
    /// Over the items of subjects in which students are tested.
    tested: ItemShare,
    /// Over the items of other subjects.
    not_tested: ItemShare,
    /// Over the items for which no subject is named.
    not_named: ItemShare,
}

/// Of what the numbers are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Base {
    /// This agency's achievements of which it has issued a badge.
    achievements: i64,
    /// The badges that it has issued for them, revoked and suspended ones included.
    badges: i64,
}

/// The number of some items that are covered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemShare {
    /// The number of them all.
    items: u64,
    /// To how many of them an achievement is aligned.
    aligned: u64,
    /// To how many an achievement is aligned, or to an item below them.
    with_below: u64,
}

impl From<CoverageShare> for ItemShare {
    fn from(share: CoverageShare) -> Self {
        Self {
            items: share.items,
            aligned: share.aligned,
            with_below: share.with_below,
        }
    }
}

/// The extent to which one item is covered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemCoverage {
    /// Its identifier.
    id: String,
    /// The code by which people call it.
    code: Option<String>,
    /// Its wording.
    statement: String,
    /// The number of achievements that are aligned to the item itself.
    achievements: u64,
    /// The number of badges that were issued for those.
    badges: u64,
    /// The number of achievements that are aligned to it or to an item below it.
    with_below: u64,
}

/// Show how far this agency's achievements cover a framework, item by item. For operators: it counts what the agency keeps.
#[utoipa::path(get, path = "/v1/frameworks/{id}/coverage", tag = "frameworks", params(("id" = String, Path)),
    security(("operator" = [])),
    responses((status = 200, body = FrameworkCoverage), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn cover(
    State(app): State<App>,
    AuthenticatedOperator(_hand): AuthenticatedOperator,
    Path(id): Path<String>,
) -> Result<Json<FrameworkCoverage>, Problem> {
    let row = row(&app, &id).await?;
    let framework = app.store.framework(&row).await?;
    let (aligned, (achievements, badges)) = app.store.alignments().await?;
    let summary = FrameworkSummary::try_from(row)?;
    let tested = summary.tested.clone();
    let counted = apart(move || coverage::of(&framework, &tested, &aligned).map(|found| (found, framework))).await?;
    let (found, framework) = counted.map_err(|e| Problem::new(&INVALID, e.to_string()))?;
    Ok(Json(FrameworkCoverage {
        framework: summary,
        base: Base { achievements, badges },
        all: found.all.into(),
        subjects: BySubject {
            tested: found.tested.into(),
            not_tested: found.not_tested.into(),
            not_named: found.no_subject.into(),
        },
        covered: covered(&found, &framework),
    }))
}

fn covered(found: &CoverageReport, framework: &Framework) -> Vec<ItemCoverage> {
    let items = found.items.iter().filter(|item| item.with_below > 0);
    let shown = |counted: &CoveredItem| {
        let item = framework.items.get(counted.place)?;
        Some(ItemCoverage {
            id: item.id.clone(),
            code: item.code.clone(),
            statement: item.statement.clone(),
            achievements: counted.achievements,
            badges: counted.badges,
            with_below: counted.with_below,
        })
    };
    items.filter_map(shown).collect()
}

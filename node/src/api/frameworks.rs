//! Frameworks: what achievements align to, and how far they are covered.

use api_types::frameworks::{
    CoverageBase, FrameworkCoverageResponse, FrameworkImportQuery, FrameworkImportResponse, FrameworkItem,
    FrameworkRemovalResponse, FrameworkResponse, FrameworkSummary, ItemCoverage, ItemShare, SubjectShares,
};
use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use policy::framework::{
    self, Framework,
    coverage::{self, CoverageReport, CoverageShare, CoveredItem},
};
use registry_schema::Timestamp;

use super::{
    App,
    auth::AuthenticatedOperator,
    body::{Body, FileContent},
    bulk,
    problem::{INVALID, NOT_FOUND, Problem},
    recognitions::consequences_response,
    verifications::on_worker,
};
use storage::FrameworkRow;

fn framework_summary(row: FrameworkRow) -> Result<FrameworkSummary, Problem> {
    Ok(FrameworkSummary {
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

/// The frameworks that this agency imported or minted. They are its own data, and do not replicate.
#[utoipa::path(get, path = api_types::routes::FRAMEWORKS.path(), tag = "frameworks",
    responses((status = 200, body = Vec<FrameworkSummary>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<FrameworkSummary>>, Problem> {
    let all = app.store.frameworks().await?.into_iter();
    Ok(Json(all.map(framework_summary).collect::<Result<_, _>>()?))
}

/// FrameworkImportQuery a framework.
///
/// The body is a CASE 1.1 package (a 1.0 export with empty strings, with or without the `CFPackage` wrapper, is read as
/// well), or a definition to mint items from, in TOML, where nobody has published identifiers. At most 16 MiB, 50,000
/// items, 32 deep. A later import with the same identifier takes the place of the earlier one.
#[utoipa::path(post, path = api_types::routes::FRAMEWORK_IMPORT.path(), tag = "frameworks",
    request_body = Vec<u8>,
    params(FrameworkImportQuery, ("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = FrameworkImportResponse), (status = 401, body = Problem), (status = 413, body = Problem),
              (status = 422, description = "what is wrong with the file", body = Problem)))]
pub(super) async fn import(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    Query(asked): Query<FrameworkImportQuery>,
    Body {
        content: file,
        place: _place,
    }: Body<FileContent>,
) -> Result<(StatusCode, Json<FrameworkImportResponse>), Problem> {
    let _permit = bulk::admit(&app).await?;
    let base = {
        let registry = app.registry.snapshot();
        registry.home().map(|home| home.url.clone()).unwrap_or_default()
    };
    let read = on_worker(move || framework::read(&file.bytes, &base)).await?;
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
    let imported = FrameworkImportResponse {
        framework,
        notes,
        consequences,
    };
    Ok((super::created(&hand), Json(imported)))
}

/// Keep a framework no more.
///
/// What badges say that they are aligned to stays as it is; but alignment to an item counts no more for those above it, and
/// no new badge can be aligned to it. With `dry_run`, nothing is removed and the consequences are shown.
#[utoipa::path(delete, path = api_types::routes::FRAMEWORK_REMOVAL.path(), tag = "frameworks", params(("id" = String, Path), ("dry_run" = Option<bool>, Query)),
    responses((status = 201, description = "removed", body = FrameworkRemovalResponse), (status = 200, description = "dry run", body = FrameworkRemovalResponse),
              (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
) -> Result<(StatusCode, Json<FrameworkRemovalResponse>), Problem> {
    let row = app.registrar.remove_framework(&id, &hand).await?;
    let consequences = match hand.dry_run {
        true => Some(consequences_response(
            app.registrar.framework_consequences(&id, None).await?,
        )),
        false => None,
    };
    let removed = FrameworkRemovalResponse {
        framework: framework_summary(row)?,
        consequences,
    };
    Ok((super::created(&hand), Json(removed)))
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
#[utoipa::path(get, path = api_types::routes::FRAMEWORK.path(), tag = "frameworks", params(("id" = String, Path)),
    responses((status = 200, body = FrameworkResponse), (status = 404, body = Problem)))]
pub(super) async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<FrameworkResponse>, Problem> {
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
    Ok(Json(FrameworkResponse {
        items: items.collect(),
        framework: framework_summary(row)?,
    }))
}

/// Show how far this agency's achievements cover a framework, item by item. For operators: it counts what the agency keeps.
#[utoipa::path(get, path = api_types::routes::FRAMEWORK_COVERAGE.path(), tag = "frameworks", params(("id" = String, Path)),
    responses((status = 200, body = FrameworkCoverageResponse), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn coverage(
    State(app): State<App>,
    AuthenticatedOperator(_hand): AuthenticatedOperator,
    Path(id): Path<String>,
) -> Result<Json<FrameworkCoverageResponse>, Problem> {
    let row = row(&app, &id).await?;
    let framework = app.store.framework(&row).await?;
    let (aligned, (achievements, badges)) = app.store.alignments().await?;
    let summary = framework_summary(row)?;
    let tested = summary.tested.clone();
    let counted =
        on_worker(move || coverage::of(&framework, &tested, &aligned).map(|found| (found, framework))).await?;
    let (found, framework) = counted.map_err(|e| Problem::new(&INVALID, e.to_string()))?;
    Ok(Json(FrameworkCoverageResponse {
        framework: summary,
        base: CoverageBase { achievements, badges },
        all: item_share(found.all),
        subjects: SubjectShares {
            tested: item_share(found.tested),
            not_tested: item_share(found.not_tested),
            not_named: item_share(found.no_subject),
        },
        covered: covered(&found, &framework),
    }))
}

const fn item_share(share: CoverageShare) -> ItemShare {
    ItemShare {
        items: share.items,
        aligned: share.aligned,
        with_below: share.with_below,
    }
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

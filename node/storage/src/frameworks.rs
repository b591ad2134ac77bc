//! Frameworks, and what this agency's achievements are aligned to.

use std::collections::{BTreeMap, BTreeSet};

use policy::framework::{Framework, FrameworkElement, FrameworkSource, coverage::AlignedAchievement};
use registry_schema::Timestamp;
use sqlx::FromRow;

use super::{
    Store, StoreError,
    db::{Tx, reading, writing},
};

/// The number of items that one statement writes: nine values each, and SQLite takes 32,766.
const AT_ONCE: usize = 500;

/// Most items above one that are looked for.
const MOST_ABOVE: usize = 200;

/// The number of items that one statement asks for.
const ASKED_AT_ONCE: usize = 200;

/// Most items of which it is looked up whether a framework has them; of more, it is not known.
const MOST_LOOKED_UP: usize = 2_000;

/// Most pairs of achievement and item that are read at once.
const MOST_ALIGNMENTS: i64 = 100_000;

/// A framework to keep.
#[derive(Clone, Debug)]
pub struct NewFramework {
    /// The framework.
    pub framework: Framework,
    /// The depth to which its items stand below each other.
    pub depth: usize,
    /// The subjects in which students are tested.
    pub tested: Vec<String>,
    /// The moment at which it was imported.
    pub at: Timestamp,
    /// By which operator.
    pub by: String,
}

/// A row with what is kept of a framework, without its items.
#[derive(Clone, Debug, FromRow)]
pub struct FrameworkRow {
    /// Its identifier.
    pub id: String,
    /// Its URI.
    pub uri: String,
    /// Its title.
    pub title: String,
    /// The one who made it.
    pub creator: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// `case` or `minted`.
    pub source: String,
    /// Its subjects, as JSON.
    pub subjects: String,
    /// The tested ones, as JSON.
    pub tested: String,
    /// The number of items that it has.
    pub items: i64,
    /// The depth to which they stand.
    pub depth: i64,
    /// The moment at which it was imported, in milliseconds since 1970.
    pub imported_at: i64,
    /// By which operator.
    pub imported_by: String,
}

const COLUMNS: &str =
    "id, uri, title, creator, version, source, subjects, tested, items, depth, imported_at, imported_by";

#[derive(FromRow)]
struct FrameworkItemRow {
    id: String,
    uri: String,
    code: Option<String>,
    statement: String,
    kind: Option<String>,
    subjects: String,
    parents: String,
}

fn json(texts: &[String]) -> String {
    serde_json::Value::from(texts.to_vec()).to_string()
}

fn texts(json: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(json).map_err(|e| StoreError::Unreadable(e.to_string()))
}

impl TryFrom<FrameworkItemRow> for FrameworkElement {
    type Error = StoreError;

    fn try_from(row: FrameworkItemRow) -> Result<Self, StoreError> {
        Ok(Self {
            subjects: texts(&row.subjects)?,
            parents: texts(&row.parents)?,
            id: row.id,
            uri: row.uri,
            code: row.code,
            statement: row.statement,
            kind: row.kind,
        })
    }
}

impl FrameworkRow {
    /// The subjects in which students are tested.
    ///
    /// # Errors
    /// [`StoreError`], if what is stored cannot be read.
    pub fn tested(&self) -> Result<Vec<String>, StoreError> {
        texts(&self.tested)
    }
}

/// Keeps a framework in the place of an earlier version of it.
pub(super) async fn put(tx: &mut Tx, new: &NewFramework) -> Result<(), StoreError> {
    let framework = &new.framework;
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    delete(tx, &framework.id).await?;
    let sql = format!("INSERT INTO frameworks ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
    writing!(
        tx,
        sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
            .bind(&framework.id)
            .bind(&framework.uri)
            .bind(&framework.title)
            .bind(&framework.creator)
            .bind(&framework.version)
            .bind(framework.source.as_str())
            .bind(json(&framework.subjects))
            .bind(json(&new.tested))
            .bind(number(framework.items.len()))
            .bind(number(new.depth))
            .bind(new.at.0)
            .bind(&new.by)
    )?;
    for (nth, chunk) in framework.items.chunks(AT_ONCE).enumerate() {
        let rows: Vec<String> = (0..chunk.len())
            .map(|row| {
                let places: Vec<String> = (1..=9).map(|place| format!("${}", row * 9 + place)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let sql = format!(
            "INSERT INTO framework_items (framework, position, id, uri, code, statement, kind, subjects, parents) VALUES {}",
            rows.join(", ")
        );
        writing!(tx, {
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql.clone()));
            for (row, item) in chunk.iter().enumerate() {
                query = query
                    .bind(&framework.id)
                    .bind(number(nth * AT_ONCE + row))
                    .bind(&item.id)
                    .bind(&item.uri)
                    .bind(&item.code)
                    .bind(&item.statement)
                    .bind(&item.kind)
                    .bind(json(&item.subjects))
                    .bind(json(&item.parents));
            }
            query
        })?;
    }
    Ok(())
}

/// Keeps a framework no more. What achievements are aligned to stands in their badges, and stays noted.
pub(super) async fn delete(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    writing!(
        tx,
        sqlx::query("DELETE FROM framework_items WHERE framework = $1").bind(id)
    )?;
    writing!(tx, sqlx::query("DELETE FROM frameworks WHERE id = $1").bind(id))?;
    Ok(())
}

/// Notes what an achievement is aligned to.
pub(super) async fn align(tx: &mut Tx, achievement: &str, items: &[String]) -> Result<(), StoreError> {
    for item in items {
        writing!(
            tx,
            sqlx::query(
                "INSERT INTO achievement_alignments (achievement, item) VALUES ($1, $2)
                 ON CONFLICT (achievement, item) DO NOTHING"
            )
            .bind(achievement)
            .bind(item)
        )?;
    }
    Ok(())
}

impl Store {
    /// All frameworks, by title, without their items.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn frameworks(&self) -> Result<Vec<FrameworkRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM frameworks ORDER BY title, id");
        Ok(reading!(self, sqlx::query_as(sqlx::AssertSqlSafe(sql)), fetch_all)?)
    }

    /// A framework, without its items.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn framework_row(&self, id: &str) -> Result<Option<FrameworkRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM frameworks WHERE id = $1");
        Ok(reading!(
            self,
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id),
            fetch_optional
        )?)
    }

    /// A framework whole.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn framework(&self, row: &FrameworkRow) -> Result<Framework, StoreError> {
        let items: Vec<FrameworkItemRow> = reading!(
            self,
            sqlx::query_as(
                "SELECT id, uri, code, statement, kind, subjects, parents FROM framework_items
                 WHERE framework = $1 ORDER BY position"
            )
            .bind(&row.id),
            fetch_all
        )?;
        Ok(Framework {
            id: row.id.clone(),
            uri: row.uri.clone(),
            title: row.title.clone(),
            creator: row.creator.clone(),
            version: row.version.clone(),
            subjects: texts(&row.subjects)?,
            source: match row.source.as_str() {
                "minted" => FrameworkSource::Minted,
                _ => FrameworkSource::Case,
            },
            items: items
                .into_iter()
                .map(FrameworkElement::try_from)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The items with this identifier or URI, with the titles of their frameworks; at most two, since an alignment names
    /// one.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn framework_items(&self, named: &str) -> Result<Vec<(String, FrameworkElement)>, StoreError> {
        let sql = "SELECT i.framework, i.id, i.uri, i.code, i.statement, i.kind, i.subjects, i.parents
                   FROM framework_items i WHERE i.id = $1 OR i.uri = $1 LIMIT 2";
        #[derive(FromRow)]
        struct ItemInFramework {
            framework: String,
            #[sqlx(flatten)]
            item: FrameworkItemRow,
        }
        let found: Vec<ItemInFramework> = reading!(self, sqlx::query_as(sql).bind(named), fetch_all)?;
        let mut items = Vec::new();
        for ItemInFramework { framework, item } in found {
            let title = self.framework_row(&framework).await?.map_or(framework, |row| row.title);
            items.push((title, item.try_into()?));
        }
        Ok(items)
    }

    /// For each of these items, by its URI, the URIs of those above it in the frameworks that are kept. Items that no
    /// framework has, or that stand at the top, are left out; so is what the framework `without` says.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn items_above(
        &self,
        items: &BTreeSet<String>,
        without: Option<&str>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        let mut above: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for item in items {
            let by_uri = "SELECT framework, parents FROM framework_items WHERE uri = $1 LIMIT 8";
            let mut open: Vec<(String, String)> = reading!(self, sqlx::query_as(by_uri).bind(item), fetch_all)?;
            open.retain(|(framework, _)| without != Some(framework));
            let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
            while let Some((framework, parents)) = open.pop() {
                for parent in texts(&parents)? {
                    if seen.len() >= MOST_ABOVE || !seen.insert((framework.clone(), parent.clone())) {
                        continue;
                    }
                    let by_id = "SELECT uri, parents FROM framework_items WHERE id = $1 AND framework = $2";
                    let found: Option<(String, String)> = reading!(
                        self,
                        sqlx::query_as(by_id).bind(&parent).bind(&framework),
                        fetch_optional
                    )?;
                    if let Some((uri, parents)) = found {
                        above.entry(item.clone()).or_default().insert(uri);
                        open.push((framework.clone(), parents));
                    }
                }
            }
        }
        Ok(above)
    }

    /// The identifiers of the frameworks that have one of these items, named by their URIs.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn frameworks_with(&self, items: &[String]) -> Result<BTreeSet<String>, StoreError> {
        let mut found = BTreeSet::new();
        for item in items {
            let by_uri = "SELECT framework FROM framework_items WHERE uri = $1 LIMIT 8";
            let rows: Vec<(String,)> = reading!(self, sqlx::query_as(by_uri).bind(item), fetch_all)?;
            found.extend(rows.into_iter().map(|(framework,)| framework));
        }
        Ok(found)
    }

    /// Those of these items, named by their URIs, that a framework here has; but for the framework `without`.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn items_kept(
        &self,
        items: &BTreeSet<String>,
        without: Option<&str>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let items: Vec<&String> = items.iter().take(MOST_LOOKED_UP).collect();
        let mut kept = BTreeSet::new();
        for some in items.chunks(ASKED_AT_ONCE) {
            let places: Vec<String> = (2..).take(some.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT DISTINCT uri FROM framework_items WHERE framework <> $1 AND uri IN ({})",
                places.join(", ")
            );
            let found: Vec<(String,)> = reading!(
                self,
                {
                    let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql.clone())).bind(without.unwrap_or_default());
                    for item in some {
                        query = query.bind(*item);
                    }
                    query
                },
                fetch_all
            )?;
            kept.extend(found.into_iter().map(|(uri,)| uri));
        }
        Ok(kept)
    }

    /// Returns what this agency's achievements are aligned to, with how many badges were issued for each; and how many
    /// achievements and badges there are in all.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn alignments(&self) -> Result<(BTreeMap<String, AlignedAchievement>, (i64, i64)), StoreError> {
        let pairs: Vec<(String, String)> = reading!(
            self,
            sqlx::query_as("SELECT achievement, item FROM achievement_alignments ORDER BY achievement, item LIMIT $1")
                .bind(MOST_ALIGNMENTS),
            fetch_all
        )?;
        let mut aligned: BTreeMap<String, AlignedAchievement> = BTreeMap::new();
        for (achievement, item) in pairs {
            aligned.entry(achievement).or_default().items.insert(item);
        }
        let counts: Vec<(String, i64)> = reading!(
            self,
            sqlx::query_as("SELECT achievement, COUNT(*) FROM credentials GROUP BY achievement"),
            fetch_all
        )?;
        let all = counts.iter().map(|(_, badges)| badges).sum();
        let achievements = i64::try_from(counts.len()).unwrap_or(i64::MAX);
        for (achievement, badges) in counts {
            if let Some(known) = aligned.get_mut(&achievement) {
                known.badges = u64::try_from(badges).unwrap_or(0);
            }
        }
        // An achievement of which every badge was expunged covers nothing any more.
        aligned.retain(|_, known| known.badges > 0);
        Ok((aligned, (achievements, all)))
    }

    /// Returns what each of this agency's achievements is aligned to.
    ///
    /// # Errors
    /// [`StoreError`], if the store cannot be read.
    pub async fn all_alignments(&self) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
        let (aligned, _) = self.alignments().await?;
        Ok(aligned.into_iter().map(|(id, known)| (id, known.items)).collect())
    }
}

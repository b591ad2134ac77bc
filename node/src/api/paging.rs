//! Lists that may be longer than one answer: they come page by page, and **none is cut in silence**. The body is the list
//! alone; where it goes on stands in the header `Link`, as `rel="next"` (RFC 8288).

use axum::{
    Json,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::problem::{INVALID, Problem};
use storage::NEWEST;

/// The longest page.
const MOST: i64 = 1_000;

/// The page of a list to answer with.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// The place to go on from: as the header `Link` of the page before has it.
    after: Option<String>,
    /// The most entries to answer with; 1,000, if absent, and never more.
    limit: Option<i64>,
}

/// A place in a list that begins with the newest: a moment, and what comes first of those of one moment.
pub(super) type PageCursor = (i64, String);

impl PageQuery {
    /// Returns the number of rows to read: one more than the page has, which tells that there are more.
    pub(super) fn rows(&self) -> i64 {
        self.length() + 1
    }

    fn length(&self) -> i64 {
        self.limit.unwrap_or(MOST).clamp(1, MOST)
    }

    /// After which row to begin; before all of them, if none is named.
    ///
    /// # Errors
    /// [`Problem`], if it is no place in a list.
    pub(super) fn after(&self) -> Result<PageCursor, Problem> {
        let Some(text) = &self.after else {
            return Ok(NEWEST);
        };
        let read = || {
            text.split_once('~')
                .and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())))
        };
        read().ok_or_else(|| {
            let why = "`after` is no place in this list: take it from the header `Link` of the page before";
            Problem::new(&INVALID, why)
        })
    }

    /// The page with these rows, of which there may be one more than it has.
    pub(super) fn page<R, T>(
        &self,
        path: &'static str,
        mut rows: Vec<R>,
        place: impl Fn(&R) -> PageCursor,
        shown: impl FnMut(R) -> T,
    ) -> ListPage<T> {
        let length = usize::try_from(self.length()).unwrap_or(usize::MAX);
        let has_more = rows.len() > length;
        rows.truncate(length);
        let next = rows.last().filter(|_| has_more).map(|last| {
            let (at, id) = place(last);
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("after", &format!("{at}~{id}"));
            query.append_pair("limit", &length.to_string());
            format!("<{path}?{}>; rel=\"next\"", query.finish())
        });
        ListPage {
            items: rows.into_iter().map(shown).collect(),
            next,
        }
    }
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct ListPage<T> {
    items: Vec<T>,
    /// The header that says where it goes on, if it does.
    next: Option<String>,
}

impl<T: Serialize> IntoResponse for ListPage<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.items).into_response();
        if let Some(next) = self.next.and_then(|next| HeaderValue::try_from(next).ok()) {
            response.headers_mut().insert(header::LINK, next);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list from its first page to its last.
    fn walk(all: &[PageCursor], limit: i64) -> Vec<PageCursor> {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let query = PageQuery {
                after: after.take(),
                limit: Some(limit),
            };
            let (at, id) = query.after().unwrap();
            // As the store does.
            let rest = all.iter().filter(|(a, i)| *a < at || (*a == at && *i > id));
            let rows: Vec<PageCursor> = rest.take(usize::try_from(query.rows()).unwrap()).cloned().collect();
            let page = query.page("/v1/x", rows, Clone::clone, |row| row);
            seen.extend(page.items);
            let Some(next) = page.next else { return seen };
            let next = next
                .strip_prefix("</v1/x?")
                .unwrap()
                .strip_suffix(">; rel=\"next\"")
                .unwrap();
            let (_, value) = url::form_urlencoded::parse(next.as_bytes()).next().unwrap();
            after = Some(value.into_owned());
        }
    }

    #[test]
    fn every_row_stands_on_one_page_whatever_the_length_of_the_pages() {
        // Several of one moment, and ids with what a URL has a meaning for.
        let ids = ["a&b", "c=d", "e~f", "urn:uuid:1", "ü ñ"];
        let mut all: Vec<PageCursor> = (0..7).flat_map(|at| ids.map(|id| (at, id.to_owned()))).collect();
        all.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
        for limit in [1, 2, 5, 34, 35, 36, 1_000] {
            assert_eq!(walk(&all, limit), all, "{limit} a page");
        }
        assert_eq!(walk(&[], 10), []);
    }

    #[test]
    fn no_place_is_no_place() {
        let query = |after: &str| PageQuery {
            after: Some(after.to_owned()),
            limit: Some(-3),
        };
        assert!(query("x").after().is_err() && query("x~y").after().is_err());
        assert_eq!(query("7~").after().unwrap(), (7, String::new()));
        assert_eq!(query("7~").rows(), 2, "one, and whether there are more");
    }
}

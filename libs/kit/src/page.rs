//! Lists in pages: the parameters of a page and the page that is answered.

use axum::{
    extract::{FromRequestParts, Query},
    http::{Uri, request::Parts},
    response::{IntoResponse, Response},
};
use base::{Problem, problem::Violation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::form_urlencoded;
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, Ref, RefOr, Required, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ArrayBuilder, Schema, SchemaType},
    },
};

use crate::{
    cursor::CursorKey,
    extract::parameter_violation,
    openapi::{Describe, Description},
};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;
/// Those that we make are a tenth of it.
const MAX_CURSOR_LENGTH: usize = 1_000;

/// Which page of a list is asked for: the parameters `limit` and `cursor`. As an extractor it refuses any other parameter;
/// a list with filters takes [`PageWith`].
#[derive(Debug, Clone)]
pub struct Page {
    limit: usize,
    cursor: Option<String>,
}

impl Page {
    /// How many items to fetch: one more than are shown, which tells whether there is another page.
    pub fn fetch_limit(&self) -> i64 {
        i64::try_from(self.limit + 1).expect("a page has at most a hundred items")
    }
}

/// A page together with filters.
#[derive(Debug, Clone)]
pub struct PageWith<F>(pub Page, pub F);

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageOf<T> {
    pub items: Vec<T>,
    /// The `cursor` of the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> PageOf<T> {
    /// The page with each item as it is shown.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> PageOf<U> {
        PageOf { items: self.items.into_iter().map(show).collect(), next_cursor: self.next_cursor }
    }
}

impl CursorKey {
    /// The position after which a page begins; `None` on the first one. `list` names the list and its filters: a cursor of
    /// another list is refused.
    pub fn position<P: DeserializeOwned>(&self, list: &str, page: &Page) -> Result<Option<P>, Problem> {
        page.cursor.as_deref().map(|cursor| self.open(list, cursor)).transpose()
    }

    /// The page made of up to [`Page::fetch_limit`] items. `position` is that of an item in the order of the list.
    pub fn page<T, P: Serialize>(
        &self,
        list: &str,
        page: &Page,
        mut items: Vec<T>,
        position: impl FnOnce(&T) -> P,
    ) -> PageOf<T> {
        let has_more = items.len() > page.limit;
        items.truncate(page.limit);
        let last = items.last().filter(|_| has_more);
        let next_cursor = last.map(|last| self.seal(list, &position(last)));
        PageOf { items, next_cursor }
    }
}

/// The filters of a list without filters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoFilters {}

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read::<NoFilters>(&parts.uri).map(|(page, _)| page)
    }
}

impl<S: Send + Sync, F: DeserializeOwned> FromRequestParts<S> for PageWith<F> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.uri).map(|(page, filters)| Self(page, filters))
    }
}

/// Takes `limit` and `cursor` out of the query and leaves the rest to the filters.
fn read<F: DeserializeOwned>(uri: &Uri) -> Result<(Page, F), Problem> {
    let (mut limit, mut cursor, mut violations) = (None, None, Vec::new());
    let mut filters = form_urlencoded::Serializer::new(String::from("/?"));
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        let known = match &*name {
            "limit" => &mut limit,
            "cursor" => &mut cursor,
            _ => {
                filters.append_pair(&name, &value);
                continue;
            }
        };
        if known.replace(value.into_owned()).is_some() {
            violations.push(Violation::new(name, "given twice"));
        }
    }
    let limit = limit.map_or(Some(DEFAULT_LIMIT), |limit: String| limit.parse().ok());
    let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    if limit.is_none() {
        violations.push(Violation::new("limit", "1 to 100"));
    }
    let filters: Uri = filters.finish().parse().map_err(Problem::internal)?;
    match (Query::<F>::try_from_uri(&filters), limit) {
        (Ok(Query(filters)), Some(limit)) if violations.is_empty() => return Ok((Page { limit, cursor }, filters)),
        (Err(rejection), _) => violations.push(parameter_violation(&rejection, &["limit", "cursor"])),
        _ => {}
    }
    Err(Problem::invalid(violations))
}

impl Describe for Page {
    fn describe(description: &mut Description<'_>) {
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(MAX_LIMIT))
            .default(Some(DEFAULT_LIMIT.into()));
        description.parameter(parameter("limit", "How many items at most.", limit));
        let cursor = ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_CURSOR_LENGTH));
        description.parameter(parameter("cursor", "The `next_cursor` of the page before.", cursor));
        description.problem(base::problem::Code::InvalidRequest);
    }
}

fn parameter(name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).required(Required::False);
    parameter.description(Some(about)).schema(Some(schema)).build()
}

impl<F: IntoParams> Describe for PageWith<F> {
    fn describe(description: &mut Description<'_>) {
        Page::describe(description);
        for parameter in F::into_params(|| Some(ParameterIn::Query)) {
            description.parameter(parameter);
        }
    }
}

impl<T: ToSchema> PartialSchema for PageOf<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name())).max_items(Some(MAX_LIMIT));
        let next_cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("The `cursor` of the next page; `null` on the last one."));
        let page = ObjectBuilder::new().property("items", items).property("next_cursor", next_cursor);
        page.required("items").required("next_cursor").into()
    }
}

impl<T: ToSchema> ToSchema for PageOf<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("{}Page", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

impl<T: Serialize> IntoResponse for PageOf<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

impl<T: ToSchema> Describe for PageOf<T> {
    fn describe(description: &mut Description<'_>) {
        description.json_answer::<Self>(200);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filters {
        shelf: Option<String>,
    }

    fn asked<F: DeserializeOwned>(query: &str) -> Result<(Page, F), String> {
        let uri = format!("/books?{query}").parse().expect("an address");
        read(&uri).map_err(|problem| problem.detail)
    }

    #[test]
    fn a_page_is_asked_for_beside_filters() {
        let (page, filters) = asked::<Filters>("shelf=a%26b&limit=2").unwrap();
        assert_eq!((page.limit, page.cursor, filters.shelf), (2, None, Some("a&b".to_owned())));
        let (page, filters) = asked::<Filters>("cursor=x").unwrap();
        assert_eq!((page.limit, page.cursor, filters.shelf), (20, Some("x".to_owned()), None));
    }

    #[test]
    fn every_faulty_parameter_is_named() {
        for (query, expected) in [
            ("limit=0", "limit: 1 to 100"),
            ("limit=101", "limit: 1 to 100"),
            ("limit=many", "limit: 1 to 100"),
            ("limit=1&limit=2", "limit: given twice"),
            ("colour=red", "colour: unknown parameter; there are shelf, limit, cursor"),
            ("shelf=a&shelf=b&limit=0", "the request has 2 faults"),
        ] {
            assert_eq!(asked::<Filters>(query).unwrap_err(), expected);
        }
        assert_eq!(
            asked::<NoFilters>("shelf=a").map(drop).unwrap_err(),
            "shelf: unknown parameter; there are limit, cursor"
        );
    }

    #[test]
    fn the_cursor_of_a_page_leads_to_the_rest() {
        let key = CursorKey::new(&[1; 32]);
        let books = |page: &Page| {
            let after: i64 = key.position("books", page).unwrap().unwrap_or(0);
            let found: Vec<i64> = (after + 1..=3).take(page.limit + 1).collect();
            key.page("books", page, found, |book| *book)
        };
        let first = books(&Page { limit: 2, cursor: None });
        assert_eq!(first.items, [1, 2]);
        let rest = books(&Page { limit: 2, cursor: first.next_cursor.clone() });
        assert_eq!(rest, PageOf { items: vec![3], next_cursor: None });
        let page = Page { limit: 2, cursor: first.next_cursor };
        assert!(key.position::<i64>("films", &page).is_err(), "another list");
    }
}

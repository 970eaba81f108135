//! OpenAPI schemas of search request fields whose rules attributes cannot express.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Type,
        schema::{AnyOfBuilder, ArrayBuilder, OneOfBuilder, Schema},
    },
};

use super::request::{MAX_DOMAIN_LENGTH, MAX_FILTERS, MAX_QUERIES, MAX_QUERY_LENGTH, OneOrMany};

/// MM/DD/YYYY.
pub(super) struct DateFilter;

/// A code of ISO 639-1.
pub(super) struct LanguageCode;

/// Hosts, or hosts with a leading `-`, and not both.
pub(super) struct DomainFilter;

impl PartialSchema for DateFilter {
    fn schema() -> RefOr<Schema> {
        let short = "(0[1-9]|1[0-2])/(0[1-9]|1[0-9]|2[0-9])";
        let long = "(0[13-9]|1[0-2])/30|(0[13578]|1[02])/3[01]";
        text(&format!("^({short}|{long})/[0-9]{{4}}$")).max_length(Some(10)).into()
    }
}

impl PartialSchema for LanguageCode {
    fn schema() -> RefOr<Schema> {
        text("^[A-Za-z]{2}$").max_length(Some(2)).into()
    }
}

impl PartialSchema for DomainFilter {
    fn schema() -> RefOr<Schema> {
        let hosts = |pattern: &str, length: usize| {
            ArrayBuilder::new().items(text(pattern).max_length(Some(length))).max_items(Some(MAX_FILTERS))
        };
        AnyOfBuilder::new()
            .item(hosts("^[^-/ @][^/ @]*$", MAX_DOMAIN_LENGTH))
            .item(hosts("^-[^/ @]+$", MAX_DOMAIN_LENGTH + 1))
            .into()
    }
}

impl PartialSchema for OneOrMany {
    fn schema() -> RefOr<Schema> {
        let query = || text(r"\S").min_length(Some(1)).max_length(Some(MAX_QUERY_LENGTH));
        let queries = ArrayBuilder::new().items(query()).min_items(Some(1)).max_items(Some(MAX_QUERIES));
        OneOfBuilder::new().item(query()).item(queries).into()
    }
}

impl ToSchema for DateFilter {}
impl ToSchema for LanguageCode {}
impl ToSchema for DomainFilter {}
impl ToSchema for OneOrMany {}

fn text(pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern))
}

//! The OpenAPI document of a process. Operations describe what is theirs ([`kit::openapi`]); what all have in common is
//! added here, so that no service can leave it out.

use base::problem::{Code, MEDIA_TYPE, Problem};
use kit::openapi::{TOKEN_SCHEME, add_problem, operations, problem_name};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, InfoBuilder, LicenseBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};

/// One code for each status that the server itself can answer, whatever the operation.
const COMMON_PROBLEMS: [Code; 8] = [
    Code::InvalidRequest,
    Code::Forbidden,
    Code::UriTooLong,
    Code::Misdirected,
    Code::TooManyRequests,
    Code::HeadersTooLarge,
    Code::Internal,
    Code::Unavailable,
];

/// Adds the operations of a service to the document, under its name as their tag.
pub(crate) fn add(document: &mut OpenApi, service: &str, mut described: OpenApi) {
    for operation in described.paths.paths.values_mut().flat_map(operations) {
        operation.tags = Some(vec![service.to_owned()]);
    }
    document.tags.get_or_insert_default().push(TagBuilder::new().name(service).build());
    document.merge(described);
}

/// Adds what all operations have in common.
pub(crate) fn finish(document: &mut OpenApi) {
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let info = InfoBuilder::new().title("GooSeek").version(env!("CARGO_PKG_VERSION"));
    document.info = info.license(Some(license)).build();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        for code in COMMON_PROBLEMS {
            add_problem(operation, code);
        }
        complete_responses(operation);
    }
    let components = document.components.get_or_insert_default();
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    for code in Code::ALL {
        components.responses.entry(problem_name(*code)).or_insert_with(|| RefOr::T(problem(*code)));
    }
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("An access token. A machine without accounts needs none."))
        .build();
    components.security_schemes.insert(TOKEN_SCHEME.to_owned(), RefOr::T(SecurityScheme::Http(token)));
}

/// Gives each response of the operation's own a description, and each failure the problem document as its content.
fn complete_responses(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let status: u16 = status.parse().unwrap_or_default();
        if response.description.is_empty() {
            reason(status).clone_into(&mut response.description);
        }
        let is_common = COMMON_PROBLEMS.iter().any(|code| code.http().as_u16() == status);
        if status >= 400 && (response.content.is_empty() || is_common) {
            response.content.insert(MEDIA_TYPE.to_owned(), RefOr::T(problem_content()));
        }
    }
}

fn problem(code: Code) -> Response {
    let response = ResponseBuilder::new().description(reason(code.http().as_u16()));
    response.content(MEDIA_TYPE, problem_content()).build()
}

fn problem_content() -> Content {
    Content::new(Some(Ref::from_schema_name(Problem::name())))
}

fn reason(status: u16) -> &'static str {
    axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

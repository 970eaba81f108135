//! `/api/v1/search`.

mod dates;
mod engines;
mod pages;
mod request;
mod schema;
mod search;
mod suggest;

use base::{Problem, problem::Code};
use utoipa_axum::router::OpenApiRouter;

use crate::{Search, engines::SearchOutage};

pub(crate) fn routes(search: Search) -> OpenApiRouter {
    kit::routes![search::search, suggest::suggest, engines::engines, pages::page].with_state(search)
}

/// No engine could be reached. The detail names engines and their errors, so that it is not mistaken for an empty
/// answer.
fn outage(outage: &SearchOutage) -> Problem {
    let mut problem = Problem::new(Code::SearchOutage, outage.to_string());
    problem.retry_after = Some(5);
    problem
}

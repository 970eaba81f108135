//! `/api/v1/search`.

mod dates;
mod engines;
mod pages;
mod request;
mod search;
mod suggest;

use base::{Problem, problem::Code};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Search, engines::SearchOutage};

pub(crate) fn routes(search: Search) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(search::search))
        .routes(routes!(suggest::suggest))
        .routes(routes!(engines::engines))
        .routes(routes!(pages::page))
        .with_state(search)
}

/// All engines failed: names engines and error codes, so that it is not mistaken for an empty result.
fn outage(outage: &SearchOutage) -> Problem {
    let mut problem = Problem::new(Code::SearchOutage, outage.to_string());
    problem.retry_after = Some(5);
    problem
}

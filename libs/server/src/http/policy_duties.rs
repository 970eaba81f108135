//! Fails a request, in debug builds, that succeeded without what its row of the policy asks of a handler: one audit record, and
//! the check of the project it is done in. A request that may change something succeeds only where the handler has said which row
//! that is, whoever calls it: a user, the holder of a secret link, or nobody known. So what was forgotten is found by the first test
//! of the route.

use access::{Action, ObjectRule, TakenAction, noting_project_checks};
use axum::response::Response;
use base::Problem;
use http::HeaderMap;
use idempotency::REPLAYED_HEADER;

/// Serves an HTTP request on which `taken` was put. One that is not `safe` (RFC 9110, section 9.2.1) does an action of the policy.
pub(super) async fn of_request(
    taken: TakenAction,
    safe: bool,
    served: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    if !cfg!(debug_assertions) {
        return served.await;
    }
    let ((answer, committed), project_checked) = noting_project_checks(audit::counted(served)).await;
    let response = answer?;
    // A stored answer was recorded and checked when it was given first.
    let is_new = response.status().is_success() && !response.headers().contains_key(REPLAYED_HEADER);
    if !is_new {
        return Ok(response);
    }
    let Some(action) = taken.get() else {
        let detail = "the handler names no action of the policy: it takes neither Allowed nor Link";
        return if safe { Ok(response) } else { Err(Problem::internal(detail)) };
    };
    let owed = usize::from(action.rule().audited);
    if committed != owed {
        let detail = format!("{} committed {committed} audit records instead of {owed}", action.operation());
        return Err(Problem::internal(detail));
    }
    require_project_check(action, project_checked)?;
    Ok(response)
}

/// Serves a call of a gRPC method that does `action` for a user.
pub(super) async fn of_call(
    action: Option<Action>,
    served: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    let Some(action) = action.filter(|_| cfg!(debug_assertions)) else { return served.await };
    let (answer, project_checked) = noting_project_checks(served).await;
    let response = answer?;
    if succeeded(response.headers()) {
        require_project_check(action, project_checked)?;
    }
    Ok(response)
}

/// A call that failed has its status in the head.
fn succeeded(headers: &HeaderMap) -> bool {
    headers.get("grpc-status").is_none_or(|status| status == "0")
}

fn require_project_check(action: Action, checked: bool) -> Result<(), Problem> {
    if checked || !matches!(action.rule().object, ObjectRule::Project(_)) {
        return Ok(());
    }
    Err(Problem::internal(format!("{} did not check the project it is done in", action.operation())))
}

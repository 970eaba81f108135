//! Fails a request, in debug builds, that succeeded and did not commit the audit record that its action owes: so a forgotten
//! record is found by the first test of the route.

use access::TakenAction;
use axum::response::Response;
use base::Problem;
use idempotency::REPLAYED_HEADER;

/// Serves a request on which `taken` was put.
pub(super) async fn checked(
    taken: TakenAction,
    served: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    if !cfg!(debug_assertions) {
        return served.await;
    }
    let (answer, committed) = audit::counted(served).await;
    let response = answer?;
    // A stored answer was recorded when it was given first.
    let changed = response.status().is_success() && !response.headers().contains_key(REPLAYED_HEADER);
    let Some(action) = taken.get().filter(|_| changed) else { return Ok(response) };
    let owed = usize::from(action.rule().audited);
    if committed == owed {
        return Ok(response);
    }
    Err(Problem::internal(format!("{} committed {committed} audit records instead of {owed}", action.operation())))
}

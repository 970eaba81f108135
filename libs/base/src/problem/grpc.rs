//! Problems between services: a gRPC status with the standard error details (`google.rpc.ErrorInfo`, `BadRequest`,
//! `RetryInfo`), so that a problem arrives as it left and any gRPC client can read it.

use std::{collections::HashMap, time::Duration};

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

use super::{Code, Problem, Violation};

/// The domain of our codes in `ErrorInfo`.
const DOMAIN: &str = "gooseek";
/// How a callee asks for a pause before the next attempt, in milliseconds (gRPC proposal A6).
pub const PUSHBACK_HEADER: &str = "grpc-retry-pushback-ms";

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(problem.code.as_str(), DOMAIN, HashMap::new());
        if let Some(seconds) = problem.retry_after {
            details.set_retry_info(Some(Duration::from_secs(seconds)));
        }
        for violation in &problem.errors {
            details.add_bad_request_violation(&violation.pointer, &violation.detail);
        }
        let status = Self::with_error_details(problem.code.grpc(), problem.detail, details);
        match (problem.code, problem.retry_after) {
            (Code::Overloaded, Some(seconds)) => with_pushback(status, &(seconds * 1_000).to_string()),
            _ => status,
        }
    }
}

impl From<Status> for Problem {
    /// What the callee said, or what a foreign status comes nearest to. The cause of an internal error is logged here.
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let named =
            details.error_info().filter(|info| info.domain == DOMAIN).and_then(|info| Code::named(&info.reason));
        let code = named.unwrap_or_else(|| Code::from_grpc(status.code()));
        if code == Code::Internal {
            return Self::internal(status);
        }
        let mut problem = Self::new(code, status.message());
        if let Some(bad) = details.bad_request() {
            let violation = |v: &tonic_types::FieldViolation| Violation::new(&v.field, &v.description);
            problem.errors = bad.field_violations.iter().map(violation).collect();
        }
        let delay = details.retry_info().and_then(|info| info.retry_delay).map(|delay| delay.as_secs());
        problem.retry_after = delay.or(problem.retry_after);
        problem
    }
}

/// A status that asks callers for a pause of so many milliseconds before the next attempt; `-1` means never.
pub fn with_pushback(mut status: Status, milliseconds: &str) -> Status {
    let value = milliseconds.parse().expect("a number is fit for a header");
    status.metadata_mut().insert(PUSHBACK_HEADER, value);
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over_the_wire(problem: Problem) -> Problem {
        let mut headers = axum::http::HeaderMap::new();
        Status::from(problem).add_header(&mut headers).expect("a status fits into headers");
        Status::from_header_map(&headers).expect("there is a status").into()
    }

    #[test]
    fn every_problem_arrives_as_it_left() {
        for code in Code::ALL.iter().copied().filter(|code| *code != Code::Internal) {
            let mut sent = Problem::new(code, format!("что-то не так: {}", code.as_str()));
            sent.errors = vec![Violation::new("/name", "1 to 200 characters"), Violation::new("limit", "1 to 100")];
            sent.retry_after = Some(7);
            let received = over_the_wire(sent.clone());
            assert_eq!(received, sent);
        }
    }

    #[test]
    fn the_cause_of_an_internal_error_stays_inside() {
        let received = over_the_wire(Problem::new(Code::Internal, "relation \"runs\" does not exist"));
        assert_eq!((received.code, received.detail.as_str()), (Code::Internal, "an internal error occurred"));
    }

    #[test]
    fn a_status_without_our_details_is_what_it_comes_nearest_to() {
        for (grpc, code) in [
            (tonic::Code::NotFound, Code::NotFound),
            (tonic::Code::ResourceExhausted, Code::Unavailable),
            (tonic::Code::DeadlineExceeded, Code::Unavailable),
            (tonic::Code::Unimplemented, Code::Internal),
        ] {
            assert_eq!(Problem::from(Status::new(grpc, "x")).code, code);
        }
        let mut foreign = ErrorDetails::new();
        foreign.set_error_info("forbidden", "example.org", HashMap::new());
        let status = Status::with_error_details(tonic::Code::NotFound, "x", foreign);
        assert_eq!(Problem::from(status).code, Code::NotFound, "another domain's reasons are not ours");
    }
}

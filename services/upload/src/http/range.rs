//! The `Range` of a request for a part of a file (RFC 9110, section 14).

use std::{convert::Infallible, ops::Range};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use base::problem::Code;
use kit::openapi::{Describe, Description};

/// The header as it came. One that is not understood, or that asks for several parts, is as good as none.
#[derive(Debug)]
pub(super) struct RangeHeader(Option<String>);

/// What of a file is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// Bytes that the file has.
    Range(Range<u64>),
    /// Bytes behind its end.
    Outside,
}

impl RangeHeader {
    pub(super) fn part_of(&self, size: u64) -> Part {
        let Some((first, last)) = self.0.as_deref().and_then(bounds) else { return Part::Whole };
        let range = match (first, last) {
            (Some(first), Some(last)) if last < first => return Part::Whole,
            (Some(first), last) => first..last.map_or(size, |last| size.min(last.saturating_add(1))),
            (None, Some(length)) => size.saturating_sub(length)..size,
            (None, None) => return Part::Whole,
        };
        if range.is_empty() { Part::Outside } else { Part::Range(range) }
    }
}

/// The two numbers of `bytes=first-last`, each of which may be left out.
fn bounds(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.split_once('-').filter(|_| unit.eq_ignore_ascii_case("bytes"))?;
    // A sign is no digit.
    let number = |digits: &str| match digits.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(Some(digits.parse().unwrap_or(u64::MAX))),
        _ => None,
    };
    Some((number(first)?, number(last)?))
}

impl<S: Send + Sync> FromRequestParts<S> for RangeHeader {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // A file has no validator that `If-Range` could name, so it names another state of it.
        let is_conditional = parts.headers.contains_key(header::IF_RANGE);
        let range = parts.headers.get(header::RANGE).filter(|_| !is_conditional);
        Ok(Self(range.and_then(|range| range.to_str().ok()).map(str::to_owned)))
    }
}

/// `Range` is left out: whether one is refused depends on the size of the file, which no schema tells.
impl Describe for RangeHeader {
    fn describe(description: &mut Description<'_>) {
        description.problem(Code::RangeNotSatisfiable);
    }
}

//! The codes of problems, each with its HTTP and its gRPC status. A code is part of the API and never changes its meaning.

use std::borrow::Cow;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Type, schema::Schema},
};

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal, $http:ident, $grpc:ident;)*) => {
        /// What kind of problem it is, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$meta])* #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it stands in a problem document.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The status of an HTTP answer.
            pub const fn http(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$http,)* }
            }

            /// The status of a gRPC answer.
            pub const fn grpc(self) -> tonic::Code {
                match self { $(Self::$name => tonic::Code::$grpc,)* }
            }
        }
    };
}

codes! {
    /// The request has faults, each named.
    InvalidRequest = "invalid_request", BAD_REQUEST, InvalidArgument;
    /// The body is not what its headers say.
    BodyUnreadable = "body_unreadable", BAD_REQUEST, InvalidArgument;
    /// Nobody has confirmed the code of the device yet.
    AuthorizationPending = "authorization_pending", BAD_REQUEST, FailedPrecondition;
    /// The device asks too often; `retry_after` says how long to wait from now on.
    SlowDown = "slow_down", BAD_REQUEST, FailedPrecondition;
    /// The code of the device is unknown, was used, or has expired.
    ExpiredToken = "expired_token", BAD_REQUEST, FailedPrecondition;
    /// The person has turned the device away.
    AccessDenied = "access_denied", BAD_REQUEST, PermissionDenied;
    /// No token, or one that is not valid.
    Unauthorized = "unauthorized", UNAUTHORIZED, Unauthenticated;
    /// The caller is known and may not do this.
    Forbidden = "forbidden", FORBIDDEN, PermissionDenied;
    /// It does not exist, or not for this caller.
    NotFound = "not_found", NOT_FOUND, NotFound;
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, Unimplemented;
    /// It exists already, or is in a state that does not allow this.
    Conflict = "conflict", CONFLICT, AlreadyExists;
    /// The first request with this `Idempotency-Key` is still being answered.
    RequestInProgress = "request_in_progress", CONFLICT, Aborted;
    /// The events are being published again already.
    ResyncRunning = "resync_running", CONFLICT, FailedPrecondition;
    /// A dead letter was replayed and its consumer failed again.
    ReplayFailed = "replay_failed", CONFLICT, FailedPrecondition;
    /// The file has no text yet, or never will.
    NoText = "no_text", CONFLICT, FailedPrecondition;
    /// `If-Match` names another edit than the present one.
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, FailedPrecondition;
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, OutOfRange;
    FileTooLarge = "file_too_large", PAYLOAD_TOO_LARGE, OutOfRange;
    UriTooLong = "uri_too_long", URI_TOO_LONG, OutOfRange;
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, OutOfRange;
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, InvalidArgument;
    /// A file of a type that cannot be read.
    UnsupportedType = "unsupported_type", UNSUPPORTED_MEDIA_TYPE, InvalidArgument;
    /// `Range` begins behind the end of the file.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE, OutOfRange;
    /// `Host` is not a name of this server.
    Misdirected = "misdirected", MISDIRECTED_REQUEST, FailedPrecondition;
    /// The `Idempotency-Key` belongs to another request.
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, FailedPrecondition;
    /// More often than the limit allows; `retry_after` says when there is room again.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, ResourceExhausted;
    /// The plan of the organisation does not allow more.
    QuotaExceeded = "quota_exceeded", TOO_MANY_REQUESTS, ResourceExhausted;
    Internal = "internal", INTERNAL_SERVER_ERROR, Internal;
    /// Something this request needs is down.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, Unavailable;
    /// No search engine answers.
    SearchOutage = "search_outage", SERVICE_UNAVAILABLE, Unavailable;
    /// The server has more to do than it can do.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, ResourceExhausted;
}

/// By hand, since the derive does not see the names that the macro gives to serde.
impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().map(|code| code.as_str());
        let about = "What kind of problem it is, for programs.";
        ObjectBuilder::new().schema_type(Type::String).description(Some(about)).enum_values(Some(names)).into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        "ProblemCode".into()
    }
}

impl Code {
    /// The code of a gRPC status that names none: of another program, or of the library below ours.
    pub const fn from_grpc(code: tonic::Code) -> Self {
        match code {
            tonic::Code::InvalidArgument | tonic::Code::OutOfRange => Self::InvalidRequest,
            tonic::Code::Unauthenticated => Self::Unauthorized,
            tonic::Code::PermissionDenied => Self::Forbidden,
            tonic::Code::NotFound => Self::NotFound,
            tonic::Code::AlreadyExists | tonic::Code::Aborted | tonic::Code::FailedPrecondition => Self::Conflict,
            // A busy, slow or missing callee: trying later makes sense.
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded | tonic::Code::ResourceExhausted => {
                Self::Unavailable
            }
            tonic::Code::Ok
            | tonic::Code::Cancelled
            | tonic::Code::Unknown
            | tonic::Code::Unimplemented
            | tonic::Code::Internal
            | tonic::Code::DataLoss => Self::Internal,
        }
    }

    /// The code of a status that a library chose for a body it could not read.
    pub fn of_body(status: StatusCode) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Self::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UnsupportedMediaType,
            _ => Self::BodyUnreadable,
        }
    }

    /// The code of this name.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

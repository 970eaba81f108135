//! Who may call what: every call between services that there is. What is not here is refused.

/// Caller, and the gRPC methods it may call.
pub(super) const CALLS: &[(&str, &[&str])] = &[
    (
        "chat",
        &[
            "/gooseek.projects.v1.ProjectsService/Resolve",
            "/gooseek.search.v1.SearchService/Passages",
            "/gooseek.upload.v1.UploadService/Retrieve",
        ],
    ),
    ("upload", &["/gooseek.projects.v1.ProjectsService/Resolve"]),
];

/// Callers that go on with a person's work when the person's own token is no longer at hand: chat-svc with the runs of a
/// replica that has died.
const ACT_FOR_PERSONS: &[&str] = &["chat"];

/// The name of a process that runs several services; it may call what any of them may.
pub(crate) const TOGETHER: &str = "gooseek";

/// Whether `caller` may call `method`, e.g. `/gooseek.search.v1.SearchService/Passages`.
pub(super) fn may_call(caller: &str, method: &str) -> bool {
    CALLS.iter().any(|(name, methods)| (*name == caller || caller == TOGETHER) && methods.contains(&method))
}

/// Whether `caller` is believed when it names the person it acts for.
pub(super) fn may_act(caller: &str) -> bool {
    caller == TOGETHER || ACT_FOR_PERSONS.contains(&caller)
}

/// The service a method belongs to: `search` of `/gooseek.search.v1.SearchService/Passages`.
pub(super) fn callee(method: &str) -> Option<&str> {
    method.strip_prefix("/gooseek.")?.split('.').next()
}

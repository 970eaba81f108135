//! Who may call what: every method between services, and its callers. Who is not here is refused.

/// A gRPC method, and the services that may call it.
pub const RPC_ACL: &[(&str, &[&str])] = &[
    ("/gooseek.projects.v1.ProjectsService/Resolve", &["chat", "upload"]),
    ("/gooseek.search.v1.SearchService/Passages", &["chat"]),
    ("/gooseek.search.v1.SearchService/Read", &[]),
    ("/gooseek.search.v1.SearchService/Search", &[]),
    ("/gooseek.search.v1.SearchService/Snapshot", &[]),
    ("/gooseek.search.v1.SearchService/Suggest", &[]),
    ("/gooseek.upload.v1.UploadService/Retrieve", &["chat"]),
];

/// RpcAuth that go on with a person's work when the person's own token is no longer at hand: chat-svc with the runs of a
/// replica that has died.
const ACT_FOR_PERSONS: &[&str] = &["chat"];

/// The name of a process that runs several services; it may call what any of them may.
pub const ALL_IN_ONE: &str = "gooseek";

/// Whether `caller` may call `method`, e.g. `/gooseek.search.v1.SearchService/Passages`.
pub fn may_call(caller: &str, method: &str) -> bool {
    let callers =
        RPC_ACL.iter().find_map(|(known, callers)| (*known == method).then_some(*callers)).unwrap_or_default();
    callers.contains(&caller) || (caller == ALL_IN_ONE && !callers.is_empty())
}

/// Whether `caller` is believed when it names the person it acts for.
pub fn may_impersonate(caller: &str) -> bool {
    caller == ALL_IN_ONE || ACT_FOR_PERSONS.contains(&caller)
}

/// The service a method belongs to: `search` of `/gooseek.search.v1.SearchService/Passages`.
pub fn callee(method: &str) -> Option<&str> {
    method.strip_prefix("/gooseek.")?.split('.').next()
}

//! The policy: who may do what, as data, in one place to review.
//!
//! One row for each operation of the HTTP API, named by its `operationId`, and one for each gRPC method between services.
//! What has no row is refused. [`check`](crate::check()) decides from the first table, [`Authenticator`](crate::Authenticator)
//! from the second.

use crate::{
    Caller,
    caller::{Role, Roles},
    check::{
        ObjectRule::{Link, Organisation, Owner, Project},
        ProjectRole::{self, Editor, Viewer},
        Rule, check_role,
    },
    link::LinkKind::{SharePage, Webhook},
};
use base::Problem;

const ADMINS: Roles = Roles::of(&[Role::Owner, Role::Admin]);
const MEMBERS: Roles = ADMINS.with(Role::Member);
/// Members, and those who were invited to look and ask.
const READERS: Roles = MEMBERS.with(Role::Guest);
const OWNERS: Roles = Roles::of(&[Role::Owner]);
/// For what secret links open, whoever holds them.
const NOBODY: Roles = Roles::of(&[]);
/// For what a user does with its own account.
const EVERYONE: Roles = Roles::of(&Role::ALL);

/// Rows of `Name = "operation_id": roles, object, scope, anonymous, audited;`, where `scope` is what an API key needs, `anonymous`
/// whether it may be done without an account, and `audited` whether it writes an audit record, as all that changes anything does.
macro_rules! actions {
    ($($name:ident = $operation:literal: $roles:ident, $object:expr, $scope:literal, $anonymous:literal, $audited:literal;)*) => {
        /// What can be done through the HTTP API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = concat!("`", $operation, "`")] $name,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The `operationId` of the operation.
            pub const fn operation(self) -> &'static str {
                match self { $(Self::$name => $operation,)* }
            }

            /// The row of the action.
            pub const fn rule(self) -> &'static Rule {
                match self {
                    $(Self::$name => &Rule {
                        roles: $roles, object: $object, scope: $scope, anonymous: $anonymous, audited: $audited,
                    },)*
                }
            }
        }

        /// A type for each action, by which a handler says what it does: [`Allowed<action::Ask>`](crate::Allowed).
        pub mod action {
            use super::Action;
            use crate::extract::{Permission, sealed::Sealed};

            $(
                #[doc = concat!("`", $operation, "`")]
                #[derive(Debug, Clone, Copy)]
                pub struct $name;
                impl Sealed for $name {}
                impl Permission for $name {
                    const ACTION: Action = Action::$name;
                }
            )*
        }
    };
}

// What is open to requests without an account is throttled by account and by address where it is served.
actions! {
    // operation                                 roles    object           scope             anonymous audited
    SetUp             = "set_up":                EVERYONE, Organisation,   "account:write",  true,      true;
    Register          = "register":              EVERYONE, Organisation,   "account:write",  true,      true;
    VerifyEmail       = "verify_email":          EVERYONE, Organisation,   "account:write",  true,      true;
    LogIn             = "log_in":                EVERYONE, Organisation,   "account:write",  true,      true;
    LogInSecondFactor = "log_in_second_factor":  EVERYONE, Organisation,   "account:write",  true,      true;
    Refresh           = "refresh_session":       EVERYONE, Organisation,   "account:write",  true,      true;
    ForgotPassword    = "forgot_password":       EVERYONE, Organisation,   "account:write",  true,      true;
    ResetPassword     = "reset_password":        EVERYONE, Organisation,   "account:write",  true,      true;
    BeginDevice       = "begin_device":          EVERYONE, Organisation,   "account:write",  true,      true;
    DeviceTokens      = "device_tokens":         EVERYONE, Organisation,   "account:write",  true,      true;
    GetDevice         = "get_device":            EVERYONE, Owner,          "account:read",   false,     false;
    ApproveDevice     = "approve_device":        EVERYONE, Owner,          "account:write",  false,     true;
    LogOut            = "log_out":               EVERYONE, Owner,          "account:write",  false,     true;
    LogOutEverywhere  = "log_out_everywhere":    EVERYONE, Owner,          "account:write",  false,     true;
    GetMe             = "get_me":                EVERYONE, Owner,          "account:read",   false,     false;
    ChangeMe          = "change_me":             EVERYONE, Owner,          "account:write",  false,     true;
    ChangePassword    = "change_password":       EVERYONE, Owner,          "account:write",  false,     true;
    ListSessions      = "list_sessions":         EVERYONE, Owner,          "account:read",   false,     false;
    EndSession        = "end_session":           EVERYONE, Owner,          "account:write",  false,     true;
    BeginTotp         = "begin_totp":            EVERYONE, Owner,          "account:write",  false,     true;
    ConfirmTotp       = "confirm_totp":          EVERYONE, Owner,          "account:write",  false,     true;
    RemoveTotp        = "remove_totp":           EVERYONE, Owner,          "account:write",  false,     true;
    MakeRecoveryCodes = "make_recovery_codes":   EVERYONE, Owner,          "account:write",  false,     true;
    ListApiKeys       = "list_api_keys":         EVERYONE, Owner,          "account:read",   false,     false;
    CreateApiKey      = "create_api_key":        EVERYONE, Owner,          "account:write",  false,     true;
    RevokeApiKey      = "revoke_api_key":        EVERYONE, Owner,          "account:write",  false,     true;

    RevokeSigningKeys = "revoke_signing_keys":   OWNERS,  Organisation,    "admin:keys",     false,     true;

    ListOrganisations  = "list_organisations":   EVERYONE, Owner,          "account:read",   false,     false;
    CreateOrganisation = "create_organisation":  EVERYONE, Owner,          "account:write",  false,     true;
    SwitchOrganisation = "switch_organisation":  EVERYONE, Owner,          "account:write",  false,     true;
    GetOrganisation    = "get_organisation":     EVERYONE, Organisation,   "account:read",   false,     false;
    ChangeOrganisation = "change_organisation":  ADMINS,  Organisation,    "admin:members",  false,     true;
    ListMembers        = "list_members":         EVERYONE, Organisation,   "account:read",   false,     false;
    ChangeMember       = "change_member":        ADMINS,  Organisation,    "admin:members",  false,     true;
    RemoveMember       = "remove_member":        ADMINS,  Organisation,    "admin:members",  false,     true;
    LeaveOrganisation  = "leave_organisation":   EVERYONE, Owner,          "account:write",  false,     true;
    ListInvitations    = "list_invitations":     ADMINS,  Organisation,    "admin:members",  false,     false;
    Invite             = "invite":               ADMINS,  Organisation,    "admin:members",  false,     true;
    ListDomains        = "list_domains":         ADMINS,  Organisation,    "admin:members",  false,     false;
    ClaimDomain        = "claim_domain":         ADMINS,  Organisation,    "admin:members",  false,     true;
    VerifyDomain       = "verify_domain":        ADMINS,  Organisation,    "admin:members",  false,     true;
    ReleaseDomain      = "release_domain":       ADMINS,  Organisation,    "admin:members",  false,     true;
    GetIdentityProvider    = "get_identity_provider":    ADMINS, Organisation, "admin:sso", false,    false;
    SetIdentityProvider    = "set_identity_provider":    ADMINS, Organisation, "admin:sso", false,    true;
    RemoveIdentityProvider = "remove_identity_provider": ADMINS, Organisation, "admin:sso", false,    true;
    FinishSso          = "finish_sso":           EVERYONE, Organisation,   "account:write",  true,      true;
    AcceptInvitation   = "accept_invitation":    EVERYONE, Owner,          "account:write",  false,     true;
    WithdrawInvitation = "withdraw_invitation":  ADMINS,  Organisation,    "admin:members",  false,     true;

    Ask               = "ask":                   READERS, Organisation,    "chat:write",     false,     true;
    GetRun            = "get_run":               READERS, Owner,           "chat:read",      false,     false;
    FollowRun         = "follow_run":            READERS, Owner,           "chat:read",      false,     false;
    CancelRun         = "cancel_run":            READERS, Owner,           "chat:write",     false,     true;
    GetCapabilities   = "get_capabilities":      READERS, Organisation,    "chat:read",      false,     false;

    ListThreads       = "list_threads":          READERS, Owner,           "library:read",   false,     false;
    GetThread         = "get_thread":            READERS, Owner,           "library:read",   false,     false;
    ChangeThread      = "change_thread":         READERS, Owner,           "library:write",  false,     true;
    DeleteThread      = "delete_thread":         READERS, Owner,           "library:write",  false,     true;

    ListProjects      = "list_projects":         READERS, Organisation,    "projects:read",  false,     false;
    GetProject        = "get_project":           READERS, Project(Viewer), "projects:read",  false,     false;
    CreateProject     = "create_project":        MEMBERS, Organisation,    "projects:write", false,     true;
    RenameProject     = "rename_project":        MEMBERS, Project(Editor), "projects:write", false,     true;
    DeleteProject     = "delete_project":        MEMBERS, Project(ProjectRole::Owner), "projects:write", false,     true;

    SearchWeb         = "search_web":            READERS, Organisation,    "search:read",    false,     false;
    SuggestQueries    = "suggest_queries":       READERS, Organisation,    "search:read",    false,     false;
    ListSearchEngines = "list_search_engines":   READERS, Organisation,    "search:read",    false,     false;
    GetPageCopy       = "get_page_copy":         READERS, Organisation,    "search:read",    false,     false;

    ListFiles         = "list_files":            READERS, Project(Viewer), "files:read",     false,     false;
    GetFile           = "get_file":              READERS, Project(Viewer), "files:read",     false,     false;
    GetFileText       = "get_file_text":         READERS, Project(Viewer), "files:read",     false,     false;
    GetFileContent    = "get_file_content":      READERS, Project(Viewer), "files:read",     false,     false;
    UploadFile        = "upload_file":           MEMBERS, Project(Editor), "files:write",    false,     true;
    DeleteFile        = "delete_file":           MEMBERS, Project(Editor), "files:write",    false,     true;

    ListDeadLetters   = "list_dead_letters":     ADMINS,  Organisation,    "admin:bus",      false,     false;
    ReplayDeadLetter  = "replay_dead_letter":    ADMINS,  Organisation,    "admin:bus",      false,     true;
    DropDeadLetter    = "drop_dead_letter":      ADMINS,  Organisation,    "admin:bus",      false,     true;
    ResyncBus         = "resync_bus":            ADMINS,  Organisation,    "admin:bus",      false,     true;
    ListDeadJobs      = "list_dead_jobs":        ADMINS,  Organisation,    "admin:jobs",     false,     false;
    ReplayDeadJob     = "replay_dead_job":       ADMINS,  Organisation,    "admin:jobs",     false,     true;
    DropDeadJob       = "drop_dead_job":         ADMINS,  Organisation,    "admin:jobs",     false,     true;

    ListNotifications    = "list_notifications":     EVERYONE, Owner,      "notifications:read",  false,  false;
    FollowNotifications  = "follow_notifications":   EVERYONE, Owner,      "notifications:read",  false,  false;
    ReadNotification     = "read_notification":      EVERYONE, Owner,      "notifications:write", false,  true;
    ReadAllNotifications = "read_all_notifications": EVERYONE, Owner,      "notifications:write", false,  true;

    // Of tests of the frame, which have routes behind secret links.
    GetSharedExample  = "get_shared_example":    NOBODY,  Link(SharePage), "example:read",   false,     false;
    NotifyExample     = "notify_example":        NOBODY,  Link(Webhook),   "example:write",  false,     true;

    // Of `xtask/template`: `cargo xtask new-service` copies these rows for a new service.
    ListExample       = "list_example":          READERS, Organisation,    "example:read",   false,     false;
    GetExample        = "get_example":           READERS, Organisation,    "example:read",   false,     false;
    CreateExample     = "create_example":        MEMBERS, Organisation,    "example:write",  false,     true;
    RenameExample     = "rename_example":        MEMBERS, Organisation,    "example:write",  false,     true;
    DeleteExample     = "delete_example":        MEMBERS, Organisation,    "example:write",  false,     true;
}

/// A gRPC method between services.
#[derive(Debug, Clone, Copy)]
pub struct RpcRule {
    /// `/gooseek.search.v1.SearchService/Passages`
    pub method: &'static str,
    /// The services that may call it.
    pub callers: &'static [&'static str],
    /// What it does for a user, whose roles must allow it; `None` when it is called for none.
    pub action: Option<Action>,
}

/// Every method, and its callers.
pub const RPC_ACL: &[RpcRule] = &[
    RpcRule { method: "/gooseek.auth.v1.AuthService/GetSigningKeys", callers: registry::NAMES, action: None },
    RpcRule { method: "/gooseek.auth.v1.AuthService/GetOrganisation", callers: registry::NAMES, action: None },
    RpcRule { method: "/gooseek.auth.v1.AuthService/ResolveApiKey", callers: registry::NAMES, action: None },
    RpcRule { method: "/gooseek.auth.v1.AuthService/ListRevocations", callers: registry::NAMES, action: None },
    RpcRule {
        method: "/gooseek.projects.v1.ProjectsService/Resolve",
        callers: &["chat", "upload"],
        action: Some(Action::GetProject),
    },
    RpcRule {
        method: "/gooseek.search.v1.SearchService/Passages",
        callers: &["chat"],
        action: Some(Action::SearchWeb),
    },
    RpcRule {
        method: "/gooseek.upload.v1.UploadService/Retrieve",
        callers: &["chat"],
        action: Some(Action::GetFileText),
    },
];

/// The name of a process that runs several services; it may call what any of them may.
pub const ALL_IN_ONE: &str = "gooseek";

/// Whether `service` may call `method`.
pub fn may_call(service: &str, method: &str) -> bool {
    rpc_rule(method)
        .is_some_and(|rule| rule.callers.contains(&service) || (service == ALL_IN_ONE && !rule.callers.is_empty()))
}

/// Whether `service` may call any method of `callee`.
pub fn may_call_any(service: &str, callee: &str) -> bool {
    RPC_ACL.iter().any(|rule| rpc_callee(rule.method) == Some(callee) && may_call(service, rule.method))
}

/// What `method` does for the user it is called for. A service that may call such a method is believed when it names the user.
pub fn action_of(method: &str) -> Option<Action> {
    rpc_rule(method)?.action
}

/// The service a method belongs to: `search` of `/gooseek.search.v1.SearchService/Passages`.
pub fn rpc_callee(method: &str) -> Option<&str> {
    method.strip_prefix("/gooseek.")?.split('.').next()
}

/// 403 unless `service` may call `method`.
pub(crate) fn check_service(service: &str, method: &str) -> Result<(), Problem> {
    if may_call(service, method) {
        return Ok(());
    }
    Err(Problem::forbidden(format!("{service} may not call {method}")))
}

/// Checks the user a method is called for. Scopes limit what an API key opens at the edge; what a service asks of others to
/// answer is its own affair.
pub(crate) fn check_user(caller: &Caller, method: &str) -> Result<(), Problem> {
    match action_of(method) {
        Some(action) => check_role(caller, action),
        None => Ok(()),
    }
}

fn rpc_rule(method: &str) -> Option<&'static RpcRule> {
    RPC_ACL.iter().find(|rule| rule.method == method)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A method that is new or renamed has a row before anything can call it.
    #[test]
    fn every_grpc_method_has_a_row() {
        let descriptors = <prost_types::FileDescriptorSet as prost::Message>::decode(proto::DESCRIPTORS).unwrap();
        let mut methods = BTreeSet::new();
        for file in &descriptors.file {
            for service in &file.service {
                let path = |method: &str| format!("/{}.{}/{method}", file.package(), service.name());
                methods.extend(service.method.iter().map(|method| path(method.name())));
            }
        }
        let rows: BTreeSet<String> = RPC_ACL.iter().map(|rule| rule.method.to_owned()).collect();
        assert_eq!(rows, methods);
    }

    #[test]
    fn only_listed_services_may_call() {
        const PASSAGES: &str = "/gooseek.search.v1.SearchService/Passages";
        assert!(may_call("chat", PASSAGES) && may_call(ALL_IN_ONE, PASSAGES));
        assert!(!may_call("library", PASSAGES) && !may_call("", PASSAGES));
        assert!(!may_call(ALL_IN_ONE, "/gooseek.search.v1.SearchService/Unlisted"));
        assert!(may_call_any("upload", "projects") && !may_call_any("upload", "search"));
    }
}

//! The one decision: may this caller do this to that.
//!
//! Pure, so that every cell of the policy can be tested; what it needs to know of the object is looked up before.

use base::Problem;

use crate::{Action, Caller, Subject, caller::Roles, link::LinkKind};

/// A row of the policy.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// One of these is needed.
    pub roles: Roles,
    pub object: ObjectRule,
    /// Needed too where the caller's scopes are limited, as those of an API key are.
    pub scope: &'static str,
    /// Whether a caller without an account may.
    pub anonymous: bool,
    /// Whether it commits one audit record with its effect.
    pub audited: bool,
}

/// What the caller must be to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectRule {
    /// Of the same organisation. A database session of the caller shows no other.
    Organisation,
    /// Its owner. A database session of the caller shows it to nobody else.
    Owner,
    /// At least this in its project: [`CachedDirectory::check_project`](crate::CachedDirectory::check_project). In debug builds
    /// the server fails a request that did not ask.
    Project(ProjectRole),
    /// The holder of a secret link of this kind to it ([`Link`](crate::Link)), whatever its account, if it has any.
    Link(LinkKind),
}

/// What a user is in a project. Each may do what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProjectRole {
    Viewer,
    Editor,
    Owner,
}

/// 401 when the caller needs an account, 403 when its role or scopes do not allow the action. The object is not asked after.
pub fn check(caller: &Caller, action: Action) -> Result<(), Problem> {
    check_rule(caller, action.rule(), action.operation())
}

/// What `role` in a project allows: 404 for no member, who may not even know that `what` exists, and 403 for a role that is
/// less than the action needs.
pub(crate) fn check_project_role(action: Action, what: &str, role: Option<ProjectRole>) -> Result<(), Problem> {
    let role = role.ok_or_else(|| Problem::not_found(what))?;
    match action.rule().object {
        ObjectRule::Project(least) if role < least => {
            Err(Problem::forbidden("your role in the project does not allow this"))
        }
        _ => Ok(()),
    }
}

/// Account and role only.
pub(crate) fn check_role(caller: &Caller, action: Action) -> Result<(), Problem> {
    has_role(caller, action.rule(), action.operation())
}

pub(crate) fn check_rule(caller: &Caller, rule: &Rule, operation: &str) -> Result<(), Problem> {
    has_role(caller, rule, operation)?;
    if caller.scopes().is_none_or(|scopes| scopes.contains(rule.scope)) {
        return Ok(());
    }
    Err(Problem::forbidden(format!("this token or key lacks the scope {}", rule.scope)))
}

fn has_role(caller: &Caller, rule: &Rule, operation: &str) -> Result<(), Problem> {
    // Who has none sets one up in its own account first.
    let is_own_account = rule.object == ObjectRule::Owner && rule.scope.starts_with("account:");
    if caller.lacks_mfa() && !is_own_account {
        return Err(Problem::forbidden("this organisation asks for a second factor: sign in with one"));
    }
    match caller.subject() {
        Subject::User | Subject::ApiKey(_) if caller.roles().intersects(rule.roles) => Ok(()),
        Subject::User | Subject::ApiKey(_) => {
            Err(Problem::forbidden(format!("your role in the organisation does not allow {operation}")))
        }
        Subject::Anonymous if rule.anonymous => Ok(()),
        Subject::Anonymous => Err(Problem::unauthorized("this needs an access token: Authorization: Bearer …")),
        Subject::Service(_) => Err(Problem::unauthorized("this call needs a user's access token")),
        Subject::Link(kind) if rule.object == ObjectRule::Link(*kind) => Ok(()),
        Subject::Link(_) => Err(Problem::forbidden("this link is not for that")),
    }
}

#[cfg(test)]
mod tests {
    use base::problem::Code;
    use uuid::Uuid;

    use super::*;
    use crate::{
        Client,
        caller::{Rights, Role, Scopes},
    };

    const ORG: Uuid = Uuid::from_u128(1);
    const ADA: Uuid = Uuid::from_u128(2);

    fn user(roles: &[Role]) -> Caller {
        Caller::user_of(ORG, ADA, Rights::new(Roles::of(roles), None), Client::default())
    }

    fn code(outcome: Result<(), Problem>) -> Option<Code> {
        outcome.err().map(|problem| problem.code)
    }

    /// Every cell of the first table: one role at a time.
    #[test]
    fn a_role_may_do_what_its_rows_say_and_nothing_else() {
        for &action in Action::ALL {
            for role in Role::ALL {
                let expected = (!action.rule().roles.contains(role)).then_some(Code::Forbidden);
                assert_eq!(code(check(&user(&[role]), action)), expected, "{role:?}: {action:?}");
            }
            assert_eq!(code(check(&user(&[]), action)), Some(Code::Forbidden), "{action:?}");
        }
    }

    #[test]
    fn the_tables_say_what_they_are_meant_to() {
        let allowed = |role: Role| Action::ALL.iter().filter(move |action| action.rule().roles.contains(role));
        let (of_links, of_accounts): (Vec<_>, Vec<_>) =
            Action::ALL.iter().copied().partition(|action| matches!(action.rule().object, ObjectRule::Link(_)));
        assert_eq!(allowed(Role::Owner).copied().collect::<Vec<_>>(), of_accounts);
        assert!(of_links.iter().all(|action| !action.rule().anonymous), "a link is looked up before it opens anything");
        assert_eq!(allowed(Role::Member).filter(|action| action.rule().scope.starts_with("admin:")).count(), 0);
        assert_eq!(allowed(Role::Guest).filter(|action| action.rule().scope == "files:write").count(), 0);
        // What they are for comes with services of their own.
        for role in [Role::Billing, Role::Auditor] {
            let is_own = |scope: &str| scope.starts_with("account:") || scope.starts_with("notifications:");
            let beside_own = allowed(role).filter(|action| !is_own(action.rule().scope));
            assert_eq!(beside_own.count(), 0, "{role:?}");
        }
        let mut open = Action::ALL.iter().filter(|action| action.rule().anonymous);
        assert!(open.all(|action| action.rule().scope == "account:write"), "only who signs in needs no account");
    }

    #[test]
    fn several_roles_add_up() {
        let caller = user(&[Role::Billing, Role::Member]);
        assert!(check(&caller, Action::UploadFile).is_ok());
        assert_eq!(code(check(&caller, Action::ResyncBus)), Some(Code::Forbidden));
    }

    #[test]
    fn limited_scopes_open_what_they_name() {
        let rights = Rights::new(Roles::of(&[Role::Owner]), Some(Scopes::parse("chat:read openid")));
        let caller = Caller::user_of(ORG, ADA, rights, Client::default());
        for &action in Action::ALL {
            let expected = (action.rule().scope != "chat:read").then_some(Code::Forbidden);
            assert_eq!(code(check(&caller, action)), expected, "{action:?}");
        }
    }

    #[test]
    fn who_has_no_account_is_told_to_get_one() {
        for caller in [Caller::anonymous(Client::default()), Caller::service("chat".into(), Client::default())] {
            assert_eq!(code(check(&caller, Action::Ask)), Some(Code::Unauthorized));
        }
        let open = Rule { anonymous: true, ..*Action::Ask.rule() };
        assert!(check_rule(&Caller::anonymous(Client::default()), &open, "ask").is_ok());
        assert!(check_rule(&Caller::service("chat".into(), Client::default()), &open, "ask").is_err());
    }

    #[test]
    fn a_link_opens_what_is_for_links_of_its_kind() {
        let holder = |kind| Caller::link(kind, base::Scope::public(), Client::default());
        assert!(check(&holder(LinkKind::Webhook), Action::NotifyExample).is_ok());
        for (kind, action) in [(LinkKind::SharePage, Action::NotifyExample), (LinkKind::Webhook, Action::CreateExample)]
        {
            assert_eq!(code(check(&holder(kind), action)), Some(Code::Forbidden), "{kind:?}: {action:?}");
        }
    }

    #[test]
    fn a_project_is_for_its_members() {
        for (role, get, delete) in [
            (None, Some(Code::NotFound), Some(Code::NotFound)),
            (Some(ProjectRole::Viewer), None, Some(Code::Forbidden)),
            (Some(ProjectRole::Editor), None, None),
            (Some(ProjectRole::Owner), None, None),
        ] {
            assert_eq!(code(check_project_role(Action::GetFile, "file", role)), get, "{role:?}");
            assert_eq!(code(check_project_role(Action::DeleteFile, "file", role)), delete, "{role:?}");
        }
    }
}

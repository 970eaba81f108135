//! The one decision: may this caller do this to that.
//!
//! Pure, so that every cell of the policy can be tested; what it needs to know of the object is looked up before.

use base::Problem;
use uuid::Uuid;

use crate::{Action, Caller, Subject, caller::Roles};

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
    /// Of the same organisation.
    Organisation,
    /// Its owner.
    Owner,
    /// At least this in its project.
    Project(ProjectRole),
}

/// What a user is in a project. Each may do what the ones before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProjectRole {
    Viewer,
    Editor,
    Owner,
}

/// What something is done to.
#[derive(Debug, Clone, Copy)]
pub enum Object<'a> {
    /// Nothing that exists yet, or what a database session of the caller will find, which shows only its own.
    InSession,
    Row {
        /// As a 404 names it: `thread`.
        what: &'a str,
        org: Uuid,
        /// `None` when it belongs to the whole organisation.
        owner: Option<Uuid>,
    },
    /// A project, or something in it.
    InProject {
        what: &'a str,
        org: Uuid,
        /// What the caller is there, as the [`Directory`](crate::Directory) says; `None` for no member.
        role: Option<ProjectRole>,
    },
}

/// 401 when the caller needs an account, 403 when its role or scopes do not allow the action, 404 when it may not even know
/// that the object exists.
pub fn check(caller: &Caller, action: Action, object: &Object<'_>) -> Result<(), Problem> {
    check_rule(caller, action.rule(), action.operation())?;
    check_object(caller, action.rule().object, object)
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
    match caller.subject() {
        Subject::User | Subject::ApiKey(_) if caller.roles().intersects(rule.roles) => Ok(()),
        Subject::User | Subject::ApiKey(_) => {
            Err(Problem::forbidden(format!("your role in the organisation does not allow {operation}")))
        }
        Subject::Anonymous if rule.anonymous => Ok(()),
        Subject::Anonymous => Err(Problem::unauthorized("this needs an access token: Authorization: Bearer …")),
        Subject::Service(_) => Err(Problem::unauthorized("this call needs a user's access token")),
        Subject::Link(_) => Err(Problem::forbidden("this link is not for that")),
    }
}

fn check_object(caller: &Caller, rule: ObjectRule, object: &Object<'_>) -> Result<(), Problem> {
    let (what, org) = match object {
        Object::InSession => return Ok(()),
        Object::Row { what, org, .. } | Object::InProject { what, org, .. } => (what, *org),
    };
    let missing = || Err(Problem::not_found(what));
    if !caller.belongs_to(org) {
        return missing();
    }
    match (rule, object) {
        (ObjectRule::Organisation, _) => Ok(()),
        (ObjectRule::Owner, Object::Row { owner: Some(owner), .. }) if *owner == caller.user() => Ok(()),
        (ObjectRule::Project(least), Object::InProject { role: Some(role), .. }) if *role >= least => Ok(()),
        (ObjectRule::Project(_), Object::InProject { role: Some(_), .. }) => {
            Err(Problem::forbidden("your role in the project does not allow this"))
        }
        // Neither its owner nor a member, or an object that the rule says nothing of.
        _ => missing(),
    }
}

#[cfg(test)]
mod tests {
    use base::problem::Code;

    use super::*;
    use crate::{
        Client,
        caller::{Rights, Role, Scopes},
    };

    const ORG: Uuid = Uuid::from_u128(1);
    const ADA: Uuid = Uuid::from_u128(2);
    const EVE: Uuid = Uuid::from_u128(3);

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
                assert_eq!(code(check(&user(&[role]), action, &Object::InSession)), expected, "{role:?}: {action:?}");
            }
            assert_eq!(code(check(&user(&[]), action, &Object::InSession)), Some(Code::Forbidden), "{action:?}");
        }
    }

    #[test]
    fn the_tables_say_what_they_are_meant_to() {
        let allowed = |role: Role| Action::ALL.iter().filter(move |action| action.rule().roles.contains(role));
        assert_eq!(allowed(Role::Owner).count(), Action::ALL.len());
        assert_eq!(allowed(Role::Member).filter(|action| action.rule().scope.starts_with("admin:")).count(), 0);
        assert_eq!(allowed(Role::Guest).filter(|action| action.rule().scope == "files:write").count(), 0);
        for role in [Role::Billing, Role::Auditor] {
            assert_eq!(allowed(role).count(), 0, "{role:?} comes with another role or with a service of its own");
        }
        assert!(Action::ALL.iter().all(|action| !action.rule().anonymous));
    }

    #[test]
    fn several_roles_add_up() {
        let caller = user(&[Role::Billing, Role::Member]);
        assert!(check(&caller, Action::UploadFile, &Object::InSession).is_ok());
        assert_eq!(code(check(&caller, Action::ResyncBus, &Object::InSession)), Some(Code::Forbidden));
    }

    #[test]
    fn limited_scopes_open_what_they_name() {
        let rights = Rights::new(Roles::of(&[Role::Owner]), Some(Scopes::parse("chat:read openid")));
        let caller = Caller::user_of(ORG, ADA, rights, Client::default());
        for &action in Action::ALL {
            let expected = (action.rule().scope != "chat:read").then_some(Code::Forbidden);
            assert_eq!(code(check(&caller, action, &Object::InSession)), expected, "{action:?}");
        }
    }

    #[test]
    fn who_has_no_account_is_told_to_get_one() {
        for caller in [Caller::anonymous(Client::default()), Caller::service("chat".into(), Client::default())] {
            assert_eq!(code(check(&caller, Action::Ask, &Object::InSession)), Some(Code::Unauthorized));
        }
        let open = Rule { anonymous: true, ..*Action::Ask.rule() };
        assert!(check_rule(&Caller::anonymous(Client::default()), &open, "ask").is_ok());
        assert!(check_rule(&Caller::service("chat".into(), Client::default()), &open, "ask").is_err());
    }

    #[test]
    fn what_is_another_s_does_not_exist() {
        let row = |org, owner| Object::Row { what: "thread", org, owner };
        let member = user(&[Role::Member]);
        let owner = user(&[Role::Owner]);
        assert!(check(&member, Action::GetThread, &row(ORG, Some(ADA))).is_ok());
        for caller in [&member, &owner] {
            for object in [row(ORG, Some(EVE)), row(ORG, None), row(Uuid::max(), Some(ADA))] {
                assert_eq!(code(check(caller, Action::GetThread, &object)), Some(Code::NotFound), "{object:?}");
            }
        }
        assert!(check(&member, Action::GetPageCopy, &row(ORG, Some(EVE))).is_ok());
        assert_eq!(code(check(&owner, Action::GetPageCopy, &row(Uuid::nil(), None))), Some(Code::NotFound));
    }

    #[test]
    fn a_project_is_for_its_members() {
        let member = user(&[Role::Member]);
        let file = |org, role| Object::InProject { what: "file", org, role };
        for (role, get, delete) in [
            (None, Some(Code::NotFound), Some(Code::NotFound)),
            (Some(ProjectRole::Viewer), None, Some(Code::Forbidden)),
            (Some(ProjectRole::Editor), None, None),
            (Some(ProjectRole::Owner), None, None),
        ] {
            assert_eq!(code(check(&member, Action::GetFile, &file(ORG, role))), get, "{role:?}");
            assert_eq!(code(check(&member, Action::DeleteFile, &file(ORG, role))), delete, "{role:?}");
        }
        let elsewhere = file(Uuid::max(), Some(ProjectRole::Owner));
        assert_eq!(code(check(&member, Action::GetFile, &elsewhere)), Some(Code::NotFound));
    }
}

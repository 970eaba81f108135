//! What auth-svc and projects-svc know of organisations, API keys and members, asked through one trait and kept for a while.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    future::Future,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use base::{Problem, time::Clock};
use chrono::{DateTime, Utc};
use moka::sync::Cache;
use uuid::Uuid;

use crate::{
    Action, Caller, ProjectRole, Revocation, Revocations, Roles, Scopes, SecretHash, Verified,
    check::check_project_role, revocation::RevocationList,
};

/// An answer is used for this long unless an event takes it back.
const TTL: Duration = Duration::from_secs(60);
/// While the directory does not answer, older ones are: as long as an access token lives.
const MAX_STALE: Duration = Duration::from_secs(600);
const MAX_ENTRIES: u64 = 100_000;

tokio::task_local! {
    /// Whether the request being served has asked what its caller may do in a project.
    static PROJECT_CHECKED: Arc<AtomicBool>;
}

/// Serves a request; answers also whether it checked a project.
pub async fn noting_project_checks<T>(served: impl Future<Output = T>) -> (T, bool) {
    let checked = Arc::new(AtomicBool::new(false));
    let answer = PROJECT_CHECKED.scope(checked.clone(), served).await;
    (answer, checked.load(Ordering::Acquire))
}

/// Outside of a request, and in release builds, nobody wants to know.
fn note_project_check() {
    let _ = PROJECT_CHECKED.try_with(|checked| checked.store(true, Ordering::Release));
}

/// What an organisation demands and allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgPolicy {
    /// Users must have signed in with a second factor.
    pub mfa_required: bool,
    /// Share links of the organisation open.
    pub public_sharing: bool,
}

impl Default for OrgPolicy {
    fn default() -> Self {
        Self { mfa_required: false, public_sharing: true }
    }
}

/// An API key that has not been revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: Uuid,
    pub org: Uuid,
    /// The user it was made by and acts for.
    pub user: Uuid,
    /// Those of the user now.
    pub roles: Roles,
    pub scopes: Scopes,
}

/// Where these facts come from.
#[async_trait::async_trait]
pub trait Directory: fmt::Debug + Send + Sync {
    async fn organisation(&self, org: Uuid) -> Result<OrgPolicy, Problem>;

    /// What a user is in a project; `None` for no member.
    async fn project_role(&self, org: Uuid, user: Uuid, project: Uuid) -> Result<Option<ProjectRole>, Problem>;

    /// The key with this hash; `None` for an unknown or revoked one.
    async fn api_key(&self, hash: &SecretHash) -> Result<Option<ApiKey>, Problem>;

    /// What was revoked from `since` on, or everything that can still matter; nothing where nobody knows.
    async fn revocations(&self, since: Option<DateTime<Utc>>) -> Result<Revocations, Problem> {
        Ok(Revocations { list: Vec::new(), until: since.unwrap_or_default() })
    }
}

/// The directory of a server without auth-svc and without members of projects: tokens say everything there is, and an
/// organisation's projects are open to all of it.
#[derive(Debug, Clone, Copy)]
pub struct LocalDirectory;

#[async_trait::async_trait]
impl Directory for LocalDirectory {
    async fn organisation(&self, _: Uuid) -> Result<OrgPolicy, Problem> {
        Ok(OrgPolicy::default())
    }

    async fn project_role(&self, _: Uuid, _: Uuid, _: Uuid) -> Result<Option<ProjectRole>, Problem> {
        Ok(Some(ProjectRole::Owner))
    }

    async fn api_key(&self, _: &SecretHash) -> Result<Option<ApiKey>, Problem> {
        Ok(None)
    }
}

/// A directory whose answers are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CachedDirectory {
    source: Arc<dyn Directory>,
    clock: Clock,
    organisations: Cache<Uuid, Answer<OrgPolicy>>,
    /// By project and user.
    members: Cache<(Uuid, Uuid, Uuid), Answer<Option<ProjectRole>>>,
    keys: Cache<SecretHash, Answer<Option<ApiKey>>>,
    revoked: RevocationList,
}

#[derive(Debug, Clone)]
struct Answer<V> {
    value: V,
    at: DateTime<Utc>,
}

impl CachedDirectory {
    pub fn new(source: impl Directory + 'static, clock: Clock) -> Self {
        let revoked = RevocationList::new(clock.clone());
        Self { source: Arc::new(source), clock, organisations: cache(), members: cache(), keys: cache(), revoked }
    }

    /// [`LocalDirectory`], kept like any other.
    pub fn local(clock: Clock) -> Self {
        Self::new(LocalDirectory, clock)
    }

    pub async fn organisation(&self, org: Uuid) -> Result<OrgPolicy, Problem> {
        self.ask(&self.organisations, org, || self.source.organisation(org)).await
    }

    pub async fn project_role(&self, org: Uuid, user: Uuid, project: Uuid) -> Result<Option<ProjectRole>, Problem> {
        self.ask(&self.members, (org, project, user), || self.source.project_role(org, user, project)).await
    }

    /// Whether `who` may do `action` in a project of its organisation: 404, naming `what` is in the project, for no member, and
    /// 403 where the member's role is too little.
    pub async fn check_project(&self, who: &Caller, action: Action, what: &str, project: Uuid) -> Result<(), Problem> {
        note_project_check();
        let role = self.project_role(who.org(), who.user(), project).await?;
        check_project_role(action, what, role)
    }

    /// Drops the items of a list that are in projects where `who` may not do `action`.
    pub async fn retain_allowed<T>(
        &self,
        who: &Caller,
        action: Action,
        items: &mut Vec<T>,
        project: impl Fn(&T) -> Uuid,
    ) -> Result<(), Problem> {
        note_project_check();
        let mut allowed = HashMap::new();
        for id in items.iter().map(&project) {
            if let Entry::Vacant(unknown) = allowed.entry(id) {
                let role = self.project_role(who.org(), who.user(), id).await?;
                unknown.insert(check_project_role(action, "project", role).is_ok());
            }
        }
        items.retain(|item| allowed[&project(item)]);
        Ok(())
    }

    pub async fn api_key(&self, hash: SecretHash) -> Result<Option<ApiKey>, Problem> {
        self.update_revoked().await;
        self.ask(&self.keys, hash, || self.source.api_key(&hash)).await
    }

    /// 401 for a token that was valid and has been revoked.
    pub(crate) async fn check_revoked(&self, token: &Verified) -> Result<(), Problem> {
        self.update_revoked().await;
        if self.revoked.covers(token) {
            return Err(Problem::unauthorized("the session has ended: sign in again"));
        }
        Ok(())
    }

    async fn update_revoked(&self) {
        for revocation in self.revoked.update(&*self.source).await {
            match revocation {
                Revocation::Organisation(org) => self.forget_organisation(org),
                Revocation::ApiKey(hash) => self.forget_api_key(&hash),
                Revocation::User { user, .. } => self.forget_keys_of(user),
                Revocation::Session(_) | Revocation::SigningKey(_) => {}
            }
        }
    }

    /// For the event that an organisation's policy or a member of it has changed.
    pub fn forget_organisation(&self, org: Uuid) {
        self.organisations.invalidate(&org);
        let of_org =
            move |_: &SecretHash, key: &Answer<Option<ApiKey>>| key.value.as_ref().is_some_and(|key| key.org == org);
        self.keys.invalidate_entries_if(of_org).expect("the cache was built for this");
    }

    fn forget_keys_of(&self, user: Uuid) {
        let of_user =
            move |_: &SecretHash, key: &Answer<Option<ApiKey>>| key.value.as_ref().is_some_and(|key| key.user == user);
        self.keys.invalidate_entries_if(of_user).expect("the cache was built for this");
    }

    /// For the event that the members of a project have changed.
    pub fn forget_project(&self, project: Uuid) {
        let of_project = move |(_, of, _): &(Uuid, Uuid, Uuid), _: &Answer<Option<ProjectRole>>| *of == project;
        self.members.invalidate_entries_if(of_project).expect("the cache was built for this");
    }

    /// For the event that an API key was revoked.
    pub fn forget_api_key(&self, hash: &SecretHash) {
        self.keys.invalidate(hash);
    }

    async fn ask<K, V, F>(&self, cache: &Cache<K, Answer<V>>, key: K, ask: impl FnOnce() -> F) -> Result<V, Problem>
    where
        K: Hash + Eq + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<V, Problem>>,
    {
        let now = self.clock.now();
        let younger = |answer: &Answer<V>, age: Duration| (now - answer.at).to_std().is_ok_and(|passed| passed < age);
        let known = cache.get(&key);
        if let Some(answer) = known.as_ref().filter(|answer| younger(answer, TTL)) {
            return Ok(answer.value.clone());
        }
        match ask().await {
            Ok(value) => {
                cache.insert(key, Answer { value: value.clone(), at: now });
                Ok(value)
            }
            Err(problem) => match known.filter(|answer| younger(answer, MAX_STALE)) {
                Some(answer) => {
                    tracing::warn!(detail = problem.detail, "directory does not answer; using what it said before");
                    Ok(answer.value)
                }
                None => Err(problem),
            },
        }
    }
}

fn cache<K, V>() -> Cache<K, V>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(MAX_ENTRIES).support_invalidation_closures().build()
}

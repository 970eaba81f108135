//! Which service calls over the network: each call carries a token that is good for a minute, signed with the caller's own
//! key, and names caller, callee and the user it is made for. It opens the methods that the [`policy`](crate::policy) lists for
//! that caller and nothing else; a user's token opens no method by itself.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use base::{
    Problem,
    time::{Clock, Ids},
};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Caller, Client, Rights,
    jwks::Keys,
    keys::SigningKey,
    policy::{action_of, check_service, rpc_callee},
};

/// The request header with the calling service's token.
pub const SERVICE_TOKEN: &str = "x-gooseek-service";
const KIND: &str = "service+jwt";
const LIFETIME: i64 = 60;
/// A token that names no user is sent again until it is this old.
const REUSE: i64 = 30;

/// How services that call over the network are known.
#[derive(Debug, Clone)]
pub enum RpcAuth {
    /// Whatever reaches the port may call: one machine without accounts.
    Anyone,
    /// None may, because no keys are configured.
    Closed,
    /// Services whose public keys are known.
    Known(ServiceIdentity),
}

/// Where a call comes from.
#[derive(Debug)]
pub(crate) struct RpcCaller {
    /// `None` on a machine without accounts, where anything may call.
    pub(crate) service: Option<Cow<'static, str>>,
    /// The user that the service names, if it may.
    pub(crate) user: Option<Caller>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Act>,
}

/// The user a service acts for.
#[derive(Serialize, Deserialize)]
struct Act {
    org: Uuid,
    sub: Uuid,
    #[serde(flatten)]
    rights: Rights,
}

/// This process among the services: its own key and the public keys of all. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ServiceIdentity {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: &'static str,
    key: SigningKey,
    keys: Keys,
    clock: Clock,
    ids: Ids,
    /// The last token for each callee, and when it was made.
    fresh: Mutex<HashMap<&'static str, (i64, String)>>,
}

impl ServiceIdentity {
    /// `private` is a PEM, `public` a JWKS whose key ids are the names of services; the error says what is wrong with which.
    pub fn new(name: &'static str, private: &str, public: &str, clock: Clock, ids: Ids) -> Result<Self, String> {
        let key = SigningKey::from_pem(name, private).map_err(|error| format!("SERVICE_KEY: {error}"))?;
        let keys = Keys::pinned(public).map_err(|error| format!("SERVICE_KEYS: {error}"))?;
        check_set(&key, public).map_err(|error| format!("SERVICE_KEYS: {error}"))?;
        let inner = Inner { name, key, keys, clock, ids, fresh: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What a call to `callee` carries. It names the user the call is made for: the user's own token would end before the work
    /// does, and an API key must go nowhere else.
    pub fn token(&self, callee: &'static str, acting: Option<&Caller>) -> String {
        let now = self.inner.clock.now().timestamp();
        let act = acting.filter(|caller| caller.has_user());
        if act.is_some() {
            return self.sign(callee, now, act);
        }
        let mut fresh = self.inner.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, token)) = fresh.get(callee)
            && now - made < REUSE
        {
            return token.clone();
        }
        let token = self.sign(callee, now, None);
        fresh.insert(callee, (now, token.clone()));
        token
    }

    fn sign(&self, callee: &str, now: i64, act: Option<&Caller>) -> String {
        let claims = Claims {
            iss: self.inner.name.to_owned(),
            aud: callee.to_owned(),
            iat: now,
            exp: now + LIFETIME,
            jti: self.inner.ids.next(),
            act: act.map(|user| Act { org: user.org(), sub: user.user(), rights: user.rights() }),
        };
        self.inner.key.sign(KIND, &claims)
    }

    pub(crate) async fn check(&self, token: &str, method: &str) -> Result<RpcCaller, Problem> {
        let callee = rpc_callee(method).unwrap_or_default();
        let claims =
            self.read(token, callee).await.ok_or_else(|| Problem::unauthorized("the service's token is not valid"))?;
        check_service(&claims.iss, method)?;
        if claims.act.is_some() && action_of(method).is_none() {
            return Err(Problem::forbidden(format!("{method} is called for no user")));
        }
        if claims.act.as_ref().is_some_and(|act| act.org.is_nil() || act.sub.is_nil()) {
            return Err(Problem::unauthorized("the service's token names no user"));
        }
        let user = claims.act.map(|act| Caller::user_of(act.org, act.sub, act.rights, Client::default()));
        Ok(RpcCaller { service: Some(claims.iss.into()), user })
    }

    /// The claims of a token for `callee` that its issuer has signed itself.
    async fn read(&self, token: &str, callee: &str) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(KIND) {
            return None;
        }
        let id = header.kid?;
        let key = self.inner.keys.find(Some(&id)).await.ok()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[callee]);
        validation.set_issuer(&[&id]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        validation.leeway = 5;
        let claims = decode::<Claims>(token, &key, &validation).ok()?.claims;
        let now = self.inner.clock.now().timestamp();
        let lifetime = claims.exp.checked_sub(claims.iat)?;
        (lifetime <= LIFETIME && claims.iat <= now + 5).then_some(claims)
    }
}

/// A set must name each key, once, and ours as we have it: a key without a name would pass for any service.
fn check_set(own: &SigningKey, public: &str) -> Result<(), String> {
    let set: serde_json::Value = serde_json::from_str(public).map_err(|_| "not a JWKS".to_owned())?;
    let keys = set["keys"].as_array().ok_or("not a JWKS")?;
    let own = own.jwk();
    let mut names = HashSet::new();
    for key in keys {
        let name = key["kid"].as_str().ok_or("a key has no kid")?;
        if !names.insert(name) {
            return Err(format!("{name} is in it twice"));
        }
    }
    match keys.iter().find(|key| key["kid"] == own["kid"]) {
        Some(key) if key["x"] == own["x"] => Ok(()),
        Some(_) => Err(format!("the key of {} is another one than SERVICE_KEY", own["kid"])),
        None => Err(format!("there is no key of {}", own["kid"])),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::caller::{Role, Roles, Scopes};

    const PASSAGES: &str = "/gooseek.search.v1.SearchService/Passages";
    const RESOLVE: &str = "/gooseek.projects.v1.ProjectsService/Resolve";

    struct Services {
        keys: Vec<SigningKey>,
    }

    impl Services {
        fn new() -> Self {
            Self { keys: ["chat", "search", "upload", "library"].map(SigningKey::generate).into() }
        }

        fn identity(&self, name: &'static str) -> ServiceIdentity {
            let key = self.keys.iter().find(|key| key.jwk()["kid"] == name).unwrap();
            let public = json!({ "keys": self.keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() }).to_string();
            let clock = Clock::system();
            ServiceIdentity::new(name, &key.pem(), &public, clock.clone(), Ids::new(clock)).unwrap()
        }
    }

    fn user() -> Caller {
        let rights = Rights::new(Roles::of(&[Role::Member, Role::Billing]), Some(Scopes::parse("chat:write")));
        Caller::user_of(Uuid::from_u128(1), Uuid::from_u128(2), rights, Client::default())
    }

    async fn refused(callee: &ServiceIdentity, token: &str, method: &str) -> StatusCode {
        callee.check(token, method).await.expect_err("the call is refused").status.try_into().unwrap()
    }

    #[tokio::test]
    async fn a_listed_call_is_let_in_and_names_the_user_it_is_for_with_all_rights() {
        let services = Services::new();
        let (chat, search) = (services.identity("chat"), services.identity("search"));
        let own = search.check(&chat.token("search", None), PASSAGES).await.unwrap();
        assert_eq!((own.service.as_deref(), own.user), (Some("chat"), None));
        let acting = search.check(&chat.token("search", Some(&user())), PASSAGES).await.unwrap();
        assert_eq!(acting.user, Some(user()));
    }

    #[tokio::test]
    async fn what_the_table_does_not_list_is_refused() {
        let services = Services::new();
        let search = services.identity("search");
        let library = services.identity("library").token("search", None);
        assert_eq!(refused(&search, &library, PASSAGES).await, StatusCode::FORBIDDEN);
        let chat = services.identity("chat").token("search", None);
        assert_eq!(refused(&search, &chat, "/gooseek.search.v1.SearchService/Unlisted").await, StatusCode::FORBIDDEN);
        let upload = services.identity("upload").token("search", Some(&user()));
        assert_eq!(refused(&search, &upload, PASSAGES).await, StatusCode::FORBIDDEN, "whoever it is for");
    }

    #[tokio::test]
    async fn a_user_without_an_id_or_an_organisation_is_none() {
        let services = Services::new();
        let (upload, projects) = (services.identity("upload"), services.identity("search"));
        let now = upload.inner.clock.now().timestamp();
        for (org, sub) in [(0, 2), (1, 0)] {
            let act = json!({ "org": Uuid::from_u128(org), "sub": Uuid::from_u128(sub), "roles": ["owner"] });
            let claims = json!({ "iss": "upload", "aud": "projects", "iat": now, "exp": now + 60, "jti": Uuid::nil(), "act": act });
            let acting = upload.inner.key.sign(KIND, &claims);
            assert_eq!(refused(&projects, &acting, RESOLVE).await, StatusCode::UNAUTHORIZED);
        }
        let named = projects.check(&upload.token("projects", Some(&user())), RESOLVE).await.unwrap();
        assert_eq!(named.user, Some(user()));
    }

    #[tokio::test]
    async fn a_token_that_is_forged_expired_or_for_another_callee_is_refused() {
        let services = Services::new();
        let (chat, search) = (services.identity("chat"), services.identity("search"));
        let elsewhere = chat.token("projects", None);
        let stranger = SigningKey::generate("chat");
        let now = chat.inner.clock.now().timestamp();
        let claims = |iss: &str, iat: i64, exp: i64| json!({ "iss": iss, "aud": "search", "iat": iat, "exp": exp, "jti": Uuid::nil() });
        let own = &services.keys[0];
        let bad = [
            elsewhere,
            stranger.sign(KIND, &claims("chat", now, now + 60)),
            own.sign(KIND, &claims("chat", now - 120, now - 60)),
            own.sign(KIND, &claims("chat", now, now + 3_600)),
            own.sign(KIND, &claims("chat", now + 3_600, now + 3_660)),
            own.sign(KIND, &claims("upload", now, now + 60)),
            own.sign("JWT", &claims("chat", now, now + 60)),
            "not.a.token".to_owned(),
        ];
        for token in bad {
            assert_eq!(refused(&search, &token, PASSAGES).await, StatusCode::UNAUTHORIZED, "{token}");
        }
    }

    #[test]
    fn a_set_without_names_or_without_our_key_is_refused() {
        let (ours, other) = (SigningKey::generate("chat"), SigningKey::generate("chat"));
        let with = |keys: serde_json::Value| check_set(&ours, &json!({ "keys": keys }).to_string());
        assert!(with(json!([ours.jwk()])).is_ok());
        let mut nameless = ours.jwk();
        nameless.as_object_mut().unwrap().remove("kid");
        assert!(with(json!([ours.jwk(), nameless])).is_err());
        assert!(with(json!([ours.jwk(), other.jwk()])).is_err());
        assert!(with(json!([other.jwk()])).is_err());
        assert!(with(json!([SigningKey::generate("search").jwk()])).is_err());
    }
}

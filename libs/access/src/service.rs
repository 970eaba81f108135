//! Which service calls: over the network every call carries a token of a minute, signed with the caller's own key, that
//! names caller and callee. It opens the methods that [`super::rpc_acl`] lists for that caller and nothing else; a person's
//! token opens no method by itself.

use std::{
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

use super::{Caller, Role, jwks::Keys, keys::SigningKey, rpc_acl};

/// The request header with the caller's token.
pub const HEADER: &str = "x-gooseek-service";
const KIND: &str = "service+jwt";
const LIFETIME: i64 = 60;
/// A token that names no person is sent again until it is this old.
const REUSE: i64 = 30;

/// How callers over the network are known.
#[derive(Debug, Clone)]
pub enum RpcAuth {
    /// Whoever reaches the port: one machine without accounts.
    Anyone,
    /// Nobody, because no keys are configured.
    Closed,
    /// Services whose public keys are known.
    Known(ServiceIdentity),
}

impl RpcAuth {
    /// Checks a call of `method`: the caller, and whom it acts for if it says so and is believed.
    pub async fn check(&self, token: Option<&str>, method: &str) -> Result<Option<Caller>, Problem> {
        match self {
            Self::Anyone => Ok(None),
            Self::Closed => Err(Problem::unavailable(
                "calls between services are closed: set SERVICE_KEY and SERVICE_KEYS (gooseek auth bootstrap makes them)",
            )),
            Self::Known(identity) => {
                let token = token.ok_or_else(|| Problem::unauthorized("this call needs a service's token"))?;
                identity.check(token, method).await
            }
        }
    }
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

/// The person a service acts for.
#[derive(Serialize, Deserialize)]
struct Act {
    org: Uuid,
    sub: Uuid,
    role: Role,
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

    /// Whether its calls name the person they are for.
    pub fn impersonates(&self) -> bool {
        rpc_acl::may_impersonate(self.inner.name)
    }

    /// What a call to `callee` carries. A service that may act for people names the person here, so that its work outlives
    /// the person's own token; for the others that token goes along.
    pub fn token(&self, callee: &'static str, acting: Option<&Caller>) -> String {
        let now = self.inner.clock.now().timestamp();
        let act = acting.filter(|_| self.impersonates());
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
            act: act.map(|who| Act { org: who.org, sub: who.user, role: who.role }),
        };
        self.inner.key.sign(KIND, &claims)
    }

    async fn check(&self, token: &str, method: &str) -> Result<Option<Caller>, Problem> {
        let callee = rpc_acl::callee(method).unwrap_or_default();
        let claims =
            self.read(token, callee).await.ok_or_else(|| Problem::unauthorized("the service's token is not valid"))?;
        if !rpc_acl::may_call(&claims.iss, method) {
            return Err(Problem::forbidden(format!("{} may not call {method}", claims.iss)));
        }
        let Some(act) = claims.act else { return Ok(None) };
        if !rpc_acl::may_impersonate(&claims.iss) {
            return Err(Problem::forbidden(format!("{} may not act for a person", claims.iss)));
        }
        Ok(Some(Caller { org: act.org, user: act.sub, role: act.role, token: None }))
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
    use std::collections::BTreeSet;

    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;

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

    fn person() -> Caller {
        Caller { org: Uuid::from_u128(1), user: Uuid::from_u128(2), role: Role::Member, token: None }
    }

    async fn refused(callee: &ServiceIdentity, token: &str, method: &str) -> StatusCode {
        callee.check(token, method).await.expect_err("the call is refused").status.try_into().unwrap()
    }

    #[tokio::test]
    async fn a_listed_call_is_let_in_and_names_the_person_it_is_for() {
        let services = Services::new();
        let (chat, search) = (services.identity("chat"), services.identity("search"));
        assert_eq!(search.check(&chat.token("search", None), PASSAGES).await.unwrap(), None);
        let acting = search.check(&chat.token("search", Some(&person())), PASSAGES).await.unwrap();
        assert_eq!(acting, Some(person()));
    }

    #[tokio::test]
    async fn what_the_table_does_not_list_is_refused() {
        let services = Services::new();
        let search = services.identity("search");
        let library = services.identity("library").token("search", None);
        assert_eq!(refused(&search, &library, PASSAGES).await, StatusCode::FORBIDDEN);
        let chat = services.identity("chat").token("search", None);
        assert_eq!(refused(&search, &chat, "/gooseek.search.v1.SearchService/Read").await, StatusCode::FORBIDDEN);
        let upload = services.identity("upload");
        let act = json!({ "org": Uuid::nil(), "sub": Uuid::nil(), "role": "owner" });
        let now = upload.inner.clock.now().timestamp();
        let claims =
            json!({ "iss": "upload", "aud": "projects", "iat": now, "exp": now + 60, "jti": Uuid::nil(), "act": act });
        let acting = upload.inner.key.sign(KIND, &claims);
        assert_eq!(refused(&search, &acting, RESOLVE).await, StatusCode::FORBIDDEN, "upload may not act for people");
        assert_eq!(search.check(&upload.token("projects", Some(&person())), RESOLVE).await.unwrap(), None);
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

    /// A method that is new or renamed has a row before anybody can call it.
    #[test]
    fn the_table_has_every_method_there_is() {
        let descriptors = <prost_types::FileDescriptorSet as prost::Message>::decode(proto::DESCRIPTORS).unwrap();
        let methods = descriptors
            .file
            .iter()
            .flat_map(|file| file.service.iter().map(move |service| (file.package().to_owned(), service)))
            .flat_map(|(package, service)| {
                service.method.iter().map(move |method| format!("/{package}.{}/{}", service.name(), method.name()))
            });
        let listed = rpc_acl::RPC_ACL.iter().map(|(method, _)| (*method).to_owned());
        assert_eq!(listed.collect::<BTreeSet<_>>(), methods.collect());
    }
}

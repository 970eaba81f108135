//! Which access tokens are believed: EdDSA of a known key, for this audience, not expired, and nothing else.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use access::{Role, TokenError, Verifier};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    signature::{Ed25519KeyPair, KeyPair},
};
use axum::{Json, Router, http::StatusCode, routing::get};
use base::time::Clock;
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use testkit::FakeServer;
use uuid::Uuid;

const USER: Uuid = Uuid::from_u128(7);
const ORG: Uuid = Uuid::from_u128(8);

const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3_600);

/// A signing key and the forms of its public half.
struct Issuer {
    id: &'static str,
    private: EncodingKey,
    public: Vec<u8>,
}

impl Issuer {
    fn new(id: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        Self { id, private: EncodingKey::from_ed_der(private.as_ref()), public: pair.public_key().as_ref().to_vec() }
    }

    fn jwk(&self) -> Value {
        let x = BASE64_URL_SAFE_NO_PAD.encode(&self.public);
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.id, "x": x })
    }

    /// RFC 8410, section 4.
    fn pem(&self) -> String {
        let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let der = [prefix.as_slice(), &self.public].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(der))
    }

    fn sign(&self, claims: &Value) -> String {
        let typ = Some("at+jwt".to_owned());
        let header = Header { kid: Some(self.id.to_owned()), typ, ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.private).unwrap()
    }
}

/// What auth-svc puts into a token, valid for `seconds`.
fn claims(seconds: i64) -> Value {
    let expires = Clock::system().now().timestamp() + seconds;
    json!({ "sub": USER, "org": ORG, "role": "member", "iss": "gooseek", "aud": "gooseek", "exp": expires })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims(600);
    claims[name] = value;
    claims
}

async fn refused(verifier: &Verifier, token: &str) {
    let outcome = verifier.verify(token).await;
    assert!(matches!(outcome, Err(TokenError::Invalid)), "{outcome:?}");
}

#[tokio::test]
async fn a_token_is_believed_with_its_key_in_any_form() {
    let (issuer, other) = (Issuer::new("one"), Issuer::new("two"));
    let jwks = json!({ "keys": [other.jwk(), { "kty": "oct", "k": "AAAA", "kid": "three" }, issuer.jwk()] });
    for pinned in [issuer.pem(), issuer.jwk().to_string(), jwks.to_string()] {
        let verifier = Verifier::pinned(&pinned).unwrap();
        let who = verifier.verify(&issuer.sign(&claims(600))).await.unwrap().caller;
        assert_eq!((who.user(), who.org()), (USER, ORG));
    }
}

#[tokio::test]
async fn what_is_no_ed25519_key_is_named() {
    let pair = aws_lc_rs::signature::EcdsaKeyPair::generate(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING);
    let point = pair.unwrap().public_key().as_ref().to_vec();
    let (x, y) = (BASE64_URL_SAFE_NO_PAD.encode(&point[1..33]), BASE64_URL_SAFE_NO_PAD.encode(&point[33..]));
    let other_curve = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y }).to_string();
    for pinned in
        ["", "secret", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "{\"keys\":[]}", &other_curve]
    {
        assert!(Verifier::pinned(pinned).is_err(), "{pinned}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let issuer = Issuer::new("one");
    for pinned in [issuer.pem(), issuer.jwk().to_string()] {
        let verifier = Verifier::pinned(&pinned).unwrap();
        for secret in [pinned.as_bytes(), &issuer.public] {
            let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
            let token = encode(&header, &claims(600), &EncodingKey::from_secret(secret)).unwrap();
            refused(&verifier, &token).await;
        }
    }
}

#[tokio::test]
async fn an_unsigned_token_is_nothing() {
    let issuer = Issuer::new("one");
    let verifier = Verifier::pinned(&issuer.jwk().to_string()).unwrap();
    let payload = BASE64_URL_SAFE_NO_PAD.encode(claims(600).to_string());
    for algorithm in ["none", "None", "NONE", "EdDSA", ""] {
        let header = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm, "typ": "JWT", "kid": "one" }).to_string());
        for token in [format!("{header}.{payload}."), format!("{header}.{payload}")] {
            refused(&verifier, &token).await;
        }
    }
    for token in ["", ".", "..", "nonsense", &USER.to_string()] {
        refused(&verifier, token).await;
    }
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() {
    let (issuer, stranger) = (Issuer::new("one"), Issuer::new("one"));
    let verifier = Verifier::pinned(&issuer.pem()).unwrap();
    refused(&verifier, &stranger.sign(&claims(600))).await;
    // Nor may the token bring its key along.
    let header = Header { jwk: serde_json::from_value(stranger.jwk()).unwrap(), ..Header::new(Algorithm::EdDSA) };
    refused(&verifier, &encode(&header, &claims(600), &stranger.private).unwrap()).await;
    // A name no key has, where keys have names.
    let verifier = Verifier::pinned(&issuer.jwk().to_string()).unwrap();
    refused(&verifier, &Issuer { id: "other", ..issuer }.sign(&claims(600))).await;
}

#[tokio::test]
async fn every_changed_byte_is_noticed() {
    let issuer = Issuer::new("one");
    let verifier = Verifier::pinned(&issuer.pem()).unwrap();
    let token = issuer.sign(&claims(600));
    let payload = BASE64_URL_SAFE_NO_PAD.encode(with("role", json!("owner")).to_string());
    let parts: Vec<&str> = token.split('.').collect();
    refused(&verifier, &format!("{}.{payload}.{}", parts[0], parts[2])).await;
}

#[tokio::test]
async fn claims_must_fit() {
    let issuer = Issuer::new("one");
    let verifier = Verifier::pinned(&issuer.pem()).unwrap();
    let later = claims(600)["exp"].clone();
    for wrong in [
        with("aud", json!("another-product")),
        with("aud", Value::Null),
        with("exp", Value::Null),
        with("nbf", later),
        with("sub", json!("root")),
        with("org", Value::Null),
        with("role", json!("emperor")),
        with("role", Value::Null),
        with("roles", json!(["member", "emperor"])),
        with("roles", json!("member")),
        with("scope", json!(["chat:read"])),
    ] {
        refused(&verifier, &issuer.sign(&wrong)).await;
    }
    let outcome = verifier.verify(&issuer.sign(&claims(-60))).await;
    assert!(matches!(outcome, Err(TokenError::Expired)), "{outcome:?}");
}

#[tokio::test]
async fn a_token_carries_roles_scopes_and_how_its_user_signed_in() {
    let issuer = Issuer::new("one");
    let verifier = Verifier::pinned(&issuer.pem()).unwrap();
    let plain = verifier.verify(&issuer.sign(&claims(600))).await.unwrap();
    assert!(plain.caller.roles().contains(Role::Member) && plain.caller.scopes().is_none() && !plain.has_mfa);

    let mut several = claims(600);
    several["roles"] = json!(["billing", "auditor"]);
    several["scope"] = json!("openid chat:read");
    several["amr"] = json!(["pwd", "otp", "mfa"]);
    let verified = verifier.verify(&issuer.sign(&several)).await.unwrap();
    for role in Role::ALL {
        let has = matches!(role, Role::Member | Role::Billing | Role::Auditor);
        assert_eq!(verified.caller.roles().contains(role), has, "{role:?}");
    }
    let scopes = verified.caller.scopes().unwrap();
    assert!(scopes.contains("chat:read") && !scopes.contains("chat:write") && !scopes.contains("chat"));
    assert!(verified.has_mfa);
}

/// A key server with `keys`, which counts how often it is asked.
async fn key_server(keys: Value) -> (FakeServer, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::default());
    let count = asked.clone();
    let answer = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let keys = keys.clone();
        async move { Json(json!({ "keys": keys })) }
    };
    (FakeServer::start(Router::new().route("/.well-known/jwks.json", get(answer))).await, asked)
}

#[tokio::test]
async fn keys_are_fetched_once_and_strangers_do_not_make_us_ask_again() {
    let (issuer, stranger) = (Issuer::new("one"), Issuer::new("stranger"));
    let (server, asked) = key_server(json!([issuer.jwk()])).await;
    let verifier = Verifier::remote(&server.url()).unwrap();
    let token = issuer.sign(&claims(600));
    let outcomes = tokio::join!(verifier.verify(&token), verifier.verify(&token));
    assert!(outcomes.0.is_ok() && outcomes.1.is_ok());
    for _ in 0..5 {
        refused(&verifier, &stranger.sign(&claims(600))).await;
        verifier.verify(&token).await.unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_key_server_that_is_down_is_an_outage_and_no_verdict() {
    let down = Router::new().fallback(|| async { StatusCode::INTERNAL_SERVER_ERROR });
    let server = FakeServer::start(down).await;
    let verifier = Verifier::remote(&server.url()).unwrap();
    for _ in 0..2 {
        let outcome = verifier.verify(&Issuer::new("one").sign(&claims(600))).await;
        assert!(matches!(outcome, Err(TokenError::KeysUnavailable)), "{outcome:?}");
    }
}

/// An issuer whose answer can be changed.
struct KeyServer {
    /// `None` for an outage.
    keys: Arc<Mutex<Option<Value>>>,
    server: FakeServer,
}

impl KeyServer {
    async fn start(keys: Value) -> Self {
        let keys = Arc::new(Mutex::new(Some(keys)));
        let current = keys.clone();
        let answer = move || async move {
            let keys = current.lock().unwrap().clone();
            keys.map(|keys| Json(json!({ "keys": keys }))).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
        };
        let server = FakeServer::start(Router::new().route("/.well-known/jwks.json", get(answer))).await;
        Self { keys, server }
    }

    fn answer(&self, keys: Option<Value>) {
        *self.keys.lock().unwrap() = keys;
    }
}

async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Waits until `token` is refused.
async fn forgotten(verifier: &Verifier, token: &str) {
    let believed = async {
        while verifier.verify(token).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), believed).await.expect("the key is forgotten");
    refused(verifier, token).await;
}

#[tokio::test]
async fn a_key_that_was_taken_back_is_not_believed_for_long() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let server = KeyServer::start(json!([old.jwk(), new.jwk()])).await;
    let verifier = Verifier::remote(&server.server.url()).unwrap();
    let token = old.sign(&claims(600));
    verifier.verify(&token).await.unwrap();
    server.answer(Some(json!([new.jwk()])));
    verifier.verify(&token).await.unwrap();
    pass(TEN_MINUTES).await;
    forgotten(&verifier, &token).await;
    let token = new.sign(&claims(600));
    verifier.verify(&token).await.unwrap();
    // The last one too.
    server.answer(Some(json!([])));
    pass(TEN_MINUTES).await;
    forgotten(&verifier, &token).await;
}

#[tokio::test]
async fn after_a_quiet_hour_the_first_token_waits_for_the_keys_of_now() {
    let (old, new) = (Issuer::new("old"), Issuer::new("new"));
    let server = KeyServer::start(json!([old.jwk(), new.jwk()])).await;
    let verifier = Verifier::remote(&server.server.url()).unwrap();
    verifier.verify(&old.sign(&claims(600))).await.unwrap();
    server.answer(Some(json!([new.jwk()])));
    pass(HOUR).await;
    refused(&verifier, &old.sign(&claims(600))).await;
    verifier.verify(&new.sign(&claims(600))).await.unwrap();
}

#[tokio::test]
async fn while_the_issuer_is_away_its_keys_are_believed_for_an_hour() {
    let issuer = Issuer::new("one");
    let server = KeyServer::start(json!([issuer.jwk()])).await;
    let verifier = Verifier::remote(&server.server.url()).unwrap();
    let token = issuer.sign(&claims(600));
    verifier.verify(&token).await.unwrap();
    server.answer(None);
    pass(HOUR - TEN_MINUTES).await;
    verifier.verify(&token).await.unwrap();
    pass(TEN_MINUTES).await;
    for _ in 0..2 {
        let outcome = verifier.verify(&token).await;
        assert!(matches!(outcome, Err(TokenError::KeysUnavailable)), "{outcome:?}");
    }
    server.answer(Some(json!([issuer.jwk()])));
    pass(Duration::from_secs(2)).await;
    verifier.verify(&token).await.unwrap();
}

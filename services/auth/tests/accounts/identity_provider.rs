//! An identity provider that is strict about what it is asked, and says what the test wants.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use access::keys::SigningKey;
use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use testkit::FakeServer;
use url::Url;

pub(crate) const CLIENT: &str = "gooseek";
pub(crate) const SECRET: &str = "a secret of the client / with signs";

pub(crate) struct IdentityProvider {
    server: FakeServer,
    state: Arc<Inner>,
}

struct Inner {
    key: SigningKey,
    issuer: Mutex<String>,
    /// Codes that were given out and not redeemed: PKCE challenge and claims.
    codes: Mutex<BTreeMap<String, (String, Value)>>,
    /// What takes the place of the ID token that would be right.
    forged: Mutex<Option<String>>,
}

impl IdentityProvider {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Inner {
            key: SigningKey::generate("idp-1"),
            issuer: Mutex::default(),
            codes: Mutex::default(),
            forged: Mutex::default(),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(state.clone());
        let server = FakeServer::start(routes).await;
        *state.issuer.lock().unwrap() = server.url();
        Self { server, state }
    }

    pub(crate) fn issuer(&self) -> String {
        self.server.url()
    }

    /// Calls itself something else from now on.
    pub(crate) fn rename(&self, issuer: &str) {
        *self.state.issuer.lock().unwrap() = issuer.to_owned();
    }

    /// Answers this in place of the right ID token.
    pub(crate) fn forge(&self, token: Option<String>) {
        *self.state.forged.lock().unwrap() = token;
    }

    /// The claims of a good token about somebody, for the sign-in that `address` begins.
    pub(crate) fn claims(&self, address: &str, subject: &str, email: &str) -> Value {
        let asked = query(address);
        let now = base::time::Clock::system().now().timestamp();
        json!({
            "iss": self.issuer(), "aud": CLIENT, "sub": subject, "email": email, "email_verified": true, "name": "Ann",
            "nonce": asked["nonce"], "iat": now, "exp": now + 300,
        })
    }

    /// Signs somebody in where the browser was sent, and sends it back: the path of our own callback.
    pub(crate) fn sign_in(&self, address: &str, claims: &Value) -> String {
        let asked = query(address);
        assert!(address.starts_with(&format!("{}/authorize?", self.issuer())), "{address}");
        for (name, value) in [("response_type", "code"), ("client_id", CLIENT), ("code_challenge_method", "S256")] {
            assert_eq!(asked[name], value, "{address}");
        }
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{address}");
        let code = format!("code-{}", self.state.codes.lock().unwrap().len());
        let grant = (asked["code_challenge"].clone(), claims.clone());
        self.state.codes.lock().unwrap().insert(code.clone(), grant);
        let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
        back.query_pairs_mut().append_pair("state", &asked["state"]).append_pair("code", &code);
        back.query_pairs_mut().append_pair("iss", &self.issuer());
        format!("{}?{}", back.path(), back.query().unwrap())
    }
}

pub(crate) fn query(address: &str) -> BTreeMap<String, String> {
    Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

async fn discovery(State(state): State<Arc<Inner>>, headers: HeaderMap) -> Json<Value> {
    let here = format!("http://{}", headers["host"].to_str().unwrap());
    Json(json!({
        "issuer": *state.issuer.lock().unwrap(),
        "authorization_endpoint": format!("{here}/authorize"),
        "token_endpoint": format!("{here}/token"),
        "jwks_uri": format!("{here}/jwks"),
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn jwks(State(state): State<Arc<Inner>>) -> Json<Value> {
    Json(json!({ "keys": [state.key.jwk()] }))
}

async fn token(
    State(state): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = BASE64_STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
    let is_client = headers.get("authorization").is_some_and(|value| *value == format!("Basic {pair}"));
    if !is_client || form["grant_type"] != "authorization_code" {
        return Err(StatusCode::UNAUTHORIZED);
    }
    // A code is good once.
    let (challenge, claims) = state.codes.lock().unwrap().remove(&form["code"]).ok_or(StatusCode::BAD_REQUEST)?;
    if challenge != BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"])) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let id_token = state.forged.lock().unwrap().clone().unwrap_or_else(|| state.key.sign("JWT", &claims));
    Ok(Json(json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": id_token })))
}

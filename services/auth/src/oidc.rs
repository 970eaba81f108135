//! Signing in at an identity provider (OpenID Connect Core 1.0): discovery, the code flow with PKCE (RFC 7636), the ID token.
//!
//! The provider's addresses are those of an administrator, so that every request goes through the guarded fetcher.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use fetch::{ApiRequest, Fetcher};
use http::{HeaderMap, HeaderValue, header};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};
use serde::{Deserialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};

/// Signatures with a public key; what a provider names besides is not looked at.
const ALGORITHMS: [Algorithm; 4] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
const LEEWAY: Duration = Duration::from_secs(30);

/// Why nobody was signed in. What it says is fit for an administrator; a stranger is told less.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OidcError {
    #[error("the identity provider cannot be reached: {0}")]
    Unreachable(#[from] fetch::FetchError),
    #[error("{url} answers with status {status}")]
    Status { url: String, status: u16 },
    #[error("{0} does not answer what OpenID Connect asks for")]
    Malformed(String),
    /// RFC 9207 and OpenID Connect Discovery, section 4.3: another provider could stand in for this one.
    #[error("the provider calls itself {found:?}, and not {expected:?}")]
    Issuer { found: String, expected: String },
    #[error("the ID token is not valid: {0}")]
    Token(String),
}

/// What a provider says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// This installation, as the provider knows it.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) redirect_uri: String,
}

/// What one sign-in is bound to; kept until the browser comes back.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    /// Of PKCE.
    pub(crate) verifier: &'a str,
}

/// Whom the provider has signed in.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Identity {
    pub(crate) sub: String,
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) email_verified: bool,
    pub(crate) name: Option<String>,
    /// How (RFC 8176).
    #[serde(default)]
    pub(crate) amr: Vec<String>,
    nonce: Option<String>,
    aud: Audience,
    azp: Option<String>,
    at_hash: Option<String>,
}

/// One name or several. Which they are is checked with the signature; how many there are matters besides.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(#[expect(dead_code, reason = "checked with the signature")] String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
    access_token: Option<String>,
}

impl Provider {
    /// Asks a provider what it is (OpenID Connect Discovery 1.0).
    pub(crate) async fn discover(fetcher: &Fetcher, issuer: &str) -> Result<Self, OidcError> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let provider: Self = json(fetcher, &url, ApiRequest::get()).await?;
        if provider.issuer != issuer {
            return Err(OidcError::Issuer { found: provider.issuer, expected: issuer.to_owned() });
        }
        Ok(provider)
    }

    /// Where the browser is sent.
    pub(crate) fn authorization_url(&self, client: &Client, request: &Request<'_>) -> Result<String, OidcError> {
        let mut url = Url::parse(&self.authorization_endpoint)
            .map_err(|_| OidcError::Malformed(self.authorization_endpoint.clone()))?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, request.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", &client.redirect_uri)
            .append_pair("scope", "openid email profile")
            .append_pair("state", request.state)
            .append_pair("nonce", request.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Whether the answer to an authorization request is this provider's (RFC 9207).
    pub(crate) fn check_issuer(&self, found: Option<&str>) -> Result<(), OidcError> {
        match found {
            None if !self.authorization_response_iss_parameter_supported => Ok(()),
            Some(found) if found == self.issuer => Ok(()),
            found => {
                Err(OidcError::Issuer { found: found.unwrap_or_default().to_owned(), expected: self.issuer.clone() })
            }
        }
    }

    /// Whom a code stands for.
    pub(crate) async fn redeem(
        &self,
        fetcher: &Fetcher,
        client: &Client,
        request: &Request<'_>,
        code: &str,
    ) -> Result<Identity, OidcError> {
        let answer: TokenAnswer =
            json(fetcher, &self.token_endpoint, self.token_request(client, request, code)).await?;
        let keys: JwkSet = json(fetcher, &self.jwks_uri, ApiRequest::get()).await?;
        self.verify(&answer, &keys, client, request.nonce)
    }

    fn token_request(&self, client: &Client, request: &Request<'_>, code: &str) -> ApiRequest {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &client.redirect_uri)
            .append_pair("code_verifier", request.verifier);
        let mut headers = HeaderMap::new();
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, content_type);
        // The default of OpenID Connect, section 9.
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        if methods.is_none_or(|known| known.iter().any(|method| method == "client_secret_basic")) {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encoded(&client.id), encoded(&client.secret));
            let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
            headers.insert(header::AUTHORIZATION, HeaderValue::try_from(value).expect("base64 is fit for a header"));
        } else {
            form.append_pair("client_id", &client.id).append_pair("client_secret", &client.secret);
        }
        ApiRequest::post(headers, form.finish())
    }

    /// OpenID Connect Core, section 3.1.3.7.
    fn verify(&self, answer: &TokenAnswer, keys: &JwkSet, client: &Client, nonce: &str) -> Result<Identity, OidcError> {
        let bad = |what: &str| OidcError::Token(what.to_owned());
        let header = decode_header(&answer.id_token).map_err(|_| bad("it cannot be read"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(bad("it is not signed with a public key"));
        }
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&client.id]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY.as_secs();
        let usable = |key: &&Jwk| {
            fits(key, header.alg) && header.kid.as_deref().is_none_or(|id| key.common.key_id.as_deref() == Some(id))
        };
        let key = keys.keys.iter().find(usable).ok_or_else(|| bad("it is signed with an unknown key"))?;
        let key = DecodingKey::from_jwk(key).map_err(|_| bad("its key cannot be used"))?;
        let identity = decode::<Identity>(&answer.id_token, &key, &validation);
        let identity = identity.map_err(|error| OidcError::Token(error.to_string()))?.claims;
        if identity.nonce.as_deref() != Some(nonce) {
            return Err(bad("it was made for another sign-in"));
        }
        let is_shared = matches!(&identity.aud, Audience::Many(all) if all.len() > 1);
        if identity.azp.as_deref().map_or(is_shared, |party| party != client.id) {
            return Err(bad("it was made for another client"));
        }
        if let (Some(expected), Some(token)) = (&identity.at_hash, &answer.access_token)
            && *expected != BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, token.as_bytes()).as_ref()[..16])
        {
            return Err(bad("it belongs to another access token"));
        }
        if identity.sub.is_empty() || identity.sub.len() > 255 {
            return Err(bad("it names nobody"));
        }
        Ok(identity)
    }
}

/// Whether a key is of the kind that an algorithm needs: a public key is never taken for a shared secret.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    matches!(
        (&key.algorithm, algorithm),
        (AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256)
            | (AlgorithmParameters::EllipticCurve(_), Algorithm::ES256)
            | (AlgorithmParameters::OctetKeyPair(_), Algorithm::EdDSA)
    )
}

async fn json<T: DeserializeOwned>(fetcher: &Fetcher, url: &str, request: ApiRequest) -> Result<T, OidcError> {
    let answer = fetcher.call(url, request).await?;
    if answer.status != 200 {
        return Err(OidcError::Status { url: url.to_owned(), status: answer.status });
    }
    serde_json::from_slice(&answer.body).map_err(|_| OidcError::Malformed(url.to_owned()))
}

//! Makes tokens that look like those of auth-svc, from a real one.

use access::SecretHash;
use aws_lc_rs::{
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

/// The secret that [`testkit::service::World::use_accounts`] gives auth-svc.
const JWT_SECRET: &[u8] = b"a secret of the tests that is long enough 0123456789";
/// What stands before the bytes of an Ed25519 key in its DER form (RFC 8410, section 4).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A real token, the key that signed it, and a stranger's.
pub(crate) struct Forger {
    /// As it was issued.
    pub(crate) token: String,
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// The key of auth-svc, to sign what it would never say.
    issuer: Ed25519KeyPair,
    stranger: Ed25519KeyPair,
    elliptic: EcdsaKeyPair,
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl Forger {
    /// `published` is the key set of auth-svc, by which it is checked that the key is the right one.
    pub(crate) fn new(token: &str, published: &Value) -> Self {
        let part = |at: usize| {
            let part = token.split('.').nth(at).unwrap();
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let issuer = Ed25519KeyPair::from_seed_unchecked(&seed("access token key 1")).unwrap();
        assert_eq!(published["keys"][0]["x"], base64url(issuer.public_key()), "the key of auth-svc is known");
        Self {
            token: token.to_owned(),
            header: part(0),
            claims: part(1),
            issuer,
            stranger: Ed25519KeyPair::generate().unwrap(),
            elliptic: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        }
    }

    /// The header with a field changed; `null` takes it away.
    pub(crate) fn header_with(&self, name: &str, value: Value) -> Value {
        changed(&self.header, name, value)
    }

    pub(crate) fn claims_with(&self, name: &str, value: Value) -> Value {
        changed(&self.claims, name, value)
    }

    /// Signed by auth-svc itself.
    pub(crate) fn issued(&self, header: &Value, claims: &Value) -> String {
        self.issued_text(header, &claims.to_string())
    }

    /// The same for claims that no JSON library would write.
    pub(crate) fn issued_text(&self, header: &Value, claims: &str) -> String {
        signed(header, claims, |text| self.issuer.sign(text).as_ref().to_vec())
    }

    /// Signed by somebody else.
    pub(crate) fn strange(&self, header: &Value, claims: &Value) -> String {
        signed(header, &claims.to_string(), |text| self.stranger.sign(text).as_ref().to_vec())
    }

    /// Signed by somebody else with ES256.
    pub(crate) fn elliptic(&self, header: &Value) -> String {
        let random = aws_lc_rs::rand::SystemRandom::new();
        signed(header, &self.claims.to_string(), |text| self.elliptic.sign(&random, text).unwrap().as_ref().to_vec())
    }

    /// Signed with a shared secret, which may be what everybody knows.
    pub(crate) fn hmac(&self, alg: &str, secret: &[u8]) -> String {
        let algorithm = match alg {
            "HS256" => hmac::HMAC_SHA256,
            "HS384" => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA512,
        };
        let key = hmac::Key::new(algorithm, secret);
        let header = self.header_with("alg", json!(alg));
        signed(&header, &self.claims.to_string(), |text| hmac::sign(&key, text).as_ref().to_vec())
    }

    /// With the signature of the real token, or another one as text.
    pub(crate) fn with_signature(&self, header: &Value, claims: &Value, signature: &str) -> String {
        format!("{}.{}.{signature}", base64url(header.to_string()), base64url(claims.to_string()))
    }

    pub(crate) fn signature(&self) -> &str {
        self.token.rsplit('.').next().unwrap()
    }

    /// The forms in which everybody knows the public key.
    pub(crate) fn public_forms(&self) -> Vec<(&'static str, Vec<u8>)> {
        let raw = self.issuer.public_key().as_ref().to_vec();
        let der = [SPKI.as_slice(), &raw].concat();
        let body = BASE64_STANDARD.encode(&der);
        let jwk = jwk(&self.header["kid"], &self.issuer);
        vec![
            ("PEM", format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n").into_bytes()),
            (
                "PEM without its last line break",
                format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----").into_bytes(),
            ),
            ("DER", der),
            ("base64 of the DER", body.into_bytes()),
            ("JWK", jwk.to_string().into_bytes()),
            ("JWKS", json!({ "keys": [jwk] }).to_string().into_bytes()),
            ("x of the JWK", base64url(&raw).into_bytes()),
            ("the bytes", raw),
            ("nothing", Vec::new()),
            ("the key id", self.header["kid"].as_str().unwrap().as_bytes().to_vec()),
            ("a hash of the key", SecretHash::of(&base64url(self.issuer.public_key())).as_bytes().to_vec()),
        ]
    }

    /// The stranger's key, under this id.
    pub(crate) fn strange_jwk(&self, id: &Value) -> Value {
        jwk(id, &self.stranger)
    }

    pub(crate) fn strange_x(&self) -> String {
        base64url(self.stranger.public_key())
    }

    /// The real signature with the order of the curve added to its second half: the same number to who does not reduce it.
    pub(crate) fn malleated(&self) -> String {
        const ORDER: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let mut signature = BASE64_URL_SAFE_NO_PAD.decode(self.signature()).unwrap();
        let mut carry = 0;
        for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        base64url(signature)
    }
}

fn signed(header: &Value, claims: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{}", base64url(header.to_string()), base64url(claims));
    let signature = base64url(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

fn jwk(id: &Value, key: &Ed25519KeyPair) -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": id, "x": base64url(key.public_key()) })
}

fn changed(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object
}

/// As auth-svc derives its keys (HKDF, RFC 5869).
fn seed(label: &str) -> [u8; 32] {
    struct Length;
    impl KeyType for Length {
        fn len(&self) -> usize {
            32
        }
    }
    let mut seed = [0; 32];
    let salt = Salt::new(HKDF_SHA256, b"gooseek").extract(JWT_SECRET);
    salt.expand(&[label.as_bytes()], Length).unwrap().fill(&mut seed).unwrap();
    seed
}

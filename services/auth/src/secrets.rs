//! Random secrets, and keys derived from `JWT_SECRET`.

use access::SecretHash;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rand::RngCore;
use sha2::Sha256;

/// 256 random bits for a link, key or token, as 43 characters that fit into an address.
pub(crate) fn random() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// As a secret stands in a row.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    SecretHash::of(secret).as_bytes().to_vec()
}

/// What every key of this service is derived from. Two processes with the same `JWT_SECRET` have the same keys.
#[derive(Clone)]
pub(crate) struct RootSecret(Vec<u8>);

impl std::fmt::Debug for RootSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootSecret")
    }
}

impl RootSecret {
    pub(crate) fn new(secret: impl Into<Vec<u8>>) -> Self {
        Self(secret.into())
    }

    /// A key of 32 bytes for one purpose (HKDF, RFC 5869). `label` is part of what is stored and sent, so it never changes.
    pub(crate) fn derive(&self, label: &str) -> [u8; 32] {
        struct KeyLength;
        impl KeyType for KeyLength {
            fn len(&self) -> usize {
                32
            }
        }
        let mut key = [0_u8; 32];
        let labels = [label.as_bytes()];
        let derived = Salt::new(HKDF_SHA256, b"gooseek")
            .extract(&self.0)
            .expand(&labels, KeyLength)
            .map(|okm| okm.fill(&mut key));
        derived.and_then(|filled| filled).expect("32 bytes are less than HKDF can give");
        key
    }
}

/// Proves that a text was made here: HMAC-SHA256.
#[derive(Clone)]
pub(crate) struct MacKey([u8; 32]);

impl MacKey {
    pub(crate) fn new(root: &RootSecret, label: &str) -> Self {
        Self(root.derive(label))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        self.mac(message).finalize().into_bytes().into()
    }

    /// In the same time whatever the difference.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.mac(message).verify_slice(signature).is_ok()
    }

    fn mac(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(message);
        mac
    }
}

/// Keeps secrets that must be read again, such as those of authenticator apps, unreadable in a copy of the database.
#[derive(Clone)]
pub(crate) struct SealingKey([u8; 32]);

impl SealingKey {
    pub(crate) fn new(root: &RootSecret) -> Self {
        Self(root.derive("sealed columns"))
    }

    /// `row` is whose secret it is: in another row it cannot be opened.
    pub(crate) fn seal(&self, row: uuid::Uuid, secret: &[u8]) -> Vec<u8> {
        let mut sealed = secret.to_vec();
        let nonce = self.key().seal_in_place_append_tag(Aad::from(row.as_bytes()), &mut sealed);
        let nonce = nonce.expect("short texts can be sealed");
        [nonce.as_ref().as_slice(), &sealed].concat()
    }

    /// `None` for what was not sealed with this key for this row.
    pub(crate) fn open(&self, row: uuid::Uuid, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let opened = self.key().open_in_place(nonce, Aad::from(row.as_bytes()), &mut text).ok()?;
        Some(opened.to_vec())
    }

    fn key(&self) -> RandomizedNonceKey {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0).expect("the key has the length of AES-256")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn keys_for_different_purposes_differ() {
        let root = RootSecret::new("0123456789abcdef0123456789abcdef");
        assert_eq!(root.derive("a"), root.derive("a"));
        assert_ne!(root.derive("a"), root.derive("b"));
        assert_ne!(root.derive("a"), RootSecret::new("another secret of 32 bytes or more").derive("a"));
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_row_only() {
        let key = SealingKey::new(&RootSecret::new("0123456789abcdef0123456789abcdef"));
        let (ann, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let sealed = key.seal(ann, b"JBSWY3DPEHPK3PXP");
        assert_eq!(key.open(ann, &sealed).as_deref(), Some(b"JBSWY3DPEHPK3PXP".as_slice()));
        assert_eq!(key.open(bob, &sealed), None);
        assert_eq!(key.open(ann, &sealed[..10]), None);
        assert_ne!(sealed, key.seal(ann, b"JBSWY3DPEHPK3PXP"), "no nonce is used twice");
    }
}

//! Page cursors: opaque and signed, so that a client can neither read a position nor make one up.

use base::problem::{Problem, Violation};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

const TAG: usize = 16;

/// The key that signs cursors. All replicas of a service share it.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl CursorKey {
    /// `secret` is at least 16 random bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes a key of any length"))
    }

    /// `list` names the list, so that a cursor of one list is refused by another.
    pub fn seal<T: Serialize>(&self, list: &str, position: &T) -> String {
        let payload = serde_json::to_vec(position).expect("a cursor position is plain data");
        let mut sealed = self.tag(list, &payload);
        sealed.extend_from_slice(&payload);
        BASE64_URL_SAFE_NO_PAD.encode(sealed)
    }

    /// A problem naming `cursor` when it was not made by [`seal`](Self::seal) for this list.
    pub fn open<T: DeserializeOwned>(&self, list: &str, cursor: &str) -> Result<T, Problem> {
        self.try_open(list, cursor)
            .ok_or_else(|| Problem::invalid(vec![Violation::new("cursor", "not a cursor this list gave out")]))
    }

    fn try_open<T: DeserializeOwned>(&self, list: &str, cursor: &str) -> Option<T> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, payload) = sealed.split_at_checked(TAG)?;
        self.mac(list, payload).verify_truncated_left(tag).ok()?;
        serde_json::from_slice(payload).ok()
    }

    fn tag(&self, list: &str, payload: &[u8]) -> Vec<u8> {
        self.mac(list, payload).finalize().into_bytes()[..TAG].to_vec()
    }

    fn mac(&self, list: &str, payload: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(list.as_bytes());
        mac.update(&[0]);
        mac.update(payload);
        mac
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_bound_to_its_key_and_its_list() {
        let key = CursorKey::new(&[1; 32]);
        let cursor = key.seal("threads", &42_u32);
        assert_eq!(key.open::<u32>("threads", &cursor).unwrap(), 42);
        assert!(key.open::<u32>("files", &cursor).is_err(), "another list");
        assert!(CursorKey::new(&[2; 32]).open::<u32>("threads", &cursor).is_err(), "another key");
        let mut forged = cursor.into_bytes();
        let last = forged.last_mut().unwrap();
        *last = if *last == b'A' { b'B' } else { b'A' };
        assert!(key.open::<u32>("threads", std::str::from_utf8(&forged).unwrap()).is_err(), "changed");
        assert!(key.open::<u32>("threads", "").is_err());
    }
}

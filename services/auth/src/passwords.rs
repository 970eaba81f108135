//! Passwords: what is accepted, and their hashes (argon2id, RFC 9106).
//!
//! A hash takes tens of milliseconds and 19 MiB, so only as many are made at once as there are cores; a few more wait, and
//! beyond those the answer is 503 at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use base::Problem;
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

/// OWASP's floor: 19 MiB, two passes, one lane.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
const MIN_LENGTH: usize = 8;
const MAX_LENGTH: usize = 128;
/// How many may wait for a permit, for each permit.
const QUEUE: usize = 2;
/// A password that this many guesses find is one of a list of common ones, or made of what the account says of its owner.
const MIN_GUESSES: u64 = 1_000_000;
/// Estimating takes time that grows with the length; what makes a password weak stands at its beginning.
const ESTIMATED_LENGTH: usize = 64;

/// What is wrong with a new password; `None` when it may be used. `personal` is what everybody may know of its owner.
pub(crate) fn fault(password: &str, personal: &[&str]) -> Option<&'static str> {
    let length = password.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Some("8 to 128 characters");
    }
    let start: String = password.chars().take(ESTIMATED_LENGTH).collect();
    let words: Vec<&str> = personal.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).collect();
    let joined: Vec<String> = personal.iter().map(|text| text.split_whitespace().collect()).collect();
    let known: Vec<&str> = personal.iter().copied().chain(words).chain(joined.iter().map(String::as_str)).collect();
    if zxcvbn::zxcvbn(&start, &known).guesses() < MIN_GUESSES {
        return Some("too easy to guess: it is common, or made of your name or address");
    }
    None
}

/// Makes and checks hashes, within bounds. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    most_waiting: usize,
    /// Checked when there is no account, so that the answer takes as long as with one.
    dummy: Arc<str>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(2, usize::from);
        Self {
            permits: Arc::new(Semaphore::new(cores)),
            waiting: Arc::default(),
            most_waiting: cores * QUEUE,
            dummy: hash_now("a password that nobody has").into(),
        }
    }

    /// The hash of a password as a PHC string.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Problem> {
        let password = normalized(password);
        self.blocking(move || hash_now(&password)).await
    }

    /// Whether it is the password of this hash. Takes as long without a hash, and is then wrong.
    pub(crate) async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Problem> {
        let (password, known) = (normalized(password), hash.is_some());
        let hash: Arc<str> = hash.map_or_else(|| self.dummy.clone(), Arc::from);
        let right = self.blocking(move || {
            PasswordHash::new(&hash).is_ok_and(|hash| hasher().verify_password(password.as_bytes(), &hash).is_ok())
        });
        Ok(right.await? && known)
    }

    /// Whether a hash has a lower cost than those that are made today.
    pub(crate) fn is_outdated(hash: &str) -> bool {
        let params = PasswordHash::new(hash).ok().and_then(|hash| Params::try_from(&hash).ok());
        params.is_none_or(|params| params.m_cost() < MEMORY || params.t_cost() < PASSES)
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let _permit = self.permit().await?;
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| Problem::internal(format!("a password could not be hashed: {error}")))
    }

    async fn permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
        if let Ok(permit) = self.permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let queue = Queue::enter(&self.waiting, self.most_waiting)?;
        let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        drop(queue);
        Ok(permit)
    }
}

/// A place among those that wait, given back also when the request is dropped.
struct Queue<'a>(&'a AtomicUsize);

impl<'a> Queue<'a> {
    fn enter(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Problem> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::AcqRel) < most {
            return Ok(place);
        }
        metrics::counter!("gooseek_password_hashes_refused").increment(1);
        Err(Problem::overloaded("too many people sign in at this moment"))
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The same password typed on another keyboard has the same characters (NFC).
fn normalized(password: &str) -> String {
    password.nfc().collect()
}

fn hash_now(password: &str) -> String {
    let hash = hasher().hash_password(password.as_bytes());
    hash.expect("argon2 hashes texts of this length with these parameters").to_string()
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY, PASSES, 1, None).expect("these are in the range of argon2");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_and_those_of_the_account_are_refused() {
        for common in
            ["password", "12345678", "qwertyuiop", "iloveyou1", "football", "Passw0rd", "letmein123", "abcd1234"]
        {
            assert!(fault(common, &[]).is_some(), "{common}");
        }
        assert!(fault("annlovelace", &["ann.lovelace@example.org", "Ann Lovelace"]).is_some());
        assert!(fault("short", &[]).is_some() && fault(&"x7Q!".repeat(40), &[]).is_some());
        for good in ["correct horse battery staple", "лодка семь гроза", "tr0ub4dor&3-x", "wetterfrosch kuckuck"]
        {
            assert_eq!(fault(good, &["ann@example.org"]), None, "{good}");
        }
    }

    #[tokio::test]
    async fn a_hash_is_of_its_password_alone() {
        let passwords = Passwords::new();
        let hash = passwords.hash("wetterfrosch kuckuck").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("wetterfrosch kuckuck", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("wetterfrosch", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("a password that nobody has", None).await.unwrap());
        assert!(!Passwords::is_outdated(&hash));
        assert!(Passwords::is_outdated("$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHQ$bJk5ZkZ1Z1k"));
    }

    #[tokio::test]
    async fn every_character_counts_however_it_is_composed() {
        let passwords = Passwords::new();
        let long = "x".repeat(72);
        let hash = passwords.hash(&format!("{long}a")).await.unwrap();
        assert!(!passwords.verify(&format!("{long}b"), Some(&hash)).await.unwrap());
        let composed = passwords.hash("caf\u{e9} noir au lait").await.unwrap();
        assert!(passwords.verify("cafe\u{301} noir au lait", Some(&composed)).await.unwrap());
    }
}

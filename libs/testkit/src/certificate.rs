//! Certificates that tests make for themselves.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

/// A certificate for loopback that has issued itself, and its key.
#[derive(Debug, Clone)]
pub struct TestCertificate {
    pub cert: String,
    pub key: String,
}

impl TestCertificate {
    /// One that is good for years.
    pub fn new() -> Self {
        Self::valid_until(2_100)
    }

    /// One that has expired.
    pub fn expired() -> Self {
        Self::valid_until(2_020)
    }

    fn valid_until(year: i32) -> Self {
        let key = KeyPair::generate().expect("the system has random bytes");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("the names are names");
        params.not_before = date_time_ymd(2_019, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let cert = params.self_signed(&key).expect("a key signs");
        Self { cert: cert.pem(), key: key.serialize_pem() }
    }

    /// Writes both files into `folder`: the paths of certificate and key.
    ///
    /// # Panics
    /// When it cannot be written to.
    pub fn write(&self, folder: &Path) -> (PathBuf, PathBuf) {
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, &self.cert).expect("the folder can be written");
        std::fs::write(&key, &self.key).expect("the folder can be written");
        (cert, key)
    }

    /// A client that believes this certificate and no other.
    ///
    /// # Panics
    /// When the certificate cannot be read.
    pub fn client(&self) -> reqwest::Client {
        let trusted = reqwest::Certificate::from_pem(self.cert.as_bytes()).expect("the certificate was made here");
        #[expect(clippy::disallowed_methods, reason = "no client of ours believes a certificate of a test")]
        let builder = reqwest::Client::builder();
        let builder = builder.tls_certs_only([trusted]).no_proxy().timeout(Duration::from_secs(20));
        builder.build().expect("the client can be built")
    }
}

impl Default for TestCertificate {
    fn default() -> Self {
        Self::new()
    }
}

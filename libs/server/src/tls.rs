//! HTTPS without a proxy: the certificate and key of `TLS_CERT` and `TLS_KEY`, read again when the files change.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    CertificateError, RootCertStore, ServerConfig,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{ClientHello, ParsedCertificate, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    signal::unix::{SignalKind, signal},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

use super::listen::{Timed, Timeouts};

/// How often it is looked whether the files have changed.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// What every TLS connection begins with (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;
const NOT_TLS: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 44\r\n\r\n\
    this port speaks HTTPS: begin with https://\n";

/// The certificate of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tls {
    certificate: Arc<Certificate>,
    config: Arc<ServerConfig>,
}

/// The pair in use, and what was read last.
#[derive(Debug)]
struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<Current>,
}

#[derive(Debug)]
struct Current {
    key: Arc<CertifiedKey>,
    /// Bytes of both files, so that the same fault is told once.
    read: (Vec<u8>, Vec<u8>),
}

impl Tls {
    /// The error names the variable of the file that is at fault.
    pub(super) fn open(cert: &Path, key: &Path) -> Result<Self, String> {
        let read = read(cert, key)?;
        let current = Current { key: Arc::new(certified(&read)?), read };
        let certificate =
            Arc::new(Certificate { cert: cert.to_owned(), key: key.to_owned(), current: RwLock::new(current) });
        let versions = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let versions = versions.map_err(|error| format!("TLS_CERT: {error}"))?;
        let mut config = versions.with_no_client_auth().with_cert_resolver(certificate.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { certificate, config: Arc::new(config) })
    }

    /// Reads the files again when they have changed, or when SIGHUP says so. New connections get the new certificate; one that
    /// cannot be used is logged, and the present one stays.
    pub(super) async fn reload_until(self, stop: CancellationToken) {
        let mut hangups = signal(SignalKind::hangup()).inspect_err(|error| tracing::warn!(%error, "no SIGHUP")).ok();
        loop {
            let hangup = async {
                match &mut hangups {
                    Some(hangups) => hangups.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hangup => {}
                () = tokio::time::sleep(CHECK_INTERVAL) => {}
            }
            match self.certificate.reload() {
                Ok(false) => {}
                Ok(true) => tracing::info!("the certificate of TLS_CERT was read again"),
                Err(fault) => tracing::warn!("{fault}; the certificate that was read before stays in use"),
            }
        }
    }

    /// Greets a client. What is not TLS is told so; `None` when nothing comes of it.
    pub(super) async fn accept(&self, stream: TcpStream, timeouts: Timeouts) -> Option<TlsStream<Timed>> {
        let greeted = async {
            let mut first = [0];
            if stream.peek(&mut first).await? == 1 && first[0] != HANDSHAKE {
                refuse(stream).await?;
                return Ok(None);
            }
            let stream = super::listen::with_write_timeout(stream, timeouts);
            TlsAcceptor::from(self.config.clone()).accept(stream).await.map(Some)
        };
        match tokio::time::timeout(timeouts.head, greeted).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS connection came about");
                None
            }
            Err(_) => None,
        }
    }
}

/// Answers plain HTTP in words. What the client has sent is read, or the answer would be lost with it.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(NOT_TLS.as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 4_096];
    let mut left = 64 * 1_024_usize;
    while left > 0 {
        let read = stream.read(&mut rest).await?;
        if read == 0 {
            break;
        }
        left = left.saturating_sub(read);
    }
    Ok(())
}

impl Certificate {
    /// Whether there was anything new.
    fn reload(&self) -> Result<bool, String> {
        let read = read(&self.cert, &self.key)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.read == read {
            return Ok(false);
        }
        let key = certified(&read);
        current.read = read;
        current.key = Arc::new(key?);
        Ok(true)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).key.clone())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn read(cert: &Path, key: &Path) -> Result<(Vec<u8>, Vec<u8>), String> {
    let read = |name: &str, path: &Path| {
        std::fs::read(path).map_err(|error| format!("{name}: {} cannot be read: {error}", path.display()))
    };
    Ok((read("TLS_CERT", cert)?, read("TLS_KEY", key)?))
}

/// A chain and its key, which must belong together and be valid now.
fn certified((cert, key): &(Vec<u8>, Vec<u8>)) -> Result<CertifiedKey, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(cert).collect();
    let chain = chain.map_err(|error| format!("TLS_CERT: the PEM cannot be read: {error}"))?;
    let leaf = chain.first().ok_or("TLS_CERT: there is no certificate (PEM) in the file")?;
    check_validity(leaf)?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| "TLS_KEY: there is no private key (PEM, without a password) in the file")?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            "TLS_KEY: the key does not belong to the certificate of TLS_CERT".to_owned()
        }
        other => format!("TLS_KEY: the key cannot be used: {other}"),
    })
}

/// Who has issued it is for clients to judge: only the dates are looked at, which webpki does before all else.
fn check_validity(leaf: &CertificateDer<'_>) -> Result<(), String> {
    let parsed = ParsedCertificate::try_from(leaf)
        .map_err(|error| format!("TLS_CERT: the certificate cannot be read: {error}"))?;
    let algorithms = provider().signature_verification_algorithms.all;
    let judged =
        verify_server_cert_signed_by_trust_anchor(&parsed, &RootCertStore::empty(), &[], UnixTime::now(), algorithms);
    match judged {
        Err(rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
            Err("TLS_CERT: the certificate has expired".to_owned())
        }
        Err(rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        )) => Err("TLS_CERT: the certificate is not valid yet".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refusal_says_how_long_it_is() {
        let (head, body) = NOT_TLS.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
    }
}

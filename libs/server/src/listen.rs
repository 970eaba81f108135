//! Listeners: connections are counted, must send their request heads in time, and must take what is sent to them.
//!
//! `axum::serve` offers none of these limits, so this is its loop on hyper-util with them.

use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    extract::{ConnectInfo, Request},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{
        conn::auto::Builder,
        graceful::{GracefulShutdown, Watcher},
    },
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::tls::Tls;

/// A connection whose reader must not stop reading.
pub(super) type Timed = Pin<Box<TimeoutStream<TcpStream>>>;

/// How long a connection may keep the server waiting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// For the whole head of a request, and for the first one.
    pub(super) head: Duration,
    /// For a client to read some of what is sent: a stream whose reader has stopped reading ends after this.
    pub(super) write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { head: Duration::from_secs(15), write: Duration::from_secs(30) }
    }
}

/// After a failure to accept, such as having no file descriptor left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(200);
/// An idle HTTP/2 connection is pinged this often, and closed when it does not answer for as long.
const PING_INTERVAL: Duration = Duration::from_secs(20);

pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Serves until `stop`, then lets the requests in flight finish. With `connections` open, further ones wait to be accepted.
pub(super) async fn serve(
    listener: TcpListener,
    routes: Router,
    connections: usize,
    timeouts: Timeouts,
    tls: Option<Tls>,
    stop: CancellationToken,
) {
    // Here and once: a router that has not been given its state builds all its routes anew for every connection.
    let routes: Router = routes.with_state(());
    let permits = Arc::new(Semaphore::new(connections));
    let graceful = GracefulShutdown::new();
    let builder = builder(timeouts);
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &permits) => accepted,
        };
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection; will retry");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let connection = Connection {
            routes: routes.clone(),
            builder: builder.clone(),
            peer,
            timeouts,
            watcher: graceful.watcher(),
        };
        let (tls, stop) = (tls.clone(), stop.clone());
        tokio::spawn(async move {
            match tls {
                None => connection.serve(with_write_timeout(stream, timeouts)).await,
                Some(tls) => {
                    if let Some(Some(stream)) = stop.run_until_cancelled(tls.accept(stream, timeouts)).await {
                        connection.serve(stream).await;
                    }
                }
            }
            drop(permit);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// What one connection is served with.
struct Connection {
    routes: Router,
    builder: Builder<TokioExecutor>,
    peer: SocketAddr,
    timeouts: Timeouts,
    watcher: Watcher,
}

impl Connection {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (peer, timeouts) = (self.peer, self.timeouts);
        let (requested, first_request) = watch::channel(false);
        let routes = TowerToHyperService::new(self.routes.map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            requested.send_if_modified(|requested| !std::mem::replace(requested, true));
            request
        }));
        let connection = self.builder.serve_connection(TokioIo::new(stream), routes).into_owned();
        let connection = self.watcher.watch(connection);
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(error, "connection ended early");
            },
            () = no_request(first_request, timeouts.head) => tracing::debug!("connection closed: no request came in time"),
        }
    }
}

/// Returns when no request has come in time. hyper's own limit begins once it knows which version of HTTP is spoken.
async fn no_request(mut requested: watch::Receiver<bool>, timeout: Duration) {
    if tokio::time::timeout(timeout, requested.wait_for(|requested| *requested)).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
    let (stream, peer) = listener.accept().await?;
    // Small events must not wait for more bytes to fill a packet.
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

pub(super) fn with_write_timeout(stream: TcpStream, timeouts: Timeouts) -> Timed {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(timeouts.write));
    Box::pin(stream)
}

fn builder(timeouts: Timeouts) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(timeouts.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use bytes::Bytes;
    use futures::StreamExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// Held by an answer; tells when the server has let go of it.
    struct Held(watch::Sender<bool>);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.send_replace(false);
        }
    }

    async fn server(connections: usize, timeouts: Timeouts) -> (SocketAddr, watch::Receiver<bool>, CancellationToken) {
        let (streaming, watched) = watch::channel(false);
        let endless = move || {
            let held = Held(streaming.clone());
            held.0.send_replace(true);
            let pieces = futures::stream::repeat_with(move || {
                let _ = &held;
                Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536]))
            });
            async { Body::from_stream(pieces.boxed()) }
        };
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        let routes = Router::new().route("/endless", get(endless)).route("/short", get(|| async { "short" }));
        let routes = routes.route("/peer", get(peer));
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, routes, connections, timeouts, None, stop.clone()));
        (address, watched, stop)
    }

    fn quick() -> Timeouts {
        Timeouts { head: Duration::from_millis(300), write: Duration::from_millis(300) }
    }

    #[tokio::test]
    async fn a_reader_that_stops_reading_is_dropped() {
        let (address, mut streaming, _stop) = server(8, quick()).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let ended = async {
            streaming.wait_for(|streaming| *streaming).await.unwrap();
            streaming.wait_for(|streaming| !streaming).await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the answer is given up");
    }

    #[tokio::test]
    async fn a_request_knows_the_other_end_of_its_connection() {
        let (address, _, _stop) = server(8, quick()).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with(&client.local_addr().unwrap().to_string()), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_never_ends_is_dropped() {
        let (address, _, _stop) = server(8, quick()).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET /short HTTP/1.1\r\nHost:").await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(20), client.read_to_end(&mut rest)).await;
        assert!(closed.expect("the connection is closed").is_ok());
        assert!(!rest.starts_with(b"HTTP/1.1 200"), "no answer to half a question");
    }

    #[tokio::test]
    async fn a_connection_without_a_request_is_dropped() {
        let (address, _, _stop) = server(8, quick()).await;
        for beginning in [&b""[..], b"PRI * HT"] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(beginning).await.unwrap();
            let mut rest = Vec::new();
            let closed = tokio::time::timeout(Duration::from_secs(20), client.read_to_end(&mut rest)).await;
            closed.expect("the connection is closed").ok();
        }
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_its_turn() {
        let timeouts = Timeouts { head: Duration::from_secs(60), write: Duration::from_secs(60) };
        let (address, _, _stop) = server(1, timeouts).await;
        let first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(b"GET /short HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        let early = tokio::time::timeout(Duration::from_millis(300), second.read_exact(&mut answer)).await;
        assert!(early.is_err(), "the only permit is taken");
        drop(first);
        second.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
}

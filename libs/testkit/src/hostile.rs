//! Servers that count who connects and answer with whatever bytes a test likes, valid HTTP or not.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A TCP server that gives each connection, with the path it asked for, to a closure. Gone when dropped.
#[derive(Debug)]
pub struct HostileServer {
    addr: SocketAddr,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl HostileServer {
    /// Listens on `addr`; `answer` gets the path of the first request (empty when there was none) and the connection.
    pub async fn start<F, Fut>(addr: &str, answer: F) -> Self
    where
        F: Fn(String, TcpStream) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(addr).await.expect("the test's address is free");
        let addr = listener.local_addr().expect("a bound listener has an address");
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                tokio::spawn(async move {
                    let path = read_path(&mut connection).await;
                    answer(path, connection).await;
                });
            }
        });
        Self { addr, accepted, task }
    }

    /// Answers every request with `response`, byte for byte, and closes the connection.
    pub async fn saying(addr: &str, response: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start(addr, move |path, mut connection| {
            let response = response(&path);
            async move {
                // A client that hangs up in the middle is what these tests provoke.
                let _ = connection.write_all(&response).await;
                let _ = connection.shutdown().await;
            }
        })
        .await
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for HostileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_path(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match connection.read(&mut buffer).await {
            Ok(0) | Err(_) => return String::new(),
            Ok(read) => head.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned()
}

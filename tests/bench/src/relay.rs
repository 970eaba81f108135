//! The relay `gooseek` is compared with: a separate process that only forwards a model's stream.

use std::{process::Stdio, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use fetch::operator::OperatorClient;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

/// The argument that makes this program run the relay.
pub(crate) const SUBCOMMAND: &str = "relay";

/// A running relay; killed when dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) url: String,
    _child: Child,
}

impl Relay {
    /// Starts this program again as a relay of `upstream`.
    pub(crate) async fn start(upstream: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([SUBCOMMAND, upstream])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("it is piped")?;
        let first = BufReader::new(stdout).lines().next_line().await?;
        Ok(Self { url: first.context("the relay did not start")?, _child: child })
    }
}

/// Serves until killed. The first line of output is the address.
pub(crate) async fn serve(upstream: &str) -> anyhow::Result<()> {
    let client = OperatorClient::new(upstream, Duration::from_secs(5))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let router = Router::new().route("/chat/completions", post(forward)).with_state(client);
    Ok(axum::serve(listener, router).await?)
}

async fn forward(State(client): State<OperatorClient>, body: Bytes) -> Response {
    let request = client.post("/chat/completions").header(header::CONTENT_TYPE, "application/json").body(body);
    match request.send().await {
        Ok(response) => Body::from_stream(response.bytes_stream()).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

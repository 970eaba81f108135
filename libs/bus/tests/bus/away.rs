//! A broker that is away for longer than a request for events waits, and what it is asked when it is back.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use testkit::service::World;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::support::{Bus, eventually};

/// Two requests for events are over by then.
const AWAY: Duration = Duration::from_secs(9);
const REQUEST: &str = "CONSUMER.MSG.NEXT";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_back_is_asked_by_those_alone_who_wait() {
    let Some(bus) = Bus::with_broker(World::sqlite()).await else { return };
    let _process = bus.start(&["test.consumer"]).await;
    bus.publish("first").await;
    bus.taken("test.consumer", &["first"]).await;
    let server = bus.server.as_ref().unwrap();
    server.kill();
    sleep(AWAY).await;
    let url = server.url();
    let (_, address) = url.split_once('@').unwrap();
    let heard = Arc::new(Mutex::new(String::new()));
    let listener = TcpListener::bind(address).await.unwrap();
    let hearing = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(hear(stream, hearing.clone()));
        }
    });
    let requests = || heard.lock().unwrap().matches(REQUEST).count();
    eventually("a request", async || requests() > 0).await;
    // What was kept for this connection comes at once, the next request after seconds.
    sleep(Duration::from_millis(500)).await;
    let said = heard.lock().unwrap().clone();
    assert_eq!(requests(), 1, "{said}");
}

/// A broker that greets, answers pings and nothing else.
async fn hear(mut stream: TcpStream, heard: Arc<Mutex<String>>) {
    let greeting = r#"INFO {"server_id":"x","server_name":"x","version":"2.10.0","host":"x","port":1,"proto":1,"headers":true,"max_payload":1048576}"#;
    stream.write_all(format!("{greeting}\r\n").as_bytes()).await.unwrap();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..read]);
        heard.lock().unwrap().push_str(&text);
        if text.contains("PING\r\n") && stream.write_all(b"PONG\r\n").await.is_err() {
            return;
        }
    }
}

//! Readers that do not read: they cost little, hold up nobody, and find everything when they come back.

use std::{net::SocketAddr, time::Duration};

use http::StatusCode;
use serde_json::json;
use testkit::{Behaviour, FakeOpenAi, Kind, Script, Step, gooseek::text};
use tokio::{io::AsyncWriteExt, net::TcpSocket};

use crate::support::{about_the_lease, finished, gooseek, handbook, run_id, with_model};

const READERS: u64 = 500;
/// What the server may hold for each of them.
const EACH: u64 = 256 * 1024;

/// Resident memory of a process, in bytes.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn many_readers_that_stall_cost_little_and_hold_up_nobody() {
    let model = FakeOpenAi::start(Script::default()).await;
    // What comes at once is one event; an answer has a limit.
    let sentence =
        |day: usize| format!("On day {day} the tenant waters the garden, and on day {} the landlord does. ", day + 1);
    let pieces = (0..140).flat_map(|day| [Step::Text(sentence(day)), Step::Wait(Duration::from_millis(5))]);
    model.push(Kind::Chat, Behaviour::Stream(pieces.chain([Step::end(), Step::Done]).collect()));
    let server = with_model(gooseek(), &model).start().await;
    let client = server.client();
    handbook(&client).await;
    let mut question = about_the_lease();
    question["budget"] = json!({ "tokens": 9_000_000 });
    let log = client.ask_stream(&question).await.rest().await;
    let run = run_id(&log);
    assert!(text(&log).len() > 9_000, "it is about the longest there is");

    let process = server.processes()[0].1;
    let before = memory(process);
    let address: SocketAddr = server.url().strip_prefix("http://").unwrap().parse().unwrap();
    let request = format!("GET /api/v1/chat/runs/{run}/events HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.readable().await.unwrap();
        readers.push(stream);
    }
    let mut now = memory(process);
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let later = memory(process);
        if later <= now {
            break;
        }
        now = later;
    }
    let each = now.saturating_sub(before) / READERS;
    assert!(each <= EACH, "{each} bytes for each reader");
    assert_eq!(client.ask(&about_the_lease()).await.expect(StatusCode::OK)["status"], "complete");
    assert_eq!(finished(&client, &run, &log).await, log);
}

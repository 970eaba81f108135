//! Connections that break anywhere: whoever comes back with the last event they have goes on to the identical answer.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::json;
use testkit::{
    FakeOpenAi, Script,
    gooseek::{Client, Event, check_log, text},
};

use crate::support::{LEASE, about_the_lease, finished, gooseek, handbook, run_id, with_model};

const CUTS: usize = 200;
const RUNS: usize = 5;

/// Reads a run over connections that break after a random number of bytes, to its end, and says how many broke.
async fn read_in_pieces(client: &Client, run: &str, longest: usize, random: &mut StdRng) -> (Vec<Event>, usize) {
    let (mut events, mut cuts): (Vec<Event>, usize) = (Vec::new(), 0);
    loop {
        let last = events.last().and_then(|event| event.id).unwrap_or_default();
        let bytes = random.random_range(0..longest);
        let (piece, ended) = client.events(run, last).await.cut_after(bytes).await;
        events.extend(piece);
        if ended {
            return (events, cuts);
        }
        cuts += 1;
    }
}

#[tokio::test]
async fn a_client_cut_at_random_bytes_resumes_to_the_identical_answer() {
    let mut random = StdRng::seed_from_u64(20_261_121);
    // Words for about a second and a half, so that runs are cut while they go on.
    let words = LEASE.split_whitespace().collect::<Vec<_>>().join(" ");
    let answer = format!(
        "The notice period is three months [1]. {words} Die Kündigungsfrist beträgt drei Monate [1]. 三个月 [1]."
    );
    let script = Script { between_tokens: Duration::from_millis(20), answer: Some(answer), ..Script::default() };
    let model = FakeOpenAi::start(script).await;
    let server = with_model(gooseek(), &model).start().await;
    let client = server.client();
    handbook(&client).await;

    let mut cuts = 0;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let first = client.ask_stream(&about_the_lease()).await.until("run").await;
        let run = run_id(&first);
        let (events, broken) = read_in_pieces(&client, &run, 4_000, &mut random).await;
        cuts += broken;
        assert_eq!(check_log(&events).data["status"], "complete");
        assert_eq!(finished(&client, &run, &[]).await, events, "cut or not, the same events");
        runs.push((run, events));
    }
    assert!(cuts >= RUNS, "runs are cut while they go on");
    while cuts < CUTS {
        let (run, whole) = &runs[cuts % RUNS];
        let size = client.get(&format!("/api/v1/chat/runs/{run}/events")).await.body.len();
        let (events, broken) = read_in_pieces(&client, run, size, &mut random).await;
        assert_eq!(text(&events), text(whole));
        assert_eq!(events, *whole);
        cuts += broken;
    }
}

#[tokio::test]
async fn only_the_id_of_an_event_is_taken_as_the_last_one() {
    let server = gooseek().start().await;
    let client = server.client();
    handbook(&client).await;
    let whole = client.ask_stream(&about_the_lease()).await.rest().await;
    let path = format!("/api/v1/chat/runs/{}/events", run_id(&whole));
    let from = |last: &'static str| client.send(client.request("GET", &path).header("last-event-id", last));
    let refused = from("the third").await.expect(http::StatusCode::BAD_REQUEST);
    assert_eq!(refused["errors"][0]["pointer"], json!("Last-Event-ID"));
    assert_eq!(from("1000000").await.body, "", "nothing comes after the end");
}

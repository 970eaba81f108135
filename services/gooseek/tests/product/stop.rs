//! Stopping: clients are told to come back, the process ends in order, and the next one goes on where it stopped.

use std::time::Duration;

use http::StatusCode;
use testkit::{Behaviour, FakeOpenAi, Kind, Script, Step};

use crate::support::{about_the_lease, finished, gooseek, handbook, on_both, run_id, with_model};

/// The longest a server may take to stop.
const DRAIN: Duration = Duration::from_secs(30);

on_both! {
    async fn a_stream_is_told_to_reconnect_and_goes_on_after_the_restart(server: Builder) {
        let model = FakeOpenAi::start(Script::default()).await;
        model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("The notice period is three months [1]. "), Step::Stall]));
        let mut server = with_model(server, &model).start().await;
        handbook(&server.client()).await;
        let mut stream = server.client().ask_stream(&about_the_lease()).await;
        let mut seen = stream.until("delta").await;
        let stopping = server.stop();
        let rest = stream.rest();
        let (stopped, rest) = tokio::join!(stopping, rest);
        assert_eq!(stopped.code, Some(0));
        assert!(stopped.took < DRAIN, "{stopped:?}");
        let (told, logged) = rest.split_last().expect("something is said before the end");
        assert_eq!((told.kind.as_str(), told.id), ("reconnect", None), "{rest:#?}");
        assert!(told.data["retry_ms"].as_u64().is_some(), "{told:?}");
        seen.extend_from_slice(logged);

        server.restart().await;
        let client = server.client();
        let run = run_id(&seen);
        let last = seen.last().unwrap().id.unwrap();
        let rest = client.events(&run, last).await.rest().await;
        seen.extend(rest);
        let log = finished(&client, &run, &seen).await;
        assert_eq!(log.len(), seen.len());
        assert_eq!(log.last().unwrap().data["status"], "complete");
    }
}

#[tokio::test]
async fn who_waits_for_a_whole_answer_is_told_that_it_comes_elsewhere() {
    let model = FakeOpenAi::start(Script::default()).await;
    model.push(Kind::Chat, Behaviour::Stream(vec![Step::text("The notice period is three months [1]."), Step::Stall]));
    let mut server = with_model(gooseek(), &model).start().await;
    let client = server.client();
    handbook(&client).await;
    let question = about_the_lease();
    let asking = client.ask(&question);
    let stopping = async {
        model.wait_for_open_streams(1).await;
        server.stop().await
    };
    let (answer, stopped) = tokio::join!(asking, stopping);
    let problem = answer.expect(StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem["detail"].as_str().unwrap().contains("continues on another"), "{problem}");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(stopped.code, Some(0));
    assert!(stopped.took < DRAIN, "{stopped:?}");
}

#[tokio::test]
async fn an_idle_server_stops_at_once_and_keeps_what_it_has() {
    let mut server = gooseek().start().await;
    let file = handbook(&server.client()).await;
    assert_eq!(server.stop().await.code, Some(0));
    server.restart().await;
    let kept = server.client().list("/api/v1/upload?project=handbook").await;
    assert_eq!((kept.len(), &kept[0]["id"]), (1, &file["id"]));
}

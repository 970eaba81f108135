//! The command line as a person uses it: on a terminal, in pipes, with Ctrl-C.

use std::process::{Output, Stdio};

use testkit::{Behaviour, FakeOpenAi, Gooseek, Kind, Script, Step, gooseek::Builder};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};

use crate::support::{GOOSEEK, NOTICE, gooseek, handbook, with_model};

const XTERM: (&str, &str) = ("TERM", "xterm-256color");
const ABOUT_THE_LEASE: [&str; 6] = ["ask", "--project", "handbook", "--sources", "files", NOTICE];
const MARKDOWN: &str = "## Notice\n\nThe **notice period** is three months to the end of a month. [1]\n\n\
    | Due | Sum |\n|---|--:|\n| rent | 900 euros |\n";

async fn with_answer(answer: &str) -> (Gooseek, FakeOpenAi) {
    let model = FakeOpenAi::start(Script { answer: Some(answer.to_owned()), ..Script::default() }).await;
    let server = with_model(gooseek(), &model).start().await;
    handbook(&server.client()).await;
    (server, model)
}

/// The program with pipes, which the test reads itself.
fn piped(server: &Gooseek, arguments: &[&str]) -> Child {
    let mut command = Command::new(GOOSEEK);
    command.args(arguments).env_clear().env("GOOSEEK_URL", server.url()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test]
async fn a_terminal_shows_markdown_in_its_width_and_a_pipe_gets_it_as_it_is() {
    let (server, _model) = with_answer(MARKDOWN).await;
    let (shown, status) = server.command_on_terminal(40, &[XTERM], &ABOUT_THE_LEASE).await;
    assert!(status.success(), "{shown}");
    let (_, answer) = shown.split_once("\x1b[1mNotice\x1b[0m\r\n\r\n").expect(&shown);
    assert!(
        answer.starts_with(
            "The \x1b[1mnotice period\x1b[0m is three months to the\r\nend of a month. [1]\r\n\r\n\
             Due  │       Sum\r\n─────┼──────────\r\nrent │ 900 euros\r\n"
        ),
        "{answer}"
    );
    assert!(answer.contains("[1] Lease of the garden house — lease.md\r\n"), "{answer}");

    for plain in [("TERM", "dumb"), ("NO_COLOR", "1")] {
        let (shown, _) = server.command_on_terminal(40, &[XTERM, plain], &ABOUT_THE_LEASE).await;
        assert!(shown.contains(&MARKDOWN.replace('\n', "\r\n")) && !shown.contains('\x1b'), "{shown}");
    }
    let output = server.command(&ABOUT_THE_LEASE).await;
    assert!(stdout(&output).starts_with(MARKDOWN), "{output:?}");
}

#[tokio::test]
async fn words_of_a_source_are_shown_as_they_stand() {
    let server = gooseek().start().await;
    let client = server.client();
    client.make_project("notes").await;
    client.add_file("notes", "wifi.txt", "The password of the guest network is *goose_1* and_2* until Monday.\n").await;
    let ask = ["ask", "--project", "notes", "--sources", "files", "What is the password of the guest network?"];
    let (shown, _) = server.command_on_terminal(100, &[XTERM], &ask).await;
    assert!(
        shown.contains("\r\nThe password of the guest network is *goose_1* and_2* until Monday. [1]\r\n"),
        "{shown}"
    );
}

#[tokio::test]
async fn nothing_of_an_answer_is_obeyed_by_a_terminal() {
    let hostile = "\x1b]0;owned\x07The \u{9b}31mnotice\x1b[2J period\r is `\x1b[6n` three months [1].";
    let (server, _model) = with_answer(hostile).await;
    let printed = stdout(&server.command(&ABOUT_THE_LEASE).await);
    assert!(printed.starts_with("]0;ownedThe 31mnotice[2J period is `[6n` three months [1]."), "{printed:?}");
    let (shown, _) = server.command_on_terminal(100, &[XTERM], &ABOUT_THE_LEASE).await;
    assert!(shown.contains("]0;ownedThe 31mnotice[2J period is \x1b[36m[6n\x1b[0m three months [1]."), "{shown:?}");
    let json = stdout(&server.command(&["ask", "--json", "--project", "handbook", NOTICE]).await);
    assert!(!json.contains(|char: char| char.is_control() && char != '\n'), "{json:?}");
    let answer: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(answer["answer"], hostile);
}

#[tokio::test]
async fn steps_and_failures_stand_on_standard_error() {
    let server = gooseek().start().await;
    handbook(&server.client()).await;
    let output = server.command(&["ask", "--project", "handbook", NOTICE]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("  looked in files: 3 passages\n"), "{said}");
    assert!(said.contains("  failed: What is the notice period in the lease (no search engine serves this"), "{said}");
    assert!(said.contains("  note: web: no search engine serves this"), "{said}");
    assert!(!said.contains('\x1b'), "{said}");
}

#[tokio::test]
async fn every_source_that_was_read_is_listed_on_request() {
    let (server, _model) = with_answer("The notice period is three months [1].").await;
    let client = server.client();
    client
        .add_file(
            "handbook",
            "notice.md",
            "# Notice\n\n2026-02-16\n\nThe notice period of the lease of the hall is nine months.\n",
        )
        .await;
    let cited = stdout(&server.command(&ABOUT_THE_LEASE).await);
    assert!(cited.contains("\nSources\n[1] ") && !cited.contains("\n[2] "), "{cited}");
    let ask = ["ask", "--list-sources", "--project", "handbook", "--sources", "files", NOTICE];
    let all = stdout(&server.command(&ask).await);
    let listed: Vec<&str> =
        all.split_once("\nSources read\n").expect(&all).1.lines().filter(|line| line.starts_with('[')).collect();
    assert_eq!(listed.len(), 2, "{all}");
    assert!(listed.iter().any(|line| line.ends_with("Notice — notice.md (2026-02-16)")), "{all}");
    assert!(listed.iter().any(|line| line.contains("Lease of the garden house — lease.md (added 20")), "{all}");
}

#[tokio::test]
async fn ctrl_c_cancels_the_run_and_says_how_to_go_on() {
    let model = FakeOpenAi::start(Script::default()).await;
    let stalling = || Behaviour::Stream(vec![Step::text("Three months [1]. And"), Step::Stall]);
    model.push(Kind::Chat, stalling());
    let server = with_model(gooseek(), &model).start().await;
    handbook(&server.client()).await;
    let mut asking = piped(&server, &ABOUT_THE_LEASE);
    let mut first = [0; 5];
    asking.stdout.as_mut().unwrap().read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"Three");
    let id = rustix::process::Pid::from_raw(asking.id().unwrap().cast_signed()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let output = asking.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    model.wait_for_open_streams(0).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("  cancelled\n"), "{said}");
    let thread = said
        .lines()
        .last()
        .unwrap()
        .strip_prefix("Continue: gooseek ask --thread ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let next = server.command(&["ask", "--thread", thread, "And the rent?"]).await;
    assert!(next.status.success(), "{next:?}");
}

#[tokio::test]
async fn whoever_stops_to_read_ends_a_command_quietly() {
    let (server, _model) = with_answer(&"The notice period is three months.\n\n".repeat(4_000)).await;
    let commands: [&[&str]; 4] =
        [&ABOUT_THE_LEASE, &["documents", "list", "--json"], &["man"], &["completions", "bash"]];
    for command in commands {
        let mut running = piped(&server, command);
        let mut line = String::new();
        BufReader::with_capacity(1, running.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let output = running.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && !said.contains("error") && !said.contains("panic"),
            "{command:?}: {output:?}"
        );
    }
    // Nor does it matter whether anybody reads standard error.
    let mut running = piped(&server, &ABOUT_THE_LEASE);
    drop(running.stderr.take());
    let output = running.wait_with_output().await.unwrap();
    assert!(output.status.success() && output.stdout.starts_with(b"The notice period"), "{output:?}");
}

#[tokio::test]
async fn a_question_may_come_from_standard_input() {
    let server = gooseek().start().await;
    handbook(&server.client()).await;
    let mut asking = Command::new(GOOSEEK);
    asking
        .args(["ask", "--project", "handbook", "--sources", "files", "-"])
        .env_clear()
        .env("GOOSEEK_URL", server.url());
    let mut asking = asking.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut asking.stdin.take().unwrap(), NOTICE.as_bytes()).await.unwrap();
    let answer = stdout(&asking.wait_with_output().await.unwrap());
    assert!(answer.starts_with("The notice period is three months to the end of a month. [1]"), "{answer}");
}

#[tokio::test]
async fn https_to_a_port_that_speaks_plain_http_is_told_in_words() {
    let server = gooseek().start().await;
    let https = server.url().replace("http://", "https://");
    for command in [&ABOUT_THE_LEASE[..], &["documents", "list"]] {
        let program = Builder::new(GOOSEEK).set("GOOSEEK_URL", &https);
        let output = command.iter().copied().fold(program, Builder::arg).output().await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains(&format!(
                "nothing speaks HTTPS at {https}; if it is plain HTTP there: --url {}",
                server.url()
            )),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_manual_and_the_completions_name_every_option() {
    let run = async |arguments: &[&str]| {
        stdout(&arguments.iter().copied().fold(Builder::new(GOOSEEK), Builder::arg).output().await)
    };
    assert!(run(&["man"]).await.contains("gooseek\\-ask(1)"));
    let page = run(&["man", "documents", "add"]).await;
    assert!(page.contains(".TH gooseek-documents-add 1") && page.contains("\\-\\-project"), "{page}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(run(&["completions", shell]).await.contains("list-sources"), "{shell}");
    }
}

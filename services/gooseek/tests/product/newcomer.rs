//! A machine with nothing but the binary: no model, no SearXNG, no internet.

use std::{fs, io::Cursor, path::Path, process::Output};

use docx_rs::{Docx, Paragraph, Run, Style, StyleType};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::gooseek::Builder;

use crate::support::{GOOSEEK, NOBODY, check_citations, on_both};

const PDF: &[u8] = include_bytes!("../../../../libs/reader/tests/fixtures/lease.pdf");
const LOCKED: &[u8] = include_bytes!("../../../../libs/reader/tests/fixtures/locked.pdf");

/// Every engine is on, and none can be reached.
fn without_internet(server: Builder) -> Builder {
    let engines = ["WIKIPEDIA", "WIKIDATA", "ARXIV", "CROSSREF", "OPENALEX", "HACKER_NEWS", "STACK_EXCHANGE", "GITHUB"];
    let server = server.set("SEARCH_ENGINES", "all");
    engines.iter().fold(server, |server, engine| server.set(&format!("{engine}_URL"), NOBODY))
}

fn folder_of_documents() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("lease.pdf", PDF);
    write("house-rules.docx", &docx());
    write("bicycles.md", b"# Bicycles\n\n## Where they stand\n\nBicycles are parked in the rack beside gate four.\n");
    write("wifi.txt", b"The password of the guest network is changed every Monday by the caretaker.\n");
    write("laundry.html", b"<!doctype html><title>Laundry</title><main><h1>Laundry</h1><p>The laundry room opens at seven and costs two euros a wash.</p></main>");
    write("keys.csv", b"door,copies\ncellar,three copies of the cellar key\nattic,one copy of the attic key\n");
    write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    folder
}

fn docx() -> Vec<u8> {
    let paragraph = |text: &str| Paragraph::new().add_run(Run::new().add_text(text));
    let mut bytes = Cursor::new(Vec::new());
    Docx::new()
        .add_style(Style::new("Heading1", StyleType::Paragraph).name("heading 1"))
        .add_paragraph(paragraph("Quiet hours").style("Heading1"))
        .add_paragraph(paragraph("Quiet hours begin at ten in the evening and end at six in the morning."))
        .build()
        .pack(&mut bytes)
        .unwrap();
    bytes.into_inner()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn path(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

on_both! {
    async fn documents_of_every_kind_are_added_and_answer_questions(server: Builder) {
        let server = without_internet(server).start().await;
        let folder = folder_of_documents();
        let added = out(&server.command(&["documents", "add", "--project", "handbook", path(folder.path())]).await);
        assert!(added.starts_with("made project handbook\n"), "{added}");
        for name in ["lease.pdf", "house-rules.docx", "bicycles.md", "wifi.txt", "laundry.html", "keys.csv"] {
            assert!(added.lines().any(|line| line.starts_with("ok ") && line.contains(name)), "{name} in {added}");
        }
        let left_out = added.lines().find(|line| line.starts_with("1 file(s) that are empty or of other types left out: ")).unwrap();
        assert!(left_out.ends_with("picture.png"), "{added}");

        let question = "what is the notice period in the lease?";
        let asked = server.command(&["ask", "--project", "handbook", question]).await;
        let printed = out(&asked);
        let hint = String::from_utf8_lossy(&asked.stderr).lines().last().unwrap().to_owned();
        let thread = hint.strip_prefix("Continue: gooseek ask --thread ").unwrap().split(' ').next().unwrap().to_owned();
        out(&server.command(&["ask", "--thread", &thread, "and the rent?"]).await);
        let (answer, sources) = printed.split_once("\nSources\n").expect(&printed);
        assert!(answer.contains("the notice period is three months to the end of a month"), "{printed}");
        assert!(answer.contains("[1]"), "{printed}");
        assert!(sources.contains("lease.pdf") && sources.contains("p. 1: “"), "{printed}");

        for (question, words, file) in [
            ("Where are bicycles parked?", "gate four", "bicycles.md"),
            ("When do quiet hours begin?", "ten in the evening", "house-rules.docx"),
            ("Who changes the password of the guest network?", "caretaker", "wifi.txt"),
            ("What does a wash in the laundry room cost?", "two euros", "laundry.html"),
            ("How many copies of the cellar key are there?", "three copies", "keys.csv"),
            ("Как можно расторгнуть договор аренды?", "за три месяца", "lease.pdf"),
        ] {
            let answer = server.client().ask(&json!({ "query": question, "project": "handbook", "mode": "speed" })).await;
            let answer = answer.expect(StatusCode::OK);
            assert!(answer["answer"].as_str().unwrap().contains(words), "{question} {answer:#}");
            check_citations(&server.client(), &answer).await;
            let first = answer["citations"][0]["source"].as_u64().unwrap();
            let source = answer["sources"].as_array().unwrap().iter().find(|source| source["index"] == first).unwrap();
            assert!(source["site"].as_str().unwrap().ends_with(&format!("/{file}")), "{answer:#}");
        }
    }

    async fn the_answer_as_json_has_every_part_and_can_be_checked(server: Builder) {
        let server = without_internet(server).start().await;
        let folder = folder_of_documents();
        out(&server.command(&["documents", "add", "--project", "handbook", path(folder.path())]).await);
        let printed = server
            .command(&["ask", "--json", "--project", "handbook", "what is the notice period in the lease?"])
            .await;
        let answer: Value = serde_json::from_str(&out(&printed)).unwrap();
        let fields = [
            "run_id", "thread_id", "status", "answer", "citations", "sources", "related", "widgets", "degraded", "usage",
            "budget",
        ];
        for field in fields {
            assert!(!answer[field].is_null(), "{field} in {answer:#}");
        }
        assert_eq!(answer["status"], "complete");
        let source = &answer["sources"][0];
        for field in ["index", "kind", "url", "title", "site", "published_at", "fetched_at", "snapshot_id", "passages"] {
            assert!(source.get(field).is_some(), "{field} in {source:#}");
        }
        for field in ["index", "source", "start", "end", "quote", "support", "score"] {
            assert!(!answer["citations"][0][field].is_null(), "{field} in {answer:#}");
        }
        assert_eq!(answer["citations"][0]["support"], "verbatim");
        assert_eq!(source["passages"][0]["page"], 1, "{source:#}");
        let degraded: Vec<&str> = answer["degraded"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(degraded.iter().any(|part| part.starts_with("web: every search engine failed")), "{degraded:?}");
        check_citations(&server.client(), &answer).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why_and_the_others_are_added() {
    let server = without_internet(crate::support::gooseek()).start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("locked.pdf"), LOCKED).unwrap();
    fs::write(folder.path().join("note.txt"), "The meter stands in the cellar.").unwrap();
    let output = server.command(&["documents", "add", "--project", "handbook", path(folder.path())]).await;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(refusal(&output).contains("1 of 2 file(s) could not be added"), "{output:?}");
    assert!(printed.lines().any(|line| line.starts_with("ok ") && line.contains("note.txt")), "{printed}");
    let locked = printed.lines().find(|line| line.contains("locked.pdf")).unwrap();
    assert!(locked.starts_with("failed") && locked.contains("encrypted"), "{locked}");

    let listed = out(&server.command(&["documents", "list", "--project", "handbook"]).await);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert_eq!(listed.split_whitespace().take(4).collect::<Vec<_>>(), ["ID", "STATE", "BYTES", "NAME"]);
    let everywhere = out(&server.command(&["documents", "list"]).await);
    assert!(everywhere.lines().skip(1).all(|line| line.split_whitespace().nth(1) == Some("handbook")), "{everywhere}");
    let id = listed.lines().find(|line| line.contains("note.txt")).unwrap().split_whitespace().next().unwrap();
    out(&server.command(&["documents", "delete", id]).await);
    assert_eq!(server.client().get(&format!("/api/v1/upload/{id}")).await.status, StatusCode::NOT_FOUND);
    let answer = server.client().ask(&json!({ "query": "Where does the meter stand?", "sources": ["files"] })).await;
    assert_eq!(answer.expect(StatusCode::OK)["sources"], json!([]));
}

#[tokio::test]
async fn mistakes_on_the_command_line_are_named() {
    let server = crate::support::gooseek().start().await;
    server.client().make_project("handbook").await;
    let misspelt = server.command(&["ask", "--project", "handbok", "What is new?"]).await;
    let message = refusal(&misspelt);
    assert!(message.contains("\"handbok\" not found; did you mean handbook?"), "{message}");
    let nothing = server.command(&["documents", "add", "--project", "handbook", "no-such-file.txt"]).await;
    assert!(refusal(&nothing).contains("no-such-file.txt"), "{nothing:?}");
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.txt");
    fs::write(&empty, "").unwrap();
    fs::write(folder.path().join("README"), "The key is under the mat.").unwrap();
    for (command, complaint) in [
        (&["ask", ""][..], "question: 1 to 8,000 characters"),
        (&["documents", "add", "--project", "Bad Slug!", path(folder.path())], "--project: "),
        (&["search", "--limit", "99", "geese"], "--limit: "),
    ] {
        let message = refusal(&server.command(command).await);
        assert!(message.contains(complaint) && !message.contains(&format!("/{complaint}")), "{message}");
    }
    let named = server.command(&["documents", "add", "--project", "handbook", path(&empty)]).await;
    assert!(String::from_utf8_lossy(&named.stdout).contains("empty.txt: the file is empty"), "{named:?}");
    let added = out(&server.command(&["documents", "add", "--project", "handbook", path(folder.path())]).await);
    assert!(
        added.contains("README") && added.contains("1 file(s) that are empty or of other types left out"),
        "{added}"
    );

    for command in [&["ask", "Why?"][..], &["search", "why"], &["documents", "list"], &["bus", "dlq", "list"]] {
        let program = Builder::new(GOOSEEK).set("GOOSEEK_URL", NOBODY);
        let output = command.iter().copied().fold(program, Builder::arg).output().await;
        assert!(refusal(&output).contains("nothing answers at http://127.0.0.1:1; start it: make run"), "{output:?}");
    }
}

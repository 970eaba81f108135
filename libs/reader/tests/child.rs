//! The parser child: what it may do, and what the parent learns when it dies.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use reader::child::{ChildLimits, ParserChild, sandbox_report};
use reader::{Format, Hints, ParseError};

fn command() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_parse-file"))
}

#[tokio::test]
async fn every_restriction_is_in_force() {
    let report = sandbox_report(&command()).await.unwrap();
    assert_eq!(report.probes.len(), 9);
    for probe in &report.probes {
        assert!(probe.denied, "it could {}: {}", probe.attempt, probe.outcome);
    }
    assert_eq!(report.missing().len(), usize::from(!report.landlock));
}

#[tokio::test]
async fn a_document_comes_back_whole() {
    let child = ParserChild::new(command(), ChildLimits::default());
    let hints = Hints { url: None, charset: Some("windows-1251".to_owned()) };
    let document =
        child.parse(Format::Text, Bytes::from_static(b"\xcf\xf0\xe8\xe2\xe5\xf2"), hints.clone()).await.unwrap();
    assert_eq!(document, reader::parse(Format::Text, b"\xcf\xf0\xe8\xe2\xe5\xf2", &hints).unwrap());
    let error = child.parse(Format::Pdf, Bytes::from_static(b"not a PDF"), Hints::default()).await.unwrap_err();
    assert!(matches!(error, ParseError::Damaged(_)), "{error}");
}

#[tokio::test]
async fn limits_of_the_parent_end_a_child() {
    let text = Bytes::from("word ".repeat(40_000));
    let small = ParserChild::new(command(), ChildLimits { output_bytes: 1_000, ..ChildLimits::default() });
    let error = small.parse(Format::Text, text.clone(), Hints::default()).await.unwrap_err();
    assert!(matches!(error, ParseError::TooLarge(_)), "{error}");
    let hasty = ParserChild::new(command(), ChildLimits { timeout: Duration::ZERO, ..ChildLimits::default() });
    assert_eq!(hasty.parse(Format::Text, text, Hints::default()).await, Err(ParseError::Timeout));
}

#[tokio::test]
async fn a_child_that_is_none_is_told_from_a_bad_file() {
    for command in ["/no/such/program", "/bin/true", "/bin/false"] {
        let child = ParserChild::new(Path::new(command).to_owned(), ChildLimits::default());
        let error = child.parse(Format::Text, Bytes::from_static(b"hi"), Hints::default()).await.unwrap_err();
        assert!(matches!(error, ParseError::Unavailable(_)), "{command}: {error}");
    }
}

//! Files made to break parsers: each is refused or fails in its own child, within its limits, while a neighbour is read as ever.

#![expect(clippy::unwrap_used, reason = "tests")]

mod hostile {
    pub(crate) mod office;
    pub(crate) mod pages;
    pub(crate) mod pdf;
    mod pdf_file;
    mod zip_file;
}

use std::path::PathBuf;

use bytes::Bytes;
use hostile::{office, pages, pdf};
use reader::child::{ChildLimits, ParserChild};
use reader::{Format, Hints, ParseError};

/// How much the parent may grow over all of them (KiB).
const GROWTH: u64 = 64 << 10;

/// A hostile file: its name, what it claims to be, how it is made, and the error it must end in when only one will do.
type Case = (&'static str, Format, fn() -> Vec<u8>, Option<fn(&ParseError) -> bool>);

#[tokio::test]
async fn each_hostile_file_fails_alone() {
    let child = ParserChild::new(PathBuf::from(env!("CARGO_BIN_EXE_parse-file")), ChildLimits::default());
    let before = resident();
    for (name, format, make, expected) in pages::CASES.iter().chain(&pdf::CASES).chain(&office::CASES) {
        let bytes = Bytes::from(make());
        let neighbour = child.parse(Format::Text, Bytes::from_static(b"a good neighbour"), Hints::default());
        let (result, neighbour) = tokio::join!(child.parse(*format, bytes, Hints::default()), neighbour);
        assert_eq!(neighbour.unwrap().text, "a good neighbour", "beside {name}");
        let error = result.map(|document| document.text.chars().take(200).collect::<String>()).expect_err(name);
        println!("{name}: {error}");
        assert!(!matches!(error, ParseError::Unavailable(_)), "{name}: {error}");
        assert!(expected.is_none_or(|expected| expected(&error)), "{name}: {error:?}");
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < GROWTH, "the parent grew by {grown} KiB");
}

/// Memory of this process (KiB).
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

//! Parses web pages and files into a [`Document`]: clean text with headings, pages, title, author, date and language.
//!
//! [`Format::detect`] identifies the format, [`parse`] parses in this process, [`child::ParserChild`] parses in a
//! sandboxed child process (for uploads and for PDF files from the web), and [`chunks`] splits a document into
//! passages. Every parser has to expect hostile input: each has limits, and each error says what was wrong.

pub mod child;

mod archive;
mod charset;
mod chunk;
mod clean;
mod coverage;
mod date_line;
mod declared;
mod delimited;
mod document;
mod docx;
mod epub;
mod feed;
mod format;
mod html;
mod language;
mod markdown;
mod pdf;
mod plain;
mod utf16;
mod xml;

pub use chunk::{Chunk, ChunkSize, chunks};
pub use coverage::WordsKept;
pub use document::{Document, Section};
pub use format::{Format, Unsupported};
pub use html::{PageFault, refresh_target};
use serde::{Deserialize, Serialize};

/// Metadata of the bytes from their source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// Address the bytes were fetched from; `None` for a file, which is read whole.
    pub url: Option<String>,
    /// Charset named by the `Content-Type` header, a label of the Encoding Standard.
    pub charset: Option<String>,
}

/// Why parsing failed. Messages are safe to show to the user who supplied the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ParseError {
    /// The file has no text: a scan, an empty page, a page rendered by scripts.
    #[error("there is no text in it (a scan or an empty file)")]
    NoText,
    /// A password is needed.
    #[error("it is encrypted")]
    Encrypted,
    /// The file violates its format.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A limit was exceeded; the text names it.
    #[error("it is too large: {0}")]
    TooLarge(String),
    /// The file contains something that is never accepted, such as entity declarations or overlapping archive entries.
    #[error("it is refused: {0}")]
    Refused(String),
    /// The parser child exceeded its memory limit.
    #[error("reading it takes more memory than allowed")]
    OutOfMemory,
    /// The parser exceeded its time limit.
    #[error("reading it takes longer than allowed")]
    Timeout,
    /// The parser child crashed; the text says how.
    #[error("the parser failed on it: {0}")]
    Crashed(String),
    /// The parser child could not be started or could not restrict itself. Says nothing about the file.
    #[error("the parser cannot run: {0}")]
    Unavailable(String),
}

/// Parses `bytes` as `format` in this process.
///
/// Panics of the parsers are not caught. Use a [`child::ParserChild`] for PDF, DOCX and EPUB files.
///
/// # Errors
///
/// See [`ParseError`]. [`ParseError::OutOfMemory`], [`ParseError::Crashed`] and [`ParseError::Unavailable`] are returned by the child only.
pub fn parse(format: Format, bytes: &[u8], hints: &Hints) -> Result<Document, ParseError> {
    let mut document = match format {
        Format::Html => html::parse(bytes, hints),
        Format::Markdown => markdown::parse(&charset::decode(bytes, hints.charset.as_deref())),
        Format::Csv => delimited::parse(&charset::decode(bytes, hints.charset.as_deref())),
        Format::Text => plain::parse(&charset::decode(bytes, hints.charset.as_deref())),
        Format::Feed => feed::parse(bytes, hints),
        Format::Pdf => pdf::parse(bytes),
        Format::Docx => docx::parse(bytes),
        Format::Epub => epub::parse(bytes),
    }?;
    if document.text.is_empty() {
        return Err(ParseError::NoText);
    }
    document.language =
        document.language.as_deref().and_then(language::primary).or_else(|| language::detect(&document.text));
    Ok(document)
}

//! Turns the bytes of a page or a file into a [`Document`]: clean text with its headings, pages, title, author, date and language.
//!
//! [`Format::detect`] says what the bytes are, [`parse`] reads them in this process, [`child::ParserChild`] reads them in a
//! restricted child process (uploaded files and PDF files from the web go there), and [`chunks`] cuts a document into passages.
//! Every parser here meets hostile input: each has its limits, and each refusal says what was wrong.

pub mod child;

mod charset;
mod chunk;
mod clean;
mod delimited;
mod document;
mod docx;
mod feed;
mod format;
mod html;
mod language;
mod markdown;
mod office;
mod pdf;
mod plain;

pub use chunk::{Chunk, ChunkSize, chunks};
pub use document::{Document, Section};
pub use format::{Format, Unsupported};
use serde::{Deserialize, Serialize};

/// What is known about the bytes from outside them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// Address the bytes were fetched from.
    pub url: Option<String>,
    /// Charset named by the `Content-Type` header, a label of the Encoding Standard.
    pub charset: Option<String>,
}

/// Why no document came out. The messages are safe to show to the person who gave the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ParseError {
    /// The file was read, and there is no text in it: a scan, an empty page, a page drawn by scripts.
    #[error("there is no text in it (a scan or an empty file)")]
    NoText,
    /// A password is needed.
    #[error("it is encrypted")]
    Encrypted,
    /// The bytes break the rules of their format.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A limit was passed; the text names it.
    #[error("it is too large: {0}")]
    TooLarge(String),
    /// The file carries something that is never read, such as entity declarations or overlapping archive entries.
    #[error("it is refused: {0}")]
    Refused(String),
    /// The parser child needed more memory than it may have.
    #[error("reading it takes more memory than allowed")]
    OutOfMemory,
    /// The parser child ran out of its time.
    #[error("reading it takes longer than allowed")]
    Timeout,
    /// The parser child died; the text says how.
    #[error("the parser failed on it: {0}")]
    Crashed(String),
    /// The parser child could not be started or would not run restricted; nothing is known about the file.
    #[error("the parser cannot run: {0}")]
    Unavailable(String),
}

/// Reads `bytes` as `format` in this process.
///
/// Panics of the parsers are not caught here. PDF and DOCX files should be given to a [`child::ParserChild`] instead.
///
/// # Errors
///
/// See [`ParseError`]; [`ParseError::OutOfMemory`], [`ParseError::Timeout`], [`ParseError::Crashed`] and
/// [`ParseError::Unavailable`] come from the child only.
pub fn parse(format: Format, bytes: &[u8], hints: &Hints) -> Result<Document, ParseError> {
    let mut document = match format {
        Format::Html => html::parse(bytes, hints),
        Format::Markdown => markdown::parse(&charset::decode(bytes, hints.charset.as_deref())),
        Format::Csv => delimited::parse(&charset::decode(bytes, hints.charset.as_deref())),
        Format::Text => plain::parse(&charset::decode(bytes, hints.charset.as_deref())),
        Format::Feed => feed::parse(bytes, hints),
        Format::Pdf => pdf::parse(bytes),
        Format::Docx => docx::parse(bytes),
    }?;
    if document.text.is_empty() {
        return Err(ParseError::NoText);
    }
    document.language =
        document.language.as_deref().and_then(language::primary).or_else(|| language::of(&document.text));
    Ok(document)
}

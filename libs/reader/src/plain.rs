//! Plain text, taken as it is.

use crate::ParseError;
use crate::date_line;
use crate::document::{Document, DocumentBuilder};

/// Parses plain text.
pub(crate) fn parse(text: &str) -> Result<Document, ParseError> {
    let mut builder = DocumentBuilder::default();
    builder.block(text);
    let mut document = builder.finish()?;
    document.published_at = date_line::first(text);
    Ok(document)
}

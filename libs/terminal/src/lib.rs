//! Text of others in a terminal: Markdown as it streams in, wrapped at words, with nothing in it that the terminal obeys.
//!
//! - [`printable`] takes control characters out; a [`Line`] has none but the styles that are set here.
//! - [`MarkdownStream`] renders Markdown in pieces. A line is handed out once what follows cannot change it any more.
//! - [`wrapped`] and [`fitted`] lay out plain text; widths are columns, two for the wide characters of Chinese, Japanese and
//!   Korean.

mod inline;
mod line;
mod markdown;
mod stream;
mod table;

pub use line::{Line, fitted, printable, wrapped};
pub use stream::MarkdownStream;

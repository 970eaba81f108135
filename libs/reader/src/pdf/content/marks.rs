//! Marked parts of the content: what is on a hidden layer, and what other text replaces.

use crate::ParseError;

/// Marks within marks. Real pages nest a dozen; deeper ones would hide or replace text that can no longer be told apart.
const MAX_DEPTH: usize = 10_000;

/// A marked part of the content.
pub(super) struct Mark {
    pub(super) hidden: bool,
    /// Text that replaces that of the glyphs, the first of which has this index.
    pub(super) replaced: Option<(String, usize)>,
}

/// The marks that are open.
#[derive(Default)]
pub(super) struct Marks {
    open: Vec<Mark>,
    /// How many of them are hidden.
    hidden: usize,
    /// How many of them replace their glyphs.
    replaced: usize,
}

impl Marks {
    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Whether what is drawn now is not shown.
    pub(super) fn hides(&self) -> bool {
        self.hidden > 0
    }

    /// Whether another text stands for what is drawn now.
    pub(super) fn replaces(&self) -> bool {
        self.replaced > 0
    }

    pub(super) fn begin(&mut self, mark: Mark) -> Result<(), ParseError> {
        if self.open.len() == MAX_DEPTH {
            return Err(ParseError::TooLarge("a page marks too many parts within each other".to_owned()));
        }
        self.hidden += usize::from(mark.hidden);
        self.replaced += usize::from(mark.replaced.is_some());
        self.open.push(mark);
        Ok(())
    }

    pub(super) fn end(&mut self) -> Option<Mark> {
        let mark = self.open.pop()?;
        self.hidden -= usize::from(mark.hidden);
        self.replaced -= usize::from(mark.replaced.is_some());
        Some(mark)
    }
}

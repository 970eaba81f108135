//! How much of the text of a page or file was read.

use serde::{Deserialize, Serialize};

/// Words of a document: runs of letters and digits.
pub(crate) fn words(text: &str) -> u32 {
    let mut words = 0;
    let mut in_word = false;
    for char in text.chars() {
        let is_word = char.is_alphanumeric();
        words += u32::from(is_word && !in_word);
        in_word = is_word;
    }
    words
}

/// How many of the words that a reader sees are in the text of a document. Navigation and what is hidden do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordsKept {
    /// Words in the text of the document.
    pub kept: u32,
    /// Words on the page.
    pub total: u32,
}

impl WordsKept {
    pub(crate) fn new(kept: u32, total: u32) -> Self {
        Self { kept: kept.min(total), total }
    }

    /// From 0 to 1; 1 if there are no words.
    pub fn ratio(&self) -> f64 {
        if self.total == 0 { 1.0 } else { f64::from(self.kept) / f64::from(self.total) }
    }
}

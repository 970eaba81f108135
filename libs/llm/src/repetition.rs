//! Notices a model that says the same over and over until its tokens run out.

/// So much text at the end of an answer is looked at (bytes).
const WINDOW: usize = 1_200;
/// It is looked at each time the answer has grown by this (bytes).
const STRIDE: usize = 100;
/// The repeated text must be said so often, without anything in between,
const MIN_TIMES: usize = 6;
/// and fill this much (bytes).
const MIN_BYTES: usize = 480;

/// The end of one text that grows.
#[derive(Debug, Default)]
pub(crate) struct RepetitionDetector {
    tail: Vec<u8>,
    unseen: usize,
}

impl RepetitionDetector {
    /// Whether the text ends in a loop now that `piece` was added.
    pub(crate) fn push(&mut self, piece: &str) -> bool {
        self.tail.extend_from_slice(piece.as_bytes());
        self.unseen += piece.len();
        if self.unseen < STRIDE {
            return false;
        }
        self.unseen = 0;
        let excess = self.tail.len().saturating_sub(WINDOW);
        self.tail.drain(..excess);
        is_loop(&self.tail)
    }
}

/// Whether `tail` ends in one unit of words, again and again.
fn is_loop(tail: &[u8]) -> bool {
    let reversed: Vec<u8> = tail.iter().rev().copied().collect();
    // At each length, the longest proper prefix that is also a suffix (Knuth, Morris and Pratt): what is left is the period.
    let mut borders = vec![0; reversed.len()];
    for end in 1..reversed.len() {
        let mut border = borders[end - 1];
        while border > 0 && reversed[end] != reversed[border] {
            border = borders[border - 1];
        }
        if reversed[end] == reversed[border] {
            border += 1;
        }
        borders[end] = border;
        let length = end + 1;
        let period = length - border;
        // Rules of tables and rows of dots have no letter.
        let has_letter = |unit: &[u8]| unit.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
        if length >= MIN_BYTES && period * MIN_TIMES <= length && has_letter(&reversed[..period]) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loops(text: &str) -> bool {
        let mut detector = RepetitionDetector::default();
        text.chars().any(|letter| detector.push(letter.encode_utf8(&mut [0; 4])))
    }

    #[test]
    fn a_unit_that_is_said_again_and_again_is_a_loop() {
        let before = "The sky is blue because of scattering. ";
        for unit in ["Hmm, let me think. ", "нет ", "and so on and so forth, as it was said before, ", "1, "] {
            assert!(loops(&format!("{before}{}", unit.repeat(200))), "{unit}");
            assert!(!loops(&format!("{before}{}", unit.repeat(5))), "{unit}");
        }
    }

    #[test]
    fn rules_tables_and_lists_are_none() {
        let rows: String = (0..80).map(|row| format!("| {row} | yes | {} |\n", row * 7)).collect();
        for text in ["-".repeat(2_000), "| --- ".repeat(300), rows, "abcdefghij".repeat(4)] {
            assert!(!loops(&text), "{text}");
        }
    }
}

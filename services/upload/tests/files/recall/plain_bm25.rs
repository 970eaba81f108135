//! What GooSeek is compared with: BM25 as it stands in the textbooks, over words as they are written, in lower case.

use std::collections::HashMap;

const K1: f64 = 1.2;
const B: f64 = 0.75;

pub(super) struct PlainBm25 {
    /// How often each word stands in each text.
    counts: Vec<HashMap<String, f64>>,
    lengths: Vec<f64>,
    mean_length: f64,
    /// In how many texts each word stands.
    frequencies: HashMap<String, f64>,
}

impl PlainBm25 {
    pub(super) fn new(texts: &[String]) -> Self {
        let mut plain = Self { counts: vec![], lengths: vec![], mean_length: 0.0, frequencies: HashMap::new() };
        for text in texts {
            let mut counts: HashMap<String, f64> = HashMap::new();
            let mut length = 0.0;
            for word in words(text) {
                *counts.entry(word).or_default() += 1.0;
                length += 1.0;
            }
            for word in counts.keys() {
                *plain.frequencies.entry(word.clone()).or_default() += 1.0;
            }
            plain.counts.push(counts);
            plain.lengths.push(length);
        }
        plain.mean_length = plain.lengths.iter().sum::<f64>() / plain.lengths.len().max(1) as f64;
        plain
    }

    /// The numbers of the best texts with a word of the question, best first.
    pub(super) fn best(&self, question: &str, limit: usize) -> Vec<usize> {
        let question: Vec<String> = words(question).collect();
        let mut scored: Vec<(f64, usize)> = (0..self.counts.len())
            .map(|text| (question.iter().map(|word| self.score(text, word)).sum(), text))
            .filter(|(score, _)| *score > 0.0)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored.into_iter().take(limit).map(|(_, text)| text).collect()
    }

    fn score(&self, text: usize, word: &str) -> f64 {
        let Some(count) = self.counts[text].get(word) else { return 0.0 };
        let (texts, containing) = (self.counts.len() as f64, self.frequencies[word]);
        let idf = (1.0 + (texts - containing + 0.5) / (containing + 0.5)).ln();
        idf * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * self.lengths[text] / self.mean_length))
    }
}

/// Runs of letters and digits.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

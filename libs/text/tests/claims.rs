//! How well claims are judged: labelled pairs of a passage and a sentence, in English and Russian.
//!
//! A third of the pairs, chosen by a hash, was kept unseen while the check was tuned. Every judge of claims can be
//! measured with the same pairs.

use std::collections::BTreeMap;

use text::support::{Verdict, check};

/// One pair a line: language, label, kind, sentence, passage (with `\n` written out).
const PAIRS: &str = include_str!("corpus/claims.tsv");

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Tuned,
    HeldOut,
}

struct Pair {
    language: &'static str,
    label: Verdict,
    kind: &'static str,
    sentence: &'static str,
    passage: String,
    part: Part,
}

fn pairs() -> Vec<Pair> {
    let pair = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut field = || fields.next().expect("five fields");
        let language = field();
        let label = match field() {
            "supported" => Verdict::Supported,
            "partial" => Verdict::Partial,
            _ => Verdict::Unsupported,
        };
        let (kind, sentence, passage) = (field(), field(), field().replace("\\n", "\n"));
        let part = if hash(sentence).is_multiple_of(3) { Part::HeldOut } else { Part::Tuned };
        Pair { language, label, kind, sentence, passage, part }
    };
    PAIRS.lines().map(pair).collect()
}

/// FNV-1a with a seed.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325 ^ 2026, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Counts of judgements: `counts[label][verdict]`.
#[derive(Default)]
struct Figures {
    counts: [[f64; 3]; 3],
}

impl Figures {
    fn add(&mut self, label: Verdict, verdict: Verdict) {
        self.counts[label as usize][verdict as usize] += 1.0;
    }

    fn share(&self, label: Verdict, verdict: Verdict) -> f64 {
        self.counts[label as usize][verdict as usize] / self.counts[label as usize].iter().sum::<f64>().max(1.0)
    }

    fn f1(&self, class: usize) -> f64 {
        let said: f64 = self.counts.iter().map(|row| row[class]).sum();
        let is: f64 = self.counts[class].iter().sum();
        2.0 * self.counts[class][class] / (said + is).max(1.0)
    }

    fn macro_f1(&self) -> f64 {
        (0..3).map(|class| self.f1(class)).sum::<f64>() / 3.0
    }

    /// The share of sentences labelled `unsupported` that are shown as supported.
    fn false_supported(&self) -> f64 {
        self.share(Verdict::Unsupported, Verdict::Supported)
    }

    fn true_unsupported(&self) -> f64 {
        self.share(Verdict::Supported, Verdict::Unsupported)
    }

    fn print(&self, name: &str) {
        println!(
            "{name:18} false shown as supported {:5.1} %, half-true so {:5.1} %, true shown as unsupported {:5.1} %, \
             macro-F1 {:.2} (unsupported {:.2}, partial {:.2}, supported {:.2})",
            100.0 * self.false_supported(),
            100.0 * self.share(Verdict::Partial, Verdict::Supported),
            100.0 * self.true_unsupported(),
            self.macro_f1(),
            self.f1(0),
            self.f1(1),
            self.f1(2),
        );
    }
}

/// Judges every pair of a part, and prints the figures of each language and the faults of each kind.
fn measure(part: Part, judge: impl Fn(&str, &str) -> Verdict) -> Figures {
    let (mut all, mut languages, mut kinds) = (Figures::default(), BTreeMap::new(), BTreeMap::new());
    for pair in pairs().iter().filter(|pair| pair.part == part) {
        let verdict = judge(pair.sentence, &pair.passage);
        all.add(pair.label, verdict);
        languages.entry(pair.language).or_insert_with(Figures::default).add(pair.label, verdict);
        kinds.entry((pair.label, pair.kind)).or_insert([0; 3])[verdict as usize] += 1;
        if part == Part::Tuned && verdict != pair.label {
            println!("{:?} shown as {verdict:?} ({}): {}", pair.label, pair.kind, pair.sentence);
        }
    }
    for ((label, kind), [unsupported, partial, supported]) in kinds {
        println!("{label:?} {kind}: unsupported {unsupported}, partial {partial}, supported {supported}");
    }
    for (language, figures) in &languages {
        figures.print(&format!("{part:?} {language}"));
    }
    all.print(&format!("{part:?}"));
    all
}

#[test]
fn false_claims_are_not_shown_as_supported() {
    for part in [Part::Tuned, Part::HeldOut] {
        let figures = measure(part, |sentence, passage| check(sentence, passage).verdict);
        assert!(figures.false_supported() <= 0.05, "{part:?}");
        assert!(figures.true_unsupported() <= 0.10, "{part:?}");
        assert!(figures.macro_f1() >= 0.60, "{part:?}");
    }
}

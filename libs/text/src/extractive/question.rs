//! What a question asks for.

use std::collections::HashSet;

use super::asks::{self, Asks};
use super::words::{self, Word};
use crate::facts::Fact;
use crate::language::{self, Language};
use crate::terms::{self, fold};

pub(super) struct Question {
    pub(super) words: Vec<Word>,
    /// Words of earlier questions it leans on: they choose among sentences that say its own.
    pub(super) context: Vec<Word>,
    pub(super) language: Language,
    asks: Asks,
    /// The newest answer is wanted.
    pub(super) fresh: bool,
    /// Everything of a kind is wanted.
    pub(super) wants_all: bool,
}

const ALL: [&str; 11] =
    ["list", "all", "every", "each", "перечисли", "перечислите", "все", "всех", "каждый", "alle", "toutes"];

const FRESH: [&str; 12] = [
    "latest",
    "newest",
    "current",
    "currently",
    "recent",
    "now",
    "today",
    "сейчас",
    "сегодня",
    "нынешний",
    "aktuell",
    "heute",
];

impl Question {
    pub(super) fn read(question: &str, context: &str, language: Option<Language>) -> Self {
        let language = language.or_else(|| language::detect(question)).unwrap_or(Language::ENGLISH);
        let said: Vec<String> = terms::words(question).take(64).map(fold).collect();
        let mut words = without_measures(words::words(question), &said);
        let mut context = if context.is_empty() { Vec::new() } else { words::words(context) };
        context.retain(|word| words.iter().all(|own| own.terms != word.terms));
        let own = words.iter().any(|word| !word.is_light);
        if !own && !context.is_empty() {
            words = std::mem::take(&mut context);
        }
        let asks = asks::asks(&said, words.len());
        let fresh = said
            .iter()
            .any(|word| FRESH.contains(&word.as_str()) || word.starts_with("последн") || word.starts_with("актуальн"));
        let wants_all = said.iter().any(|word| ALL.contains(&word.as_str()));
        Self { words, context, language, asks, fresh, wants_all }
    }

    /// The same wish for a topic of its own.
    pub(super) fn of(words: Vec<Word>, language: Language) -> Self {
        Self { words, context: Vec::new(), language, asks: Asks::Anything, fresh: false, wants_all: false }
    }

    /// Whether a sentence with these facts can hold the answer asked for. A name in the question is no answer to "who".
    pub(super) fn suits(&self, sentence: &str, facts: &[Fact]) -> bool {
        match self.asks {
            Asks::Person => facts.iter().any(|fact| matches!(fact, Fact::Name(name) if !self.names(name))),
            Asks::Time => facts.iter().any(|fact| match fact {
                Fact::Date(_) => true,
                Fact::Number(number) => number.is_time(),
                _ => false,
            }),
            Asks::Amount => facts.iter().any(|fact| matches!(fact, Fact::Number(_))),
            Asks::Reason => {
                let lower = sentence.to_lowercase();
                [
                    "because",
                    "due to",
                    "since ",
                    "so that",
                    "reason",
                    "потому",
                    "так как",
                    "поскольку",
                    "из-за",
                    "причин",
                    "weil",
                    "car ",
                    "porque",
                ]
                .iter()
                .any(|sign| lower.contains(sign))
            }
            Asks::Definition => self.is_definition(sentence),
            Asks::Anything => false,
        }
    }

    fn names(&self, term: &str) -> bool {
        self.words.iter().any(|word| word.terms.iter().any(|own| own == term))
    }

    /// `X is a …`, `X — это …`: what is asked about stands before the verb, near the start.
    fn is_definition(&self, sentence: &str) -> bool {
        const VERBS: [&str; 14] = [
            "is",
            "are",
            "was",
            "means",
            "refers",
            "это",
            "является",
            "называется",
            "называют",
            "ist",
            "sind",
            "est",
            "sont",
            "es",
        ];
        let words: Vec<String> = terms::words(sentence).take(12).map(fold).collect();
        let dash =
            sentence.find(" — ").or_else(|| sentence.find(" – ")).map(|at| terms::words(&sentence[..at]).count());
        let verb = words.iter().position(|word| VERBS.contains(&word.as_str())).or(dash.filter(|at| *at <= 8));
        let Some(verb) = verb.filter(|at| *at > 0) else { return false };
        let before: HashSet<String> =
            words[..verb.min(words.len())].iter().flat_map(|word| terms::index_terms(word)).collect();
        let named = self.words.iter().filter(|word| word.terms.iter().any(|term| before.contains(term))).count();
        named > 0 && named * 2 >= self.words.len()
    }
}

/// The `many` of `how many` is what is asked for, and no answer says it again.
fn without_measures(words: Vec<Word>, said: &[String]) -> Vec<Word> {
    let asked_for = |word: &Word| {
        let surface = fold(&word.surface);
        said.windows(2).any(|pair| pair[1] == surface && asks::measures(&pair[0], &pair[1]))
    };
    let telling: Vec<Word> = words.iter().filter(|word| !asked_for(word)).cloned().collect();
    if telling.is_empty() { words } else { telling }
}

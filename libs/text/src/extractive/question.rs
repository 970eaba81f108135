//! A parsed question: its words, the type of answer it expects and how many answers it wants.

use std::collections::HashSet;

use super::answer_type::{self, AnswerType};
use super::query_words::{self, QueryWord};
use crate::facts::Fact;
use crate::language::{self, Language};
use crate::terms::{self, fold};

pub(super) struct Question {
    pub(super) words: Vec<QueryWord>,
    /// Words of earlier questions that a follow-up depends on; they rank sentences that match its own words.
    pub(super) context: Vec<QueryWord>,
    pub(super) language: Language,
    answer_type: AnswerType,
    /// It asks for the newest information.
    pub(super) wants_newest: bool,
    /// It asks for a complete list.
    pub(super) wants_all: bool,
}

const LIST_WORDS: [&str; 11] =
    ["list", "all", "every", "each", "перечисли", "перечислите", "все", "всех", "каждый", "alle", "toutes"];

const NEWEST_WORDS: [&str; 12] = [
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
    pub(super) fn parse(question: &str, context: &str, language: Option<Language>) -> Self {
        let language = language.or_else(|| language::detect(question)).unwrap_or(Language::ENGLISH);
        let folded: Vec<String> = terms::words(question).take(64).map(fold).collect();
        let mut words = without_measures(query_words::query_words(question), &folded);
        let mut context = if context.is_empty() { Vec::new() } else { query_words::query_words(context) };
        context.retain(|word| words.iter().all(|own| own.terms != word.terms));
        let own = words.iter().any(|word| !word.is_generic);
        if !own && !context.is_empty() {
            words = std::mem::take(&mut context);
        }
        let answer_type = answer_type::classify(&folded, words.len());
        let wants_newest = folded.iter().any(|word| {
            NEWEST_WORDS.contains(&word.as_str()) || word.starts_with("последн") || word.starts_with("актуальн")
        });
        let wants_all = folded.iter().any(|word| LIST_WORDS.contains(&word.as_str()));
        Self { words, context, language, answer_type, wants_newest, wants_all }
    }

    /// A question about these words that expects no particular type of answer.
    pub(super) fn about(words: Vec<QueryWord>, language: Language) -> Self {
        Self {
            words,
            context: Vec::new(),
            language,
            answer_type: AnswerType::Anything,
            wants_newest: false,
            wants_all: false,
        }
    }

    /// Whether a sentence with these facts has the expected type of answer. A name from the question does not answer
    /// "who".
    pub(super) fn matches_type(&self, sentence: &str, facts: &[Fact]) -> bool {
        match self.answer_type {
            AnswerType::Person => facts.iter().any(|fact| matches!(fact, Fact::Name(name) if !self.mentions(name))),
            AnswerType::Time => facts.iter().any(|fact| match fact {
                Fact::Date(_) => true,
                Fact::Number(number) => number.is_time(),
                _ => false,
            }),
            AnswerType::Amount => facts.iter().any(|fact| matches!(fact, Fact::Number(_))),
            AnswerType::Reason => {
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
            AnswerType::Definition => self.is_definition(sentence),
            AnswerType::Anything => false,
        }
    }

    fn mentions(&self, term: &str) -> bool {
        self.words.iter().any(|word| word.terms.iter().any(|own| own == term))
    }

    /// Whether the sentence reads `X is a …` or `X — это …` with the words of the question before the verb.
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

/// Removes the `many` of `how many`: answers do not repeat it. Keeps the words as they are if nothing else is left.
fn without_measures(words: Vec<QueryWord>, folded: &[String]) -> Vec<QueryWord> {
    let is_measure = |word: &QueryWord| {
        let surface = fold(&word.surface);
        folded.windows(2).any(|pair| pair[1] == surface && answer_type::asks_for_measure(&pair[0], &pair[1]))
    };
    let others: Vec<QueryWord> = words.iter().filter(|word| !is_measure(word)).cloned().collect();
    if others.is_empty() { words } else { others }
}

//! A parsed question: its words, the type of answer it expects and how many answers it wants.

use std::collections::HashSet;

use super::answer_type::{self, AnswerType};
use super::query_words::{self, QueryWord};
use crate::language::{self, Language};
use crate::terms::{self, fold};

pub(super) struct Question {
    pub(super) words: Vec<QueryWord>,
    /// Words of earlier questions that a follow-up depends on; they rank sentences that match its own words.
    pub(super) context: Vec<QueryWord>,
    pub(super) language: Language,
    pub(super) answer_type: AnswerType,
    /// The number of the word that `how many` asks about.
    counted: Option<usize>,
    /// Words as asked, folded.
    folded: Vec<String>,
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
        let measures = folded.windows(2).any(|pair| {
            answer_type::asks_for_measure(&pair[0], &pair[1]) && !matches!(pair[1].as_str(), "many" | "much")
        });
        if !own && measures && !words.is_empty() {
            // `how high is it?`: an answer says `high`.
            words.iter_mut().for_each(|word| word.is_generic = false);
        } else if !own && !context.is_empty() {
            words = std::mem::take(&mut context);
        } else if !own {
            // Nothing else is asked about.
            words.iter_mut().for_each(|word| word.is_generic = word.only_asks);
        }
        let answer_type = answer_type::classify(question, &folded, words.len());
        let counted = counted(&words, &folded);
        let wants_newest = folded.iter().any(|word| {
            NEWEST_WORDS.contains(&word.as_str()) || word.starts_with("последн") || word.starts_with("актуальн")
        });
        let wants_all = folded.iter().any(|word| LIST_WORDS.contains(&word.as_str()));
        Self { words, context, language, answer_type, counted, folded, wants_newest, wants_all }
    }

    /// A question about these words that expects no particular type of answer.
    pub(super) fn about(words: Vec<QueryWord>, language: Language) -> Self {
        Self {
            words,
            context: Vec::new(),
            language,
            answer_type: AnswerType::Anything,
            counted: None,
            folded: Vec::new(),
            wants_newest: false,
            wants_all: false,
        }
    }

    /// The word whose number is asked for.
    pub(super) fn counted(&self) -> Option<&QueryWord> {
        self.words.get(self.counted?).filter(|word| !word.is_generic)
    }

    /// The measure that is asked for, such as the `long` of `how long`.
    pub(super) fn measure(&self) -> Option<&str> {
        let pair = self.folded.windows(2).find(|pair| answer_type::asks_for_measure(&pair[0], &pair[1]));
        pair.map(|pair| pair[1].as_str()).filter(|word| !matches!(*word, "many" | "much"))
    }

    /// For each word the one that follows it directly in the question.
    pub(super) fn next_words(&self) -> Vec<Option<usize>> {
        let place = |word: &QueryWord| {
            let surface = fold(&word.surface);
            self.folded.iter().position(|folded| *folded == surface)
        };
        let places: Vec<Option<usize>> = self.words.iter().map(place).collect();
        let follows = |at: &Option<usize>| at.and_then(|at| places.iter().position(|next| *next == Some(at + 1)));
        places.iter().map(follows).collect()
    }

    /// Whether it asks if something may or must be done: `можно ли сдавать`.
    pub(super) fn asks_permission(&self) -> bool {
        self.folded.first().is_some_and(|word| matches!(word.as_str(), "можно" | "нужно" | "надо" | "нельзя" | "могу"))
    }

    /// Whether it refers to something that only the context names.
    pub(super) fn has_pronoun(&self) -> bool {
        const PRONOUNS: &str = "it its they them their he she his her him он она оно они его ее их им ему ней нем них";
        self.folded.iter().any(|word| PRONOUNS.split(' ').any(|pronoun| pronoun == word))
    }

    /// Whether `label` has the content words of the question.
    pub(super) fn is_named_by(&self, label: &str) -> bool {
        let label = terms::index_terms(label);
        let mut content = self.words.iter().filter(|word| !word.is_generic).peekable();
        content.peek().is_some() && content.all(|word| label.iter().any(|term| word.similarity(term) > 0.0))
    }

    pub(super) fn mentions(&self, term: &str) -> bool {
        self.words.iter().any(|word| word.terms.iter().any(|own| own == term))
    }

    /// Whether the sentence reads `X is a …` or `X — это …` with the words of the question before the verb.
    pub(super) fn is_definition(&self, sentence: &str) -> bool {
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

/// The first of `words` after `how many` or `сколько`.
fn counted(words: &[QueryWord], folded: &[String]) -> Option<usize> {
    let at = folded.iter().position(|word| matches!(word.as_str(), "many" | "viele" | "сколько" | "combien"))?;
    let counted = folded.get(at + 1..)?.iter();
    counted.take(3).find_map(|next| words.iter().position(|word| fold(&word.surface) == *next))
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

//! The words of a question, each read in the question's own language: `hier` is yesterday in French and here in German.

use crate::language::{self, Language};
use crate::stopwords;
use crate::terms::{Token, fold};

/// Words of one meaning, by the code of their language.
pub(super) type Names = [(&'static str, &'static str)];

/// Words that mean something else in another language, or are names there: they count in their own language only.
const AMBIGUOUS: &str = "hier ayer tag mars mar mayo ago";

pub(super) struct Words {
    words: Vec<String>,
    /// Of the languages with lists of words; `None` if the question does not tell.
    language: Option<Language>,
}

impl Words {
    pub(super) fn of(question: &str, tokens: &[Token<'_>]) -> Self {
        let words: Vec<String> = tokens.iter().map(|token| fold(token.text)).collect();
        let language = language::detect(question).filter(|language| is_proven(*language, question, &words));
        Self { words, language }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&str> {
        self.words.get(at).map(String::as_str)
    }

    /// Whether the word at `at` is one of `names`.
    pub(super) fn is(&self, at: Option<usize>, names: &Names) -> bool {
        let Some(word) = at.and_then(|at| self.get(at)) else { return false };
        names.iter().any(|(code, listed)| listed.split(' ').any(|name| name == word) && self.reads(word, code))
    }

    /// Whether `word` may be one of the language `code`.
    pub(super) fn reads(&self, word: &str, code: &str) -> bool {
        match self.language {
            Some(language) => language.code() == code,
            None => code == Language::ENGLISH.code() || !is_ambiguous(word),
        }
    }
}

/// Whether `question` has a function word of that language alone, or letters that English lacks: a few words without them
/// are assigned to the likeliest language, which is not enough to read an ambiguous one.
fn is_proven(language: Language, question: &str, words: &[String]) -> bool {
    let Some(bit) = stopwords::LISTED.iter().position(|listed| *listed == language.code()) else { return false };
    let has_letters = || question.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    words.iter().any(|word| stopwords::languages_of(word) == 1 << bit)
        || (language != Language::ENGLISH && has_letters())
}

pub(super) fn is_ambiguous(word: &str) -> bool {
    AMBIGUOUS.split(' ').any(|listed| listed == word)
}

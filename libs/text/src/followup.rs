//! Follow-up questions that depend on earlier ones: `and in Japan?`, `why?`, `а в Японии?`.

use crate::extractive::content_words;
use crate::terms;

/// Pronouns: they refer to something named before.
const PRONOUNS: [&str; 24] = [
    "it", "its", "they", "them", "their", "he", "she", "his", "her", "him", "he's", "it's", "он", "она", "оно", "они",
    "его", "ее", "им", "ему", "ней", "нем", "них", "этом",
];
/// Refer back only if no noun follows: `is this enough?` is a follow-up, `this lease` is not.
const DEMONSTRATIVES: [&str; 7] = ["that", "this", "these", "those", "это", "этого", "so"];
const OPENERS: [&str; 17] = [
    "and",
    "or",
    "but",
    "also",
    "then",
    "what about",
    "how about",
    "what if",
    "а",
    "и",
    "или",
    "но",
    "так",
    "тогда",
    "также",
    "а если",
    "что насчет",
];
/// First words of a question without a verb: `in Japan?`
const PREPOSITIONS: [&str; 18] = [
    "in", "for", "at", "on", "with", "of", "from", "to", "during", "after", "в", "для", "на", "по", "с", "из", "при",
    "у",
];
/// A question with more content words than this stands alone, whatever it begins with.
const MAX_FOLLOWUP_WORDS: usize = 4;

/// The content words of the earlier questions (oldest first) that `question` depends on; `None` if it stands alone.
/// Words it replaces (`in Germany` by `in Japan`) are left out.
#[must_use]
pub fn earlier_words(question: &str, earlier: &[&str]) -> Option<String> {
    if !is_followup(question) {
        return None;
    }
    let own = content_words(question);
    let mut words: Vec<String> = Vec::new();
    let mut newer = question;
    for before in earlier.iter().rev() {
        let replaced = replaced(newer, before);
        for word in content_words(before) {
            let lower = word.to_lowercase();
            let known = own.iter().chain(&words).any(|known| known.to_lowercase() == lower);
            if !known && !replaced.contains(&lower) {
                words.push(word);
            }
        }
        if !is_followup(before) {
            break;
        }
        newer = before;
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn is_followup(question: &str) -> bool {
    let lower = question.to_lowercase().replace('ё', "е");
    let words: Vec<&str> = terms::words(&lower).collect();
    let own = content_words(question).len();
    let begins = |list: &[&str]| {
        list.iter().any(|opener| lower.strip_prefix(opener).is_some_and(|rest| rest.starts_with([' ', ','])))
    };
    let has_pronoun = words.iter().any(|word| PRONOUNS.contains(word));
    let has_demonstrative = words.iter().enumerate().any(|(at, word)| {
        DEMONSTRATIVES.contains(word)
            && words.get(at + 1).is_none_or(|next| crate::stopwords::languages_of(next) != 0)
            && own < MAX_FOLLOWUP_WORDS
    });
    let is_short = own <= MAX_FOLLOWUP_WORDS && begins(&OPENERS) || own < MAX_FOLLOWUP_WORDS && begins(&PREPOSITIONS);
    has_pronoun
        || is_fragment(question)
        || has_demonstrative
        || is_short
        || terms::query_terms(question).is_empty()
        || has_only_function_words(question)
}

/// Words of a question that has no subject of its own: `which colour?`, `noise level?`
const MAX_FRAGMENT_WORDS: usize = 3;

/// Whether a question is so short that its subject must be in the thread: at most three words, none of them a name, and
/// no definition asked for (`what is mulch?`).
fn is_fragment(question: &str) -> bool {
    let words: Vec<&str> = terms::words(question).collect();
    if words.is_empty() || words.len() > MAX_FRAGMENT_WORDS {
        return false;
    }
    let folded: Vec<String> = words.iter().map(|word| terms::fold(word)).collect();
    let defines = folded.windows(2).any(|pair| {
        matches!(pair[0].as_str(), "what" | "who" | "что" | "кто" | "was" | "wer")
            && matches!(pair[1].as_str(), "is" | "are" | "такое" | "такой" | "такая" | "ist" | "sind")
    });
    let is_name = |word: &&str| word.starts_with(char::is_uppercase) || word.contains(|c: char| c.is_ascii_digit());
    !defines && !words.iter().skip(1).any(is_name) && !words[0].contains(terms::is_unsegmented)
}

/// `why?`, `how much is that?`: no content word.
fn has_only_function_words(question: &str) -> bool {
    terms::words(question).all(|word| crate::stopwords::languages_of(&terms::fold(word)) != 0)
}

/// The words of `before` that follow a preposition also used in `question`.
fn replaced(question: &str, before: &str) -> Vec<String> {
    let lower = |text: &str| terms::words(text).map(str::to_lowercase).collect::<Vec<String>>();
    let (own, old) = (lower(question), lower(before));
    let slots: Vec<&String> = own.iter().filter(|word| PREPOSITIONS.contains(&word.as_str())).collect();
    old.windows(2).filter(|pair| slots.contains(&&pair[0])).map(|pair| pair[1].clone()).collect()
}

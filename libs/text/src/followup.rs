//! Questions that lean on the ones before them: `and in Japan?`, `why?`, `а в Японии?`.

use crate::extractive::search_words;
use crate::terms;

/// They stand for something named before.
const POINTERS: [&str; 24] = [
    "it", "its", "they", "them", "their", "he", "she", "his", "her", "him", "he's", "it's", "он", "она", "оно", "они",
    "его", "ее", "им", "ему", "ней", "нем", "них", "этом",
];
/// Pointers only where no noun follows: `is this enough?` leans, `this lease` does not.
const BARE_POINTERS: [&str; 7] = ["that", "this", "these", "those", "это", "этого", "so"];
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
/// A question without a verb begins with one of these: `in Japan?`
const PREPOSITIONS: [&str; 18] = [
    "in", "for", "at", "on", "with", "of", "from", "to", "during", "after", "в", "для", "на", "по", "с", "из", "при",
    "у",
];
/// A question with more words of its own than this stands alone, whatever it begins with.
const FEW: usize = 4;

/// The telling words of the earlier questions (oldest first) that `question` leans on; `None` if it stands alone. Words it replaces
/// (`in Germany` by `in Japan`) are left out.
#[must_use]
pub fn earlier_words(question: &str, earlier: &[&str]) -> Option<String> {
    if !leans(question) {
        return None;
    }
    let own = search_words(question);
    let mut words: Vec<String> = Vec::new();
    let mut newer = question;
    for before in earlier.iter().rev() {
        let replaced = replaced(newer, before);
        for word in search_words(before) {
            let lower = word.to_lowercase();
            let known = own.iter().chain(&words).any(|known| known.to_lowercase() == lower);
            if !known && !replaced.contains(&lower) {
                words.push(word);
            }
        }
        if !leans(before) {
            break;
        }
        newer = before;
    }
    (!words.is_empty()).then(|| words.join(" "))
}

fn leans(question: &str) -> bool {
    let lower = question.to_lowercase().replace('ё', "е");
    let words: Vec<&str> = terms::words(&lower).collect();
    let own = search_words(question).len();
    let begins = |list: &[&str]| {
        list.iter().any(|opener| lower.strip_prefix(opener).is_some_and(|rest| rest.starts_with([' ', ','])))
    };
    let points = words.iter().any(|word| POINTERS.contains(word));
    let bare = words.iter().enumerate().any(|(at, word)| {
        BARE_POINTERS.contains(word)
            && words.get(at + 1).is_none_or(|next| crate::stopwords::languages_of(next) != 0)
            && own < FEW
    });
    let is_short = own <= FEW && begins(&OPENERS) || own < FEW && begins(&PREPOSITIONS);
    points || bare || is_short || terms::query_terms(question).is_empty() || only_asks(question)
}

/// `why?`, `how much is that?`: no word of its own.
fn only_asks(question: &str) -> bool {
    terms::words(question).all(|word| crate::stopwords::languages_of(&terms::fold(word)) != 0)
}

/// The words of `before` after the prepositions that `question` uses, too.
fn replaced(question: &str, before: &str) -> Vec<String> {
    let lower = |text: &str| terms::words(text).map(str::to_lowercase).collect::<Vec<String>>();
    let (own, old) = (lower(question), lower(before));
    let slots: Vec<&String> = own.iter().filter(|word| PREPOSITIONS.contains(&word.as_str())).collect();
    old.windows(2).filter(|pair| slots.contains(&&pair[0])).map(|pair| pair[1].clone()).collect()
}

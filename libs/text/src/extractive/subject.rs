//! What a sentence is about: its subject, the names in it, and whether it refers back to the sentence before.

use super::query_words;
use crate::terms::Tokens;
use crate::{stopwords, terms};

/// The beginning of a sentence up to its verb, as far as that is among the common ones, and the name after a form of `to
/// be`: in `The chief executive is Jonas Feld` both are the same.
pub(super) fn of(text: &str) -> String {
    let (subject, name) = subject_and_name(text);
    [subject, name].concat().join(" ")
}

/// The words before the verb, and those of the name right after a form of `to be`.
fn subject_and_name(text: &str) -> (Vec<&str>, Vec<&str>) {
    const BE: &str = "is are was were является это";
    const VERBS: &str = "has have had will can may must does did был была были было";
    const MAX_WORDS: usize = 7;
    let mut subject: Vec<&str> = Vec::new();
    let mut tokens = Tokens::new(text).take(MAX_WORDS * 2);
    while let Some(token) = tokens.next().filter(|_| subject.len() < MAX_WORDS) {
        let folded = terms::fold(token.text);
        if BE.split(' ').any(|verb| verb == folded) {
            let name = tokens.map(|next| next.text).take_while(|next| next.starts_with(char::is_uppercase));
            return (subject, name.collect());
        }
        if VERBS.split(' ').any(|verb| verb == folded) {
            break;
        }
        subject.push(token.text);
    }
    (subject, Vec::new())
}

/// The capitalised words of the subject of a sentence after its first, and its identifiers.
pub(super) fn names(text: &str) -> String {
    let subject = subject_and_name(text).0;
    let is_name = |(at, word): &(usize, &str)| {
        (*at > 0 && word.starts_with(char::is_uppercase) && stopwords::languages_of(&terms::fold(word)) == 0)
            || query_words::is_code(word)
    };
    let names = subject.into_iter().enumerate().filter(is_name);
    names.map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

/// Whether one of the first words is a personal pronoun: `On one charge it goes 250 km`.
pub(super) fn has_pronoun(text: &str) -> bool {
    const PRONOUNS: &str = "it he she they он она оно они его ее их ему ей им";
    const MAX_WORDS: usize = 6;
    terms::words(text).take(MAX_WORDS).any(|word| {
        let folded = terms::fold(word);
        PRONOUNS.split(' ').any(|pronoun| pronoun == folded)
    })
}

/// Whether the sentence begins with a word that refers back: a pronoun, or `this` without a noun.
pub(super) fn is_context_dependent(text: &str) -> bool {
    const PRONOUNS: &str = "it its he his she they his her their them such however therefore thus but он она оно они его ее их однако поэтому но \
        er sie es il elle ils cela";
    const DEMONSTRATIVES: &str = "this these that those это этот эта эти dies diese dieser dieses ce cette ces";
    let mut words = terms::words(text).map(terms::fold);
    let Some(first) = words.next() else { return false };
    let is_in = |list: &str| list.split_whitespace().any(|word| word == first);
    let alone = words.next().is_none_or(|next| stopwords::languages_of(&next) != 0);
    is_in(PRONOUNS) || (is_in(DEMONSTRATIVES) && alone)
}

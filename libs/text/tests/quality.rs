//! How good answers without a model are: questions a newcomer asks of a few documents, ranked and written as chat does
//! it.
//!
//! Each question has words that its answer must contain and words that would be wrong. One that the documents do not
//! answer must be met with an honest line. The test prints what falls short and holds the score.
#![expect(clippy::unwrap_used, reason = "tests")]

mod quality {
    pub(crate) mod questions;
}

mod common;

use text::extractive::{ExtractiveAnswer, SourcePassage, compose};
use text::followup::earlier_words;
use text::support::{Verdict, check};

const DOCUMENTS: [(&str, &str); 8] = [
    ("handbook.md", include_str!("corpus/handbook.md")),
    ("lease.pdf", include_str!("corpus/lease.txt")),
    ("travel-policy.md", include_str!("corpus/travel-policy.md")),
    ("projects.docx", include_str!("corpus/projects.txt")),
    ("salaries.csv", include_str!("corpus/salaries.csv")),
    ("parking.csv", include_str!("corpus/parking.csv")),
    ("dogovor-arendy.pdf", include_str!("corpus/arenda.txt")),
    ("komandirovki.md", include_str!("corpus/komandirovki.md")),
];

/// Lines of the documents that say nothing by themselves.
const HEADINGS: [&str; 12] = [
    "Contents",
    "Page 1 of 4",
    "Term and termination",
    "Notice periods",
    "Rent and additional costs",
    "Use of the flat",
    "All rights reserved",
    "People | Policies",
    "АРЕНДНАЯ ПЛАТА И ПОРЯДОК",
    "ПРАВА И ОБЯЗАННОСТИ",
    "СРОК АРЕНДЫ",
    "Страница",
];

/// A question with what its answer is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    before: Option<&'static str>,
    question: &'static str,
    /// The answer has all of these; of a question the documents do not answer, none are wanted.
    wanted: Option<&'static [&'static str]>,
    unwanted: &'static [&'static str],
}

pub(crate) const fn about(
    question: &'static str,
    wanted: &'static [&'static str],
    unwanted: &'static [&'static str],
) -> Asked {
    Asked { before: None, question, wanted: Some(wanted), unwanted }
}

pub(crate) const fn after(
    before: &'static str,
    question: &'static str,
    wanted: &'static [&'static str],
    unwanted: &'static [&'static str],
) -> Asked {
    Asked { before: Some(before), question, wanted: Some(wanted), unwanted }
}

pub(crate) const fn nothing(question: &'static str, unwanted: &'static [&'static str]) -> Asked {
    Asked { before: None, question, wanted: None, unwanted }
}

fn ask(asked: &Asked, library: &[SourcePassage]) -> (Vec<SourcePassage>, ExtractiveAnswer) {
    let before: Vec<&str> = asked.before.into_iter().collect();
    let context = earlier_words(asked.question, &before).unwrap_or_default();
    common::ask(asked.question, &context, library)
}

/// What is wrong with the answer, if anything is.
fn fault(asked: &Asked, passages: &[SourcePassage], extract: &ExtractiveAnswer) -> Option<String> {
    const HONEST: [&str; 4] =
        ["The sources do not answer", "Nothing in the sources", "Источники не отвечают", "Прямого ответа"];
    let written = compose(extract).concat();
    for picked in &extract.sentences {
        let support = check(&picked.text, &passages[picked.passage].text);
        if support.verdict != Verdict::Supported {
            return Some(format!("not supported: {}", picked.text));
        }
    }
    let admits = HONEST.iter().any(|line| written.starts_with(line));
    match asked.wanted {
        Some(_) if admits => return Some("answered with nothing".to_owned()),
        None if !admits => return Some("answered with something".to_owned()),
        _ => {}
    }
    if let Some(lacking) = asked.wanted.unwrap_or_default().iter().find(|fragment| !written.contains(**fragment)) {
        return Some(format!("lacks {lacking:?}"));
    }
    let wrong = asked.unwanted.iter().chain(&HEADINGS).find(|fragment| written.contains(**fragment))?;
    Some(format!("has {wrong:?}"))
}

/// How many questions are answered well; the others are printed.
fn score(questions: &[Asked]) -> usize {
    let library = common::library(&DOCUMENTS);
    let mut good = 0;
    for asked in questions {
        let (passages, extract) = ask(asked, &library);
        match fault(asked, &passages, &extract) {
            None => good += 1,
            Some(fault) => println!("{}\n  {fault}\n  {}\n", asked.question, compose(&extract).concat()),
        }
    }
    println!("{good} of {}", questions.len());
    good
}

#[test]
fn a_newcomer_is_answered() {
    assert!(score(quality::questions::TUNED) >= 51);
}

#[test]
fn a_newcomer_is_answered_about_what_nobody_tuned_for() {
    assert!(score(quality::questions::HELD_OUT) >= 15);
}

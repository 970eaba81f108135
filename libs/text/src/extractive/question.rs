//! What a question asks for.

use std::collections::HashSet;

use crate::facts::Fact;
use crate::language::{self, Language};
use crate::terms::{self, Keyword, fold};

/// The kind of thing that answers a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Person,
    Time,
    Amount,
    Reason,
    Definition,
    Anything,
}

pub(super) struct Question {
    pub(super) keywords: Vec<Keyword>,
    pub(super) language: Language,
    pub(super) asks: Asks,
    /// The newest answer is wanted.
    pub(super) fresh: bool,
}

impl Question {
    pub(super) fn read(question: &str, language: Option<Language>) -> Self {
        let language = language.or_else(|| language::detect(question)).unwrap_or(Language::ENGLISH);
        let words: Vec<String> = terms::words(question).take(64).map(fold).collect();
        let keywords = without_measures(terms::keywords(question), &words);
        let asks = asks(&words, keywords.len());
        let fresh = words.iter().any(|word| {
            [
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
            ]
            .contains(&word.as_str())
                || word.starts_with("последн")
                || word.starts_with("актуальн")
        });
        Self { keywords, language, asks, fresh }
    }

    /// Whether a sentence with these facts can hold the answer asked for. A name in the question is no answer to "who".
    pub(super) fn suits(&self, sentence: &str, facts: &[Fact]) -> bool {
        match self.asks {
            Asks::Person => facts.iter().any(|fact| matches!(fact, Fact::Name(name) if !self.names(name))),
            Asks::Time => facts.iter().any(|fact| match fact {
                Fact::Date(_) => true,
                Fact::Number(number) => number.is_year() || number.unit.is_some_and(is_time),
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
        self.keywords.iter().any(|keyword| keyword.terms.iter().any(|own| own == term))
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
        let named =
            self.keywords.iter().filter(|keyword| keyword.terms.iter().any(|term| before.contains(term))).count();
        named > 0 && named * 2 >= self.keywords.len()
    }
}

fn is_time(unit: &str) -> bool {
    matches!(unit, "day" | "week" | "month" | "year" | "hour" | "minute" | "second")
}

const HOW: [&str; 3] = ["how", "wie", "как"];
const MEASURES: [&str; 15] = [
    "many",
    "much",
    "long",
    "old",
    "tall",
    "far",
    "big",
    "often",
    "lang",
    "lange",
    "viel",
    "viele",
    "долго",
    "часто",
    "velika",
];

/// The `many` of `how many` is what is asked for, and no answer says it again.
fn without_measures(keywords: Vec<Keyword>, words: &[String]) -> Vec<Keyword> {
    let asked_for = |keyword: &Keyword| {
        let surface = fold(&keyword.surface);
        MEASURES.contains(&surface.as_str())
            && words.windows(2).any(|pair| HOW.contains(&pair[0].as_str()) && pair[1] == surface)
    };
    let telling: Vec<Keyword> = keywords.iter().filter(|keyword| !asked_for(keyword)).cloned().collect();
    if telling.is_empty() { keywords } else { telling }
}

fn asks(words: &[String], keywords: usize) -> Asks {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let pair = |first: &[&str], second: &[&str]| {
        words.windows(2).any(|pair| first.contains(&pair[0].as_str()) && second.contains(&pair[1].as_str()))
    };
    if has(&["when", "когда", "wann", "quand", "cuando", "deadline", "date", "дата"])
        || pair(&["what", "which", "каком", "welchem"], &["year", "day", "date", "году", "jahr"])
    {
        return Asks::Time;
    }
    let amounts = [
        "сколько",
        "wieviel",
        "combien",
        "cuanto",
        "cuantos",
        "cuanta",
        "cuantas",
        "price",
        "cost",
        "rent",
        "salary",
        "period",
        "fee",
        "population",
        "percentage",
        "цена",
        "стоимость",
        "срок",
        "размер",
        "население",
        "preis",
        "frist",
        "kundigungsfrist",
        "prix",
        "preavis",
        "plazo",
    ];
    if has(&amounts) || pair(&HOW, &MEASURES) {
        return Asks::Amount;
    }
    if has(&["who", "whom", "whose", "кто", "кем", "кого", "wer", "wen", "qui", "quien", "quienes"])
        && !pair(&["кто"], &["такой", "такая", "такие"])
    {
        return Asks::Person;
    }
    if has(&["why", "почему", "зачем", "warum", "wieso", "pourquoi"]) {
        return Asks::Reason;
    }
    let defines = pair(
        &["what", "кто", "что", "was", "who"],
        &["is", "are", "такое", "такой", "такая", "такие", "ist", "sind", "means"],
    ) || has(&["define", "qu'est-ce", "definition"]);
    if defines && keywords <= 4 { Asks::Definition } else { Asks::Anything }
}

/// Letters two words must share from their start to be forms of one word that the stemmer keeps apart.
const SHARED_START: usize = 5;

/// Whether a term, or a near form of it, is among those said.
pub(super) fn is_said(term: &str, said: &HashSet<String>) -> bool {
    said.contains(term) || said.iter().any(|other| same_root(term, other))
}

/// `уведомлен` and `уведом`: one begins with the other, or both with the same long part.
pub(super) fn same_root(a: &str, b: &str) -> bool {
    if a.len() < SHARED_START || a.as_bytes().get(..SHARED_START) != b.as_bytes().get(..SHARED_START) {
        return false;
    }
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b && a.is_alphabetic()).count();
    let longer = a.chars().count().max(b.chars().count());
    shared >= SHARED_START && shared * 4 >= longer * 3
}

//! The kind of thing that answers a question.

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Person,
    Time,
    Amount,
    Reason,
    Definition,
    Anything,
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

/// Whether a word, with the one before it, asks for a measure: the `many` of `how many`, which no answer says again.
pub(super) fn measures(before: &str, word: &str) -> bool {
    HOW.contains(&before) && MEASURES.contains(&word)
}

/// Judges the folded words of a question that has `keywords` telling ones.
pub(super) fn asks(words: &[String], keywords: usize) -> Asks {
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

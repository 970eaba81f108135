//! The type of answer a question expects, judged by its question words (`who`, `when`, `how many`).

/// What would answer the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerType {
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

/// Whether `word` after `before` asks for a measure: the `many` of `how many`. Answers do not repeat it.
pub(super) fn asks_for_measure(before: &str, word: &str) -> bool {
    HOW.contains(&before) && MEASURES.contains(&word)
}

/// Classifies a question by its folded `words`; `keywords` is the number of content words among them.
pub(super) fn classify(words: &[String], keywords: usize) -> AnswerType {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let pair = |first: &[&str], second: &[&str]| {
        words.windows(2).any(|pair| first.contains(&pair[0].as_str()) && second.contains(&pair[1].as_str()))
    };
    if has(&["when", "когда", "wann", "quand", "cuando", "deadline", "date", "дата"])
        || pair(&["what", "which", "каком", "welchem"], &["year", "day", "date", "году", "jahr"])
    {
        return AnswerType::Time;
    }
    let amount_words = [
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
    if has(&amount_words) || pair(&HOW, &MEASURES) {
        return AnswerType::Amount;
    }
    if has(&["who", "whom", "whose", "кто", "кем", "кого", "wer", "wen", "qui", "quien", "quienes"])
        && !pair(&["кто"], &["такой", "такая", "такие"])
    {
        return AnswerType::Person;
    }
    if has(&["why", "почему", "зачем", "warum", "wieso", "pourquoi"]) {
        return AnswerType::Reason;
    }
    let defines = pair(
        &["what", "кто", "что", "was", "who"],
        &["is", "are", "такое", "такой", "такая", "такие", "ist", "sind", "means"],
    ) || has(&["define", "qu'est-ce", "definition"]);
    if defines && keywords <= 4 { AnswerType::Definition } else { AnswerType::Anything }
}

//! The type of answer a question expects, judged by its question words (`who`, `when`, `how many`).

use super::units::Quantity;
use crate::terms;

/// What would answer the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AnswerType {
    /// Somebody by what they do: `who pays`.
    Person,
    /// Somebody by what they are: `who is the chair`.
    Identity,
    Place,
    Time,
    /// A number of things: `how many moons`.
    Count,
    /// A value of one of these quantities; of any if there are none.
    Amount(&'static [Quantity]),
    Reason,
    Definition,
    /// How something is done.
    Method,
    Anything,
}

const HOW: [&str; 3] = ["how", "wie", "как"];
const MEASURES: [&str; 24] = [
    "soon",
    "скоро",
    "hot",
    "cold",
    "warm",
    "many",
    "much",
    "long",
    "old",
    "tall",
    "far",
    "big",
    "often",
    "high",
    "heavy",
    "deep",
    "wide",
    "fast",
    "lang",
    "lange",
    "viel",
    "viele",
    "долго",
    "часто",
];

/// Whether `word` after `before` asks for a measure: the `many` of `how many`. Answers do not repeat it.
pub(super) fn asks_for_measure(before: &str, word: &str) -> bool {
    HOW.contains(&before) && MEASURES.contains(&word)
}

const MONEY: &str = "price cost costs rent salary fee toll deposit цена стоимость стоит стоить оклад preis prix precio cuesta kostet coute";
const AMOUNT: &str = "population percentage население";
const TEMPERATURE: &str = "temperature температура температуре";
const DURATION: &str = "period срок frist kundigungsfrist preavis plazo duration длительность";
const TIME: &str = "when когда wann quand cuando deadline";
const PERSON: &str = "who whom whose кто кем кого кому wer wen wem qui quien quienes";
const PLACE: &str = "where где куда wo wohin ou donde";
const REASON: &str = "why почему зачем отчего warum wieso pourquoi";

/// Classifies a question by its folded `words`; `keywords` is the number of content words among them.
pub(super) fn classify(question: &str, words: &[String], keywords: usize) -> AnswerType {
    let has = |list: &str| words.iter().any(|word| list.split(' ').any(|listed| listed == word));
    let pair = |first: &[&str], second: &[&str]| {
        words.windows(2).any(|pair| first.contains(&pair[0].as_str()) && second.contains(&pair[1].as_str()))
    };
    if let Some(unsegmented) = classify_unsegmented(question) {
        return unsegmented;
    }
    let dated = pair(
        &["what", "which", "каком", "какого", "какой", "welchem"],
        &["year", "day", "date", "году", "числа", "день", "jahr"],
    );
    let clock =
        pair(&["во"], &["сколько"]) || pair(&["what"], &["time"]) || pair(&["until", "till", "since"], &["when"]);
    if has(TIME) || dated || clock {
        return AnswerType::Time;
    }
    if let Some(measure) = measure(words) {
        return measure;
    }
    if has(PERSON) && !pair(&["кто"], &["такой", "такая", "такие"]) {
        return if is_identity(words) { AnswerType::Identity } else { AnswerType::Person };
    }
    if has(PLACE) {
        return AnswerType::Place;
    }
    if has(REASON) {
        return AnswerType::Reason;
    }
    if is_method(words) {
        return AnswerType::Method;
    }
    if has(MONEY) {
        return AnswerType::Amount(&[Quantity::Money]);
    }
    if has(TEMPERATURE) {
        return AnswerType::Amount(&[Quantity::Temperature]);
    }
    if has(DURATION) {
        return AnswerType::Amount(&[Quantity::Duration]);
    }
    if has(AMOUNT) {
        return AnswerType::Amount(&[]);
    }
    if is_definition(words, keywords) { AnswerType::Definition } else { AnswerType::Anything }
}

/// `who is the chair`, `кто директор`: no verb but `to be`.
fn is_identity(words: &[String]) -> bool {
    // `to whom` asks for no agent either.
    if words.iter().any(|word| matches!(word.as_str(), "whom" | "кому" | "wem")) {
        return true;
    }
    let at = words.iter().position(|word| matches!(word.as_str(), "who" | "кто" | "wer")).unwrap_or(0);
    let next = words.get(at + 1).map_or("", String::as_str);
    let after = words.get(at + 2).map_or("", String::as_str);
    if words.get(at).is_some_and(|word| word == "кто") {
        return !VERB_ENDINGS.iter().chain(&["л", "ли"]).any(|ending| next.ends_with(ending));
    }
    matches!(next, "is" | "are" | "was" | "were" | "ist" | "sind")
        && matches!(after, "the" | "a" | "an" | "your" | "our" | "their" | "its" | "der" | "die" | "das")
}

/// `how heavy`, `how many`, `сколько`.
fn measure(words: &[String]) -> Option<AnswerType> {
    let after_how = words.windows(2).find(|pair| HOW.contains(&pair[0].as_str())).map(|pair| pair[1].as_str());
    let quantities: &'static [Quantity] = match after_how {
        Some("many" | "viele") => return Some(AnswerType::Count),
        Some("long" | "lang" | "lange" | "долго") => &[Quantity::Duration, Quantity::Length],
        Some("old") => &[Quantity::Duration],
        Some("tall" | "high" | "deep" | "wide" | "far") => &[],
        Some("heavy") => &[Quantity::Mass],
        Some("fast") => &[Quantity::Speed, Quantity::Duration],
        Some("hot" | "cold" | "warm") => &[Quantity::Temperature],
        Some("much" | "big" | "viel") => &[],
        Some("often" | "часто" | "soon" | "скоро") => return Some(AnswerType::Time),
        _ => return counted_in_other_languages(words),
    };
    Some(AnswerType::Amount(quantities))
}

fn counted_in_other_languages(words: &[String]) -> Option<AnswerType> {
    let at = words.iter().position(|word| {
        matches!(
            word.as_str(),
            "сколько" | "скольких" | "wieviel" | "combien" | "cuanto" | "cuantos" | "cuanta" | "cuantas"
        )
    })?;
    // `сколько можно заплатить`, `сколько нужно времени`
    let is_modal = |word: &&String| matches!(word.as_str(), "можно" | "нужно" | "надо" | "придется" | "следует");
    let next = words[at + 1..].iter().find(|word| !is_modal(word)).map_or("", String::as_str);
    Some(match next {
        "стоит" | "стоят" | "cuesta" => AnswerType::Amount(&[Quantity::Money]),
        "длится" | "длятся" | "времени" => AnswerType::Amount(&[Quantity::Duration]),
        "весит" => AnswerType::Amount(&[Quantity::Mass]),
        _ if VERB_ENDINGS.iter().any(|ending| next.ends_with(ending)) => AnswerType::Amount(&[]),
        _ => AnswerType::Count,
    })
}

/// Endings of Russian verbs and short participles: after `сколько` stands what is counted, or a verb.
const VERB_ENDINGS: [&str; 14] =
    ["ет", "ит", "ют", "ят", "ут", "ат", "ется", "ится", "ются", "ть", "ло", "ла", "ано", "ено"];

fn is_method(words: &[String]) -> bool {
    let Some(at) = words.iter().position(|word| HOW.contains(&word.as_str())) else { return false };
    let next = words.get(at + 1).map_or("", String::as_str);
    if words[at] == "как" {
        return ["ть", "ться", "чь"].iter().any(|ending| next.ends_with(ending)) || next == "мне";
    }
    let actor = words.get(at + 2).map_or("", String::as_str);
    next == "to"
        || (matches!(next, "do" | "can" | "should" | "must" | "could" | "may")
            && matches!(actor, "i" | "you" | "we" | "one" | "users"))
        || matches!(next, "kann" | "muss")
}

/// `what is X`, without an article that asks for a value (`what is the price`).
fn is_definition(words: &[String], keywords: usize) -> bool {
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let asks = matches!(word(0), "what" | "who" | "что" | "кто" | "was" | "wer");
    let defines = asks
        && matches!(word(1), "is" | "are" | "такое" | "такой" | "такая" | "такие" | "ist" | "sind")
        && !matches!(word(2), "the" | "my" | "our" | "its" | "der" | "die" | "das");
    let means = asks && words.iter().any(|word| matches!(word.as_str(), "mean" | "означает" | "значит"));
    let named = matches!(word(0), "define" | "definition");
    // `what is it used for` asks for more than a definition.
    let ends_with_preposition = words.last().is_some_and(|word| {
        matches!(word.as_str(), "for" | "of" | "from" | "with" | "by" | "like" | "about" | "on" | "in" | "to")
    });
    (defines || means || named) && keywords <= 3 && !ends_with_preposition
}

/// Questions in Chinese and Japanese, whose words are not separated.
fn classify_unsegmented(question: &str) -> Option<AnswerType> {
    if !question.chars().any(terms::is_unsegmented) {
        return None;
    }
    let has = |list: &[&str]| list.iter().any(|word| question.contains(word));
    Some(if has(&["什么时候", "何时", "哪一年", "哪年", "哪天", "几点", "いつ", "何年", "何時"]) {
        AnswerType::Time
    } else if has(&["哪里", "哪儿", "在哪", "何处", "どこ"]) {
        AnswerType::Place
    } else if has(&["谁", "誰", "だれ"]) {
        AnswerType::Person
    } else if has(&["为什么", "为何", "なぜ", "どうして"]) {
        AnswerType::Reason
    } else if has(&["多少", "几", "多长", "多久", "何日", "何人", "何個", "いくら", "いくつ"]) {
        AnswerType::Amount(&[])
    } else if has(&["怎么", "如何", "どうやって"]) {
        AnswerType::Method
    } else {
        AnswerType::Anything
    })
}

//! The lines of our own in an extractive answer, in the language of the question.

use crate::language::Language;

/// The lines in one language; `{}` stands for words of the question or dates.
pub(super) struct Phrases {
    /// Before passages that do not answer.
    pub(super) closest: &'static str,
    pub(super) nothing: &'static str,
    pub(super) not_mentioned: &'static str,
    /// A part of the question without an answer.
    pub(super) unanswered: &'static str,
    pub(super) disagree: &'static str,
    /// With the dates of the two statements.
    pub(super) disagree_dated: &'static str,
    pub(super) quotes: (&'static str, &'static str),
}

const ENGLISH: Phrases = Phrases {
    closest: "Nothing in the sources answers this directly; the closest passages are:",
    nothing: "The sources do not answer this question.",
    not_mentioned: "The sources do not mention {}.",
    unanswered: "The sources do not answer {}.",
    disagree: "The sources disagree here.",
    disagree_dated: "The sources disagree here; the newer statement stands first ({}).",
    quotes: ("“", "”"),
};
const RUSSIAN: Phrases = Phrases {
    closest: "Прямого ответа в источниках нет; ближе всего к вопросу:",
    nothing: "Источники не отвечают на этот вопрос.",
    not_mentioned: "В источниках не упоминается: {}.",
    unanswered: "Источники не отвечают на вопрос {}.",
    disagree: "Источники здесь расходятся.",
    disagree_dated: "Источники здесь расходятся; более новое сообщение стоит первым ({}).",
    quotes: ("«", "»"),
};
const GERMAN: Phrases = Phrases {
    closest: "Die Quellen beantworten das nicht direkt; am nächsten kommen:",
    nothing: "Die Quellen beantworten diese Frage nicht.",
    not_mentioned: "Die Quellen erwähnen nicht: {}.",
    unanswered: "Die Quellen beantworten nicht: {}.",
    disagree: "Die Quellen widersprechen sich hier.",
    disagree_dated: "Die Quellen widersprechen sich hier; die neuere Angabe steht zuerst ({}).",
    quotes: ("„", "“"),
};
const FRENCH: Phrases = Phrases {
    closest: "Les sources n’y répondent pas directement ; les passages les plus proches :",
    nothing: "Les sources ne répondent pas à cette question.",
    not_mentioned: "Les sources ne mentionnent pas {}.",
    unanswered: "Les sources ne répondent pas à {}.",
    disagree: "Les sources se contredisent ici.",
    disagree_dated: "Les sources se contredisent ici ; la plus récente est citée d’abord ({}).",
    quotes: ("« ", " »"),
};
const SPANISH: Phrases = Phrases {
    closest: "Las fuentes no lo responden directamente; los pasajes más cercanos son:",
    nothing: "Las fuentes no responden a esta pregunta.",
    not_mentioned: "Las fuentes no mencionan {}.",
    unanswered: "Las fuentes no responden a {}.",
    disagree: "Las fuentes no coinciden aquí.",
    disagree_dated: "Las fuentes no coinciden aquí; la más reciente va primero ({}).",
    quotes: ("«", "»"),
};
const CHINESE: Phrases = Phrases {
    closest: "来源没有直接回答；最接近的段落是：",
    nothing: "来源没有回答这个问题。",
    not_mentioned: "来源没有提到{}。",
    unanswered: "来源没有回答{}。",
    disagree: "来源在此处说法不一。",
    disagree_dated: "来源在此处说法不一；较新的在前（{}）。",
    quotes: ("“", "”"),
};
const JAPANESE: Phrases = Phrases {
    closest: "資料に直接の答えはありません。最も近い箇所は次のとおりです：",
    nothing: "資料はこの質問に答えていません。",
    not_mentioned: "資料に{}への言及はありません。",
    unanswered: "資料は{}に答えていません。",
    disagree: "資料の記述が食い違っています。",
    disagree_dated: "資料の記述が食い違っています。新しいものが先です（{}）。",
    quotes: ("「", "」"),
};

impl Phrases {
    /// English for languages without lines of their own.
    pub(super) fn of(language: Language) -> &'static Self {
        match language.code() {
            "ru" => &RUSSIAN,
            "de" => &GERMAN,
            "fr" => &FRENCH,
            "es" => &SPANISH,
            "zh" => &CHINESE,
            "ja" => &JAPANESE,
            _ => &ENGLISH,
        }
    }

    /// The words in the quotation marks of the language.
    pub(super) fn quoted(&self, words: &[String]) -> String {
        let (open, close) = self.quotes;
        words.iter().map(|word| format!("{open}{word}{close}")).collect::<Vec<_>>().join(", ")
    }
}

/// `phrase` with `words` in its place.
pub(super) fn fill(phrase: &str, words: &str) -> String {
    phrase.replace("{}", words)
}

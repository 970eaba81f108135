//! The words of a question that say what it is about, without the words that only ask.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::value_kind::ValueKind;
use super::{aspect, synonyms, unsegmented};
use crate::language::Language;
use crate::terms::{self, Keyword, Tokens, fold};
use crate::{language, stopwords};

/// Words that only phrase the request and carry no topic.
const ASKING_WORDS: &str = "tell show find list know want wonder wondering see say says said mention mentions mentioned state states stated \
compare comparison difference differences differ differs versus vs summarize summarise summary overview tldr briefly outline please \
thanks thank hello hi exactly actually really anyone someone anybody somebody anything something everything thing things kind sort \
ask question answer information info details according regarding concerning happen happens happened much would like exist exists \
найди найдите покажи покажите дай дайте перечисли перечислите назови назовите сообщи сообщите сравни сравните сравнить сравнение \
отличается отличаются отличие отличия разница различия кратко коротко вкратце изложи изложите перескажи перескажите резюме обзор \
спасибо привет здравствуйте хочу знать узнать интересует говорится сказано написано указано бывает происходит случится \
zeige nenne vergleiche unterschied danke compare montre merci gracias compara resume";
/// Generic words: a match on one of them ranks a sentence but is never enough to make it an answer, and an answer may
/// do without them.
const GENERIC_WORDS: &str = "need needs needed have take takes taken kept held make makes give gives given keep use used uses using allow allows allowed permitted \
permit admitted possible call pay pays paid big high large number amount count time name current currently exactly latest newest work \
company people person document documents file files source sources text new come go going able lose get apply applies valid per \
handle located situated lie lies work works total called available right now today entitled owe hand cross put set mean means meaning \
нужно нужен нужна нужны надо можно нельзя делать делает делают сделать получить получает составляет разрешено разрешается \
количество число имя время документ документы файл файлы источник источники текст какова каков действует сейчас положено положен \
находится находятся расположен расположена выдают выдается проходит проводится является называется значит означает обозначает раз раза bedeutet";

static ASKING: LazyLock<HashSet<&'static str>> = LazyLock::new(|| ASKING_WORDS.split_whitespace().collect());
static GENERIC: LazyLock<HashSet<&'static str>> = LazyLock::new(|| GENERIC_WORDS.split_whitespace().collect());

/// A word of a question.
#[derive(Clone, Debug)]
pub(super) struct QueryWord {
    /// As written in the question.
    pub(super) surface: String,
    pub(super) terms: Vec<String>,
    /// The terms of words that may stand for it.
    pub(super) synonyms: Vec<String>,
    /// A name or identifier: a sentence without it is about something else.
    pub(super) is_name: bool,
    /// An identifier such as `TX-40` or `queue.max_bytes`: only the whole counts, which is its last term.
    pub(super) is_code: bool,
    /// A run of a script without spaces: its terms are pairs of characters, and most of them have to match.
    pub(super) is_unsegmented: bool,
    /// It ends as a form of a Russian verb.
    pub(super) is_verb: bool,
    /// It follows a preposition, as in `rent of the flat`: what the source as a whole may be about.
    pub(super) is_complement: bool,
    /// In [`ASKING_WORDS`].
    pub(super) only_asks: bool,
    /// In [`GENERIC_WORDS`]; the other words are the content words.
    pub(super) is_generic: bool,
    /// The kind of value the word stands for.
    pub(super) value_kind: Option<ValueKind>,
}

impl QueryWord {
    /// Whether it looks like a Russian infinitive; a source may use the noun instead. A few nouns with such endings
    /// match too.
    pub(super) fn is_infinitive(&self) -> bool {
        let word = fold(&self.surface);
        ["ать", "ять", "ить", "еть", "уть", "йти", "ться"].iter().any(|ending| word.ends_with(ending))
    }

    /// 1 if `term` is one of its terms, [`OTHER_FORM_SIMILARITY`] if it is another form of it,
    /// [`SYNONYM_SIMILARITY`] if it is a word for the same, else 0.
    pub(super) fn similarity(&self, term: &str) -> f32 {
        if self.is_code {
            return if self.terms.last().is_some_and(|whole| whole == term) { 1.0 } else { 0.0 };
        }
        if self.terms.iter().any(|own| own == term) {
            return 1.0;
        }
        let is_aspect = |own: &str| self.is_verb && aspect::are_pair(own, term);
        if self.terms.iter().any(|own| same_root(own, term) || is_aspect(own)) {
            return OTHER_FORM_SIMILARITY;
        }
        if self.synonyms.iter().any(|synonym| synonym == term) { SYNONYM_SIMILARITY } else { 0.0 }
    }
}

/// Weight of a match on another form of the word, and on another word for the same.
const OTHER_FORM_SIMILARITY: f32 = 0.85;
const SYNONYM_SIMILARITY: f32 = 0.8;
/// The noun after one of these is the asker's own (`my ticket`): sources do not speak of it.
const POSSESSIVES: [&str; 12] =
    ["my", "our", "мой", "моя", "мое", "мою", "моего", "моей", "наш", "наша", "mein", "meine"];

/// The words of `question`, each once, without the asking words unless there are no others.
pub(super) fn query_words(question: &str) -> Vec<QueryWord> {
    let keywords = keywords(question);
    let asking = &*ASKING;
    let generic = &*GENERIC;
    let german = language::detect(question) == Some(Language::GERMAN);
    let tokens: Vec<&str> = terms::words(question).take(64).collect();
    // Capitals mark names, except in German and in headlines, where most words have one.
    let capitals = tokens.iter().filter(|token| token.starts_with(char::is_uppercase)).count();
    let capitals_mark_names = !german && capitals * 3 <= tokens.len() * 2;
    let mut words: Vec<QueryWord> = Vec::new();
    for keyword in keywords {
        let folded = fold(&keyword.surface);
        if words.iter().any(|known| known.terms == keyword.terms) {
            continue;
        }
        let opens = tokens.first().is_some_and(|first| *first == keyword.surface) && tokens.len() > 1;
        let capital = keyword.surface.starts_with(char::is_uppercase) && !opens;
        let code = is_code(&keyword.surface);
        let digits = keyword.surface.chars().filter(char::is_ascii_digit).count() >= 4;
        let is_possessed =
            tokens.windows(2).any(|pair| pair[1] == keyword.surface && POSSESSIVES.contains(&fold(pair[0]).as_str()));
        let is_complement = is_complement(&tokens, &keyword.surface);
        words.push(QueryWord {
            is_verb: aspect::is_verb(&folded),
            is_complement,
            only_asks: asking.contains(folded.as_str()),
            is_name: (capitals_mark_names && capital) || code || digits,
            is_code: code,
            is_unsegmented: keyword.surface.chars().next().is_some_and(terms::is_unsegmented),
            is_generic: generic.contains(folded.as_str()) || is_possessed || asks_for_time(&tokens, &keyword.surface),
            value_kind: ValueKind::named_by(&keyword.terms),
            synonyms: if code { Vec::new() } else { synonyms::synonyms_of(&keyword.terms) },
            surface: keyword.surface,
            terms: keyword.terms,
        });
    }
    let topical: Vec<QueryWord> =
        words.iter().filter(|word| !asking.contains(fold(&word.surface).as_str())).cloned().collect();
    if !topical.is_empty() {
        return topical;
    }
    let only_asks = words.iter().any(|word| asking.contains(fold(&word.surface).as_str()));
    words.iter_mut().for_each(|word| word.is_generic |= only_asks);
    words
}

/// Whether a word is an identifier: it has letters and digits, or parts joined by a dot or an underscore.
pub(super) fn is_code(word: &str) -> bool {
    let has_letter = word.contains(char::is_alphabetic);
    has_letter && !word.contains('@') && (word.contains(|c: char| c.is_ascii_digit()) || word.contains(['_', '.']))
}

/// Whether a word is the `day` of `on which day`: what it asks for is a date, and answers do not repeat it.
fn asks_for_time(tokens: &[&str], word: &str) -> bool {
    const UNITS: &str = "day days date dates year years month months time числа число числе день дни дням днях году год дату дата месяц месяце часу часа часам время tag jahr datum";
    const WHICH: &str =
        "which what какого какой какое какие каком каким каких какую какая welchem welcher welches welchen";
    let is_in = |list: &str, token: &str| list.split(' ').any(|listed| listed == fold(token));
    is_in(UNITS, word) && tokens.windows(2).any(|pair| pair[1] == word && is_in(WHICH, pair[0]))
}

/// Endings of Russian verbs: what follows one is its object.
const VERB_ENDINGS: [&str; 14] =
    ["ет", "ит", "ют", "ят", "ут", "ат", "ется", "ится", "ются", "ть", "л", "ла", "ли", "ло"];

/// Whether a preposition stands before a word, with or without an article between.
fn is_complement(tokens: &[&str], word: &str) -> bool {
    const PREPOSITIONS: &str = "of in for from at on with у в для из на по с von für im der des de du del en";
    const ARTICLES: &str = "the a an this that our my der die das dem den la le el";
    let Some(at) = tokens.iter().position(|token| *token == word) else { return false };
    let is_in =
        |list: &str, at: usize| tokens.get(at).is_some_and(|token| list.split(' ').any(|listed| listed == fold(token)));
    // In Russian what is in the genitive follows without a preposition.
    let is_cyrillic = |word: &str| word.starts_with(|c| matches!(c, '\u{430}'..='\u{44f}'));
    let before = at.checked_sub(1);
    let follows_noun = before.is_some_and(|before| {
        let noun = fold(tokens[before]);
        let is_verb = VERB_ENDINGS.iter().any(|ending| noun.ends_with(ending));
        is_cyrillic(word) && is_cyrillic(tokens[before]) && stopwords::languages_of(&noun) == 0 && !is_verb
    });
    follows_noun
        || before.is_some_and(|before| {
            is_in(PREPOSITIONS, before)
                || (is_in(ARTICLES, before) && before.checked_sub(1).is_some_and(|at| is_in(PREPOSITIONS, at)))
        })
}

/// The keywords, with lone capitals (`band A`) and without function words of the other script (`the` in a Russian
/// question).
fn keywords(question: &str) -> Vec<Keyword> {
    let mut keywords = Vec::new();
    for keyword in terms::keywords(question) {
        if keyword.surface.chars().next().is_some_and(terms::is_unsegmented) {
            keywords.extend(unsegmented::content(&keyword.surface));
        } else {
            keywords.push(keyword);
        }
    }
    let cyrillic = |word: &str| word.chars().any(|c| ('\u{400}'..='\u{4ff}').contains(&c));
    let mixed = keywords.iter().any(|keyword| cyrillic(&keyword.surface))
        && keywords.iter().any(|keyword| !cyrillic(&keyword.surface));
    if mixed {
        let is_function = |keyword: &Keyword| stopwords::languages_of(&fold(&keyword.surface)) != 0;
        keywords.retain(|keyword| !is_function(keyword));
    }
    for token in Tokens::new(question).skip(1) {
        let is_letter = token.text.chars().count() == 1 && token.text.chars().all(char::is_uppercase);
        if is_letter && token.text != "I" && keywords.iter().all(|known| known.surface != token.text) {
            let terms = terms::index_terms(token.text);
            keywords.push(Keyword { surface: token.text.to_owned(), terms });
        }
    }
    keywords
}

/// Two words the stemmer keeps apart may be forms of one word if they share at least this many leading letters.
const MIN_SHARED_PREFIX: usize = 5;

/// Endings by which forms of one English word differ where the stemmer keeps them apart.
const ENDINGS: &str =
    "a able al ance ant ate ation ed ee ence ent er es ic ing ion ive ity ise ize ly ment or ory s ur y e i at abl";

/// Whether two words share a long prefix, such as `уведомлен` and `уведом`. Latin words may differ in an ending alone:
/// `systemd` is no form of `system`. Other words may differ more: Russian verbs and their nouns do.
fn same_root(a: &str, b: &str) -> bool {
    if a.len() < MIN_SHARED_PREFIX || a.as_bytes().get(..MIN_SHARED_PREFIX) != b.as_bytes().get(..MIN_SHARED_PREFIX) {
        return false;
    }
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b && a.is_alphabetic()).count();
    let longer = a.chars().count().max(b.chars().count());
    if a.is_ascii() && b.is_ascii() {
        let is_ending = |rest: &str| rest.is_empty() || ENDINGS.split(' ').any(|ending| ending == rest);
        return shared >= MIN_SHARED_PREFIX && is_ending(&a[shared..]) && is_ending(&b[shared..]);
    }
    let long_root = shared > MIN_SHARED_PREFIX && shared * 5 >= longer * 3;
    shared >= MIN_SHARED_PREFIX && (shared * 4 >= longer * 3 || long_root)
}

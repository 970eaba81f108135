//! The words of a question: what it is about, apart from the words people ask with.

use std::collections::HashSet;

use super::kind::Kind;
use crate::language::Language;
use crate::terms::{self, Keyword, Tokens, fold};
use crate::{language, stopwords};

/// Words that ask, and say nothing of what is asked for.
const ASKING: &str = "tell show find list know want wonder wondering see say says said mention mentions mentioned state states stated \
compare comparison difference differences differ differs versus vs summarize summarise summary overview tldr briefly outline please \
thanks thank hello hi exactly actually really anyone someone anybody somebody anything something everything thing things kind sort \
question answer information info details according regarding concerning happen happens happened much would like exist exists \
найди найдите покажи покажите дай дайте перечисли перечислите назови назовите сообщи сообщите сравни сравните сравнить сравнение \
отличается отличаются отличие отличия разница различия кратко коротко вкратце изложи изложите перескажи перескажите резюме обзор \
спасибо привет здравствуйте хочу знать узнать интересует говорится сказано написано указано бывает происходит случится \
zeige nenne vergleiche unterschied danke compare montre merci gracias compara resume";
/// Words that nearly every sentence could go without: they help to choose and decide nothing.
const LIGHT: &str = "need needs needed have take takes make makes give gives given keep use used uses using allow allows allowed permitted \
possible call pay pays paid cost costs big high large number amount count time name current currently exactly latest newest work \
company people person document documents file files source sources text new come go going able lose get apply applies valid \
нужно нужен нужна нужны надо можно нельзя делать делает сделать стоит стоить получить получает составляет разрешено разрешается \
количество число имя время документ документы файл файлы источник источники текст какова каков действует сейчас";

/// A word of a question that says what it is about.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// As the person wrote it.
    pub(super) surface: String,
    pub(super) terms: Vec<String>,
    /// A name or an identifier: what does not have it is about something else.
    pub(super) is_name: bool,
    pub(super) is_light: bool,
    pub(super) kind: Option<Kind>,
}

impl Word {
    /// A Russian infinitive: a source may say the same with a noun. The few nouns that end so are taken for verbs.
    pub(super) fn is_verb(&self) -> bool {
        let word = fold(&self.surface);
        ["ать", "ять", "ить", "еть", "уть", "ться"].iter().any(|ending| word.ends_with(ending))
    }

    /// 1 for one of its terms, less for another form of it, else 0.
    pub(super) fn nearness(&self, said: &str) -> f32 {
        if self.terms.iter().any(|term| term == said) {
            return 1.0;
        }
        if self.terms.iter().any(|term| same_root(term, said)) { NEAR_FORM } else { 0.0 }
    }
}

/// What another form of a word counts for.
const NEAR_FORM: f32 = 0.85;

/// The telling words of `question`, each once; the asking ones only if there are no others.
pub(super) fn words(question: &str) -> Vec<Word> {
    let keywords = keywords(question);
    let asking = listed(ASKING);
    let light = listed(LIGHT);
    let german = language::detect(question) == Some(Language::GERMAN);
    let tokens: Vec<&str> = terms::words(question).take(64).collect();
    // Headlines capitalise everything.
    let capitals = tokens.iter().filter(|token| token.starts_with(char::is_uppercase)).count();
    let tells = !german && capitals * 3 <= tokens.len() * 2;
    let mut words: Vec<Word> = Vec::new();
    for keyword in keywords {
        let folded = fold(&keyword.surface);
        if words.iter().any(|known| known.terms == keyword.terms) {
            continue;
        }
        let opens = tokens.first().is_some_and(|first| *first == keyword.surface) && tokens.len() > 1;
        let capital = keyword.surface.starts_with(char::is_uppercase) && !opens;
        let code = keyword.surface.chars().filter(char::is_ascii_digit).count() >= 4
            || (keyword.surface.contains(char::is_alphabetic)
                && keyword.surface.contains(|c: char| c.is_ascii_digit()));
        words.push(Word {
            is_name: (tells && capital) || code,
            is_light: light.contains(folded.as_str()),
            kind: Kind::named(&keyword.terms),
            surface: keyword.surface,
            terms: keyword.terms,
        });
    }
    let telling: Vec<Word> =
        words.iter().filter(|word| !asking.contains(fold(&word.surface).as_str())).cloned().collect();
    if !telling.is_empty() {
        return telling;
    }
    let only_asks = words.iter().any(|word| asking.contains(fold(&word.surface).as_str()));
    words.iter_mut().for_each(|word| word.is_light |= only_asks);
    words
}

fn listed(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

/// The keywords, with lone capitals (`band A`) and without function words of the other script (`the` in a Russian question).
fn keywords(question: &str) -> Vec<Keyword> {
    let mut keywords = terms::keywords(question);
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

/// Letters two words must share from their start to be forms of one word that the stemmer keeps apart.
const SHARED_START: usize = 5;

/// `уведомлен` and `уведом`: both begin with the same long part. Russian verbs and their nouns differ in more than English ones.
fn same_root(a: &str, b: &str) -> bool {
    if a.len() < SHARED_START || a.as_bytes().get(..SHARED_START) != b.as_bytes().get(..SHARED_START) {
        return false;
    }
    let shared = a.chars().zip(b.chars()).take_while(|(a, b)| a == b && a.is_alphabetic()).count();
    let longer = a.chars().count().max(b.chars().count());
    let long_root = !a.is_ascii() && shared > SHARED_START && shared * 5 >= longer * 3;
    shared >= SHARED_START && (shared * 4 >= longer * 3 || long_root)
}

//! Whether a statement has the type of answer a question expects.

use super::answer_type::AnswerType;
use super::corpus::Statement;
use super::question::Question;
use super::units::{self, Quantity};
use super::{subject, synonyms};
use crate::facts::Fact;
use crate::terms::{self, Token, Tokens, fold};

/// How well a statement fits the type of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    No,
    /// It may: it is taken if it says by itself all that the question names.
    Perhaps,
    Yes,
}

impl Fit {
    fn when(is_met: bool) -> Self {
        if is_met { Self::Yes } else { Self::No }
    }
}

/// How a statement with these facts fits what `question` expects.
pub(super) fn fit(question: &Question, statement: &Statement, facts: &[Fact]) -> Fit {
    let text = statement.text.as_str();
    let is_unsegmented = text.chars().any(terms::is_unsegmented);
    if measures_another(question, statement) {
        return Fit::No;
    }
    match question.answer_type {
        AnswerType::Anything => Fit::Yes,
        AnswerType::Identity => Fit::when(!is_denied(text) && (has_name(facts, question) || statement.is_entry)),
        AnswerType::Person if is_denied(text) => Fit::Perhaps,
        AnswerType::Person if is_passive(text) => Fit::No,
        AnswerType::Person if has_name(facts, question) || statement.is_entry => Fit::Yes,
        AnswerType::Person => Fit::Perhaps,
        AnswerType::Place if is_unsegmented => Fit::when(text.contains(['在', '位', 'に', 'で'])),
        AnswerType::Place => {
            if statement.is_entry {
                Fit::Perhaps
            } else {
                Fit::when(has_word(text, LOCATIVES))
            }
        }
        AnswerType::Time => Fit::when(gives_time(text, facts)),
        AnswerType::Count => match question.counted() {
            Some(counted) => Fit::when(
                units::counts(text, |word| terms::index_terms(word).iter().any(|term| counted.similarity(term) > 0.0))
                    || (statement.is_entry && has_number(text)),
            ),
            None => Fit::when(has_number(text) || has_word(text, "once twice thrice однажды дважды трижды")),
        },
        AnswerType::Amount([]) => {
            Fit::when(has_number(&without_clocks(text)) || is_unsegmented && has_han_number(text))
        }
        AnswerType::Amount(quantities) => gives_quantity(question, statement, quantities),
        AnswerType::Reason => Fit::when(contains(text, REASONS) || gives_reason(text)),
        AnswerType::Definition if question.words.iter().all(|word| word.is_code || word.is_generic) => Fit::Perhaps,
        AnswerType::Definition => {
            Fit::when(question.is_definition(text) || label(text).is_some_and(|label| question.is_named_by(label)))
        }
        AnswerType::Method if is_unsegmented => Fit::Perhaps,
        AnswerType::Method if has_verb_as_noun_only(text, question) => Fit::No,
        AnswerType::Method => Fit::when(statement.is_code || is_instruction(text, question)),
    }
}

const LOCATIVES: &str = "in at on behind beside near under over above below next between inside outside opposite to from left right across around along \
    here there floor в во на у около возле рядом за под над перед между напротив справа слева внутри из от auf bei neben hinter im am dans sur sous en";
const REASONS: &[&str] = &[
    "because",
    "due to",
    "since ",
    "so that",
    "reason",
    "as it ",
    "would like to",
    "in order to",
    "therefore",
    "cause",
    "потому",
    "так как",
    "поскольку",
    "из-за",
    "причин",
    "чтобы",
    "ввиду",
    "weil",
    "denn ",
    "car ",
    "parce",
    "porque",
    "因为",
    "ため",
];
const TIMES: &str = "morning evening noon midnight night afternoon monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays \
    thursdays fridays saturdays sundays weekend weekends daily weekly monthly yearly annually quarterly every before after during until when once if always \
    spring summer autumn winter today tomorrow yesterday within twice day days week month year fourth дня день дней месяца недели утром вечером ночью днем ежедневно ежегодно ежемесячно раз каждый каждую каждое после \
    до если когда понедельник понедельникам вторник вторникам среда средам четверг четвергам пятница пятницу пятницам суббота субботам воскресенье \
    воскресеньям весной летом осенью зимой сразу всегда при";

fn gives_time(text: &str, facts: &[Fact]) -> bool {
    let in_facts = facts.iter().any(|fact| match fact {
        Fact::Date(_) => true,
        Fact::Number(number) => number.is_time(),
        _ => false,
    });
    in_facts
        || has_word(text, TIMES)
        || Tokens::new(text).any(|token| is_clock(&token))
        || units::quantities(text).contains(&Quantity::Duration)
        || (text.chars().any(terms::is_unsegmented) && has_han_number(text))
}

/// `9:30`
fn is_clock(token: &Token<'_>) -> bool {
    token.text.len() <= 2
        && token.text.bytes().all(|byte| byte.is_ascii_digit())
        && token
            .rest
            .strip_prefix(':')
            .is_some_and(|minutes| minutes.bytes().take_while(u8::is_ascii_digit).count() == 2)
}

fn gives_quantity(question: &Question, statement: &Statement, quantities: &[Quantity]) -> Fit {
    let given = units::quantities(&statement.text);
    if quantities.iter().any(|quantity| given.contains(quantity)) {
        return Fit::Yes;
    }
    // A column may name the unit, or none be needed: `price: 14.00`. What is long may be measured in letters.
    match has_number(&statement.text) {
        true if !statement.column_terms.is_empty() && question.measure().is_none() => Fit::Yes,
        true if quantities.contains(&Quantity::Length) => Fit::Perhaps,
        true if statement.is_entry && given.is_empty() => {
            Fit::when(question.measure().is_none() || names_measure(question, &statement.text))
        }
        _ => Fit::No,
    }
}

/// Whether a length is asked for (`how high is the hill`) and the statement gives one without naming it (`high`) or being
/// about it: in `the hut stands at 1,840 metres below the hill` it is not that of the hill.
fn measures_another(question: &Question, statement: &Statement) -> bool {
    let is_length = matches!(question.measure(), Some("high" | "tall" | "deep" | "wide" | "far" | "long"));
    if !is_length || statement.is_entry || !units::quantities(&statement.text).contains(&Quantity::Length) {
        return false;
    }
    let subject = terms::index_terms(&subject::of(&statement.text));
    let is_subject = subject.iter().any(|term| question.mentions(term));
    !names_measure(question, &statement.text) && !is_subject && statement.antecedent_terms.is_empty()
}

/// Whether a text has the word of the measure that is asked for, or one for the same: `age` for `how old`.
fn names_measure(question: &Question, text: &str) -> bool {
    let measure = question.measure().map(terms::index_terms).unwrap_or_default();
    let synonyms = synonyms::synonyms_of(&measure);
    terms::index_terms(text).iter().any(|term| measure.contains(term) || synonyms.contains(term))
}

fn has_number(text: &str) -> bool {
    Tokens::new(text).any(|token| {
        units::is_number(token.text)
            || matches!(fold(token.text).as_str(), "free" | "one" | "бесплатно" | "один" | "одна" | "одну")
    })
}

/// A text without the times of day, which are no amounts.
fn without_clocks(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut tokens = Tokens::new(text);
    while let Some(token) = tokens.next() {
        if is_clock(&token) {
            tokens.next();
            continue;
        }
        kept.push_str(token.text);
        kept.push(' ');
    }
    kept
}

fn has_han_number(text: &str) -> bool {
    text.contains(|c: char| "一二三四五六七八九十百千万两".contains(c) || c.is_numeric())
}

fn has_word(text: &str, list: &str) -> bool {
    Tokens::new(text).any(|token| {
        let folded = fold(token.text);
        list.split_whitespace().any(|word| word == folded)
    })
}

fn contains(text: &str, signs: &[&str]) -> bool {
    let lower = text.to_lowercase();
    signs.iter().any(|sign| lower.contains(sign))
}

/// Whether a sentence names somebody whom the question does not.
fn has_name(facts: &[Fact], question: &Question) -> bool {
    facts.iter().any(|fact| matches!(fact, Fact::Name(name) if !question.mentions(name)))
}

/// Whether a sentence tells what was done and not by whom.
fn is_passive(text: &str) -> bool {
    const PARTICIPLES: &str = "written given taken chosen drawn driven known shown spoken";
    const BE: [&str; 6] = ["is", "are", "was", "were", "be", "been"];
    let words: Vec<String> = Tokens::new(text).map(|token| fold(token.text)).collect();
    let passive = words.windows(2).any(|pair| {
        BE.contains(&pair[0].as_str())
            && (pair[1].ends_with("ed") || pair[1].ends_with("en") || pair[1].ends_with("ilt"))
    });
    let participle = words.iter().any(|word| PARTICIPLES.split(' ').any(|participle| participle == word));
    (passive || participle) && !words.iter().any(|word| word == "by")
}

/// Whether a sentence says that something is not so.
fn is_denied(text: &str) -> bool {
    has_word(text, "not no never не нет nicht kein keine ne pas")
}

/// `as it is a database`: `as` with a verb soon after.
fn gives_reason(text: &str) -> bool {
    let words: Vec<String> = Tokens::new(text).map(|token| fold(token.text)).collect();
    let is_verb =
        |word: &String| matches!(word.as_str(), "is" | "are" | "was" | "were" | "has" | "have" | "can" | "would");
    words.iter().enumerate().any(|(at, word)| word == "as" && words.iter().skip(at + 2).take(4).any(is_verb))
}

const IMPERATIVES: &str = "press click run use send call open choose select go type enter install add create set fill ask write report contact follow put take \
    turn hold pull push remove download copy start stop replace keep connect submit sign log order book pay hand bring make change move apply wait \
    switch check tell give mix wash heat insert lift close save delete drag register request invoke execute export import edit configure enable \
    disable upload scan enable attach plug unplug pour rinse clean lead drücken klicken wählen öffnen";
const OBLIGATIONS: &[&str] = &[
    "must ",
    "should ",
    "need to ",
    "needs to ",
    "have to ",
    "has to ",
    "you can ",
    "via ",
    "using ",
    "by means of",
    "with the help",
    "нужно",
    "надо",
    "необходимо",
    "следует",
    "должен",
    "должны",
    "через ",
    "с помощью",
    "путем",
    "путём",
    "muss ",
    "müssen ",
    "kann ",
    "mit hilfe",
];

/// Whether a sentence has the verb of the question only as a noun: `before installation` does not tell how to install.
fn has_verb_as_noun_only(text: &str, question: &Question) -> bool {
    let Some(verb) = question.words.iter().find(|word| !word.is_generic && !word.is_name) else { return false };
    let forms = Tokens::new(text).map(|token| fold(token.text));
    let mut forms =
        forms.filter(|form| terms::index_terms(form).iter().any(|term| verb.terms.contains(term))).peekable();
    forms.peek().is_some()
        && forms.all(|form| ["tion", "sion", "ment", "ment", "ness"].iter().any(|end| form.ends_with(end)))
}

/// Whether a sentence tells what to do: a command at the start of one of its clauses, a duty, a means.
fn is_instruction(text: &str, question: &Question) -> bool {
    let tokens: Vec<Token<'_>> = Tokens::new(text).take(120).collect();
    let commands = tokens.iter().any(|token| {
        let before = text[..text.len() - token.rest.len() - token.text.len()].trim_end();
        let begins =
            before.is_empty() || before.ends_with([',', ';', ':', '.', '*', ')', '—', '–']) || before.ends_with(" and");
        let folded = fold(token.text);
        let asked = before.is_empty() && terms::index_terms(token.text).iter().any(|term| question.mentions(term));
        begins && (IMPERATIVES.split_whitespace().any(|verb| verb == folded) || asked)
    });
    let imperative = tokens.iter().any(|token| {
        let folded = fold(token.text);
        ["йте", "ите", "ьте", "тесь"].iter().any(|ending| folded.ends_with(ending))
    });
    let means = tokens.windows(2).any(|pair| fold(pair[0].text) == "by" && pair[1].text.ends_with("ing"));
    let done = tokens.windows(3).any(|three| {
        matches!(fold(three[0].text).as_str(), "is" | "are" | "be")
            && three[1].text.ends_with("ed")
            && matches!(fold(three[2].text).as_str(), "by" | "in" | "with" | "through" | "from" | "on" | "at")
    });
    commands || imperative || means || done || contains(text, OBLIGATIONS) || is_done_somehow(text)
}

/// Russian passives that say how or where: `подаётся через портал`, `закрепляется винтом`.
fn is_done_somehow(text: &str) -> bool {
    Tokens::new(text).any(|token| ["ется", "ются", "ится", "ятся"].iter().any(|ending| token.text.ends_with(ending)))
}

/// The name before the colon of `Mulch: a layer of straw`.
fn label(text: &str) -> Option<&str> {
    const MAX_LABEL_CHARS: usize = 80;
    let (label, value) = text.split_once(": ").or_else(|| text.split_once(":** "))?;
    (label.chars().count() <= MAX_LABEL_CHARS && !value.trim().is_empty()).then_some(label)
}

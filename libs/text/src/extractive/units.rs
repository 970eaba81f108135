//! What a statement measures: the kinds of quantity whose units follow its numbers.

use crate::terms::{Token, Tokens, fold};

/// A kind of quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    Money,
    Duration,
    Length,
    Mass,
    Temperature,
    Speed,
    Area,
}

/// Words that begin a unit's name, by quantity; a word in `EXACT` must be the whole.
const EXACT: [(&str, Quantity); 7] = [
    ("eur usd gbp chf rub jpy р руб k₽ pence cent cents", Quantity::Money),
    ("s sec secs min mins h hr hrs ms с сек мин ч мс лет года год году", Quantity::Duration),
    ("m cm mm km ft in м см мм км", Quantity::Length),
    ("g kg mg t lb lbs oz г кг мг т", Quantity::Mass),
    ("c f k", Quantity::Temperature),
    ("mph kmh kn", Quantity::Speed),
    ("m2 km2 ha м2 км2 га", Quantity::Area),
];
const PREFIXES: [(&str, Quantity); 7] = [
    ("euro dollar pound franc рубл доллар евро", Quantity::Money),
    (
        "second minute hour day week month year decade секунд минут час день дня дней дни недел месяц годов",
        Quantity::Duration,
    ),
    (
        "metre meter kilomet centimet millimet inch foot feet mile yard метр километр сантиметр миллиметр",
        Quantity::Length,
    ),
    ("gram kilogram tonne ton грамм килограмм тонн", Quantity::Mass),
    ("degree celsius fahrenheit градус", Quantity::Temperature),
    ("knot узл", Quantity::Speed),
    ("hectare acre гектар", Quantity::Area),
];
/// Words that say that nothing is paid.
const FREE: [&str; 5] = ["free", "gratis", "бесплатно", "бесплатный", "бесплатная"];
/// Number words that `facts` leaves out because they are articles or pronouns more often.
const ONE: [&str; 9] = ["one", "a", "an", "один", "одна", "одну", "одно", "одного", "zero"];
/// Words between a number and what it counts.
const MAX_GAP: usize = 3;

/// Whether a token is a number in digits or words.
pub(super) fn is_number(token: &str) -> bool {
    const WORDS: &str = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen \
        eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million dozen half none \
        два две двух три трех четыре четырех пять пяти шесть шести семь семи восемь девять десять одиннадцать двенадцать \
        пятнадцать двадцать тридцать сорок пятьдесят сто \
        шести семи восьми девяти десяти двенадцати пятнадцати двадцати тридцати сорока пятидесяти ста двумя тремя полтора";
    if token.starts_with(|c: char| c.is_numeric()) {
        return true;
    }
    let folded = fold(token);
    WORDS.split_whitespace().any(|word| word == folded)
}

/// The quantities that `text` gives values of.
pub(super) fn quantities(text: &str) -> Vec<Quantity> {
    let tokens: Vec<Token<'_>> = Tokens::new(text).collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if FREE.contains(&fold(token.text).as_str()) {
            found.push(Quantity::Money);
        }
        let is_one = ONE.contains(&fold(token.text).as_str());
        if !is_number(token.text) && !is_one {
            continue;
        }
        let before = text[..text.len() - token.rest.len() - token.text.len()].trim_end().chars().next_back();
        if before.is_some_and(is_currency) || token.rest.trim_start().starts_with(is_currency) {
            found.push(Quantity::Money);
        }
        if token.rest.trim_start().starts_with(['°', '℃']) {
            found.push(Quantity::Temperature);
        }
        let attached = token.text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-'));
        found.extend(quantity_of(&fold(attached)));
        let per_hour = |unit: &Token<'_>| unit.rest.starts_with("/h") || unit.rest.starts_with("/ч");
        for next in tokens.iter().skip(at + 1).take(if is_one { 1 } else { MAX_GAP }) {
            match quantity_of(&fold(next.text)) {
                Some(Quantity::Length) if per_hour(next) => found.push(Quantity::Speed),
                Some(quantity) => found.push(quantity),
                None => continue,
            }
            break;
        }
        if let Some(last) = at.checked_sub(1).map(|last| &tokens[last]) {
            found.extend(quantity_of(&fold(last.text)).filter(|quantity| *quantity == Quantity::Money));
        }
    }
    found
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '₽' | '¥')
}

fn quantity_of(word: &str) -> Option<Quantity> {
    if word.is_empty() {
        return None;
    }
    let exact = EXACT.iter().find(|(units, _)| units.split(' ').any(|unit| unit == word));
    let starts = |units: &str| units.split(' ').any(|unit| word.starts_with(unit) && word.len() <= unit.len() + 8);
    exact.or_else(|| PREFIXES.iter().find(|(units, _)| starts(units))).map(|(_, quantity)| *quantity)
}

/// Whether a number of `text` counts what `is_counted` recognises: `27 days of vacation`, `Ports: 8`.
pub(super) fn counts(text: &str, is_counted: impl Fn(&str) -> bool) -> bool {
    let tokens: Vec<&str> = Tokens::new(text).map(|token| token.text).collect();
    let is_article = |token: &str| matches!(token, "a" | "an" | "A" | "An");
    let is_value = |token: &str| !is_article(token) && (is_number(token) || ONE.contains(&fold(token).as_str()));
    let before = tokens
        .iter()
        .enumerate()
        .any(|(at, token)| is_value(token) && tokens.iter().skip(at + 1).take(MAX_GAP).any(|next| is_counted(next)));
    let labelled = || {
        let Some((label, value)) = text.split_once(':') else { return false };
        Tokens::new(label).any(|token| is_counted(token.text)) && Tokens::new(value).any(|token| is_number(token.text))
    };
    before || labelled()
}

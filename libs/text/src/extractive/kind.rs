//! Words that name the kind of thing asked for. An answer of that kind need not say them: a notice "of three months" is a period.

use crate::facts::Fact;
use crate::terms;

/// What such a word is answered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A date or a length of time.
    Time,
    Money,
    Number,
    /// Whatever is laid down.
    Rule,
}

const TIME: &str =
    "period date deadline duration term срок дата период длительность продолжительность datum frist dauer fecha plazo";
const MONEY: &str = "price fee цена стоимость плата preis prix precio";
const NUMBER: &str = "sum total length size сумма размер betrag montant";
const RULE: &str = "policy rule condition requirement procedure process правило условие порядок";

impl Kind {
    /// The kind that a word with these terms names.
    pub(super) fn named(word: &[String]) -> Option<Self> {
        let kinds = [(Self::Time, TIME), (Self::Money, MONEY), (Self::Number, NUMBER), (Self::Rule, RULE)];
        let names = |list: &str| terms::index_terms(list).iter().any(|term| word.contains(term));
        kinds.into_iter().find(|(_, list)| names(list)).map(|(kind, _)| kind)
    }

    /// Whether a statement with these facts gives something of the kind.
    pub(super) fn is_in(self, facts: &[Fact]) -> bool {
        self == Self::Rule
            || facts.iter().any(|fact| match (self, fact) {
                (Self::Time, Fact::Date(_)) | (Self::Number, Fact::Number(_)) => true,
                (Self::Time, Fact::Number(number)) => number.is_time(),
                (Self::Money, Fact::Number(number)) => number.is_money(),
                _ => false,
            })
    }
}

//! Question words that name a kind of value, such as `period` or `price`. An answer need not repeat the word if it
//! gives a value of that kind: "three months' notice" answers a question about a notice period.

use std::sync::LazyLock;

use super::units::{self, Quantity};
use crate::facts::Fact;
use crate::terms;

/// The kind of value such a word stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// A date or a length of time.
    Time,
    Money,
    Number,
    Temperature,
    /// A policy or procedure: any statement may answer.
    Rule,
}

const TIME: &str =
    "period date deadline duration term срок дата период длительность продолжительность datum frist dauer fecha plazo";
const MONEY: &str = "price fee cost costs стоит стоить цена стоимость плата preis prix precio";
const NUMBER: &str = "sum total length size version версия сумма размер betrag montant";
const TEMPERATURE: &str = "temperature температура";
const RULE: &str = "policy rule condition requirement procedure process правило условие порядок";

/// The index terms of the names of each kind.
static NAMES: LazyLock<[(ValueKind, Vec<String>); 5]> = LazyLock::new(|| {
    [
        (ValueKind::Time, TIME),
        (ValueKind::Money, MONEY),
        (ValueKind::Number, NUMBER),
        (ValueKind::Temperature, TEMPERATURE),
        (ValueKind::Rule, RULE),
    ]
    .map(|(kind, names)| (kind, terms::index_terms(names)))
});

impl ValueKind {
    /// The kind that a word with these terms names.
    pub(super) fn named_by(word: &[String]) -> Option<Self> {
        let names = |names: &[String]| names.iter().any(|name| word.contains(name));
        NAMES.iter().find(|(_, kind)| names(kind)).map(|(kind, _)| *kind)
    }

    /// Whether a statement with these facts gives a value of this kind.
    pub(super) fn is_among(self, facts: &[Fact], text: &str) -> bool {
        let has = |quantity| units::quantities(text).contains(&quantity);
        self == Self::Rule
            || (self == Self::Temperature && has(Quantity::Temperature))
            || (self == Self::Money && has(Quantity::Money))
            || facts.iter().any(|fact| match (self, fact) {
                (Self::Time, Fact::Date(_)) | (Self::Number, Fact::Number(_) | Fact::Code(_)) => true,
                (Self::Time, Fact::Number(number)) => number.is_time(),
                (Self::Money, Fact::Number(number)) => number.is_money(),
                _ => false,
            })
    }
}

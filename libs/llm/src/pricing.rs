//! Prices and costs of tokens in integer micro-units; prices are configured as decimal strings.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::Usage;

/// Micro-units in a unit.
const MICRO: i64 = 1_000_000;

/// An ISO 4217 code, such as `USD`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Currency([u8; 3]);

impl Currency {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters")
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, PriceError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(PriceError::Currency(text.to_owned())),
        }
    }
}

/// An amount of money in millionths of the currency's unit. A token costs far less than a cent, so minor units are
/// too coarse here; billing rounds the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    pub micros: i64,
    pub currency: Currency,
}

impl Money {
    /// The sum, or `None` when the currencies differ or the sum does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        if self.currency != other.currency {
            return None;
        }
        Some(Self { micros: self.micros.checked_add(other.micros)?, currency: self.currency })
    }

    /// The amount as a decimal string with six places, such as `0.001250`.
    pub fn amount(&self) -> String {
        let sign = if self.micros < 0 { "-" } else { "" };
        let micros = self.micros.unsigned_abs();
        let unit = MICRO.unsigned_abs();
        format!("{sign}{}.{:06}", micros / unit, micros % unit)
    }
}

/// A price that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("{0:?} is not a price: write a decimal such as 0.15")]
    Amount(String),
    #[error("{0:?} is not a currency: write three capital letters such as USD")]
    Currency(String),
}

/// What a million tokens of one model cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Micro-units per million tokens of the prompt.
    input: i64,
    /// Micro-units per million tokens of the answer.
    output: i64,
    currency: Currency,
}

impl Price {
    /// Prices per million tokens as decimal strings, such as `("0.15", "0.60", "USD")`.
    pub fn new(input: &str, output: &str, currency: &str) -> Result<Self, PriceError> {
        Ok(Self { input: parse_micros(input)?, output: parse_micros(output)?, currency: currency.parse()? })
    }

    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The cost, rounded up to a whole micro-unit so that a call is never free by rounding.
    fn of(&self, usage: &Usage) -> Option<Money> {
        let prompt = i128::from(usage.prompt_tokens) * i128::from(self.input);
        let completion = i128::from(usage.completion_tokens) * i128::from(self.output);
        let per_million = i128::from(MICRO);
        let micros = (prompt + completion + per_million - 1) / per_million;
        Some(Money { micros: i64::try_from(micros).ok()?, currency: self.currency })
    }
}

/// The cost of a call, if the price of `model` is configured.
pub(crate) fn cost(prices: &BTreeMap<String, Price>, model: &str, usage: &Usage) -> Option<Money> {
    prices.get(model)?.of(usage)
}

/// A decimal amount such as `0.15` in micro-units: at most six decimals, no sign.
pub fn parse_micros(text: &str) -> Result<i64, PriceError> {
    let bad = || PriceError::Amount(text.to_owned());
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
        return Err(bad());
    }
    let whole: i64 = whole.parse().map_err(|_| bad())?;
    let fraction: i64 = format!("{fraction:0<6}").parse().map_err(|_| bad())?;
    whole.checked_mul(MICRO).and_then(|micros| micros.checked_add(fraction)).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_exact_and_rounded_up() {
        let price = Price::new("0.15", "0.6", "USD").unwrap();
        let usage = Usage { prompt_tokens: 1_000, completion_tokens: 501, ..Usage::default() };
        let cost = price.of(&usage).unwrap();
        assert_eq!(cost.micros, 451, "150 for the prompt and 300.6 for the answer");
        assert_eq!(cost.amount(), "0.000451");
        assert_eq!(cost.currency.as_str(), "USD");
    }

    #[test]
    fn prices_that_are_not_plain_decimals_are_refused() {
        for text in ["", ".", "1.", "-1", "1e3", "1,5", "0.0000001", "99999999999999999999"] {
            assert_eq!(Price::new(text, "1", "USD"), Err(PriceError::Amount(text.to_owned())));
        }
        assert_eq!(Price::new("1", "1", "usd"), Err(PriceError::Currency("usd".to_owned())));
    }
}

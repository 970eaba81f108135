//! Token estimates, for servers that send no usage.

/// Estimated tokens of `text`: with current tokenizers a token averages four bytes of UTF-8 in English, Russian and
/// Chinese alike. Good enough for budgets and costs marked as estimated, not for exact limits.
pub fn estimate_tokens(text: &str) -> u64 {
    tokens_of_bytes(text.len())
}

/// Twelfths of tokens. Where an answer is cut at a limit, a count that is too high would cut what was allowed: so a letter of an
/// alphabet is a quarter of a token, as in English, and a sign of Chinese or Japanese half of one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TokenShares(u64);

impl TokenShares {
    pub(crate) fn of(char: char) -> Self {
        Self(if char < '\u{2e80}' { 3 } else { 6 })
    }

    pub(crate) fn tokens(self) -> u64 {
        self.0.div_ceil(12)
    }
}

impl std::ops::AddAssign for TokenShares {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl std::iter::Sum for TokenShares {
    fn sum<I: Iterator<Item = Self>>(shares: I) -> Self {
        shares.fold(Self::default(), |mut sum, share| {
            sum += share;
            sum
        })
    }
}

pub(crate) fn tokens_of_bytes(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

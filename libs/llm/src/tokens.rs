//! Token estimates, for servers that send no usage.

/// Estimated tokens of `text`: with current tokenizers a token averages four bytes of UTF-8 in English, Russian and
/// Chinese alike. Good enough for budgets and costs marked as estimated, not for exact limits.
pub fn estimate_tokens(text: &str) -> u64 {
    tokens_of_bytes(text.len())
}

pub(crate) const BYTES_PER_TOKEN: usize = 4;

pub(crate) fn tokens_of_bytes(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
}

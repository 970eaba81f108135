//! Token counts where the server sends none.

/// About how many tokens `text` has: a token is near four bytes of UTF-8 in English, Russian and Chinese alike
/// under today's tokenizers. Good enough for budgets and for a bill marked as estimated, not for exact limits.
pub fn estimate_tokens(text: &str) -> u64 {
    tokens_of_bytes(text.len())
}

pub(crate) fn tokens_of_bytes(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(4)).unwrap_or(u64::MAX)
}

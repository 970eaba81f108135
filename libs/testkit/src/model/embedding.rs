//! Embeddings without a model: texts that share words, or words that are said to mean the same, are near.

/// Numbers in a vector.
const DIMENSIONS: u64 = 64;

/// Counts hashed words with a sign each. The length of the vector is not 1, so that a client has to care.
pub(crate) fn embed(text: &str, synonyms: &[(String, String)]) -> Vec<f32> {
    let mut vector = vec![0.0; usize::try_from(DIMENSIONS).expect("a small number")];
    let lower = text.to_lowercase();
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let meant = synonyms.iter().find(|(synonym, _)| synonym == word);
        let hash = fnv1a(meant.map_or(word, |(_, meant)| meant));
        let place = usize::try_from(hash % DIMENSIONS).expect("below 64");
        vector[place] += if hash & (1 << 40) == 0 { 1.0 } else { -1.0 };
    }
    // A text without words, or whose words cancel out, still has a direction.
    if vector.iter().all(|x| *x == 0.0) {
        vector[0] = 1.0;
    }
    vector
}

/// FNV-1a: the same on every machine and in every run.
fn fnv1a(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

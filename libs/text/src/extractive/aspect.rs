//! Russian verbs that differ in aspect or mood alone: `пустить` and `пускать`, `ответить` and `отвечать`, `прислать` and
//! `пришлите`. The stemmer keeps them apart, because the vowel of one stays and the consonant before it may change.

/// Vowels at the end of the stems of verbs, the longer ones first; the stems of nouns are without theirs.
const THEMES: [&str; 6] = ["ыва", "ива", "ева", "ва", "а", "я"];
/// Letters of the shortest root that is compared.
const MIN_ROOT: usize = 3;
/// Letters of the shortest root whose consonant may change.
const MIN_CHANGED_ROOT: usize = 4;
/// Consonants that replace each other at the end of a root, the longer ones first.
const CHANGES: [&[&str]; 4] =
    [&["сл", "шл"], &["ск", "ст", "щ", "ч", "т", "к"], &["жд", "ж", "д", "з", "г"], &["ш", "с", "х"]];

/// Whether two stems may be those of one verb.
pub(super) fn are_pair(a: &str, b: &str) -> bool {
    let (long, short) = match (without_theme(a), without_theme(b)) {
        (Some(root), None) => (root, b),
        (None, Some(root)) => (root, a),
        _ => return false,
    };
    let letters = long.chars().count().min(short.chars().count());
    letters >= MIN_ROOT && (long == short || (letters >= MIN_CHANGED_ROOT && changing(long) == changing(short)))
}

/// Whether a word ends as a form of a verb.
pub(super) fn is_verb(folded: &str) -> bool {
    const ENDINGS: [&str; 14] = ["ть", "ти", "ет", "ит", "ут", "ют", "ат", "ят", "ся", "ем", "им", "те", "ла", "ли"];
    ENDINGS.iter().any(|ending| folded.ends_with(ending))
}

fn without_theme(stem: &str) -> Option<&str> {
    THEMES.iter().find_map(|theme| stem.strip_suffix(theme))
}

/// A root without the consonant that may change at its end, and the number of its row in [`CHANGES`].
fn changing(root: &str) -> (&str, Option<usize>) {
    // `оформить` and `оформлять`.
    let labial = root.strip_suffix('л').filter(|root| root.ends_with(['п', 'б', 'м', 'в', 'ф']));
    if let Some(root) = labial {
        return (root, None);
    }
    let row = |(number, row): (usize, &&[&str])| {
        row.iter().find_map(|end| root.strip_suffix(end)).map(|start| (start, Some(number)))
    };
    CHANGES.iter().enumerate().find_map(row).unwrap_or((root, None))
}

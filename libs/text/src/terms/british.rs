//! British spellings as American ones, so that `organisation` and `organization`, `colour` and `color` meet.

/// Endings, most of them of verbs in `-ise` and `-yse`, and what is made of them.
const ENDINGS: [(&str, &str); 20] = [
    ("isations", "izations"),
    ("isation", "ization"),
    ("isable", "izable"),
    ("ising", "izing"),
    ("isers", "izers"),
    ("iser", "izer"),
    ("ised", "ized"),
    ("ises", "izes"),
    ("ise", "ize"),
    ("ysing", "yzing"),
    ("ysers", "yzers"),
    ("yser", "yzer"),
    ("ysed", "yzed"),
    ("yses", "yzes"),
    ("yse", "yze"),
    ("ogue", "og"),
    ("metres", "meters"),
    ("metre", "meter"),
    ("litres", "liters"),
    ("litre", "liter"),
];
/// Shorter words (`rise`, `noise`) have no such ending.
const MIN_LETTERS: usize = 7;
/// Words whose `s` is their own in America, too; none is one with a vowel or a `v` before the ending (`praise`, `revise`).
const OWN_S: [&str; 20] = [
    "exercis",
    "precis",
    "concis",
    "excis",
    "promis",
    "compromis",
    "premis",
    "demis",
    "surmis",
    "advertis",
    "expertis",
    "treatis",
    "practis",
    "enterpris",
    "compris",
    "surpris",
    "paradis",
    "merchandis",
    "franchis",
    "despis",
];
/// Beginnings of words and what is made of them.
const BEGINNINGS: [(&str, &str); 26] = [
    ("armour", "armor"),
    ("behaviour", "behavior"),
    ("calibre", "caliber"),
    ("centre", "center"),
    ("colour", "color"),
    ("defence", "defense"),
    ("endeavour", "endeavor"),
    ("favour", "favor"),
    ("fibre", "fiber"),
    ("flavour", "flavor"),
    ("fulfil", "fulfill"),
    ("harbour", "harbor"),
    ("honour", "honor"),
    ("humour", "humor"),
    ("labour", "labor"),
    ("licence", "license"),
    ("litre", "liter"),
    ("metre", "meter"),
    ("neighbour", "neighbor"),
    ("odour", "odor"),
    ("offence", "offense"),
    ("programme", "program"),
    ("rumour", "rumor"),
    ("theatre", "theater"),
    ("tumour", "tumor"),
    ("vapour", "vapor"),
];

/// The American spelling of a folded Latin word, `None` where it is the same.
pub(super) fn american(word: &str) -> Option<String> {
    if let Some((british, american)) = BEGINNINGS.iter().find(|(british, _)| word.starts_with(british)) {
        let rest = &word[british.len()..];
        // `programmer` and `fulfilled` are written so everywhere, and `centred` would need another letter.
        let is_same = rest.starts_with(['d', 'r', 'l']) && british.ends_with(['e', 'l']);
        return (!is_same).then(|| format!("{american}{rest}"));
    }
    if word.len() < MIN_LETTERS {
        return None;
    }
    let (british, american) = ENDINGS.iter().find(|(british, _)| word.ends_with(british))?;
    let root = &word[..word.len() - british.len()];
    let is_own = root.ends_with(['a', 'e', 'o', 'u', 'v']) || OWN_S.iter().any(|own| word.starts_with(own));
    (!is_own || !british.starts_with('i')).then(|| format!("{root}{american}"))
}

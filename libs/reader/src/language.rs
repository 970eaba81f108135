//! Language of a document: declared, else detected.

/// The ISO 639-1 part of a language tag such as `ru-RU`.
pub(crate) fn primary(tag: &str) -> Option<String> {
    let primary = tag.trim().split(['-', '_']).next()?;
    (primary.len() == 2 && primary.bytes().all(|byte| byte.is_ascii_alphabetic())).then(|| primary.to_ascii_lowercase())
}

/// Detects the language of `text`.
pub(crate) fn detect(text: &str) -> Option<String> {
    text::language::detect(text).map(|language| language.code().to_owned())
}

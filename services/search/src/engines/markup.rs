//! Converts titles and snippets to plain text; many engines return a little HTML in them.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};

/// Only these tags are treated as markup: `Vec<String>` in a title is text.
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?is)<(script|style)\b.*?</(script|style)\s*>|</?(jats:[a-z-]+|a|abbr|b|blockquote|br|cite|code|div|em|font|h[1-6]|hr|i|img|li|mark|ol|p|pre|q|s|script|small|span|strong|style|sub|sup|td|title|tr|tt|u|ul|wbr)(\s[^<>]*)?/?>")
        .expect("a constant pattern")
});

static ENTITY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos|nbsp|hellip|ndash|mdash);")
        .expect("a constant pattern")
});

/// `text` without tags, with entities resolved once and white space collapsed.
pub(super) fn plain(text: &str) -> String {
    let text = TAG.replace_all(text, |tag: &Captures<'_>| if is_inline(tag) { "" } else { " " });
    let text = ENTITY.replace_all(&text, |entity: &Captures<'_>| resolve(&entity[1]));
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// Whether the words on both sides of a tag belong together (`H<sub>2</sub>O`).
fn is_inline(tag: &Captures<'_>) -> bool {
    let name = tag.get(3).map_or("", |name| name.as_str()).to_ascii_lowercase();
    let name = name.strip_prefix("jats:").unwrap_or(&name);
    let inline = [
        "a", "b", "bold", "code", "em", "font", "i", "italic", "mark", "s", "span", "strong", "sub", "sup", "u", "wbr",
    ];
    inline.contains(&name)
}

fn resolve(name: &str) -> Cow<'static, str> {
    let code = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        },
        None => None,
    };
    if let Some(code) = code {
        return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER).to_string().into();
    }
    Cow::Borrowed(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        "hellip" => "…",
        "ndash" => "–",
        "mdash" => "—",
        _ => " ",
    })
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn markup_goes_and_text_that_looks_like_it_stays() {
        for (given, expected) in [
            ("<b>Rust</b> &amp; <strong>async</strong>", "Rust & async"),
            ("Vec<String> when a < b", "Vec<String> when a < b"),
            ("H<sub>2</sub>O<br/>is   water", "H2O is water"),
            ("<jats:p>An &lt;b&gt; tag</jats:p>", "An <b> tag"),
            ("it&#39;s &#x2014; &amp;lt;", "it's — &lt;"),
            ("x<script>alert(1)</script>y", "x y"),
        ] {
            assert_eq!(plain(given), expected);
        }
    }
}

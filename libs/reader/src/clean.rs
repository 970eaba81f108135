//! Removes invisible characters: control, zero-width, direction and tag characters can hide instructions to a model.

/// Appends `text` without invisible characters; line breaks become `\n`, spaces become U+0020.
pub(crate) fn append(out: &mut String, text: &str) {
    let mut previous = out.chars().next_back().unwrap_or('\n');
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let visible = match char {
            '\r' if chars.peek() == Some(&'\n') => continue,
            '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
            '\n' | '\t' | ' '..='~' => char,
            '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
            // Joiners are meaningful in words of Arabic and Indic scripts only.
            '\u{200C}' | '\u{200D}' if ('\u{600}'..='\u{DFF}').contains(&previous) => char,
            _ if is_invisible(char) => continue,
            _ => char,
        };
        out.push(visible);
        previous = visible;
    }
}

fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFC}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::append;

    fn cleaned(text: &str) -> String {
        let mut out = String::new();
        append(&mut out, text);
        out
    }

    #[test]
    fn hidden_characters_go_and_visible_text_stays() {
        assert_eq!(cleaned("pay\u{200B}ment\u{E0041}\u{E0042} is\u{202E} due\u{0}"), "payment is due");
        assert_eq!(cleaned("a\r\nb\rc\u{2028}d\u{A0}e\tf"), "a\nb\nc\nd e\tf");
        assert_eq!(cleaned("می\u{200C}خواهم x\u{200C}y"), "می\u{200C}خواهم xy");
        assert_eq!(cleaned("Ёлка, 東京, 👍"), "Ёлка, 東京, 👍");
    }
}

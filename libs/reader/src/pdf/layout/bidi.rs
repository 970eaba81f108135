//! Lines of right-to-left scripts: what was sorted from left to right is put into the order in which it is read.

/// Whether a letter is written from right to left.
pub(super) fn is_right_to_left(char: char) -> bool {
    matches!(char, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}') && !is_digit(char)
}

/// Digits are written from left to right in Arabic, too.
fn is_digit(char: char) -> bool {
    matches!(char, '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}') || char.is_ascii_digit()
}

/// The line in reading order.
pub(super) fn logical(line: &str) -> String {
    let letters = line.chars().filter(|char| char.is_alphabetic());
    let (mut reversed, mut straight) = (0, 0);
    letters.for_each(|char| if is_right_to_left(char) { reversed += 1 } else { straight += 1 });
    if reversed == 0 {
        return line.to_owned();
    }
    let mut words: Vec<String> = line.split(' ').map(word).collect();
    let right_to_left = reversed >= straight;
    if right_to_left {
        words.reverse();
    }
    // Words of the other direction keep their order among each other.
    let is_other = |word: &String| {
        let has = |is: fn(char) -> bool| word.contains(is);
        if right_to_left {
            !has(is_right_to_left) && word.contains(char::is_alphanumeric)
        } else {
            has(is_right_to_left)
        }
    };
    let mut start = 0;
    while start < words.len() {
        let length = words[start..].iter().take_while(|word| is_other(word)).count();
        words[start..start + length].reverse();
        if right_to_left && length > 0 {
            let last = start + length - 1;
            // The mark that ends them is drawn to the left of them.
            let marks: String =
                words[start].chars().take_while(|char| matches!(char, '.' | ',' | ':' | ';' | '!' | '?')).collect();
            words[start] = words[start][marks.len()..].to_owned();
            words[last].push_str(&marks);
        }
        start += length.max(1);
    }
    words.join(" ")
}

/// A word in reading order.
fn word(word: &str) -> String {
    if !word.contains(is_right_to_left) {
        return word.to_owned();
    }
    let mut out = String::with_capacity(word.len());
    let mut digits = String::new();
    for char in word.chars().rev() {
        if is_digit(char) {
            digits.insert(0, char);
            continue;
        }
        out.push_str(&digits);
        digits.clear();
        out.push(mirrored(char));
    }
    out + &digits
}

fn mirrored(char: char) -> char {
    match char {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '«' => '»',
        '»' => '«',
        '<' => '>',
        '>' => '<',
        _ => char,
    }
}

#[cfg(test)]
mod tests {
    use super::logical;

    #[test]
    fn a_line_is_read_from_the_right_and_its_numbers_from_the_left() {
        assert_eq!(logical("םולש"), "שלום");
        assert_eq!(logical(".2024 תנשב ץראה"), "הארץ בשנת 2024.");
        assert_eq!(logical("רפס GooSeek guide"), "ספר GooSeek guide");
        assert_eq!(logical("plain words"), "plain words");
    }
}

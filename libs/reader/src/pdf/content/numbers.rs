//! Numbers that are written without white space between them, such as `10-260`.

use std::borrow::Cow;

/// The content stream with a space before each sign that ends a number. Strings stay as they are.
pub(super) fn separated(stream: &[u8]) -> Cow<'_, [u8]> {
    let joined = |window: &[u8]| window[0].is_ascii_digit() && window[1] == b'-';
    if !stream.windows(2).any(joined) {
        return Cow::Borrowed(stream);
    }
    let mut out = Vec::with_capacity(stream.len() + stream.len() / 8);
    let (mut depth, mut escaped) = (0_u32, false);
    // Whether the token so far is a number, and has a digit.
    let (mut number, mut digit) = (true, false);
    for byte in stream {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if depth > 0 => escaped = true,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b'-' if number && digit => {
                out.push(b' ');
                digit = false;
            }
            b'0'..=b'9' => digit = true,
            b'.' | b'-' | b'+' => {}
            b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' | b'\0' | b'[' | b']' | b'<' | b'>' => {
                (number, digit) = (true, false);
            }
            _ => number = false,
        }
        if depth > 0 || *byte == b')' {
            (number, digit) = (true, false);
        }
        out.push(*byte);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::separated;

    #[test]
    fn numbers_are_separated_and_all_else_stays() {
        let stream = separated(br"[(1-2\)3-4)10-260<0041>9-.5] TJ /F1-2 12 Tf -3 0 Td");
        assert_eq!(stream, &br"[(1-2\)3-4)10 -260<0041>9 -.5] TJ /F1-2 12 Tf -3 0 Td"[..]);
    }
}

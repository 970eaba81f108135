//! Spaces that are only drawn: some writers move on further after a letter instead of writing a space.

use std::collections::HashMap;

use pdf_oxide::layout::TextSpan;

/// An advance this much longer (in sizes) than the letter's usual one holds a space.
const SPACE: f32 = 0.18;

/// How far each letter of each font usually moves on, in sizes.
pub(super) struct Advances<'a>(HashMap<&'a str, HashMap<char, f32>>);

impl<'a> Advances<'a> {
    pub(super) fn of(spans: &'a [TextSpan]) -> Self {
        let mut all: HashMap<&str, HashMap<char, Vec<f32>>> = HashMap::new();
        for span in spans {
            let font = all.entry(&span.font_name).or_default();
            for (char, advance) in advances(span) {
                font.entry(char).or_default().push(advance);
            }
        }
        let median = |(char, mut advances): (char, Vec<f32>)| {
            advances.sort_by(f32::total_cmp);
            (char, advances[(advances.len() - 1) / 2])
        };
        Self(all.into_iter().map(|(font, chars)| (font, chars.into_iter().map(median).collect())).collect())
    }

    /// The text of a span with its drawn spaces; white space runs become one space.
    pub(super) fn spaced(&self, span: &TextSpan) -> String {
        let font = self.0.get(span.font_name.as_str());
        let mut out = String::with_capacity(span.text.len() + 8);
        let mut measured = advances(span);
        let mut pending = false;
        for char in span.text.chars() {
            if pending || char.is_whitespace() {
                out.push(' ');
            }
            out.push(char);
            pending = measured.next().is_some_and(|(char, advance)| {
                let usual = font.and_then(|font| font.get(&char)).copied();
                usual.is_some_and(|usual| advance - usual >= SPACE)
            });
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Each letter with how far it moves on, in sizes; none where the library has not measured every one.
fn advances(span: &TextSpan) -> impl Iterator<Item = (char, f32)> + '_ {
    let measured = span.text.chars().count() == span.char_widths.len() && span.font_size > 0.0;
    let widths = if measured { &span.char_widths[..] } else { &[] };
    span.text.chars().zip(widths.iter().map(|width| width / span.font_size))
}

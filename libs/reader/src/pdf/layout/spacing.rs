//! Restores spaces that are only drawn: some PDF writers advance further after a letter instead of writing a space.

use std::collections::HashMap;

use pdf_oxide::layout::TextSpan;

/// An advance longer than the usual one of the letter by this much (in font sizes) contains a space.
const MIN_SPACE_GAP: f32 = 0.18;

/// Usual advance of each letter of each font, in font sizes.
pub(super) struct GlyphAdvances<'a>(HashMap<&'a str, HashMap<char, f32>>);

impl<'a> GlyphAdvances<'a> {
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

    /// The text of a span with its drawn spaces; runs of white space become one space.
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
                usual.is_some_and(|usual| advance - usual >= MIN_SPACE_GAP)
            });
        }
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Each letter with its advance in font sizes; empty if the library has not measured every one.
fn advances(span: &TextSpan) -> impl Iterator<Item = (char, f32)> + '_ {
    let measured = span.text.chars().count() == span.char_widths.len() && span.font_size > 0.0;
    let widths = if measured { &span.char_widths[..] } else { &[] };
    span.text.chars().zip(widths.iter().map(|width| width / span.font_size))
}

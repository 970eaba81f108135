//! Words from glyphs: a file may draw them whole, glyph by glyph, or without a single space.

use std::borrow::Cow;

use super::row::TextPiece;
use super::{accents, bidi};
use crate::pdf::content::Glyph;

/// A gap of more than this many font sizes separates words.
pub(super) const MIN_SPACE_GAP: f32 = 0.105;
/// Between letters of scripts that are written without spaces.
pub(super) const MIN_WIDE_SPACE_GAP: f32 = 0.6;
/// A glyph that begins further to the left of the end of the one before starts another word.
const MAX_OVERLAP: f32 = 0.35;
/// A glyph as close as this to the same one is drawn again to look bold.
const REDRAWN_DISTANCE: f32 = 0.1;
/// Distance of baselines and ratio of sizes within a word.
pub(super) const MAX_BASE_SHIFT: f32 = 0.12;
pub(super) const MAX_SIZE_RATIO: f32 = 1.25;
/// An accent stands over the middle of its letter, less this share of its width on both sides, and may be raised by so
/// many font sizes.
const ACCENT_MARGIN: f32 = 0.1;
const MAX_ACCENT_SHIFT: f32 = 0.6;
/// Lines that are tilted less than this are level: scans are (degrees).
const LEVEL_TOLERANCE: f64 = 3.0;

/// Words of each writing direction (degrees counter-clockwise), in the order in which they are drawn.
pub(super) fn by_direction(glyphs: &[Glyph]) -> Vec<(i32, Vec<TextPiece>)> {
    let mut directions: Vec<(i32, WordBuilder<'_>)> = Vec::new();
    for glyph in glyphs {
        let Some((direction, letter)) = letter(glyph) else { continue };
        let words = match directions.iter_mut().position(|(known, _)| *known == direction) {
            Some(at) => &mut directions[at].1,
            None => {
                directions.push((direction, WordBuilder::default()));
                &mut directions.last_mut().expect("just added").1
            }
        };
        words.add(letter);
    }
    directions.into_iter().map(|(direction, words)| (direction, words.finish())).collect()
}

/// A glyph in writing coordinates.
struct Letter<'g> {
    text: Cow<'g, str>,
    left: f32,
    right: f32,
    base: f32,
    size: f32,
    tracking: f32,
}

/// The glyph and the direction it is written in; `None` if it has no place.
fn letter(glyph: &Glyph) -> Option<(i32, Letter<'_>)> {
    let along = glyph.advance;
    let angle = if along.hypot() > 0.0 { along.atan2().to_degrees() } else { 0.0 };
    let upright = (angle / 90.0).round() * 90.0;
    let angle = if (angle - upright).abs() < LEVEL_TOLERANCE { upright } else { angle.round() };
    let (sin, cos) = angle.to_radians().sin_cos();
    let place = glyph.origin;
    #[expect(clippy::cast_possible_truncation, reason = "an angle, and places on a page")]
    let (direction, [left, base, length, size, tracking]) = (
        (angle as i32).rem_euclid(360),
        [place.x * cos + place.y * sin, place.y * cos - place.x * sin, along.hypot(), glyph.size, glyph.tracking]
            .map(|number| number as f32),
    );
    let size = size.max(0.1);
    [left, base, length, size].iter().all(|number| number.is_finite()).then_some((
        direction,
        Letter { text: Cow::Borrowed(&glyph.text), left, right: left + length, base, size, tracking },
    ))
}

impl Letter<'_> {
    /// Whether an accent stands over this letter.
    fn is_under(&self, accent: &Letter<'_>) -> bool {
        let middle = f32::midpoint(accent.left, accent.right);
        let margin = (self.right - self.left) * ACCENT_MARGIN;
        self.text.starts_with(char::is_alphabetic)
            && (self.left + margin..self.right - margin).contains(&middle)
            && (self.base - accent.base).abs() <= MAX_ACCENT_SHIFT * self.size
    }
}

#[derive(Default)]
struct WordBuilder<'g> {
    words: Vec<TextPiece>,
    /// Whether the last word may go on, and the letter that it ends with.
    open: bool,
    last: Option<Letter<'g>>,
    /// An accent that waits for its letter.
    accent: Option<Letter<'g>>,
}

impl<'g> WordBuilder<'g> {
    fn add(&mut self, mut letter: Letter<'g>) {
        if let Some(accent) = self.accent.take() {
            match accents::combining(&accent.text) {
                Some(mark) if letter.is_under(&accent) => {
                    letter.text = accents::composed(&letter.text, mark).into();
                }
                _ => self.put(accent),
            }
        }
        let Some(mark) = accents::combining(&letter.text) else {
            self.put(letter);
            return;
        };
        // Marks that combine by themselves follow their letter.
        let follows = |last: &Letter<'_>| {
            letter.text.starts_with(|char| ('\u{300}'..='\u{36F}').contains(&char))
                && last.text.ends_with(char::is_alphabetic)
                && (letter.left - last.right).abs() < MAX_OVERLAP * letter.size
        };
        let over_last = self.open && self.last.as_ref().is_some_and(|last| last.is_under(&letter) || follows(last));
        match (self.words.last_mut(), self.last.as_mut()) {
            (Some(word), Some(last)) if over_last => {
                let start = word.text.len() - last.text.trim().len();
                let accented = accents::composed(last.text.trim(), mark);
                word.text.replace_range(start.., &accented);
                last.text = accented.into();
            }
            _ => self.accent = Some(letter),
        }
    }

    fn put(&mut self, letter: Letter<'g>) {
        // What has no meaning keeps its place: it does not join what is on both sides of it.
        if letter.text.trim().is_empty() {
            if let Some(word) = self.words.last_mut().filter(|_| self.open && !letter.text.is_empty()) {
                word.space_after |= (letter.base - word.base).abs() <= MAX_BASE_SHIFT * word.size;
            }
            self.open = false;
            return;
        }
        if self.is_redrawn(&letter) {
            return;
        }
        if !self.open || !self.goes_on(&letter) {
            self.words.push(TextPiece {
                text: String::new(),
                left: letter.left,
                right: letter.right,
                base: letter.base,
                size: letter.size,
                space_after: false,
            });
        }
        let word = self.words.last_mut().expect("there is one now");
        // A letter with spaces around it, as replaced text may be.
        let blank_end = letter.text.ends_with(' ');
        // Right-to-left words are turned around later, and the letters of a ligature are in order already.
        if letter.text.contains(bidi::is_right_to_left) {
            word.text.extend(letter.text.trim().chars().rev());
        } else {
            word.text.push_str(letter.text.trim());
        }
        word.right = word.right.max(letter.right);
        word.space_after = blank_end;
        self.open = !blank_end;
        self.last = Some(letter);
    }

    fn is_redrawn(&self, letter: &Letter<'_>) -> bool {
        self.last.as_ref().is_some_and(|last| {
            last.text == letter.text
                && (last.left - letter.left).abs() < REDRAWN_DISTANCE * letter.size
                && (last.base - letter.base).abs() < REDRAWN_DISTANCE * letter.size
        })
    }

    fn goes_on(&self, letter: &Letter<'_>) -> bool {
        let Some(word) = self.words.last() else { return false };
        let size = word.size.max(letter.size);
        let tracking = self.last.as_ref().map_or(0.0, |last| last.tracking);
        let gap = (letter.left - word.right - tracking) / size;
        let wide = word.text.chars().next_back().is_some_and(is_wide) && letter.text.starts_with(is_wide);
        let limit = if wide { MIN_WIDE_SPACE_GAP } else { MIN_SPACE_GAP };
        !letter.text.starts_with(' ')
            && (-MAX_OVERLAP..limit).contains(&gap)
            && (letter.base - word.base).abs() <= MAX_BASE_SHIFT * size
            && size <= word.size.min(letter.size) * MAX_SIZE_RATIO
    }

    fn finish(mut self) -> Vec<TextPiece> {
        if let Some(accent) = self.accent.take() {
            self.put(accent);
        }
        self.words
    }
}

/// Whether a letter belongs to a script without spaces: Han, Kana.
pub(in crate::pdf) fn is_wide(char: char) -> bool {
    matches!(char, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

//! Annotations that show text: values of form fields, text boxes, stamps.

use hayro_font::kurbo::{Affine, Point, Rect, Shape, Vec2};
use hayro_syntax::object::dict::keys::{ANNOTS, AP, AS, BBOX, F, FT, MATRIX, N, PARENT, RECT, SUBTYPE, V};
use hayro_syntax::object::{Array, Dict, Name, Object, Rect as PdfRect, Stream, String as PdfString};
use hayro_syntax::page::Page;

use super::content::{Glyph, Interpreter};
use super::info::text_string;
use crate::ParseError;

/// Annotations of one page.
const MAX_ANNOTATIONS: usize = 20_000;
/// Fields above a field.
const MAX_PARENTS: usize = 16;
/// Flags: hidden, not shown on screen.
const HIDDEN: u32 = 1 << 1;
const NO_VIEW: u32 = 1 << 5;
/// Size of values that are not drawn (points), and the width of their letters in font sizes.
const VALUE_SIZE: f64 = 10.0;
const LETTER_WIDTH: f64 = 0.5;

impl<'a> Interpreter<'_, 'a> {
    /// Interprets what the annotations of the page show.
    pub(super) fn annotations(&mut self, page: &Page<'a>, upright: Affine) -> Result<(), ParseError> {
        let Some(annotations) = page.raw().get::<Array<'a>>(ANNOTS) else { return Ok(()) };
        for annotation in annotations.iter::<Dict<'a>>().take(MAX_ANNOTATIONS) {
            let hidden = annotation.get::<u32>(F).unwrap_or(0) & (HIDDEN | NO_VIEW) != 0;
            let popup = annotation.get::<Name<'_>>(SUBTYPE).is_some_and(|kind| kind.as_ref() == b"Popup");
            let Some(rect) = annotation.get::<PdfRect>(RECT).filter(|_| !hidden && !popup && self.shows(&annotation))
            else {
                continue;
            };
            let rect = Rect::new(rect.x0, rect.y0, rect.x1, rect.y1);
            let before = self.glyphs();
            if let Some(appearance) = appearance(&annotation) {
                self.form(&appearance, placement(appearance.dict(), rect), page.resources())?;
            }
            if self.glyphs() == before
                && let Some(value) = field_value(&annotation)
            {
                self.value(&value, rect, upright);
            }
        }
        Ok(())
    }

    /// Adds the value of a field that viewers draw themselves.
    fn value(&mut self, value: &str, rect: Rect, upright: Affine) {
        let size = VALUE_SIZE.min(rect.height()).max(1.0);
        let origin = upright * Point::ORIGIN;
        let along = |length: f64| upright * Point::new(length, 0.0) - origin;
        // A single line stands in the middle, several begin at the top.
        let top = if value.lines().nth(1).is_none() { rect.center().y + size * 0.5 } else { rect.y1 };
        for (row, line) in value.lines().enumerate() {
            let mut left = rect.x0;
            let base = top - size * (1.2 * row as f64 + 0.8);
            for word in line.split_whitespace() {
                let width = word.chars().count() as f64 * LETTER_WIDTH * size;
                let place = upright * Point::new(left, base);
                let glyph = |text: &str, origin: Point, advance: Vec2| Glyph {
                    text: text.into(),
                    origin,
                    advance,
                    size,
                    tracking: 0.0,
                };
                self.add(glyph(word, place, along(width)));
                self.add(glyph(" ", place + along(width), along(LETTER_WIDTH * size)));
                left += width + LETTER_WIDTH * size;
            }
        }
    }
}

/// What an annotation looks like.
fn appearance<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    match annotation.get::<Dict<'a>>(AP)?.get::<Object<'a>>(N)? {
        Object::Stream(stream) => Some(stream),
        Object::Dict(states) => states.get::<Stream<'a>>(annotation.get::<Name<'_>>(AS)?.as_ref()),
        _ => None,
    }
}

/// Maps the bounding box of an appearance to the rectangle of its annotation (ISO 32000-2, 12.5.5).
fn placement(appearance: &Dict<'_>, rect: Rect) -> Affine {
    let matrix = appearance.get::<[f64; 6]>(MATRIX).map_or(Affine::IDENTITY, Affine::new);
    let bounds =
        appearance.get::<PdfRect>(BBOX).map_or(rect, |bounds| Rect::new(bounds.x0, bounds.y0, bounds.x1, bounds.y1));
    let bounds = (matrix * bounds.to_path(0.1)).bounding_box();
    let scale = |to: f64, from: f64| if from.abs() > f64::EPSILON { to / from } else { 1.0 };
    let (x, y) = (scale(rect.width(), bounds.width()), scale(rect.height(), bounds.height()));
    Affine::new([x, 0.0, 0.0, y, rect.x0 - x * bounds.x0, rect.y0 - y * bounds.y0])
}

/// The value of a text or choice field; parts of it may be written in the fields above.
fn field_value(widget: &Dict<'_>) -> Option<String> {
    let mut field = widget.clone();
    let (mut kind, mut value) = (None, None);
    for _ in 0..MAX_PARENTS {
        kind = kind.or_else(|| field.get::<Name<'_>>(FT).map(|kind| kind.to_vec()));
        value = value.or_else(|| field.get::<Object<'_>>(V));
        match field.get::<Dict<'_>>(PARENT) {
            Some(parent) => field = parent,
            None => break,
        }
    }
    if !matches!(kind.as_deref(), Some(b"Tx" | b"Ch")) {
        return None;
    }
    let text = match value? {
        Object::String(value) => text_string(&value),
        Object::Stream(value) => text_string(&value.decoded_data().ok()?),
        Object::Array(values) => {
            let values: Vec<String> = values.iter::<PdfString<'_>>().map(|value| text_string(&value)).collect();
            values.join(", ")
        }
        _ => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

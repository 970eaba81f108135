//! Interprets the content streams of a page as far as they place text (ISO 32000-2, 9).

mod marks;
mod numbers;
mod operators;
mod state;

use std::rc::Rc;

use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_syntax::content::TypedIter;
use hayro_syntax::object::dict::keys::{ACTUAL_TEXT, MATRIX, OC, RESOURCES, SUBTYPE};
use hayro_syntax::object::{Dict, Name, Object, Stream, String as PdfString};
use hayro_syntax::page::Resources;

use self::marks::{Mark, Marks};
use self::state::{State, States};
use super::fonts::Fonts;
use super::info::text_string;
use super::layers::Layers;
use crate::ParseError;

/// Operators of one page, those of repeated forms counted each time.
const MAX_OPERATORS: u64 = 5_000_000;
/// Bytes of decoded forms of one page, counted likewise.
const MAX_FORM_BYTES: u64 = 256 << 20;
/// Glyphs of one page.
const MAX_GLYPHS: usize = 1_000_000;
/// Strings of fewer bytes are not letter-spaced.
const MIN_TRACKED: usize = 4;
/// Forms within forms.
const MAX_NESTING: u8 = 16;

/// A glyph on the page, in upright coordinates: `y` grows upwards.
pub(super) struct Glyph {
    /// What it stands for; a space is a space.
    pub(super) text: Rc<str>,
    /// Where it begins.
    pub(super) origin: Point,
    /// From there to where it ends; its direction is that of the line.
    pub(super) advance: Vec2,
    /// Height of the font.
    pub(super) size: f64,
    /// Additional distance to the next glyph that does not separate words.
    pub(super) tracking: f64,
}

/// What a page shows.
#[derive(Default)]
pub(super) struct PageContent {
    pub(super) glyphs: Vec<Glyph>,
    /// Glyphs of which the file does not say what they stand for.
    pub(super) unreadable: usize,
}

/// Fonts and layers, which all pages share.
pub(super) struct Shared<'a> {
    pub(super) fonts: Fonts<'a>,
    pub(super) layers: Layers,
}

pub(super) struct Interpreter<'s, 'a> {
    shared: &'s Shared<'a>,
    state: State<'a>,
    saved: States<'a>,
    marks: Marks,
    content: PageContent,
    operators: u64,
    form_bytes: u64,
    nesting: u8,
}

impl<'s, 'a> Interpreter<'s, 'a> {
    /// `transform` makes the page upright.
    pub(super) fn new(shared: &'s Shared<'a>, transform: Affine) -> Self {
        Self {
            shared,
            state: State::new(transform),
            saved: States::default(),
            marks: Marks::default(),
            content: PageContent::default(),
            operators: 0,
            form_bytes: 0,
            nesting: 0,
        }
    }

    pub(super) fn finish(self) -> PageContent {
        self.content
    }

    pub(super) fn glyphs(&self) -> usize {
        self.content.glyphs.len()
    }

    /// Interprets a content stream.
    pub(super) fn run(&mut self, stream: &[u8], resources: &Resources<'a>) -> Result<(), ParseError> {
        let stream = numbers::separated(stream);
        let mut operators = TypedIter::new(&stream);
        let (state, depth, marks) = (self.state.clone(), self.saved.depth(), self.marks.depth());
        while let Some(operator) = operators.next() {
            self.operators += 1;
            if self.operators > MAX_OPERATORS || self.content.glyphs.len() > MAX_GLYPHS {
                return Err(ParseError::TooLarge("a page draws too much".to_owned()));
            }
            self.operator(operator, resources)?;
        }
        while self.marks.depth() > marks {
            self.end_mark();
        }
        self.saved.truncate(depth);
        self.state = state;
        Ok(())
    }

    /// Draws a form, `before` its own matrix.
    pub(super) fn form(
        &mut self,
        form: &Stream<'a>,
        before: Affine,
        resources: &Resources<'a>,
    ) -> Result<(), ParseError> {
        let dict = form.dict();
        let is_form = dict.get::<Name<'_>>(SUBTYPE).is_none_or(|kind| kind.as_ref() == b"Form");
        if !is_form || self.nesting == MAX_NESTING || !self.shows(dict) {
            return Ok(());
        }
        let Ok(data) = form.decoded_data() else { return Ok(()) };
        self.form_bytes += data.len() as u64;
        if self.form_bytes > MAX_FORM_BYTES {
            return Err(ParseError::TooLarge("a page draws too much".to_owned()));
        }
        let matrix = dict.get::<[f64; 6]>(MATRIX).map_or(Affine::IDENTITY, Affine::new);
        let own = dict.get::<Dict<'_>>(RESOURCES).map(Resources::new);
        let outer = self.state.clone();
        self.state.transform = outer.transform * before * matrix;
        self.nesting += 1;
        let done = self.run(&data, own.as_ref().unwrap_or(resources));
        self.nesting -= 1;
        self.state = outer;
        done
    }

    /// Whether what `dict` describes is on a layer that is shown.
    pub(super) fn shows(&self, dict: &Dict<'_>) -> bool {
        let layer = dict.get::<Dict<'_>>(OC);
        layer.is_none_or(|layer| self.shared.layers.shows(&layer, dict.get_ref(OC).map(Into::into)))
    }

    /// Places the glyphs of a string.
    fn show(&mut self, bytes: &[u8]) {
        let font = self.state.text.font.clone().unwrap_or_else(|| self.shared.fonts.fallback());
        let horizontal = font.is_horizontal();
        // Between a few letters, and behind the last one, it is a way to draw a space.
        let tracked = bytes.len() >= MIN_TRACKED;
        let mut at = 0;
        while at < bytes.len() {
            let (code, length) = font.read_code(bytes, at);
            at += length;
            let char = font.code(code);
            let text = &self.state.text;
            let transform = self.state.transform * text.matrix * text.scaling();
            let origin = transform * Point::ZERO;
            let advance = if horizontal { Vec2::new(char.advance, 0.0) } else { Vec2::new(0.0, char.advance) };
            let up = transform * Point::new(0.0, 1.0) - origin;
            let glyph = Glyph {
                text: char.text.clone().unwrap_or_else(|| "".into()),
                origin,
                advance: transform * advance.to_point() - origin,
                size: up.hypot() * font.size,
                tracking: if tracked && at < bytes.len() {
                    tracking(text.char_space / text.size, up.hypot())
                } else {
                    0.0
                },
            };
            let spacing = text.char_space + if code == 32 && length == 1 { text.word_space } else { 0.0 };
            let step = char.advance * text.size + spacing;
            self.state.text.advance(step, horizontal);
            self.push(glyph, char.text.is_some());
        }
    }

    fn push(&mut self, glyph: Glyph, readable: bool) {
        if self.marks.hides() {
            return;
        }
        if !readable && !self.marks.replaces() {
            self.content.unreadable += 1;
        }
        self.content.glyphs.push(glyph);
    }

    /// Adds text that the page shows without drawing it.
    pub(super) fn add(&mut self, glyph: Glyph) {
        self.push(glyph, true);
    }

    fn begin_mark(
        &mut self,
        properties: Option<&Object<'_>>,
        tag: &[u8],
        resources: &Resources<'a>,
    ) -> Result<(), ParseError> {
        let named = match properties {
            Some(Object::Name(name)) => {
                let id = resources.properties.get_ref(name.as_ref()).map(Into::into);
                resources.properties.get::<Dict<'_>>(name.as_ref()).map(|dict| (dict, id))
            }
            _ => None,
        };
        let hidden = tag == b"OC" && named.as_ref().is_some_and(|(dict, id)| !self.shared.layers.shows(dict, *id));
        let inline = match properties {
            Some(Object::Dict(dict)) => dict.get::<PdfString<'_>>(ACTUAL_TEXT),
            _ => named.as_ref().and_then(|(dict, _)| dict.get::<PdfString<'_>>(ACTUAL_TEXT)),
        };
        // Within a replaced part everything is replaced already.
        let outer = self.marks.replaces();
        let replaced = inline.filter(|_| !outer).map(|text| (text_string(&text), self.content.glyphs.len()));
        self.marks.begin(Mark { hidden, replaced })
    }

    fn end_mark(&mut self) {
        let Some((text, first)) = self.marks.end().and_then(|mark| mark.replaced) else { return };
        let glyphs = &mut self.content.glyphs;
        let Some(last) = glyphs.get(first..).and_then(|replaced| replaced.last()) else { return };
        let end = last.origin + last.advance;
        glyphs.truncate(first + 1);
        let glyph = &mut glyphs[first];
        // A part that goes on in another line ends with this one.
        let whole = end - glyph.origin;
        if whole.dot(glyph.advance) > 0.0 && whole.cross(glyph.advance).abs() < glyph.size * glyph.advance.hypot() {
            glyph.advance = whole;
        }
        glyph.text = super::fonts::plain(&text).into();
    }
}

/// The tracking of a glyph in the units of the page, from that in units of the font.
fn tracking(of_font: f64, size: f64) -> f64 {
    let tracking = of_font * size;
    if tracking.is_finite() { tracking.max(0.0) } else { 0.0 }
}

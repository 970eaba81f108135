//! The graphics state, as far as it places text.

use std::rc::Rc;

use hayro_font::kurbo::{Affine, Vec2};

use crate::pdf::fonts::TextFont;

/// States that are saved at most; deeper ones are counted, so that they are restored in pairs.
const MAX_SAVED: usize = 1_024;

#[derive(Clone)]
pub(super) struct State<'a> {
    pub(super) transform: Affine,
    pub(super) text: TextState<'a>,
}

#[derive(Clone)]
pub(super) struct TextState<'a> {
    pub(super) font: Option<Rc<TextFont<'a>>>,
    pub(super) size: f64,
    pub(super) char_space: f64,
    pub(super) word_space: f64,
    /// Horizontal scaling; 1 is none.
    pub(super) scale: f64,
    pub(super) leading: f64,
    pub(super) rise: f64,
    pub(super) matrix: Affine,
    pub(super) line: Affine,
}

impl State<'_> {
    pub(super) fn new(transform: Affine) -> Self {
        let text = TextState {
            font: None,
            size: 1.0,
            char_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            matrix: Affine::IDENTITY,
            line: Affine::IDENTITY,
        };
        Self { transform, text }
    }
}

impl TextState<'_> {
    /// From the units of the font to those of the text.
    pub(super) fn scaling(&self) -> Affine {
        Affine::new([self.size * self.scale, 0.0, 0.0, self.size, 0.0, self.rise])
    }

    /// Moves on by `step` along the line.
    pub(super) fn advance(&mut self, step: f64, horizontal: bool) {
        let step = if horizontal { Vec2::new(step * self.scale, 0.0) } else { Vec2::new(0.0, step) };
        self.matrix *= Affine::translate(step);
    }

    /// Begins the next line.
    pub(super) fn next_line(&mut self, x: f64, y: f64) {
        self.line *= Affine::translate((x, y));
        self.matrix = self.line;
    }

    pub(super) fn set_matrix(&mut self, matrix: Affine) {
        self.line = matrix;
        self.matrix = matrix;
    }
}

/// The stack of saved states.
#[derive(Default)]
pub(super) struct States<'a> {
    saved: Vec<State<'a>>,
    deeper: usize,
}

impl<'a> States<'a> {
    pub(super) fn depth(&self) -> usize {
        self.saved.len()
    }

    pub(super) fn truncate(&mut self, depth: usize) {
        self.saved.truncate(depth);
        self.deeper = 0;
    }

    pub(super) fn save(&mut self, state: &State<'a>) {
        if self.saved.len() < MAX_SAVED {
            self.saved.push(state.clone());
        } else {
            self.deeper += 1;
        }
    }

    pub(super) fn restore(&mut self) -> Option<State<'a>> {
        if self.deeper > 0 {
            self.deeper -= 1;
            return None;
        }
        self.saved.pop()
    }
}

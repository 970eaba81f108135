//! The operators that place text; all others draw what is not read.

use hayro_font::kurbo::Affine;
use hayro_syntax::content::ops::TypedInstruction as Operator;
use hayro_syntax::object::dict::keys::FONT;
use hayro_syntax::object::{Array, Dict, Number, Object};
use hayro_syntax::page::Resources;

use super::Interpreter;
use crate::ParseError;

impl<'a> Interpreter<'_, 'a> {
    pub(super) fn operator(&mut self, operator: Operator<'_, '_>, resources: &Resources<'a>) -> Result<(), ParseError> {
        match operator {
            Operator::SaveState(_) => self.saved.save(&self.state),
            Operator::RestoreState(_) => {
                if let Some(state) = self.saved.restore() {
                    self.state = state;
                }
            }
            Operator::Transform(to) => {
                self.state.transform *= affine([to.0, to.1, to.2, to.3, to.4, to.5]);
            }
            Operator::XObject(name) => {
                if let Some(form) = resources.get_x_object(name.0).filter(|_| !self.marks.hides()) {
                    self.form(&form, Affine::IDENTITY, resources)?;
                }
            }
            Operator::SetGraphicsState(name) => self.set_font_of(resources.get_ext_g_state(name.0)),
            Operator::BeginMarkedContent(mark) => self.begin_mark(None, mark.0.as_ref(), resources)?,
            Operator::BeginMarkedContentWithProperties(mark) => {
                self.begin_mark(Some(mark.1), mark.0.as_ref(), resources)?;
            }
            Operator::EndMarkedContent(_) => self.end_mark(),
            operator => self.text_operator(&operator, resources),
        }
        Ok(())
    }

    fn text_operator(&mut self, operator: &Operator<'_, '_>, resources: &Resources<'a>) {
        let text = &mut self.state.text;
        match operator {
            Operator::BeginText(_) => text.set_matrix(Affine::IDENTITY),
            Operator::CharacterSpacing(space) => text.char_space = space.0.as_f64(),
            Operator::WordSpacing(space) => text.word_space = space.0.as_f64(),
            Operator::HorizontalScaling(scale) => text.scale = scale.0.as_f64() / 100.0,
            Operator::TextLeading(leading) => text.leading = leading.0.as_f64(),
            Operator::TextRise(rise) => text.rise = rise.0.as_f64(),
            Operator::TextFont(font) => {
                text.size = font.1.as_f64();
                text.font = resources.get_font(font.0).map(|dict| self.shared.fonts.get(&dict));
            }
            Operator::NextLine(to) => text.next_line(to.0.as_f64(), to.1.as_f64()),
            Operator::NextLineAndSetLeading(to) => {
                text.leading = -to.1.as_f64();
                text.next_line(to.0.as_f64(), to.1.as_f64());
            }
            Operator::SetTextMatrix(to) => text.set_matrix(affine([to.0, to.1, to.2, to.3, to.4, to.5])),
            Operator::NextLineUsingLeading(_) => text.next_line(0.0, -text.leading),
            Operator::ShowText(shown) => self.show(shown.0.as_bytes()),
            Operator::NextLineAndShowText(shown) => {
                text.next_line(0.0, -text.leading);
                self.show(shown.0.as_bytes());
            }
            Operator::ShowTextWithParameters(shown) => {
                text.word_space = shown.0.as_f64();
                text.char_space = shown.1.as_f64();
                text.next_line(0.0, -text.leading);
                self.show(shown.2.as_bytes());
            }
            Operator::ShowTexts(shown) => self.show_adjusted(shown.0),
            _ => {}
        }
    }

    /// Shows strings with adjustments between them.
    fn show_adjusted(&mut self, shown: &Array<'_>) {
        let horizontal = self.state.text.font.as_ref().is_none_or(|font| font.is_horizontal());
        for item in shown.iter::<Object<'_>>() {
            match item {
                Object::String(string) => self.show(string.as_bytes()),
                Object::Number(number) => {
                    let step = -number.as_f64() / 1000.0 * self.state.text.size;
                    self.state.text.advance(step, horizontal);
                }
                _ => {}
            }
        }
    }

    fn set_font_of(&mut self, parameters: Option<Dict<'a>>) {
        let Some(font) = parameters.and_then(|dict| dict.get::<Array<'a>>(FONT)) else { return };
        let mut font = font.flex_iter();
        if let (Some(dict), Some(size)) = (font.next::<Dict<'a>>(), font.next::<f64>()) {
            self.state.text.font = Some(self.shared.fonts.get(&dict));
            self.state.text.size = size;
        }
    }
}

fn affine(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}

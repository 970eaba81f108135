//! What styles say about an element as far as it decides whether its text can be seen.

use std::rc::Rc;

use super::colour::{self, Colour};

/// Properties that can hide text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Display,
    Visibility,
    Opacity,
    FontSize,
    Height,
    Width,
    Overflow,
    Offset,
    Clip,
    Transform,
    Colour,
    Background,
    BackgroundClip,
}

/// Number of [`Property`] values.
const PROPERTIES: usize = Property::BackgroundClip as usize + 1;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// Whether text with it is not seen.
    Hides(bool),
    Colour(Colour),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Declaration {
    pub(super) property: Property,
    pub(super) value: Value,
    important: bool,
}

/// Which of two declarations wins: importance, `style` over a style sheet, specificity, order.
pub(super) type Weight = (bool, bool, u32, u32);

/// The declarations that win for one element.
#[derive(Clone, Copy, Default)]
pub(super) struct Style {
    winners: [Option<(Weight, Value)>; PROPERTIES],
}

impl Style {
    pub(super) fn declare(&mut self, declaration: Declaration, inline: bool, specificity: u32, order: u32) {
        let weight = (declaration.important, inline, specificity, order);
        let winner = &mut self.winners[declaration.property as usize];
        if winner.is_none_or(|(other, _)| other <= weight) {
            *winner = Some((weight, declaration.value));
        }
    }

    /// `None` if nothing is declared.
    pub(super) fn hides(&self, property: Property) -> Option<bool> {
        match self.winners[property as usize] {
            Some((_, Value::Hides(hides))) => Some(hides),
            _ => None,
        }
    }

    /// `None` if nothing is declared.
    pub(super) fn colour(&self, property: Property) -> Option<Colour> {
        match self.winners[property as usize] {
            Some((_, Value::Colour(colour))) => Some(colour),
            _ => None,
        }
    }

    /// Whether the element is not seen, with all that is in it.
    pub(super) fn hides_subtree(&self) -> bool {
        let hides = |property| self.hides(property) == Some(true);
        let is_flat = hides(Property::Height) || hides(Property::Width);
        [Property::Display, Property::Opacity, Property::Offset, Property::Clip, Property::Transform]
            .into_iter()
            .any(hides)
            || (is_flat && hides(Property::Overflow))
    }
}

/// The declarations of a block, or of a `style` attribute, that are about what can be seen.
pub(super) fn declarations(block: &str) -> impl Iterator<Item = Declaration> {
    block.split(';').filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let property = property(name.trim())?;
        let mut value = value.trim().to_ascii_lowercase();
        let important = value.strip_suffix("!important").map(|rest| rest.trim_end().len());
        if let Some(length) = important {
            value.truncate(length);
        }
        let value = read_value(property, name.trim(), &value)?;
        Some(Declaration { property, value, important: important.is_some() })
    })
}

/// The last of the declarations that override each other.
pub(super) fn last_of_each(declarations: impl Iterator<Item = Declaration>) -> Rc<[Declaration]> {
    let mut last: Vec<Declaration> = Vec::new();
    for declaration in declarations {
        last.retain(|other| other.property != declaration.property || other.important != declaration.important);
        last.push(declaration);
    }
    last.into()
}

fn property(name: &str) -> Option<Property> {
    Some(match name.to_ascii_lowercase().as_str() {
        "display" => Property::Display,
        "visibility" => Property::Visibility,
        "opacity" => Property::Opacity,
        "font-size" => Property::FontSize,
        "height" | "max-height" => Property::Height,
        "width" | "max-width" => Property::Width,
        "overflow" | "overflow-x" | "overflow-y" => Property::Overflow,
        "left" | "top" | "right" | "bottom" | "text-indent" | "margin-left" | "margin-top" => Property::Offset,
        "clip" | "clip-path" => Property::Clip,
        "transform" | "scale" => Property::Transform,
        "color" | "-webkit-text-fill-color" => Property::Colour,
        "background" | "background-color" | "background-image" => Property::Background,
        "background-clip" | "-webkit-background-clip" => Property::BackgroundClip,
        _ => return None,
    })
}

fn read_value(property: Property, name: &str, value: &str) -> Option<Value> {
    Some(match property {
        Property::Colour => Value::Colour(colour::parse(value)),
        Property::Background => return colour::of_background(name, value).map(Value::Colour),
        Property::Display => Value::Hides(value == "none"),
        Property::Visibility => Value::Hides(value == "hidden" || value == "collapse"),
        Property::Opacity => Value::Hides(length(value).is_some_and(|(number, _)| number <= 0.05)),
        Property::FontSize => Value::Hides(is_tiny(value)),
        Property::Height | Property::Width => Value::Hides(length(value).is_some_and(|(number, _)| number <= 1.0)),
        Property::Overflow => Value::Hides(value.contains("hidden") || value.contains("clip")),
        Property::Offset => Value::Hides(length(value).is_some_and(|(number, _)| number <= -900.0)),
        Property::Clip => Value::Hides(clips_all(value)),
        Property::Transform => Value::Hides(value == "0" || value.contains("scale(0)")),
        Property::BackgroundClip => Value::Hides(value == "text"),
    })
}

/// A length that comes out at two pixels or less.
fn is_tiny(value: &str) -> bool {
    length(value).is_some_and(|(number, unit)| match unit {
        "px" | "pt" => number <= 2.0,
        "%" => number <= 5.0,
        _ => number <= 0.1,
    })
}

fn clips_all(value: &str) -> bool {
    let arguments = |name| value.strip_prefix(name).and_then(|rest: &str| rest.strip_suffix(')'));
    if let Some(sides) = arguments("rect(") {
        let mut sides = sides.split([',', ' ']).filter(|side| !side.is_empty());
        return sides.all(|side| length(side).is_some_and(|(number, _)| number <= 1.0));
    }
    arguments("inset(").and_then(length).is_some_and(|(number, unit)| unit == "%" && number >= 50.0)
        || arguments("circle(").and_then(length).is_some_and(|(number, _)| number <= 0.0)
}

/// A number with its unit.
fn length(value: &str) -> Option<(f32, &str)> {
    let value = value.trim();
    let end = value.find(|char: char| !(char.is_ascii_digit() || ".-+".contains(char))).unwrap_or(value.len());
    Some((value[..end].parse().ok()?, &value[end..]))
}

#[cfg(test)]
mod tests {
    use super::{Property, Style, declarations};

    fn style(block: &str) -> Style {
        let mut style = Style::default();
        for declaration in declarations(block) {
            style.declare(declaration, true, 0, 0);
        }
        style
    }

    #[test]
    fn styles_that_hide() {
        for block in [
            "display: none",
            "color:red; DISPLAY: None !important",
            "opacity: 0.0",
            "position:absolute; left:-9999px",
            "height:0; overflow:hidden",
            "clip: rect(1px, 1px, 1px, 1px)",
            "clip-path:inset(50%)",
            "transform:scale(0)",
        ] {
            assert!(style(block).hides_subtree(), "{block}");
        }
        for block in ["display:block", "opacity:0.5", "left:-10px", "height:0", "width:auto", "clip:auto", "nonsense"] {
            assert!(!style(block).hides_subtree(), "{block}");
        }
        assert_eq!(style("font-size:0px").hides(Property::FontSize), Some(true));
        assert_eq!(style("font-size:0.9em").hides(Property::FontSize), Some(false));
        assert_eq!(style("VISIBILITY:Hidden").hides(Property::Visibility), Some(true));
        assert_eq!(style("display:none; display:block").hides(Property::Display), Some(false));
        assert_eq!(style("display:none!important; display:block").hides(Property::Display), Some(true));
    }
}

//! Colours, as far as it takes to see that text has the colour of its background.

/// Colours whose channels differ by no more than this look the same.
const SAME: u8 = 24;

/// A colour of CSS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Opaque(u8, u8, u8),
    Transparent,
    /// An image, a variable, or a form that is not read.
    Unknown,
}

pub(super) const WHITE: Colour = Colour::Opaque(255, 255, 255);
pub(super) const BLACK: Colour = Colour::Opaque(0, 0, 0);

impl Colour {
    /// Whether text of this colour cannot be told from `background`.
    pub(super) fn vanishes_on(self, background: Self) -> bool {
        match (self, background) {
            (Self::Transparent, _) => true,
            (Self::Opaque(red, green, blue), Self::Opaque(r, g, b)) => {
                red.abs_diff(r) <= SAME && green.abs_diff(g) <= SAME && blue.abs_diff(b) <= SAME
            }
            _ => false,
        }
    }
}

/// The colour that `value` (in lower case) names.
pub(super) fn parse(value: &str) -> Colour {
    let value = value.trim();
    if let Some(digits) = value.strip_prefix('#') {
        return hexadecimal(digits).unwrap_or(Colour::Unknown);
    }
    if let Some(channels) = value.strip_prefix("rgb").and_then(|rest| rest.strip_suffix(')')) {
        return channels.split_once('(').and_then(|(_, channels)| functional(channels)).unwrap_or(Colour::Unknown);
    }
    match value {
        "white" => WHITE,
        "snow" => Colour::Opaque(255, 250, 250),
        "ivory" => Colour::Opaque(255, 255, 240),
        "ghostwhite" => Colour::Opaque(248, 248, 255),
        "whitesmoke" => Colour::Opaque(245, 245, 245),
        "floralwhite" => Colour::Opaque(255, 250, 240),
        "black" => BLACK,
        "red" => Colour::Opaque(255, 0, 0),
        "yellow" => Colour::Opaque(255, 255, 0),
        "lime" => Colour::Opaque(0, 255, 0),
        "blue" => Colour::Opaque(0, 0, 255),
        "green" => Colour::Opaque(0, 128, 0),
        "gray" | "grey" => Colour::Opaque(128, 128, 128),
        "silver" => Colour::Opaque(192, 192, 192),
        "navy" => Colour::Opaque(0, 0, 128),
        "transparent" => Colour::Transparent,
        _ => Colour::Unknown,
    }
}

/// The colour of a background; `None` if the property `name` says nothing about it.
pub(super) fn of_background(name: &str, value: &str) -> Option<Colour> {
    if name.eq_ignore_ascii_case("background-image") {
        return (value != "none").then_some(Colour::Unknown);
    }
    if ["url(", "gradient", "image", "var("].iter().any(|part| value.contains(part)) {
        return Some(Colour::Unknown);
    }
    if value == "none" || value == "transparent" || value == "inherit" {
        return Some(Colour::Transparent);
    }
    let whole = parse(value);
    if whole != Colour::Unknown {
        return Some(whole);
    }
    let named = value.split_ascii_whitespace().map(parse).find(|colour| *colour != Colour::Unknown);
    Some(named.unwrap_or(Colour::Unknown))
}

fn hexadecimal(digits: &str) -> Option<Colour> {
    let value = |digits: &str| u8::from_str_radix(digits, 16).ok();
    let short = |at: usize| value(digits.get(at..=at)?).map(|digit| digit * 17);
    let long = |at: usize| value(digits.get(at * 2..at * 2 + 2)?);
    let (channel, alpha): (&dyn Fn(usize) -> Option<u8>, _) = match digits.len() {
        3 | 4 => (&short, short(3)),
        6 | 8 => (&long, long(3)),
        _ => return None,
    };
    if alpha.is_some_and(|alpha| alpha < 13) {
        return Some(Colour::Transparent);
    }
    Some(Colour::Opaque(channel(0)?, channel(1)?, channel(2)?))
}

fn functional(channels: &str) -> Option<Colour> {
    let mut numbers = channels.split([',', ' ', '/']).filter(|part| !part.is_empty());
    let mut channel = || {
        let part = numbers.next()?;
        let number = match part.strip_suffix('%') {
            Some(percent) => percent.parse::<f32>().ok()? * 2.55,
            None => part.parse::<f32>().ok()?,
        };
        Some(number.clamp(0.0, 255.0).round() as u8)
    };
    let colour = Colour::Opaque(channel()?, channel()?, channel()?);
    let alpha = numbers.next().and_then(|alpha| alpha.trim_end_matches('%').parse::<f32>().ok());
    Some(if alpha.is_some_and(|alpha| alpha <= 0.05) { Colour::Transparent } else { colour })
}

#[cfg(test)]
mod tests {
    use super::{Colour, WHITE, of_background, parse};

    #[test]
    fn colours_are_compared_as_they_are_seen() {
        for colour in ["white", "#fff", "#fefefe", "rgb(250, 250, 250)", "rgb(98% 98% 98%)", "transparent", "#0000"] {
            assert!(parse(colour).vanishes_on(WHITE), "{colour}");
        }
        for colour in ["black", "#ccc", "rgba(0, 0, 0, .5)", "var(--text)", "inherit"] {
            assert!(!parse(colour).vanishes_on(WHITE), "{colour}");
        }
        assert_eq!(of_background("background", "#000 url(a.png)"), Some(Colour::Unknown));
        assert_eq!(of_background("background", "white none repeat"), Some(WHITE));
        assert_eq!(of_background("background-image", "none"), None);
    }
}

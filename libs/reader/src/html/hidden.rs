//! Removes elements of a page that are not visible, so that hidden instructions reach no model.

use dom_query::{Document, Element, NodeRef, local_name};

use crate::ParseError;

/// Maximum nesting of elements.
const MAX_DEPTH: usize = 256;

/// Removes hidden elements and bounds the depth of the tree.
pub(crate) fn remove(page: &Document) -> Result<(), ParseError> {
    let mut hidden = Vec::new();
    let mut pending: Vec<(NodeRef<'_>, usize)> = vec![(page.root(), 0)];
    while let Some((node, depth)) = pending.pop() {
        if depth > MAX_DEPTH {
            return Err(ParseError::TooLarge(format!("more than {MAX_DEPTH} elements inside each other")));
        }
        if node.element_ref().is_some_and(|element| is_hidden(&element)) {
            hidden.push(node);
            continue;
        }
        pending.extend(node.children_it(true).filter(NodeRef::may_have_children).map(|child| (child, depth + 1)));
    }
    for node in hidden {
        node.remove_from_parent();
    }
    Ok(())
}

fn is_hidden(element: &Element) -> bool {
    let name = &element.name.local;
    if *name == local_name!("template") || *name == local_name!("noscript") || *name == local_name!("style") {
        return true;
    }
    let is_page = *name == local_name!("html") || *name == local_name!("body");
    element.attrs.iter().any(|attribute| {
        let value: &str = &attribute.value;
        match &*attribute.name.local {
            // Some pages hide their body until their scripts have run.
            "hidden" => !is_page && !value.eq_ignore_ascii_case("until-found"),
            "aria-hidden" => !is_page && value.eq_ignore_ascii_case("true"),
            "style" => !is_page && hides(value),
            "class" => value.split_ascii_whitespace().any(is_unseen_class),
            _ => false,
        }
    })
}

/// Classes that common style sheets hide, or that mark controls instead of text.
fn is_unseen_class(class: &str) -> bool {
    matches!(class, "sr-only" | "visually-hidden" | "screen-reader-text" | "mw-editsection" | "headerlink" | "noprint")
}

fn hides(style: &str) -> bool {
    let style: String = style.chars().filter(|char| !char.is_whitespace()).collect::<String>().to_ascii_lowercase();
    style.split(';').filter_map(|declaration| declaration.split_once(':')).any(|(property, value)| {
        let value = value.trim_end_matches("!important");
        match property {
            "display" => value == "none",
            "visibility" => value == "hidden" || value == "collapse",
            "font-size" | "opacity" | "max-height" | "max-width" | "height" | "width" => is_zero(value),
            "left" | "top" | "right" | "text-indent" | "margin-left" => is_far_out(value),
            "clip" => value.starts_with("rect(0"),
            "clip-path" => value == "inset(100%)" || value == "inset(50%)",
            _ => false,
        }
    })
}

fn is_zero(value: &str) -> bool {
    let number = value.trim_end_matches(|char: char| char.is_ascii_alphabetic() || char == '%');
    number.parse::<f32>().is_ok_and(|number| number <= 0.01)
}

fn is_far_out(value: &str) -> bool {
    let number = value.trim_end_matches(|char: char| char.is_ascii_alphabetic() || char == '%');
    number.parse::<f32>().is_ok_and(|number| number <= -900.0)
}

#[cfg(test)]
mod tests {
    use super::hides;

    #[test]
    fn styles_that_hide() {
        for style in [
            "display: none",
            "color:red;VISIBILITY:Hidden",
            "font-size:0px",
            "opacity: 0.0",
            "left:-9999px",
            "height:0",
        ] {
            assert!(hides(style), "{style}");
        }
        for style in ["display:block", "font-size:0.9em", "opacity:0.5", "left:-10px", "height:100%", "width:auto"] {
            assert!(!hides(style), "{style}");
        }
    }
}

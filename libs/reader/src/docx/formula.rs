//! Formulas (Office Math) on one line: `Q = (a + b)/2`, `x^2`, `√(x)`.

use crate::xml::Element;

/// The formula as text.
pub(super) fn linear(element: &Element) -> String {
    let part = |name: &str| element.child(name).map(inside).unwrap_or_default();
    let property = |group: &str, name: &str| element.at(&[group, name]).and_then(Element::value).map(str::to_owned);
    match element.name.as_str() {
        "m:t" | "w:t" => element.text(),
        "m:f" => format!("{}/{}", grouped(&part("m:num")), grouped(&part("m:den"))),
        "m:sSup" => format!("{}^{}", grouped(&part("m:e")), grouped(&part("m:sup"))),
        "m:sSub" => format!("{}_{}", grouped(&part("m:e")), grouped(&part("m:sub"))),
        "m:sSubSup" => {
            format!("{}_{}^{}", grouped(&part("m:e")), grouped(&part("m:sub")), grouped(&part("m:sup")))
        }
        "m:sPre" => format!("_{}^{} {}", grouped(&part("m:sub")), grouped(&part("m:sup")), part("m:e")),
        "m:rad" => match part("m:deg").as_str() {
            "" => format!("√({})", part("m:e")),
            degree => format!("{}√({})", grouped(degree), part("m:e")),
        },
        "m:nary" => {
            let sign = property("m:naryPr", "m:chr").unwrap_or_else(|| "∫".to_owned());
            let bound = |mark: char, name: &str| {
                let bound = part(name);
                if bound.is_empty() { bound } else { format!("{mark}{}", grouped(&bound)) }
            };
            format!("{sign}{}{} {}", bound('_', "m:sub"), bound('^', "m:sup"), part("m:e"))
        }
        "m:d" => {
            let mark = |name: &str, usual: &str| property("m:dPr", name).unwrap_or_else(|| usual.to_owned());
            let parts: Vec<String> = element.elements().filter(|part| part.name == "m:e").map(inside).collect();
            format!("{}{}{}", mark("m:begChr", "("), parts.join(&mark("m:sepChr", "|")), mark("m:endChr", ")"))
        }
        "m:func" => format!("{} {}", part("m:fName"), grouped(&part("m:e"))),
        "m:limLow" => format!("{}_{}", part("m:e"), grouped(&part("m:lim"))),
        "m:limUpp" => format!("{}^{}", part("m:e"), grouped(&part("m:lim"))),
        "m:m" => {
            let rows = element.elements().filter(|row| row.name == "m:mr");
            let cells = |row: &Element| row.elements().map(inside).collect::<Vec<_>>().join(", ");
            format!("[{}]", rows.map(cells).collect::<Vec<_>>().join("; "))
        }
        "m:eqArr" => element.elements().filter(|row| row.name == "m:e").map(inside).collect::<Vec<_>>().join("; "),
        // Properties are no part of the text.
        name if name.ends_with("Pr") => String::new(),
        _ => inside(element),
    }
}

fn inside(element: &Element) -> String {
    element.elements().map(linear).collect()
}

/// In parentheses, unless it is one name or number.
fn grouped(text: &str) -> String {
    let text = text.trim();
    let single = text.chars().all(|char| char.is_alphanumeric() || matches!(char, '.' | ',' | '′' | '\''));
    if single || (text.starts_with('(') && text.find(')') == Some(text.len() - 1)) {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

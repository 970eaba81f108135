//! `<meta http-equiv=refresh>`: pages that only point at another one.

use super::tree::Tree;

/// A page that is shown for longer (seconds) is meant to be read.
const MAX_DELAY: f32 = 30.0;

/// Where the page sends its readers, as written there.
pub(super) fn target(page: &Tree) -> Option<String> {
    page.subtree(page.root()).find_map(|id| {
        let element = page.element(id)?;
        let is_refresh = element.html_name() == "meta"
            && element.attribute("http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh"));
        // A browser with scripts does not see it.
        let is_seen = !page.ancestors(id).any(|above| page.name(above) == "noscript");
        if is_refresh && is_seen { of_content(element.attribute("content")?) } else { None }
    })
}

/// The address in `5; url='https://example.com/'`.
fn of_content(content: &str) -> Option<String> {
    let content = content.trim();
    let end = content.find(|char: char| !(char.is_ascii_digit() || char == '.')).unwrap_or(content.len());
    let delay: f32 = content[..end].parse().ok()?;
    let rest = content[end..].trim_start_matches(|char: char| char.is_whitespace() || char == ';' || char == ',');
    let rest = match rest.get(..3) {
        Some(name) if name.eq_ignore_ascii_case("url") => {
            rest[3..].trim_start().strip_prefix('=').map_or(rest, str::trim_start)
        }
        _ => rest,
    };
    let target = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next().unwrap_or_default(),
        _ => rest,
    };
    let target = target.trim();
    (delay <= MAX_DELAY && !target.is_empty()).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::of_content;

    #[test]
    fn the_forms_that_pages_use() {
        for content in ["0;url=/next", "0; URL=/next", "5;/next", "0, url = '/next'", "0.5; url=\"/next\" ; x"] {
            assert_eq!(of_content(content).as_deref(), Some("/next"), "{content}");
        }
        for content in ["300", "600; url=/next", "soon", "0; url=", ""] {
            assert_eq!(of_content(content), None, "{content}");
        }
    }
}

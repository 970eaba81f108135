//! The style sheets within a page: the rules that say what can be seen, found by the last part of their selector.
//!
//! Selectors of names, classes and ids with descendants and children are understood, others are left out: a rule that
//! is not understood hides nothing.

use std::collections::HashMap;
use std::rc::Rc;

use super::style::{self, Declaration, Style};
use super::tree::{Element, NodeId, Tree};
use crate::ParseError;

/// How wide the window of a media query is (CSS pixels).
const WINDOW_WIDTH: f32 = 1280.0;

/// Blocks inside each other that are read.
const MAX_NESTING: usize = 4;

/// Comparisons of elements with selectors that any page may take, and more for each node.
const MIN_COMPARISONS: usize = 2_000_000;
const COMPARISONS_PER_NODE: usize = 64;

/// Rules of all style sheets of a page.
#[derive(Default)]
pub(super) struct StyleSheet {
    rules: Vec<Rule>,
    /// Numbers of rules by the id, class or name of the last part: `#id`, `.class`, `name`, `*`.
    index: HashMap<String, Vec<usize>>,
}

struct Rule {
    /// The parts of the selector, the last one first.
    parts: Vec<Part>,
    specificity: u32,
    declarations: Rc<[Declaration]>,
}

/// `name#id.class` and how it is joined to the part after it.
#[derive(Default)]
struct Part {
    name: Option<String>,
    ids: Vec<String>,
    classes: Vec<String>,
    /// Whether the part after it is a child, not any descendant.
    is_parent: bool,
}

impl StyleSheet {
    /// The sheets in the `<style>` elements of `tree`.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut sheet = Self::default();
        for id in tree.subtree(tree.root()).filter(|id| tree.name(*id) == "style") {
            let media = tree.element(id).and_then(|element| element.attribute("media"));
            if media.is_none_or(|media| is_screen(&media.to_ascii_lowercase())) {
                sheet.read(&without_comments(&tree.raw_text(id)), 0);
            }
        }
        sheet
    }

    /// Whether no rule is about what can be seen.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    fn read(&mut self, css: &str, nesting: usize) {
        let mut rest = css;
        while let Some((prelude, block, after)) = next_block(rest) {
            rest = after;
            let prelude = prelude.rsplit(';').next().unwrap_or_default().trim();
            let Some(at_rule) = prelude.strip_prefix('@') else {
                self.add_rules(prelude, block);
                continue;
            };
            let (name, condition) = at_rule.split_once(char::is_whitespace).unwrap_or((at_rule, ""));
            let applies = match name.to_ascii_lowercase().as_str() {
                "media" => is_screen(&condition.to_ascii_lowercase()),
                "supports" | "layer" | "scope" => true,
                _ => false,
            };
            if applies && nesting < MAX_NESTING {
                self.read(block, nesting + 1);
            }
        }
    }

    fn add_rules(&mut self, selectors: &str, block: &str) {
        // The declarations of a rule stand before the rules nested in it.
        let own = block.find('{').map_or(block, |at| block[..at].rsplit_once(';').map_or("", |(own, _)| own));
        let declarations = style::last_of_each(style::declarations(own));
        if declarations.is_empty() {
            return;
        }
        for selector in selectors.split(',') {
            let Some(parts) = parts(selector) else { continue };
            let Some(last) = parts.first() else { continue };
            let key = match (last.ids.first(), last.classes.first(), &last.name) {
                (Some(id), ..) => format!("#{id}"),
                (_, Some(class), _) => format!(".{class}"),
                (_, _, Some(name)) => name.clone(),
                _ => "*".to_owned(),
            };
            self.index.entry(key).or_default().push(self.rules.len());
            let specificity = parts.iter().map(Part::specificity).sum();
            self.rules.push(Rule { parts, specificity, declarations: Rc::clone(&declarations) });
        }
    }

    /// Applies the rules to the element `id`. `comparisons` counts on over all elements of a page.
    pub(super) fn apply(
        &self,
        tree: &Tree,
        id: NodeId,
        style: &mut Style,
        comparisons: &mut usize,
    ) -> Result<(), ParseError> {
        let Some(element) = tree.element(id) else { return Ok(()) };
        let ids = element.attribute("id").into_iter().map(|id| format!("#{id}"));
        let classes = element.attribute("class").into_iter().flat_map(str::split_ascii_whitespace);
        let keys = ids.chain(classes.map(|class| format!(".{class}")));
        for key in keys.chain([element.html_name().to_owned(), "*".to_owned()]) {
            for number in self.index.get(&key).into_iter().flatten() {
                let rule = &self.rules[*number];
                if rule.matches(tree, id, comparisons) {
                    for declaration in &*rule.declarations {
                        style.declare(
                            *declaration,
                            false,
                            rule.specificity,
                            u32::try_from(*number).unwrap_or(u32::MAX),
                        );
                    }
                }
            }
        }
        if *comparisons > MIN_COMPARISONS + COMPARISONS_PER_NODE * tree.len() {
            return Err(ParseError::TooLarge("too many rules in its style sheets".to_owned()));
        }
        Ok(())
    }
}

impl Rule {
    fn matches(&self, tree: &Tree, id: NodeId, comparisons: &mut usize) -> bool {
        let Some((last, before)) = self.parts.split_first() else { return false };
        if !tree.element(id).is_some_and(|element| last.matches(element, comparisons)) {
            return false;
        }
        let mut ancestors = tree.ancestors(id);
        before.iter().all(|part| {
            let mut found = false;
            for ancestor in ancestors.by_ref() {
                found = tree.element(ancestor).is_some_and(|element| part.matches(element, comparisons));
                if found || part.is_parent {
                    break;
                }
            }
            found
        })
    }
}

impl Part {
    fn specificity(&self) -> u32 {
        let count = |list: &[String]| u32::try_from(list.len()).unwrap_or(u32::MAX).min(255);
        (count(&self.ids) << 16) + (count(&self.classes) << 8) + u32::from(self.name.is_some())
    }

    fn matches(&self, element: &Element, comparisons: &mut usize) -> bool {
        let classes = element.attribute("class").unwrap_or_default();
        *comparisons += 1 + self.classes.len() * classes.len() / 32;
        self.name.as_deref().is_none_or(|name| element.html_name() == name)
            && self.ids.iter().all(|id| element.attribute("id") == Some(id))
            && self.classes.iter().all(|class| classes.split_ascii_whitespace().any(|found| found == class))
    }
}

/// The text before the next `{`, the text between it and its `}`, and the rest.
fn next_block(css: &str) -> Option<(&str, &str, &str)> {
    let mut depth = 0_usize;
    let mut start = 0;
    let mut quote = None;
    let mut escaped = false;
    for (at, byte) in css.bytes().enumerate() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, byte) {
            (_, b'\\') => escaped = true,
            (Some(open), _) if byte == open || byte == b'\n' => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'{') => {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            }
            (None, b'}') if depth == 1 => return Some((&css[..start], &css[start + 1..at], &css[at + 1..])),
            (None, b'}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    // A sheet may end before its last brace.
    (depth > 0).then(|| (&css[..start], &css[start + 1..], ""))
}

fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out.replace("<!--", "").replace("-->", "")
}

/// The parts of a selector, the last first; `None` if it is not understood.
fn parts(selector: &str) -> Option<Vec<Part>> {
    let spaced = selector.replace('>', " > ");
    let mut parts: Vec<Part> = Vec::new();
    for word in spaced.split_ascii_whitespace() {
        match word {
            ">" => parts.last_mut()?.is_parent = true,
            _ => parts.push(part(word)?),
        }
    }
    parts.reverse();
    (!parts.is_empty()).then_some(parts)
}

fn part(word: &str) -> Option<Part> {
    if word.contains([':', '[', '+', '~', '(', '&', '\\', '|', '%']) {
        return None;
    }
    let mut part = Part::default();
    let end = word.find(['.', '#']).unwrap_or(word.len());
    if !word[..end].is_empty() && &word[..end] != "*" {
        part.name = Some(word[..end].to_ascii_lowercase());
    }
    let mut rest = &word[end..];
    while let Some(mark) = rest.chars().next() {
        let end = rest[1..].find(['.', '#']).map_or(rest.len(), |at| at + 1);
        let name = rest[1..end].to_owned();
        if name.is_empty() {
            return None;
        }
        if mark == '#' {
            part.ids.push(name);
        } else {
            part.classes.push(name);
        }
        rest = &rest[end..];
    }
    Some(part)
}

/// Whether a media query (in lower case) is true of a screen. What it cannot tell is not.
fn is_screen(query: &str) -> bool {
    query.split(',').any(|query| {
        let query = query.trim();
        if let Some(not) = query.strip_prefix("not ") {
            return not.trim_start().starts_with("print");
        }
        query.split(" and ").all(|part| {
            let part = part.trim().trim_start_matches("only ").trim();
            match part.strip_prefix('(').and_then(|part| part.strip_suffix(')')) {
                Some(feature) => is_true_feature(feature),
                None => matches!(part, "" | "all" | "screen"),
            }
        })
    })
}

fn is_true_feature(feature: &str) -> bool {
    let Some((name, value)) = feature.split_once(':') else { return false };
    let value = value.trim();
    let number = value.trim_end_matches(|char: char| char.is_ascii_alphabetic()).parse::<f32>();
    let Ok(number) = number else { return false };
    let pixels = if value.ends_with("em") { number * 16.0 } else { number };
    match name.trim() {
        "min-width" => WINDOW_WIDTH >= pixels,
        "max-width" => WINDOW_WIDTH <= pixels,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_screen, next_block, parts};

    #[test]
    fn media_queries_are_asked_of_a_wide_screen() {
        for query in ["screen", "all", "only screen and (min-width: 600px)", "not print", "print, screen"] {
            assert!(is_screen(query), "{query}");
        }
        for query in ["print", "screen and (max-width: 40em)", "(prefers-color-scheme: dark)", "not all"] {
            assert!(!is_screen(query), "{query}");
        }
    }

    #[test]
    fn blocks_end_at_their_own_brace() {
        assert_eq!(next_block("a{b:'}'} c{}"), Some(("a", "b:'}'", " c{}")));
        assert_eq!(next_block("@media x{a{b:c}}d"), Some(("@media x", "a{b:c}", "d")));
        assert!(parts("a:hover").is_none());
        assert_eq!(parts("ul > .x li").map(|parts| parts.len()), Some(3));
    }
}

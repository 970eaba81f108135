//! References of other products to their own tools, such as `citeturn0search0`, often between private-use characters.
//! They name nothing that the reader can open.

/// Whether `c` delimits such references: the private-use characters that chat products use.
pub(super) fn is_delimiter(c: char) -> bool {
    matches!(c, '\u{e200}'..='\u{e20f}')
}

/// How far a word is such a reference.
pub(super) enum ReferenceStep {
    Incomplete,
    Complete,
    NotAReference,
}

const OPENINGS: [&str; 3] = ["cite", "filecite", "navlist"];
const TURN: &str = "turn";
const MAX_BYTES: usize = 64;

/// Examines `written`, the beginning of a word: `turn0search0`, also after `cite`.
pub(super) fn read(written: &str) -> ReferenceStep {
    if written.len() > MAX_BYTES {
        return ReferenceStep::NotAReference;
    }
    if OPENINGS.iter().any(|opening| opening.starts_with(written)) || TURN.starts_with(written) {
        return ReferenceStep::Incomplete;
    }
    let rest = OPENINGS.iter().find_map(|opening| written.strip_prefix(opening)).unwrap_or(written);
    if TURN.starts_with(rest) {
        return ReferenceStep::Incomplete;
    }
    let Some(rest) = rest.strip_prefix(TURN) else { return ReferenceStep::NotAReference };
    let kind = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = kind.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let well_formed = !rest.starts_with(|c: char| !c.is_ascii_digit()) && number.bytes().all(|b| b.is_ascii_digit());
    if !well_formed || (kind.len() == rest.len() && !rest.is_empty()) {
        return ReferenceStep::NotAReference;
    }
    let is_complete = kind.len() > number.len() && !number.is_empty();
    if is_complete { ReferenceStep::Complete } else { ReferenceStep::Incomplete }
}

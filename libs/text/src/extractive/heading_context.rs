//! The headings and what else applies to the statements below them.

use std::rc::Rc;

use super::vocabulary::{TermId, Vocabulary};
use super::{SourcePassage, quotable, subject};
use crate::tables::{self, TablePosition};

/// The headings, caption and table header that apply at one point of a passage.
pub(super) struct HeadingContext<'a> {
    /// Headings above the passage.
    outer: &'a str,
    /// Innermost heading within the passage.
    heading: &'a str,
    /// Header row of the current table.
    columns: &'a str,
    pub(super) in_table_of_contents: bool,
    /// Terms of the headings.
    pub(super) headings: Rc<Vec<TermId>>,
    /// Terms of the headings and the caption.
    pub(super) with_caption: Rc<Vec<TermId>>,
    /// Terms of the innermost heading if it is a question.
    pub(super) question: Rc<Vec<TermId>>,
    /// Terms of the subjects of the sentences so far, and their section.
    subjects: (usize, Vec<TermId>),
}

impl<'a> HeadingContext<'a> {
    /// The context at the start of a passage; `carried` is that at the end of the adjoining passage before it.
    pub(super) fn new(passage: &'a SourcePassage, carried: Option<Self>, vocabulary: &mut Vocabulary) -> Self {
        carried.unwrap_or_else(|| Self::under(passage.heading.as_deref().unwrap_or_default(), "", vocabulary))
    }

    pub(super) fn under(outer: &'a str, heading: &'a str, vocabulary: &mut Vocabulary) -> Self {
        let headings = Rc::new(vocabulary.intern_set(&[outer, heading].join(" ")));
        let innermost = if heading.is_empty() { outer } else { heading };
        let in_table_of_contents = quotable::is_table_of_contents(innermost);
        let title = innermost.rsplit(crate::passages::SEPARATOR).next().unwrap_or(innermost);
        let question = if quotable::is_question(title) { vocabulary.intern_set(title) } else { Vec::new() };
        Self {
            outer,
            heading,
            columns: "",
            in_table_of_contents,
            with_caption: Rc::clone(&headings),
            headings,
            question: Rc::new(question),
            subjects: (usize::MAX, Vec::new()),
        }
    }

    /// The subject of the last sentence that named one, if this one refers back; remembers that of this one otherwise.
    pub(super) fn antecedent(&mut self, section: usize, text: &str, vocabulary: &mut Vocabulary) -> Vec<TermId> {
        if self.subjects.0 != section {
            self.subjects = (section, Vec::new());
        }
        if subject::is_context_dependent(text) || subject::has_pronoun(text) {
            return self.subjects.1.clone();
        }
        self.subjects.1 = vocabulary.intern_set(&subject::of(text));
        Vec::new()
    }

    /// Sets the caption of the entries that follow: a lead-in or a line that is not a sentence.
    pub(super) fn set_caption(&mut self, caption: &str, vocabulary: &mut Vocabulary) {
        self.with_caption = Rc::new(self.headings.iter().copied().chain(vocabulary.intern(caption)).collect());
    }

    /// Remembers the header of a table as long as its rows follow.
    pub(super) fn track_table(&mut self, position: TablePosition, continues: bool, raw: &'a str) {
        match position {
            TablePosition::Header => self.columns = raw,
            TablePosition::Row(Some(_)) => {}
            TablePosition::Row(None) | TablePosition::Lone if continues => {}
            _ => self.columns = "",
        }
    }

    /// The current table's header if `row` has as many cells, else empty.
    pub(super) fn columns_of(&self, row: &str) -> &'a str {
        let fits = !self.columns.is_empty() && tables::cells(self.columns).len() == tables::cells(row).len();
        if fits { self.columns } else { "" }
    }

    pub(super) fn enter(&mut self, heading: &'a str, vocabulary: &mut Vocabulary) {
        *self = Self::under(self.outer, heading, vocabulary);
    }

    pub(super) fn section_name(&self) -> String {
        format!("{} {}", self.outer, self.heading)
    }
}

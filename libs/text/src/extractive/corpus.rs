//! All passages split into statements, with their headings, tables and terms. Independent of the question.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::entry::{self, RenderedEntry};
use super::heading_context::HeadingContext;
use super::subject::{self, is_context_dependent};
use super::vocabulary::{TermId, Vocabulary, sorted};
use super::{SourcePassage, acronyms, quotable, records};
use crate::sentences::{self, TextUnit, UnitKind};
use crate::tables::{self, TablePosition};

/// Most statements per answer; the passages of a run have a few hundred.
const MAX_STATEMENTS: usize = 4_000;
/// Passages of one source at most this many characters apart follow each other directly: only white space fits between.
const MAX_GAP: u64 = 4;

/// A sentence, row, record or list that may be quoted in an answer.
pub(super) struct Statement {
    pub(super) passage: usize,
    /// Index among the units of its passage.
    pub(super) unit_index: usize,
    pub(super) source: u32,
    /// Number of its section; statements under one heading share it.
    pub(super) section: usize,
    /// Index within its section, copies not counted.
    pub(super) section_index: usize,
    /// Repeats an earlier statement of its source: passages overlap and pages repeat their headers.
    pub(super) is_copy: bool,
    /// Byte range in the passage.
    pub(super) range: Range<usize>,
    pub(super) text: String,
    /// Table row, record or list item: the caption above applies to all of its siblings too.
    pub(super) is_entry: bool,
    /// All terms in reading order.
    pub(super) terms: Vec<TermId>,
    /// Terms without those of column names; sorted, no duplicates.
    pub(super) own_terms: Vec<TermId>,
    /// `own_terms` without numbers.
    pub(super) word_terms: Vec<TermId>,
    /// Terms of the first cell of a row.
    pub(super) key_terms: Vec<TermId>,
    /// Terms of the names of its columns.
    pub(super) column_terms: Vec<TermId>,
    /// Terms of the headings above it; for an entry also of the caption.
    pub(super) heading_terms: Rc<Vec<TermId>>,
    /// Terms of the question that heads its section, as in a list of frequent questions.
    pub(super) question_terms: Rc<Vec<TermId>>,
    /// Terms of the subjects of the sentences before, if it begins with a word that refers back.
    pub(super) antecedent_terms: Vec<TermId>,
    /// Terms of the names in its subject.
    pub(super) subject_names: Vec<TermId>,
    /// Begins with a word that refers to the sentence before.
    pub(super) is_context_dependent: bool,
    /// Is or ends with code.
    pub(super) is_code: bool,
}

impl Statement {
    /// Whether it is one of the first sentences under a question.
    pub(super) fn answers_heading(&self) -> bool {
        !self.question_terms.is_empty() && self.section_index < MAX_ANSWERS_OF_HEADING
    }
}

/// So many sentences under a question are taken as its answer.
const MAX_ANSWERS_OF_HEADING: usize = 3;

/// The statements of all passages, source by source and in the order of the text.
pub(super) struct Corpus<'a> {
    pub(super) passages: &'a [SourcePassage],
    pub(super) statements: Vec<Statement>,
    /// All terms of each source, headings and title included.
    pub(super) source_terms: BTreeMap<u32, HashSet<TermId>>,
    /// The terms of the title of each passage.
    pub(super) title_terms: Vec<Vec<TermId>>,
    pub(super) vocabulary: Vocabulary,
    /// Each acronym that a text explains, with the terms of its full form.
    aliases: Vec<(TermId, Vec<TermId>)>,
    /// Terms of the subject of the first sentence of each source, which says what the whole is about.
    pub(super) topics: BTreeMap<u32, Vec<TermId>>,
    /// Neighbouring terms in each source.
    neighbours: HashSet<(u32, TermId, TermId)>,
    sections: HashMap<(u32, String), usize>,
    section_sizes: HashMap<usize, usize>,
    seen_texts: HashSet<(u32, String)>,
}

impl<'a> Corpus<'a> {
    pub(super) fn new(passages: &'a [SourcePassage]) -> Self {
        let mut corpus = Self {
            passages,
            statements: Vec::new(),
            source_terms: BTreeMap::new(),
            title_terms: Vec::with_capacity(passages.len()),
            vocabulary: Vocabulary::default(),
            aliases: Vec::new(),
            topics: BTreeMap::new(),
            neighbours: HashSet::new(),
            sections: HashMap::new(),
            section_sizes: HashMap::new(),
            seen_texts: HashSet::new(),
        };
        for passage in passages {
            let title = corpus.vocabulary.intern_set(passage.title.as_deref().unwrap_or_default());
            let terms = corpus.source_terms.entry(passage.source).or_default();
            terms.extend(&title);
            for text in [Some(&passage.text), passage.heading.as_ref()].into_iter().flatten() {
                terms.extend(corpus.vocabulary.intern(text));
            }
            corpus.title_terms.push(title);
        }
        corpus.aliases = acronyms::aliases(passages, &mut corpus.vocabulary);
        let mut order: Vec<usize> = (0..passages.len()).collect();
        order.sort_by_key(|index| (passages[*index].source, passages[*index].start));
        let mut previous: Option<(usize, HeadingContext<'a>)> = None;
        for index in order {
            let carried = previous.take().filter(|(other, _)| adjoins(&passages[*other], &passages[index]));
            let mut context =
                HeadingContext::new(&passages[index], carried.map(|(_, context)| context), &mut corpus.vocabulary);
            corpus.add_passage(index, &mut context);
            previous = Some((index, context));
        }
        corpus
    }

    /// Adds the statements of a passage and updates `context` to the headings in force at its end.
    fn add_passage(&mut self, index: usize, context: &mut HeadingContext<'a>) {
        let passages = self.passages;
        let text = passages[index].text.as_str();
        let units = records::merge_records(text, sentences::units(text));
        let positions = tables::positions(text, &units);
        let mut section = self.section(index, context.section_name());
        // Rows of a table that began in the previous passage.
        let is_headless =
            |position: &&TablePosition| matches!(position, TablePosition::Row(None) | TablePosition::Lone);
        let leading = positions.iter().take_while(is_headless).count();
        let mut quoted_until = 0;
        for (at, unit) in units.iter().enumerate() {
            if at < quoted_until {
                continue;
            }
            if self.statements.len() >= MAX_STATEMENTS || unit.range.len() > quotable::MAX_SENTENCE_CHARS * 4 {
                continue;
            }
            let raw = &text[unit.range.clone()];
            context.track_table(positions[at], at < leading, raw);
            let code = entry::render_code(text, &units, at);
            if code.is_none() && (quotable::is_heading(text, &units, at) || quotable::is_question_line(text, unit)) {
                context.enter(raw, &mut self.vocabulary);
                section = self.section(index, context.section_name());
                continue;
            }
            if positions[at] == TablePosition::Header
                || (context.in_table_of_contents && !quotable::ends_like_sentence(raw))
            {
                continue;
            }
            if raw.ends_with(':')
                || (unit.kind == UnitKind::Prose && unit.opens_block && !quotable::ends_like_sentence(raw))
            {
                context.set_caption(raw, &mut self.vocabulary);
            }
            let is_code = code.is_some();
            let list = entry::render_list(text, &units, at);
            let is_list = list.is_some() && !is_code;
            let (range, entry) = match (code, list) {
                (Some((range, last, entry)), _) => {
                    quoted_until = last + 1;
                    (range, entry)
                }
                (None, Some(list)) => list,
                (None, None) => (unit.range.clone(), render_unit(text, &units, &positions, at)),
            };
            let kind = if is_list { UnitKind::Prose } else { unit.kind };
            let is_menu = positions[at] == TablePosition::Lone && !raw.contains(|c: char| c.is_ascii_digit());
            let is_reply = !context.question.is_empty() && quotable::is_reply(raw);
            if !is_code && !is_reply && (is_menu || !quotable::is_quotable(&entry.text, kind)) {
                continue;
            }
            let is_entry = !is_list && !is_code && is_entry(&entry.text, kind);
            let terms = self.vocabulary.intern(&entry.text);
            let own_terms = match &entry.values {
                Some(values) => self.vocabulary.intern_set(values),
                None => sorted(terms.clone()),
            };
            let own_terms = self.with_aliases(own_terms);
            let column_names = if at < leading { context.columns_of(raw) } else { &entry.column_names };
            let is_copy = !self.seen_texts.insert((passages[index].source, entry.text.clone()));
            let section_size = self.section_sizes.entry(section).or_default();
            *section_size += usize::from(!is_copy);
            self.neighbours.extend(terms.windows(2).map(|pair| (passages[index].source, pair[0], pair[1])));
            let is_context_dependent = is_context_dependent(&entry.text);
            let antecedent = context.antecedent(section, &entry.text, &mut self.vocabulary);
            let subject = subject::of(&entry.text);
            let subject_names = self.vocabulary.intern_set(&subject::names(&entry.text));
            if passages[index].start == 0 && !self.topics.contains_key(&passages[index].source) {
                let topic = self.vocabulary.intern_set(&subject);
                self.topics.insert(passages[index].source, topic);
            }
            self.statements.push(Statement {
                passage: index,
                unit_index: at,
                source: passages[index].source,
                section,
                section_index: section_size.saturating_sub(1),
                is_copy,
                range,
                is_entry,
                word_terms: own_terms.iter().copied().filter(|term| !self.vocabulary.is_number(*term)).collect(),
                own_terms,
                key_terms: self.vocabulary.intern_set(&entry.key),
                column_terms: self.vocabulary.intern_set(column_names),
                terms,
                heading_terms: Rc::clone(if is_entry { &context.with_caption } else { &context.headings }),
                question_terms: Rc::clone(&context.question),
                antecedent_terms: antecedent,
                subject_names,
                is_context_dependent,
                is_code,
                text: entry.text,
            });
        }
    }

    /// Terms with those of the full form of each acronym among them, and the acronym of each full form.
    fn with_aliases(&self, mut terms: Vec<TermId>) -> Vec<TermId> {
        let mut added = Vec::new();
        for (acronym, full) in &self.aliases {
            if terms.binary_search(acronym).is_ok() {
                added.extend(full);
            } else if full.iter().all(|term| terms.binary_search(term).is_ok()) {
                added.push(*acronym);
            }
        }
        terms.extend(added);
        sorted(terms)
    }

    /// Whether a term of `first` stands right before one of `second` anywhere in a source.
    pub(super) fn are_neighbours(&self, source: u32, first: &[TermId], second: &[TermId]) -> bool {
        first.iter().any(|a| second.iter().any(|b| self.neighbours.contains(&(source, *a, *b))))
    }

    /// The number of the section called `heading`; without a heading each passage is its own section.
    fn section(&mut self, passage: usize, heading: String) -> usize {
        let next = self.sections.len();
        let name = if heading.trim().is_empty() { format!("#{passage}") } else { heading };
        *self.sections.entry((self.passages[passage].source, name)).or_insert(next)
    }
}

/// Whether two passages follow each other in one source with only white space between.
fn adjoins(before: &SourcePassage, after: &SourcePassage) -> bool {
    let end = before.start + before.text.chars().count() as u64;
    before.source == after.source && before.heading == after.heading && (end..=end + MAX_GAP).contains(&after.start)
}

fn render_unit(text: &str, units: &[TextUnit], positions: &[TablePosition], at: usize) -> RenderedEntry {
    let unit = &units[at];
    let header = match positions[at] {
        TablePosition::Row(Some(header)) => Some(&text[units[header].range.clone()]),
        _ => None,
    };
    entry::render(&text[unit.range.clone()], unit.kind, positions[at], header)
}

/// Whether a text is a row or item among siblings rather than a sentence.
fn is_entry(text: &str, kind: UnitKind) -> bool {
    matches!(kind, UnitKind::Row)
        || (kind != UnitKind::Prose && !quotable::ends_like_sentence(text))
        || quotable::has_label(text)
}

//! What the passages say, sentence by sentence, whatever is asked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::entries::{self, Entry};
use super::vocabulary::{Term, Vocabulary, sorted};
use super::{Passage, records, stands};
use crate::sentences::{self, Kind, Unit};
use crate::tables::{self, Place};
use crate::{stopwords, terms};

/// Sentences looked at in one answer: the passages of a run have a few hundred.
const MAX_STATEMENTS: usize = 4_000;
/// White space between two passages of one text, at most, in characters.
const GAP: u64 = 4;

/// A sentence, row, record or list that can stand in an answer.
pub(super) struct Statement {
    pub(super) passage: usize,
    /// Position among the units of its passage.
    pub(super) unit: usize,
    pub(super) source: u32,
    /// The same for all that stands under one heading.
    pub(super) section: usize,
    /// How many of its section stand before it.
    pub(super) depth: usize,
    /// Its source said it before: passages overlap, and pages repeat their heads.
    pub(super) is_copy: bool,
    /// Byte range in the passage.
    pub(super) range: Range<usize>,
    pub(super) text: String,
    /// Row of a table, record, or item of a list: what stands above it is said of all of its kind.
    pub(super) is_entry: bool,
    /// Terms in reading order.
    pub(super) list: Vec<Term>,
    /// Terms without those of the names of its columns; sorted, each once.
    pub(super) own: Vec<Term>,
    /// Those of `own` that are no numbers, sorted.
    pub(super) worded: Vec<Term>,
    /// Terms of the first cell of a row.
    pub(super) key: Vec<Term>,
    /// Terms of the names of its columns, and of what stands above it.
    pub(super) names: Vec<Term>,
    pub(super) above: Rc<Vec<Term>>,
    /// It begins with a word that points to the sentence before.
    pub(super) leans: bool,
}

/// The statements of all passages, source by source and in the order of the text.
pub(super) struct Reading<'a> {
    pub(super) passages: &'a [Passage],
    pub(super) statements: Vec<Statement>,
    /// Every term of each source, with its headings and title.
    pub(super) said: BTreeMap<u32, HashSet<Term>>,
    /// The terms of the title of each passage.
    pub(super) titles: Vec<Vec<Term>>,
    pub(super) vocabulary: Vocabulary,
    sections: HashMap<(u32, String), usize>,
    depths: HashMap<usize, usize>,
    lines: HashSet<(u32, String)>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(passages: &'a [Passage]) -> Self {
        let mut reading = Self {
            passages,
            statements: Vec::new(),
            said: BTreeMap::new(),
            titles: Vec::with_capacity(passages.len()),
            vocabulary: Vocabulary::default(),
            sections: HashMap::new(),
            depths: HashMap::new(),
            lines: HashSet::new(),
        };
        for passage in passages {
            let title = reading.vocabulary.set(passage.title.as_deref().unwrap_or_default());
            let said = reading.said.entry(passage.source).or_default();
            said.extend(&title);
            for text in [Some(&passage.text), passage.heading.as_ref()].into_iter().flatten() {
                said.extend(reading.vocabulary.read(text));
            }
            reading.titles.push(title);
        }
        let mut order: Vec<usize> = (0..passages.len()).collect();
        order.sort_by_key(|index| (passages[*index].source, passages[*index].start));
        let mut before: Option<(usize, Above<'a>)> = None;
        for index in order {
            let carried = before.take().filter(|(other, _)| adjoins(&passages[*other], &passages[index]));
            let mut above = Above::new(&passages[index], carried.map(|(_, above)| above), &mut reading.vocabulary);
            reading.read(index, &mut above);
            before = Some((index, above));
        }
        reading
    }

    /// Adds the statements of a passage; leaves in `above` what stands above the text after it.
    fn read(&mut self, index: usize, above: &mut Above<'a>) {
        let passages = self.passages;
        let text = passages[index].text.as_str();
        let units = records::together(text, sentences::units(text));
        let places = tables::places(text, &units);
        let mut section = self.section(index, above.section());
        // Rows of a table that the passage before began.
        let leading = places.iter().take_while(|place| matches!(place, Place::Row(None) | Place::Alone)).count();
        for (place, unit) in units.iter().enumerate() {
            if self.statements.len() >= MAX_STATEMENTS || unit.range.len() > stands::MAX_CHARS * 4 {
                continue;
            }
            let raw = &text[unit.range.clone()];
            above.table(places[place], place < leading, raw);
            if stands::is_heading(text, &units, place) {
                above.enter(raw, &mut self.vocabulary);
                section = self.section(index, above.section());
                continue;
            }
            if places[place] == Place::Head || (above.contents && !stands::is_ended(raw)) {
                continue;
            }
            if raw.ends_with(':') || (unit.kind == Kind::Prose && unit.opens_block && !stands::is_ended(raw)) {
                above.caption(raw, &mut self.vocabulary);
            }
            let whole = entries::list(text, &units, place);
            let is_list = whole.is_some();
            let (range, entry) = whole.unwrap_or_else(|| (unit.range.clone(), read_unit(text, &units, &places, place)));
            let kind = if is_list { Kind::Prose } else { unit.kind };
            let lone = places[place] == Place::Alone && !raw.contains(|c: char| c.is_ascii_digit());
            if lone || !stands::can_stand(&entry.text, kind) {
                continue;
            }
            let is_entry = !is_list && is_entry(&entry.text, kind);
            let list = self.vocabulary.read(&entry.text);
            let own = match &entry.own {
                Some(own) => self.vocabulary.set(own),
                None => sorted(list.clone()),
            };
            let names = if place < leading { above.columns_of(raw) } else { &entry.names };
            let is_copy = !self.lines.insert((passages[index].source, entry.text.clone()));
            let depth = self.depths.entry(section).or_default();
            *depth += usize::from(!is_copy);
            self.statements.push(Statement {
                passage: index,
                unit: place,
                source: passages[index].source,
                section,
                depth: depth.saturating_sub(1),
                is_copy,
                range,
                is_entry,
                worded: own.iter().copied().filter(|term| !self.vocabulary.is_number(*term)).collect(),
                own,
                key: self.vocabulary.set(&entry.key),
                names: self.vocabulary.set(names),
                list,
                above: Rc::clone(if is_entry { &above.all } else { &above.headings }),
                leans: leans(&entry.text),
                text: entry.text,
            });
        }
    }

    /// The number of the section under `heading`; without one a passage is a section of its own.
    fn section(&mut self, passage: usize, heading: String) -> usize {
        let next = self.sections.len();
        let name = if heading.trim().is_empty() { format!("#{passage}") } else { heading };
        *self.sections.entry((self.passages[passage].source, name)).or_insert(next)
    }
}

/// Whether nothing but white space can stand between two passages of one text.
fn adjoins(before: &Passage, after: &Passage) -> bool {
    let end = before.start + before.text.chars().count() as u64;
    before.source == after.source && before.heading == after.heading && (end..=end + GAP).contains(&after.start)
}

fn read_unit(text: &str, units: &[Unit], places: &[Place], place: usize) -> Entry {
    let unit = &units[place];
    let head = match places[place] {
        Place::Row(Some(head)) => Some(&text[units[head].range.clone()]),
        _ => None,
    };
    entries::read(&text[unit.range.clone()], unit.kind, places[place], head)
}

/// What stands above a sentence within its passage.
struct Above<'a> {
    outer: &'a str,
    heading: &'a str,
    /// The head of the table the last rows were of.
    columns: &'a str,
    contents: bool,
    /// Terms of the headings, and with those of the caption.
    headings: Rc<Vec<Term>>,
    all: Rc<Vec<Term>>,
}

impl<'a> Above<'a> {
    /// What stands above the start of a passage; `before` is what the end of the adjoining one left.
    fn new(passage: &'a Passage, before: Option<Self>, vocabulary: &mut Vocabulary) -> Self {
        before.unwrap_or_else(|| Self::under(passage.heading.as_deref().unwrap_or_default(), "", vocabulary))
    }

    fn under(outer: &'a str, heading: &'a str, vocabulary: &mut Vocabulary) -> Self {
        let headings = Rc::new(vocabulary.set(&[outer, heading].join(" ")));
        let innermost = if heading.is_empty() { outer } else { heading };
        let contents = stands::is_contents(innermost);
        Self { outer, heading, columns: "", contents, all: Rc::clone(&headings), headings }
    }

    /// Takes a lead-in, or a line above entries that is no sentence.
    fn caption(&mut self, caption: &str, vocabulary: &mut Vocabulary) {
        self.all = Rc::new(self.headings.iter().copied().chain(vocabulary.read(caption)).collect());
    }

    /// Keeps the head of a table as long as its rows follow.
    fn table(&mut self, place: Place, continues: bool, raw: &'a str) {
        match place {
            Place::Head => self.columns = raw,
            Place::Row(Some(_)) => {}
            Place::Row(None) | Place::Alone if continues => {}
            _ => self.columns = "",
        }
    }

    /// The names of the columns if `row` has as many.
    fn columns_of(&self, row: &str) -> &'a str {
        let fits = !self.columns.is_empty() && tables::cells(self.columns).len() == tables::cells(row).len();
        if fits { self.columns } else { "" }
    }

    fn enter(&mut self, heading: &'a str, vocabulary: &mut Vocabulary) {
        *self = Self::under(self.outer, heading, vocabulary);
    }

    fn section(&self) -> String {
        format!("{} {}", self.outer, self.heading)
    }
}

/// Whether the sentence begins with a word that stands for something named before: a pronoun, or `this` without its noun.
fn leans(text: &str) -> bool {
    const PRONOUNS: &str = "it its he his she they his her their them such however therefore thus but он она оно они его ее их однако поэтому но \
        er sie es il elle ils cela";
    const POINTERS: &str = "this these that those это этот эта эти dies diese dieser dieses ce cette ces";
    let mut words = terms::words(text).map(terms::fold);
    let Some(first) = words.next() else { return false };
    let is_in = |list: &str| list.split_whitespace().any(|word| word == first);
    let alone = words.next().is_none_or(|next| stopwords::languages_of(&next) != 0);
    is_in(PRONOUNS) || (is_in(POINTERS) && alone)
}

/// One of many of its kind: what stands above it is said of all of them.
fn is_entry(text: &str, kind: Kind) -> bool {
    matches!(kind, Kind::Row) || (kind != Kind::Prose && !stands::is_ended(text)) || text.contains(": ")
}

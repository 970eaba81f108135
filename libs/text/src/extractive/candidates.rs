//! Sentences of the passages that can stand in an answer, with what they say of the question.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::entries::{self, Entry};
use super::question::Question;
use super::{Passage, records, score, stands};
use crate::facts::{Fact, facts};
use crate::sentences::{self, Kind, Unit};
use crate::similar::Shingles;
use crate::tables::{self, Place};
use crate::{stopwords, terms};

/// Sentences looked at in one answer: the passages of a run have a few hundred.
const MAX_CANDIDATES: usize = 4_000;
/// White space between two passages of one text, at most, in characters.
const GAP: u64 = 4;

pub(super) struct Candidate {
    pub(super) passage: usize,
    /// Position among the units of its passage.
    pub(super) unit: usize,
    pub(super) source: u32,
    /// The same for all that stands under one heading.
    pub(super) section: usize,
    /// How many of its section stand before it.
    pub(super) depth: usize,
    pub(super) range: Range<usize>,
    pub(super) text: String,
    /// Row of a table, record, or item of a list.
    pub(super) is_entry: bool,
    /// What stands above it says every word of the question.
    pub(super) is_topic: bool,
    /// It has the kind of thing that is asked for.
    pub(super) suits: bool,
    /// For each word of the question, and of what it leans on, 0 to 1.
    pub(super) hits: Vec<f32>,
    /// Weighted share of the question that it covers, 0 to 1.
    pub(super) coverage: f32,
    pub(super) score: f32,
    pub(super) facts: Vec<Fact>,
    pub(super) shingles: Shingles,
    /// In reading order.
    pub(super) list: Vec<String>,
    pub(super) terms: HashSet<String>,
    /// It begins with a word that points to the sentence before.
    pub(super) leans: bool,
}

/// What is known of all passages at once.
pub(super) struct Sources<'a> {
    pub(super) passages: &'a [Passage],
    /// Every term of each source, with its headings and title.
    pub(super) said: HashMap<u32, HashSet<String>>,
    sections: HashMap<(u32, String), usize>,
    depths: HashMap<usize, usize>,
}

/// Every sentence, row and list, scored.
pub(super) fn gather(question: &Question, passages: &[Passage]) -> Vec<Candidate> {
    let mut said: HashMap<u32, HashSet<String>> = HashMap::new();
    for passage in passages {
        let texts = [Some(&passage.text), passage.heading.as_ref(), passage.title.as_ref()];
        let terms = texts.into_iter().flatten().flat_map(|text| terms::index_terms(text));
        said.entry(passage.source).or_default().extend(terms);
    }
    let mut sources = Sources { passages, said, sections: HashMap::new(), depths: HashMap::new() };
    let mut found = Vec::new();
    let mut order: Vec<usize> = (0..passages.len()).collect();
    order.sort_by_key(|index| (passages[*index].source, passages[*index].start));
    let mut before: Option<(usize, Above<'_>)> = None;
    for index in order {
        let carried = before.take().filter(|(other, _)| adjoins(&passages[*other], &passages[index]));
        let above = Above::new(&passages[index], carried.map(|(_, above)| above));
        before = Some((index, read_passage(question, &mut sources, index, above, &mut found)));
    }
    score::weigh(question, &sources, &mut found);
    found
}

/// Whether nothing but white space can stand between two passages of one text.
fn adjoins(before: &Passage, after: &Passage) -> bool {
    let end = before.start + before.text.chars().count() as u64;
    before.source == after.source && before.heading == after.heading && (end..=end + GAP).contains(&after.start)
}

/// Adds the candidates of a passage; returns what stands above the text after it.
fn read_passage<'a>(
    question: &Question,
    sources: &mut Sources<'a>,
    index: usize,
    mut above: Above<'a>,
    found: &mut Vec<Candidate>,
) -> Above<'a> {
    let passage = &sources.passages[index];
    let text = passage.text.as_str();
    let units = records::together(text, sentences::units(text));
    let places = tables::places(text, &units);
    let title = passage.title.as_deref().map(terms_of).unwrap_or_default();
    let mut section = sources.section(index, above.section());
    // Rows of a table that the passage before began.
    let leading = places.iter().take_while(|place| matches!(place, Place::Row(None) | Place::Alone)).count();
    for (place, unit) in units.iter().enumerate() {
        if found.len() >= MAX_CANDIDATES || unit.range.len() > stands::MAX_CHARS * 4 {
            continue;
        }
        let raw = &text[unit.range.clone()];
        match places[place] {
            Place::Head => above.columns = raw,
            Place::Row(Some(_)) => {}
            Place::Row(None) | Place::Alone if place < leading => {}
            _ => above.columns = "",
        }
        if stands::is_heading(text, &units, place) {
            above.enter(raw);
            section = sources.section(index, above.section());
            continue;
        }
        if places[place] == Place::Head || (above.contents && !stands::is_ended(raw)) {
            continue;
        }
        let whole = entries::list(text, &units, place);
        let (range, entry, kind) = match whole {
            Some((range, line)) => (range, Entry { own: line.clone(), text: line, names: String::new() }, Kind::Prose),
            None => (unit.range.clone(), read_unit(text, &units, &places, place), unit.kind),
        };
        if raw.ends_with(':') || (unit.kind == Kind::Prose && unit.opens_block && !stands::is_ended(raw)) {
            above.caption = raw;
        }
        let lone = places[place] == Place::Alone && !raw.contains(|c: char| c.is_ascii_digit());
        if lone || !stands::can_stand(&entry.text, kind) {
            continue;
        }
        let is_entry = is_entry(&entry.text, kind) && range == unit.range;
        let list = terms::index_terms(&entry.text);
        let told = Told {
            own: terms_of(&entry.own),
            names: terms_of(if place < leading { above.columns_of(raw) } else { &entry.names }),
            above: above.terms(is_entry),
            title: &title,
            source: (!is_entry).then(|| &sources.said[&passage.source]),
        };
        let mut hits = told.hits(question);
        let is_topic = told.is_topic(question);
        if is_entry && !told.speaks_itself(question, &hits) {
            hits.fill(0.0);
        }
        // The others are only there for the sentences that lean on them.
        let speaks = question.words.is_empty() || hits.iter().any(|hit| *hit > 0.0);
        let depth = sources.depths.entry(section).or_default();
        *depth += 1;
        found.push(Candidate {
            passage: index,
            unit: place,
            source: passage.source,
            section,
            depth: *depth - 1,
            range,
            is_entry,
            is_topic,
            suits: false,
            hits,
            coverage: 0.0,
            score: 0.0,
            facts: if speaks { facts(&entry.text) } else { Vec::new() },
            shingles: Shingles::of_terms(if speaks { &list } else { &[] }),
            terms: list.iter().cloned().collect(),
            list,
            leans: leans(&entry.text),
            text: entry.text,
        });
    }
    above
}

fn read_unit(text: &str, units: &[Unit], places: &[Place], place: usize) -> Entry {
    let unit = &units[place];
    let head = match places[place] {
        Place::Row(Some(head)) => Some(&text[units[head].range.clone()]),
        _ => None,
    };
    entries::read(&text[unit.range.clone()], unit.kind, places[place], head)
}

impl Sources<'_> {
    /// The number of the section under `heading`; without one a passage is a section of its own.
    fn section(&mut self, passage: usize, heading: String) -> usize {
        let next = self.sections.len();
        let name = if heading.trim().is_empty() { format!("#{passage}") } else { heading };
        *self.sections.entry((self.passages[passage].source, name)).or_insert(next)
    }
}

/// What stands above a sentence within its passage.
struct Above<'a> {
    outer: &'a str,
    heading: &'a str,
    /// A lead-in, or a line above entries that is no sentence.
    caption: &'a str,
    /// The head of the table the last rows were of.
    columns: &'a str,
    contents: bool,
}

impl<'a> Above<'a> {
    /// What stands above the start of a passage; `before` is what the end of the adjoining one left.
    fn new(passage: &'a Passage, before: Option<Self>) -> Self {
        let outer = passage.heading.as_deref().unwrap_or_default();
        before.unwrap_or(Self { outer, heading: "", caption: "", columns: "", contents: stands::is_contents(outer) })
    }

    /// The names of the columns if `row` has as many.
    fn columns_of(&self, row: &str) -> &'a str {
        let fits = !self.columns.is_empty() && tables::cells(self.columns).len() == tables::cells(row).len();
        if fits { self.columns } else { "" }
    }

    fn enter(&mut self, heading: &'a str) {
        *self = Self { heading, caption: "", columns: "", contents: stands::is_contents(heading), outer: self.outer };
    }

    fn section(&self) -> String {
        format!("{} {}", self.outer, self.heading)
    }

    fn terms(&self, is_entry: bool) -> HashSet<String> {
        let caption = if is_entry { self.caption } else { "" };
        terms_of(&[self.outer, self.heading, caption].join(" "))
    }
}

/// What a candidate says itself, and what is said around it.
struct Told<'a> {
    own: HashSet<String>,
    names: HashSet<String>,
    above: HashSet<String>,
    title: &'a HashSet<String>,
    source: Option<&'a HashSet<String>>,
}

/// What a word of the question counts for if only the name of a column says it, only the heading, only the title of the source, or only
/// another place of the source.
const IN_COLUMN: f32 = 0.8;
const IN_HEADING: f32 = 0.6;
const IN_TITLE: f32 = 0.5;
const IN_SOURCE: f32 = 0.2;

impl Told<'_> {
    fn hits(&self, question: &Question) -> Vec<f32> {
        let words = question.words.iter().chain(&question.context);
        let hit = |word: &super::words::Word| {
            let near = word.nearness(&self.own);
            if near > 0.0 {
                return near;
            }
            let around = [(IN_COLUMN, &self.names), (IN_HEADING, &self.above), (IN_TITLE, self.title)];
            let found = around.into_iter().find(|(_, said)| word.is_said(said)).map(|(weight, _)| weight);
            found.or_else(|| self.source.filter(|said| word.is_said(said)).map(|_| IN_SOURCE)).unwrap_or(0.0)
        };
        words.map(hit).collect()
    }

    fn is_topic(&self, question: &Question) -> bool {
        let mut telling = question.words.iter().filter(|word| !word.is_light).peekable();
        telling.peek().is_some() && telling.all(|word| word.is_said(&self.above))
    }

    /// Whether an entry says a word of the question itself, or all of them are said by what names it.
    fn speaks_itself(&self, question: &Question, hits: &[f32]) -> bool {
        let own = question.words.iter().any(|word| !word.is_light && word.is_said(&self.own));
        own || hits[..question.words.len()].iter().all(|hit| *hit > 0.0)
    }
}

fn terms_of(text: &str) -> HashSet<String> {
    terms::index_terms(text).into_iter().collect()
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

//! Parses a sentence into clauses with what is compared: content words, names, numbers and dates, and the operators
//! that say how they are meant.

use super::lexicon::{self, Bound, Operator};
use super::sentence::{Clause, Item, Sentence};
use crate::facts::{self, Fact};
use crate::stopwords;
use crate::terms::{self, Token, Tokens, fold};

/// Longest phrase of operators in words.
const MAX_PHRASE: usize = 5;
/// Words that a preposition governs at most.
const MAX_REACH: usize = 3;

impl Sentence {
    pub(super) fn parse(text: &str, names_are_capitalised: bool) -> Self {
        let mut sentence = Self { clauses: vec![Clause::default()], ..Self::default() };
        sentence.append(text, names_are_capitalised);
        sentence
    }

    /// Adds the items of `text` to the last clause and those after it.
    pub(super) fn append(&mut self, text: &str, names_are_capitalised: bool) {
        let tokens: Vec<Token<'_>> = Tokens::new(text).collect();
        let words: Vec<String> = tokens.iter().map(|token| fold(token.text)).collect();
        let facts = facts::located(text).into_iter().filter(|located| !matches!(located.fact, Fact::Name(_))).collect();
        let mut parser = Parser { text, tokens, words, facts, at: 0, names_are_capitalised, state: State::default() };
        parser.run(self);
    }
}

/// What the words so far mean for the next item.
#[derive(Default)]
struct State {
    role: Option<&'static str>,
    /// Whether an item has taken the role.
    role_is_taken: bool,
    /// Items with the role so far.
    reach: usize,
    excludes: bool,
    bound: Option<Bound>,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    words: Vec<String>,
    /// Numbers, dates and codes in order.
    facts: Vec<facts::Located>,
    at: usize,
    names_are_capitalised: bool,
    state: State,
}

impl Parser<'_> {
    fn run(&mut self, sentence: &mut Sentence) {
        let mut next_fact = 0;
        let mut last_end = 0;
        while self.at < self.tokens.len() {
            let start = self.start(self.at);
            if parts_clauses(&self.text[last_end..start], &self.text[..last_end], &self.text[start..]) {
                sentence.open_clause();
                self.state = State::default();
            }
            while self.facts.get(next_fact).is_some_and(|located| located.range.start < start) {
                next_fact += 1;
            }
            let from = self.at;
            if self.facts.get(next_fact).is_some_and(|located| located.range.start == start) {
                self.push_facts(next_fact, sentence);
            } else {
                self.word(sentence);
            }
            last_end = self.end(self.at - 1);
            debug_assert!(self.at > from, "each step takes a token");
        }
    }

    fn start(&self, at: usize) -> usize {
        self.end(at) - self.tokens[at].text.len()
    }

    fn end(&self, at: usize) -> usize {
        self.text.len() - self.tokens[at].rest.len()
    }

    fn push_facts(&mut self, first: usize, sentence: &mut Sentence) {
        let range = self.facts[first].range.clone();
        let same: Vec<Fact> = self.facts[first..]
            .iter()
            .take_while(|located| located.range == range)
            .map(|located| located.fact.clone())
            .collect();
        let facts = same.len();
        for fact in same {
            let stem = if let Fact::Code(term) = &fact { Some(term.clone()) } else { None };
            self.push(sentence, stem, Some(fact), false);
        }
        while self.at < self.tokens.len() && self.start(self.at) < range.end {
            self.at += 1;
        }
        let end = self.at;
        sentence.items.iter_mut().rev().take(facts).for_each(|item| item.end = end);
    }

    fn word(&mut self, sentence: &mut Sentence) {
        // "May" inside of a sentence is the month, and "on" after "turned" tells a state.
        let is_month = self.at > 0 && self.tokens[self.at].text == "May";
        let mut longest = if is_month || self.is_particle() { 0 } else { MAX_PHRASE };
        while longest > 0 {
            let end = self.words.len().min(self.at + longest);
            let Some((readings, length)) = lexicon::operators(&self.words[self.at..end]) else { break };
            if self.operate(&readings, length, sentence) {
                self.at += length;
                return;
            }
            longest = length - 1;
        }
        let word = &self.words[self.at];
        let stem = terms::index_terms(self.tokens[self.at].text).pop();
        let known = stem.as_deref().map(lexicon::meaning).unwrap_or_default();
        let is_label = self.is_letter();
        let is_stop_word =
            !is_label && stopwords::languages_of(word) != 0 && known.group.is_none() && known.kind.is_none();
        if is_stop_word || stem.is_none() {
            self.end_chunk();
        } else {
            let is_name = is_label || self.is_name();
            self.push(sentence, stem, None, is_name);
        }
        self.at += 1;
    }

    /// A function word after the words of a preposition ends its reach; an article before them does not.
    fn end_chunk(&mut self) {
        if self.state.role_is_taken {
            self.state.role = None;
            self.state.role_is_taken = false;
        }
    }

    /// Whether it is the "on" of "turn on": after such a verb, or without a word that it governs. "Off" always is.
    fn is_particle(&self) -> bool {
        const VERBS: [&str; 5] = ["turn", "switch", "power", "stay", "remain"];
        if self.words[self.at] != "on" {
            return false;
        }
        let before = self.at.checked_sub(1).map(|before| self.words[before].as_str()).unwrap_or_default();
        let Some(next) = self.words.get(self.at + 1) else { return true };
        let gap = &self.text[self.end(self.at)..self.start(self.at + 1)];
        let ends =
            matches!(next.as_str(), "before" | "after" | "while" | "when" | "if" | "until" | "by" | "and" | "or");
        ends || parts_clauses(gap, "", "") || VERBS.iter().any(|verb| before.starts_with(verb))
    }

    /// A single capital inside of a sentence names something: "terminal A".
    fn is_letter(&self) -> bool {
        let token = self.tokens[self.at].text;
        let mut letters = token.chars();
        let is_capital = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none();
        is_capital
            && self.at > 0
            && token != "I"
            && !self.text[..self.start(self.at)].trim_end().ends_with(['.', '?', '!'])
    }

    fn is_name(&self) -> bool {
        let token = &self.tokens[self.at];
        let is_capital = |token: &Token<'_>| token.text.starts_with(char::is_uppercase);
        if token.text.contains('_') {
            return true;
        }
        if !self.names_are_capitalised || !is_capital(token) || token.text.chars().count() < 2 {
            return false;
        }
        let begins = self.at == 0 || self.text[..self.start(self.at)].trim_end().ends_with(['.', '!', '?', ':']);
        let next_is_capital = self.tokens.get(self.at + 1).is_some_and(is_capital);
        !begins || next_is_capital
    }

    fn push(&mut self, sentence: &mut Sentence, stem: Option<String>, fact: Option<Fact>, is_name: bool) {
        let meaning = stem.as_deref().map(lexicon::meaning).unwrap_or_default();
        let follows = sentence.items.last().is_some_and(|last| last.is_excluded && is_name && last.is_name);
        // "In the final Anna Holm won": the name is not in the phrase before it.
        let follows_name = sentence.items.last().is_some_and(|last| last.is_name);
        let is_adverbial =
            matches!(self.state.role, Some("in" | "on" | "at" | "after" | "before" | "per" | "along" | "about"));
        if is_name && self.state.reach > 0 && !follows_name && is_adverbial {
            self.set_role(None);
        }
        let is_proper = is_name && !self.tokens[self.at].text.contains('_');
        sentence.items.push(Item {
            is_governed: self.state.role.is_some() && (self.state.reach == 0 || is_proper),
            stem,
            form: self.words[self.at].clone(),
            fact,
            meaning,
            is_name,
            is_initial: !is_name && self.at == 0 && self.tokens[0].text.starts_with(char::is_uppercase),
            clause: sentence.clauses.len() - 1,
            at: self.at,
            end: self.at + 1,
            role: self.state.role,
            is_excluded: self.state.excludes || follows,
            bound: self.state.bound.take(),
            is_label: false,
        });
        self.state.excludes = false;
        self.state.role_is_taken = self.state.role.is_some();
        self.state.reach += 1;
        let is_long = self.state.reach >= MAX_REACH && self.state.role != Some("than");
        let is_fact = sentence.items.last().is_some_and(|item| item.fact.is_some());
        if is_long || (is_fact && self.state.role != Some("between")) {
            self.end_chunk();
        }
    }

    /// Applies a phrase; `false` if it is none here.
    fn operate(&mut self, readings: &[Operator], length: usize, sentence: &mut Sentence) -> bool {
        let before_number = self.number_follows(length);
        let token = self.tokens[self.at].text;
        // «Максимум» is the name of something.
        if length == 1
            && self.at > 0
            && token.starts_with(char::is_uppercase)
            && matches!(readings, [Operator::Bound(_)])
        {
            return false;
        }
        let bound = readings.iter().find_map(|reading| match reading {
            Operator::Bound(bound) => Some(*bound),
            _ => None,
        });
        if let Some(bound) = bound {
            if before_number {
                self.state.bound = Some(bound);
                self.end_chunk();
                self.state.role = None;
                return true;
            }
            let follows_number = sentence.items.last_mut().filter(|item| item.fact.is_some() && length > 1);
            if let Some(item) = follows_number {
                item.bound = Some(bound);
                return true;
            }
        }
        let other = readings.iter().find(|reading| !matches!(reading, Operator::Bound(_)));
        let Some(operator) = other else {
            let role = match self.words[self.at].as_str() {
                "from" | "от" => Some("from"),
                "до" => Some("before"),
                _ => None,
            };
            self.set_role(role);
            return role.is_some();
        };
        self.apply(*operator, length, sentence);
        true
    }

    fn number_follows(&self, length: usize) -> bool {
        let next = self.at + length;
        if next >= self.tokens.len() || parts_clauses(&self.text[self.end(next - 1)..self.start(next)], "", "") {
            return false;
        }
        (next..(next + 2).min(self.tokens.len())).any(|at| {
            let start = self.start(at);
            let found = self.facts.binary_search_by_key(&start, |located| located.range.start);
            found.is_ok_and(|found| !matches!(self.facts[found].fact, Fact::Code(_)))
        })
    }

    fn set_role(&mut self, role: Option<&'static str>) {
        self.state.role = role;
        self.state.role_is_taken = false;
        self.state.reach = 0;
        self.state.bound = None;
    }

    fn apply(&mut self, operator: Operator, length: usize, sentence: &mut Sentence) {
        match operator {
            Operator::Negation => sentence.clause().is_negated = true,
            Operator::Forbid => {
                sentence.clause().is_negated = true;
                sentence.clause().is_permission = true;
            }
            Operator::Contrast => {
                self.state.excludes = true;
                return self.set_role(None);
            }
            Operator::Hedge => sentence.clause().is_hedged = true,
            Operator::Opinion => sentence.clause().is_opinion = true,
            Operator::Permit => sentence.clause().is_permission = true,
            Operator::Oblige => sentence.clause().is_obligation = true,
            Operator::Quantity(quantity) => sentence.clause().quantities.push(quantity),
            Operator::Comparative(dimension, more) => {
                sentence.clause().comparative = Some((dimension, more));
                // In Russian what is compared may follow at once: "глубже Светлого".
                let is_russian = self.words[self.at].starts_with(|c: char| c >= '\u{400}');
                return self.set_role(is_russian.then_some("than"));
            }
            Operator::Role("by") => return self.agent(length, sentence),
            // "Larger in summer than in winter": the preposition after "than" does not end the comparison.
            Operator::Role(_) if self.state.role == Some("than") && !self.state.role_is_taken => return,
            Operator::Role(role) => {
                sentence.clause().has_cause |= role == "cause";
                return self.set_role(Some(role));
            }
            Operator::Causes => {
                let clause = sentence.clauses.len() - 1;
                let own = sentence.items.iter_mut().rev().take_while(|item| item.clause == clause);
                own.for_each(|item| item.role = Some("cause"));
                sentence.clause().has_cause = true;
            }
            Operator::Pronoun => {
                let clause = sentence.clauses.len() - 1;
                let is_subject = sentence.items.last().is_none_or(|item| item.clause < clause);
                sentence.clause().has_pronoun |= is_subject;
            }
            Operator::Possessive => sentence.clause().has_possessive = true,
            // A bound without a number was settled before.
            Operator::Bound(_) => {}
            Operator::Auxiliary => sentence.clause().is_passive |= self.passive_follows(length),
            Operator::Break => {
                sentence.open_clause();
                sentence.clause().is_contrasted = true;
                self.state = State::default();
                return;
            }
            Operator::Subordinate(is_reason) => {
                sentence.open_clause();
                sentence.clause().is_subordinate = true;
                sentence.clause().has_cause |= is_reason;
                self.state = State::default();
                return;
            }
            Operator::Conjunction => return self.conjunction(length, sentence),
        }
        self.end_chunk();
    }

    /// "by" names an agent after a participle, unless a number, a date or a gerund follows.
    fn agent(&mut self, length: usize, sentence: &mut Sentence) {
        let next = self.words.get(self.at + length).map(String::as_str).unwrap_or_default();
        let is_gerund = next.ends_with("ing") && next.len() > 5;
        let after_participle = self.at > 0 && is_participle(&self.words[self.at - 1]);
        let names_agent = after_participle && !is_gerund && !self.number_follows(length);
        sentence.clause().is_passive |= names_agent;
        self.set_role(Some("by"));
    }

    /// Whether a form of "be" has a participle after it: "was built", "is not often used".
    fn passive_follows(&self, length: usize) -> bool {
        const BE: [&str; 6] = ["is", "are", "was", "were", "be", "been"];
        let rest = &self.words[self.at + length..];
        let is_be = BE.contains(&self.words[self.at + length - 1].as_str());
        is_be && rest.iter().take(2).any(|word| word.len() > 4 && (word.ends_with("ed") || word.ends_with("en")))
    }

    /// "and" begins a clause, but not between two names or the limits of a range.
    fn conjunction(&mut self, length: usize, sentence: &mut Sentence) {
        let next = self.tokens.get(self.at + length);
        let next_is_name = next.is_some_and(|token| token.text.starts_with(char::is_uppercase));
        let joins_names = next_is_name && sentence.items.last().is_some_and(|item| item.is_name || item.is_initial);
        if !joins_names && self.state.role != Some("between") && self.state.bound.is_none() {
            sentence.open_clause();
            self.state = State::default();
        }
    }
}

fn is_participle(word: &str) -> bool {
    const ENDINGS: [&str; 14] = ["ed", "en", "wn", "ne", "ght", "lt", "nt", "ld", "de", "un", "on", "ut", "ade", "und"];
    ENDINGS.iter().any(|end| word.ends_with(end))
}

/// Whether punctuation between two words parts clauses. Within numbers (`4:2`, `3–1`) it does not.
fn parts_clauses(gap: &str, before: &str, after: &str) -> bool {
    let joins_digits =
        before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(|c: char| c.is_ascii_digit());
    if joins_digits && gap.chars().count() == 1 {
        return false;
    }
    gap.contains([',', ';', ':', '(', ')', '|', '\n', '،', '。'])
}

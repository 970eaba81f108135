//! Separates the answer from what models send beside it: reasoning in tags or channels, and tokens of their chat templates.
//!
//! Where the template opens the reasoning, only its closing tag arrives. Then nothing tells the answer from the reasoning
//! before it, so the beginning of an answer is held back as far as [`ReasoningHabit`] says.

mod markers;

use std::{
    sync::atomic::{AtomicU8, Ordering::Relaxed},
    time::Duration,
};

use markers::{Marker, Position};

/// How much of the beginning of an answer is held back (bytes), and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hold {
    bytes: usize,
    time: Duration,
}

/// Of a model that nothing is known of. It is noticed once: after its first answer something is known.
const FIRST_HOLD: Hold = Hold { bytes: 400, time: Duration::from_secs(1) };
/// Of a model that answered at once before: servers that open the reasoning in the prompt let models choose to reason a little.
const LATER_HOLD: Hold = Hold { bytes: 160, time: Duration::from_millis(400) };
/// So many answers without reasoning make a model one that answers at once again.
const ANSWERS_TO_FORGET: u8 = 3;
/// How a model begins that thinks aloud; such text is held back until a closing tag or its end.
const DELIBERATION: &[&str] = &[
    "okay",
    "ok,",
    "alright",
    "hmm",
    "let me",
    "let's",
    "the user",
    "we need",
    "we are asked",
    "i need to",
    "i should",
    "so the user",
    "first, i",
    "хорошо,",
    "итак,",
    "пользователь",
    "мне нужно",
    "давай",
    "сначала мне",
    "好的",
    "嗯",
    "用户",
    "首先",
];

/// Whether a model sends reasoning that only a closing tag ends. Learned from its answers.
#[derive(Debug, Default)]
pub(crate) struct ReasoningHabit(AtomicU8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Unknown,
    /// It never did, so far.
    AnswersAtOnce,
    /// It did.
    ReasonsUntagged,
}

impl ReasoningHabit {
    fn get(&self) -> Habit {
        match self.0.load(Relaxed) {
            0 => Habit::Unknown,
            1 => Habit::AnswersAtOnce,
            _ => Habit::ReasonsUntagged,
        }
    }

    /// One answer without reasoning says little of a model that has reasoned; some say that the tag was part of a text.
    fn doubt(&self) {
        let left = self.0.load(Relaxed).saturating_sub(1).max(1);
        self.0.store(left, Relaxed);
    }

    /// Remembers what an answer of the model showed.
    pub(crate) fn learn(&self, filter: &AnswerFilter) {
        match (self.get(), filter.reasoned_untagged) {
            (_, true) => self.0.store(1 + ANSWERS_TO_FORGET, Relaxed),
            (Habit::ReasonsUntagged, false) if filter.seen_answer => self.doubt(),
            (Habit::Unknown, false) if filter.seen_answer => self.0.store(1, Relaxed),
            _ => {}
        }
    }
}

/// Passes the answer on while it streams; a marker may be cut anywhere.
#[derive(Debug)]
pub(crate) struct AnswerFilter {
    position: Position,
    /// Text at the end that may be the beginning of a marker.
    partial_marker: String,
    /// The beginning of the answer, while it may still turn out to be reasoning.
    held: Option<String>,
    /// How much is held back; `None` is all of it.
    hold: Option<Hold>,
    /// Whether reasoning ended that no marker had begun.
    reasoned_untagged: bool,
    seen_answer: bool,
    /// White space before the first word of the answer. Behind reasoning it is dropped; an answer that is continued may begin so.
    leading: String,
    seen_reasoning: bool,
    /// Markers in code are text.
    code: CodeTracker,
}

impl AnswerFilter {
    pub(crate) fn new(habit: &ReasoningHabit) -> Self {
        let hold = match habit.get() {
            Habit::Unknown => Some(FIRST_HOLD),
            Habit::AnswersAtOnce => Some(LATER_HOLD),
            Habit::ReasonsUntagged => None,
        };
        Self {
            position: Position::Answer,
            partial_marker: String::new(),
            held: Some(String::new()),
            hold,
            reasoned_untagged: false,
            seen_answer: false,
            leading: String::new(),
            seen_reasoning: false,
            code: CodeTracker::default(),
        }
    }

    /// Calls `out` with the parts of the answer in `text`, except for what may be the beginning of a marker.
    pub(crate) fn feed(&mut self, text: &str, out: &mut impl FnMut(&str)) {
        if self.partial_marker.is_empty() {
            return self.split(text, out);
        }
        let mut whole = std::mem::take(&mut self.partial_marker);
        whole.push_str(text);
        self.split(&whole, out);
    }

    /// The end of the text: what was held back is part of the answer after all.
    pub(crate) fn finish(&mut self, out: &mut impl FnMut(&str)) {
        let rest = std::mem::take(&mut self.partial_marker);
        self.emit(rest.strip_suffix(markers::END_OF_TEXT).unwrap_or(&rest), out);
        self.release(out);
    }

    /// How long after its first text the beginning that is held back is passed on; `None` while it is not, or nothing is held.
    pub(crate) fn hold_time(&self) -> Option<Duration> {
        let held = self.held.as_ref()?;
        if held.is_empty() || is_deliberation(held) {
            return None;
        }
        self.hold.map(|hold| hold.time)
    }

    /// Passes on what is held back.
    pub(crate) fn release(&mut self, out: &mut impl FnMut(&str)) {
        if let Some(held) = self.held.take().filter(|held| !held.is_empty()) {
            out(&held);
        }
    }

    /// Whether the text ended within reasoning.
    pub(crate) fn is_reasoning(&self) -> bool {
        self.position == Position::Reasoning
    }

    fn split(&mut self, text: &str, out: &mut impl FnMut(&str)) {
        let mut rest = text;
        let mut search_from = 0;
        loop {
            match markers::find(rest, search_from) {
                markers::Found::Marker { at, length, marker } => {
                    let is_quoted = self.position == Position::Answer && self.is_quoted(&rest[..at]);
                    if is_quoted {
                        search_from = at + length;
                        continue;
                    }
                    self.emit(&rest[..at], out);
                    rest = &rest[at + length..];
                    search_from = 0;
                    self.pass(marker);
                }
                markers::Found::Partial { at } => {
                    self.emit(&rest[..at], out);
                    self.partial_marker.push_str(&rest[at..]);
                    return;
                }
                markers::Found::Nothing => return self.emit(rest, out),
            }
        }
    }

    fn is_quoted(&self, before: &str) -> bool {
        let mut code = self.code;
        code.read(before);
        code.is_inside()
    }

    fn pass(&mut self, marker: Marker) {
        if marker == Marker::CloseReasoning && self.position == Position::Answer {
            // What came before was reasoning, as far as it was held back.
            self.reasoned_untagged = true;
            self.held = None;
            self.seen_answer = false;
            self.seen_reasoning = true;
            return;
        }
        self.position = self.position.after(marker);
        self.seen_reasoning |= self.position != Position::Answer;
    }

    fn emit(&mut self, text: &str, out: &mut impl FnMut(&str)) {
        if self.position != Position::Answer || text.is_empty() {
            return;
        }
        self.code.read(text);
        if self.seen_answer {
            return self.pass_on(text, out);
        }
        self.leading.push_str(text);
        if self.leading.trim_start().is_empty() {
            return;
        }
        let leading = std::mem::take(&mut self.leading);
        let text = if self.seen_reasoning { leading.trim_start() } else { &leading };
        self.seen_answer = true;
        self.pass_on(text, out);
    }

    fn pass_on(&mut self, text: &str, out: &mut impl FnMut(&str)) {
        let Some(held) = &mut self.held else { return out(text) };
        held.push_str(text);
        let is_long = self.hold.is_some_and(|hold| held.len() >= hold.bytes);
        if is_long && !is_deliberation(held) {
            self.release(out);
        }
    }
}

/// Whether a text is in code: in a fenced block, or right behind a backtick.
#[derive(Debug, Clone, Copy, Default)]
struct CodeTracker {
    /// Backticks at the end of the text.
    run: usize,
    in_fence: bool,
}

impl CodeTracker {
    fn read(&mut self, text: &str) {
        for char in text.chars() {
            self.run = if char == '`' { self.run + 1 } else { 0 };
            self.in_fence ^= self.run == 3;
        }
    }

    fn is_inside(self) -> bool {
        self.in_fence || self.run > 0
    }
}

fn is_deliberation(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(20).flat_map(char::to_lowercase).collect();
    DELIBERATION.iter().any(|opening| start.starts_with(opening))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_of(habit: &ReasoningHabit, pieces: &[&str]) -> String {
        let mut answer = String::new();
        let mut filter = AnswerFilter::new(habit);
        for piece in pieces {
            filter.feed(piece, &mut |text| answer.push_str(text));
        }
        filter.finish(&mut |text| answer.push_str(text));
        habit.learn(&filter);
        answer
    }

    #[test]
    fn what_is_no_answer_is_dropped_wherever_it_is_cut() {
        let harmony = "<|channel|>analysis<|message|>Look it up.<|end|><|start|>assistant<|channel|>final<|message|>7 days.<|return|>";
        for (text, expected) in [
            (
                "<think>hm, 1 < 2 </ thé</think>\n\nIt is <b>7</b><think>sure?</think> and a <th",
                "It is <b>7</b> and a <th",
            ),
            ("<thinking>May be 9.</thinking>\n7 days.", "7 days."),
            ("[THINK]May be [9].[/THINK]7 days [1].", "7 days [1]."),
            ("◁think▷May be 9.◁/think▷7 days.", "7 days."),
            ("Maybe 99 days.</think>\n\n7 days.", "7 days."),
            (harmony, "7 days."),
            ("<|channel|>commentary to=functions.search<|message|>{}<|call|>", ""),
            ("7 days.<|im_end|>\n<|im_start|>user\nAnd then?", "7 days."),
            ("7 days.</s>", "7 days."),
            ("7 days.<|eot_id|>", "7 days."),
            ("The tag `<think>` opens it, `</think>` closes it.", "The tag `<think>` opens it, `</think>` closes it."),
            (
                "```\n<|im_start|>system\n</think>\n```\nDone.<|im_end|>no",
                "```\n<|im_start|>system\n</think>\n```\nDone.",
            ),
            ("a [TH b <|x c", "a [TH b <|x c"),
            ("<think>never closed, 7 days", ""),
        ] {
            for (cut, _) in text.char_indices() {
                let (head, tail) = text.split_at(cut);
                for habit in [ReasoningHabit::default(), ReasoningHabit(AtomicU8::new(2))] {
                    assert_eq!(answer_of(&habit, &[head, tail]), expected, "cut at {cut}: {text}");
                }
            }
            let pieces: Vec<String> = text.chars().map(String::from).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            assert_eq!(answer_of(&ReasoningHabit::default(), &pieces), expected, "{text}");
        }
    }

    #[test]
    fn a_model_that_is_known_is_not_held_back_for_nothing() {
        let streamed = |habit: &ReasoningHabit, text: &str| {
            let mut answer = String::new();
            AnswerFilter::new(habit).feed(text, &mut |text| answer.push_str(text));
            answer
        };
        let habit = ReasoningHabit::default();
        assert_eq!(streamed(&habit, &"7 days. ".repeat(40)), "", "it might go on with a closing tag");
        assert_eq!(streamed(&habit, &"7 days. ".repeat(60)).len(), 480);
        assert_eq!(streamed(&habit, &"Okay, 7 days. ".repeat(60)), "", "it thinks aloud");
        answer_of(&habit, &["7 days."]);
        assert_eq!(streamed(&habit, &"7 days. ".repeat(40)).len(), 320, "it is known");
        assert_eq!(answer_of(&habit, &["Is it 7?</think>7 days."]), "7 days.");
        assert_eq!(streamed(&habit, &"Is it 7? ".repeat(60)), "");
        for _ in 0..ANSWERS_TO_FORGET {
            answer_of(&habit, &["7 days."]);
        }
        assert_eq!(streamed(&habit, &"7 days. ".repeat(40)).len(), 320);
    }

    #[test]
    fn an_answer_that_is_continued_may_begin_with_a_space() {
        assert_eq!(answer_of(&ReasoningHabit::default(), &[" ", "south"]), " south");
        assert_eq!(answer_of(&ReasoningHabit::default(), &["<think>hm</think> ", " south"]), "south");
        assert_eq!(answer_of(&ReasoningHabit::default(), &["\n ", "\n"]), "");
    }
}

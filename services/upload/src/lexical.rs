//! Which words of a question are looked for in a large index.
//!
//! A word that stands in every tenth chunk says little, and ranking all those chunks is what takes time. So only chunks with a
//! telling word are ranked; frequent words raise the rank of those and find nothing by themselves.
//!
//! On SQLite, how frequent a word is is known of the whole database only, whoever wrote it. So that nobody's chunks hide those
//! of somebody else, a small selection is ranked without a plan, and in a large one whatever a plan leaves unfound is looked
//! for by every word.

/// Chunks that are ranked, about. A selection of no more is ranked whole.
pub(crate) const RANKED: i64 = 3_000;
/// Occurrences that are counted for the weights of the words, about.
pub(crate) const COUNTED: i64 = 12_000;

/// A question in terms.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// A chunk without any of these is not looked at.
    pub(crate) telling: Vec<String>,
    /// A chunk needs all the telling ones: each of them alone stands in too many.
    pub(crate) together: bool,
    /// These count for the rank.
    pub(crate) other: Vec<String>,
}

impl Plan {
    /// Looks for every term, however frequent; `None` when nobody wrote any of them.
    pub(crate) fn of_all(frequencies: Vec<(String, i64)>) -> Option<Self> {
        let telling: Vec<String> = frequencies.into_iter().map(|(term, _)| term).collect();
        (!telling.is_empty()).then_some(Self { telling, together: false, other: Vec::new() })
    }

    /// What to ask when too few chunks have all the telling words.
    pub(crate) fn loosened(self) -> Self {
        Self { together: false, ..self }
    }
}

/// Chooses among terms that stand in the given numbers of chunks; `None` when nobody wrote any of them.
pub(crate) fn plan(mut frequencies: Vec<(String, i64)>) -> Option<Plan> {
    frequencies.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    if let [(first, chunks), (second, _), ..] = frequencies.as_slice()
        && *chunks > RANKED
    {
        return Some(Plan { telling: vec![first.clone(), second.clone()], together: true, other: Vec::new() });
    }
    let (mut telling, mut other) = (Vec::new(), Vec::new());
    let mut sum = 0;
    for (term, chunks) in frequencies {
        sum += chunks;
        if telling.is_empty() || sum <= RANKED {
            telling.push(term);
        } else if sum <= COUNTED {
            other.push(term);
        }
    }
    (!telling.is_empty()).then_some(Plan { telling, together: false, other })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(frequencies: &[(&str, i64)]) -> Plan {
        let frequencies = frequencies.iter().map(|(term, chunks)| ((*term).to_owned(), *chunks));
        plan(frequencies.collect()).expect("there are terms")
    }

    #[test]
    fn rare_words_find_and_frequent_ones_rank() {
        let plan = planned(&[("period", 6_000), ("lease", 40), ("notice", 900), ("section", 60_000)]);
        assert_eq!(plan.telling, ["lease", "notice"]);
        assert_eq!(plan.other, ["period"], "a word of most chunks is left out");
    }

    #[test]
    fn a_small_index_is_searched_for_every_word() {
        let plan = planned(&[("the", 90), ("lease", 3)]);
        assert_eq!(plan.telling, ["lease", "the"]);
        assert!(!plan.together && plan.other.is_empty());
    }

    #[test]
    fn frequent_words_are_looked_for_together() {
        let plan = planned(&[("report", 40_000), ("company", 30_000), ("year", 90_000)]);
        assert!(plan.together);
        assert_eq!(plan.telling, ["company", "report"]);
        assert!(!plan.loosened().together);
        assert_eq!(planned(&[("company", 90_000)]).telling, ["company"]);
        assert_eq!(super::plan(Vec::new()), None);
    }
}

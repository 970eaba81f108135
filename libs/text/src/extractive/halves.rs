//! Answers the halves of a question one by one.

use super::corpus::Corpus;
use super::question::Question;
use super::{AnswerOptions, ExtractKind, ExtractiveAnswer, QuotedSentence, answer_question, content_words, parts};
use crate::stopwords;
use crate::terms::{self, fold};

/// Answers the halves of a question one by one; `None` if it has none or the whole is answered at once.
pub(super) fn answer(
    question: &str,
    whole: &Question,
    corpus: &Corpus<'_>,
    options: AnswerOptions<'_>,
) -> Option<ExtractiveAnswer> {
    let halves = parts::parts(question);
    let max_sentences = options.max_sentences.div_ceil(halves.len()).max(1);
    if halves.len() > 1 {
        let subject = content_words(halves[0]).join(" ");
        let answers = halves.iter().enumerate().map(|(number, half)| {
            let context = if number == 0 { options.context } else { subject.as_str() };
            // `Who founded Larkfold, and when?` asks when who founded Larkfold.
            let is_bare = number > 0 && terms::words(half).all(|word| stopwords::languages_of(&fold(word)) != 0);
            let asked = if is_bare { format!("{half} {subject}") } else { (*half).to_owned() };
            let parsed = Question::parse(&asked, context, Some(whole.language));
            ((*half).to_owned(), answer_question(&parsed, corpus, max_sentences))
        });
        let mut joined = join_halves(answers.collect())?;
        joined.unanswered.iter_mut().for_each(|half| *half = half.trim_end_matches(['?', ' ', ',']).to_owned());
        return Some(joined);
    }
    let both = parts::coordinated(question)?;
    if answer_question(whole, corpus, options.max_sentences).kind == ExtractKind::Answer {
        return None;
    }
    let answers = both.map(|half| {
        let parsed = Question::parse(&half, options.context, Some(whole.language));
        (half, answer_question(&parsed, corpus, options.max_sentences.div_ceil(2)))
    });
    join_halves(answers.into()).filter(|joined| joined.unanswered.is_empty())
}

/// The answers to the halves as one; `None` if no half is answered.
fn join_halves(halves: Vec<(String, ExtractiveAnswer)>) -> Option<ExtractiveAnswer> {
    let mut joined: Option<ExtractiveAnswer> = None;
    let mut unanswered = Vec::new();
    for (half, answer) in halves {
        if answer.kind != ExtractKind::Answer {
            unanswered.push(half);
            continue;
        }
        let Some(joined) = &mut joined else {
            joined = Some(answer);
            continue;
        };
        let known = joined.sentences.len();
        let is_new = |new: &QuotedSentence| {
            !joined.sentences.iter().any(|old| (old.passage, &old.range) == (new.passage, &new.range))
        };
        let new: Vec<QuotedSentence> = answer.sentences.iter().filter(|sentence| is_new(sentence)).cloned().collect();
        if new.len() == answer.sentences.len() {
            joined.disagreeing.extend(answer.disagreeing.iter().map(|(first, second)| (first + known, second + known)));
        }
        joined.sentences.extend(new);
        joined.covered.extend(answer.covered);
    }
    let mut joined = joined?;
    joined.unanswered = unanswered;
    Some(joined)
}

//! Splits a question with two halves: `How many steps does it have, and how high is it?`

use crate::terms::{Token, Tokens, fold};

const INTERROGATIVES: &str = "what when who whom whose where how why which что когда кто кого кем где куда как почему зачем сколько какой какая какое какие \
    какую каков какова каковы чей was wann wer wo wie warum welche welcher que quand qui ou comment pourquoi";
const CONJUNCTIONS: &str = "and or also а и или und oder et y";
/// Most halves of one question.
const MAX_PARTS: usize = 3;
/// What ends the second of two things that are asked for: `the weight and the colour of the box`.
const PREPOSITIONS: &str = "of for in at on from у в на для из von für de du do does did is are";
const ARTICLES: &str = "the a an der die das le la el";

fn is_in(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

/// The halves that each ask something; the question itself if it has none.
pub(super) fn parts(question: &str) -> Vec<&str> {
    let tokens: Vec<Token<'_>> = Tokens::new(question).take(64).collect();
    let start = |token: &Token<'_>| question.len() - token.rest.len() - token.text.len();
    let mut cuts = vec![0];
    let mut asks = false;
    for (at, token) in tokens.iter().enumerate() {
        if !is_in(INTERROGATIVES, &fold(token.text)) {
            continue;
        }
        let last = at.checked_sub(1).map(|last| &tokens[last]);
        let joins =
            last.is_some_and(|last| is_in(CONJUNCTIONS, &fold(last.text)) || last.rest.trim_start().starts_with('?'));
        if asks && joins && cuts.len() < MAX_PARTS {
            let joint = last.filter(|last| is_in(CONJUNCTIONS, &fold(last.text))).unwrap_or(token);
            cuts.push(start(joint));
        }
        asks = true;
    }
    cuts.push(question.len());
    cuts.windows(2).map(|cut| question[cut[0]..cut[1]].trim()).collect()
}

/// The questions about each of two things asked for at once: `the weight and the colour of the box` is the weight of the
/// box and the colour of the box. `None` if nothing is joined.
pub(super) fn coordinated(question: &str) -> Option<[String; 2]> {
    let words: Vec<&str> = question.split_whitespace().take(64).collect();
    let at = words.iter().position(|word| is_in("and и und et y", &fold(word)))?;
    let article = |at: usize| words.get(at).is_some_and(|word| is_in(ARTICLES, &fold(word)));
    let first = at.checked_sub(1).filter(|first| *first > 0)?;
    let begins = at + 1 + usize::from(article(at + 1));
    let rest = words.get(begins..)?;
    let taken = rest.iter().position(|word| is_in(PREPOSITIONS, &fold(word))).unwrap_or(rest.len());
    if taken == 0 || taken > 3 {
        return None;
    }
    let one = [&words[..at], &rest[taken..]].concat().join(" ");
    let other = [&words[..first], rest].concat().join(" ");
    Some([one, other])
}

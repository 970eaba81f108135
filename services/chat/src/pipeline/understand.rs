//! Query understanding: resolves follow-ups and determines language, intent and search queries.

use std::{ops::Range, time::Duration};

use chrono::NaiveDate;
use llm::{ChatRequest, Message, Model};
use serde::Deserialize;
use serde_json::json;
use text::{
    dates_asked,
    extractive::{self, QueryIntent},
    followup,
    language::{self, Language},
    pasted,
};
use tokio::time::Instant;

use super::Context;
use crate::{api::AskRequest, store::Turn};

/// Timeout of the model; the first search, which runs in parallel, does not take longer.
const UNDERSTAND_TIMEOUT: Duration = Duration::from_secs(4);
/// Enough for three queries.
const MAX_COMPLETION_TOKENS: u32 = 120;

/// The understood question, as the rest of the pipeline uses it.
#[derive(Debug, Clone)]
pub(super) struct Understanding {
    /// Understandable without the thread.
    pub(super) question: String,
    /// The question as asked.
    pub(super) asked: String,
    /// Words taken from earlier questions, or empty.
    pub(super) earlier: String,
    pub(super) language: Language,
    pub(super) intent: &'static str,
    pub(super) queries: Vec<String>,
    /// The days the question is about, the last one excluded.
    pub(super) dates: Option<Range<NaiveDate>>,
}

/// Understanding without a model: the question, with the content words of earlier ones if it depends on them.
pub(super) fn without_model(ask: &AskRequest, turns: &[Turn], today: NaiveDate) -> Understanding {
    // What was pasted with a question is not searched for.
    let asked = pasted::question(&ask.query);
    let locale = ask.locale.as_deref().and_then(|locale| Language::from_code(locale.get(..2)?));
    let language = language::detect(asked).or(locale).unwrap_or(Language::ENGLISH);
    let before: Vec<&str> = turns.iter().map(|turn| turn.question.as_str()).collect();
    let earlier = followup::earlier_words(asked, &before).unwrap_or_default();
    let question = if earlier.is_empty() { asked.to_owned() } else { format!("{asked} ({earlier})") };
    let queries = vec![search_query(&question)];
    let dates = dates_asked::dates_asked(asked, today);
    Understanding { question, asked: asked.to_owned(), earlier, language, intent: intent(asked), queries, dates }
}

fn intent(question: &str) -> &'static str {
    let lower = question.to_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    if begins(&["how to", "how do", "how can", "как "]) {
        return "how-to";
    }
    if matches!(extractive::query_intent(question), QueryIntent::Compare(..)) {
        return "comparison";
    }
    if begins(&["what is", "who is", "define", "что такое", "кто такой"]) {
        return "definition";
    }
    "question"
}

/// The query for engines: one line without final punctuation, at most 300 characters.
fn search_query(question: &str) -> String {
    let line: String = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches(['?', '.', '!', ' ']);
    line.chars().take(300).collect()
}

#[derive(Deserialize)]
struct RefinedQuery {
    /// The query is right as it is.
    ok: bool,
    /// A better query, understandable without the conversation.
    query: String,
    /// Further queries for parts of the question.
    more: Vec<String>,
}

/// Lets the model refine the queries; `None` if the first query is right or the model fails or times out.
pub(super) async fn with_model(
    context: &Context,
    model: &Model,
    initial: &Understanding,
    turns: &[Turn],
) -> Option<Understanding> {
    let schema = json!({
        "type": "object",
        "properties": {
            "ok": {"type": "boolean"},
            "query": {"type": "string"},
            "more": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        },
    });
    let today = context.clock.now().format("%A, %-d %B %Y");
    let mut messages = vec![Message::system(format!(
        "You prepare web searches. Today is {today}. Given a conversation and its last question, say whether the search query in <query> \
         finds what is meant (ok: true), or give a better one that stands alone, in the language most sources use. \
         Put parts of a compound question that want searches of their own into more. Be brief."
    ))];
    for turn in turns {
        messages.push(Message::user(turn.question.clone()));
        messages
            .push(Message::assistant(turn.answer.as_deref().unwrap_or_default().chars().take(600).collect::<String>()));
    }
    let query = initial.queries.first().map(String::as_str).unwrap_or_default();
    messages.push(Message::user(format!("{}\n<query>{query}</query>", context.run_request.ask.query)));
    let mut request = ChatRequest::new(messages);
    request.max_tokens = Some(MAX_COMPLETION_TOKENS);
    request.temperature = Some(0.0);
    request.deadline = Some((Instant::now() + UNDERSTAND_TIMEOUT).min(context.deadline));
    match model.structured::<RefinedQuery>(request, schema, "search_plan").await {
        Ok((refined, usage)) => {
            context.count_model(&usage);
            apply(&refined, initial)
        }
        Err(error) => {
            tracing::info!(code = error.code(), "failed to refine question; it is searched as asked");
            context.degrade("understanding", error.code());
            None
        }
    }
}

fn apply(refined: &RefinedQuery, initial: &Understanding) -> Option<Understanding> {
    let mut queries = Vec::new();
    if !refined.ok && !refined.query.trim().is_empty() {
        queries.push(search_query(&refined.query));
    }
    queries.extend(refined.more.iter().filter(|query| !query.trim().is_empty()).map(|query| search_query(query)));
    queries.retain(|query| !initial.queries.contains(query));
    if queries.is_empty() {
        return None;
    }
    let question = if refined.ok || refined.query.trim().is_empty() {
        initial.question.clone()
    } else {
        refined.query.trim().to_owned()
    };
    if question == initial.question {
        return Some(Understanding { queries, ..initial.clone() });
    }
    Some(Understanding { asked: question.clone(), earlier: String::new(), question, queries, ..initial.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 27).unwrap();

    fn ask(query: &str) -> AskRequest {
        serde_json::from_value(json!({"query": query})).expect("a question is enough")
    }

    #[test]
    fn a_follow_up_is_searched_with_the_words_of_the_question_before() {
        let turns = [Turn { question: "What is the notice period in the lease?".to_owned(), answer: None }];
        let understood = without_model(&ask("And how is it extended?"), &turns, TODAY);
        assert!(understood.queries[0].contains("notice period"), "{:?}", understood.queries);
    }

    #[test]
    fn a_follow_up_leaves_out_what_it_replaces() {
        let turns = [Turn { question: "What is the hotel limit in Germany?".to_owned(), answer: None }];
        let understood = without_model(&ask("and in Japan?"), &turns, TODAY);
        assert_eq!(understood.queries, ["and in Japan? (hotel limit)"]);
        let turns =
            [Turn { question: "Какие суточные в Казахстане?".to_owned(), answer: None }];
        assert_eq!(without_model(&ask("а в Японии?"), &turns, TODAY).earlier, "суточные");
        assert_eq!(without_model(&ask("Сколько стоит парковка возле главного офиса?"), &turns, TODAY).earlier, "");
    }

    #[test]
    fn a_question_of_its_own_is_searched_as_it_is() {
        let turns = [Turn { question: "What is the notice period in the lease?".to_owned(), answer: None }];
        let understood = without_model(&ask("Which vaccination rules apply to dogs entering Norway?"), &turns, TODAY);
        assert_eq!(understood.queries, ["Which vaccination rules apply to dogs entering Norway"]);
    }

    #[test]
    fn the_answer_is_in_the_language_of_the_question() {
        assert_eq!(without_model(&ask("Какой срок уведомления в договоре?"), &[], TODAY).language, Language::RUSSIAN);
    }
}

//! What a question says besides its words: a date, a subject in the thread, a text pasted with it.
#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::NaiveDate;
use text::dates_asked::dates_asked;
use text::extractive::{search_terms, search_words};
use text::followup::earlier_words;
use text::pasted;

fn day(date: &str) -> NaiveDate {
    date.parse().unwrap()
}

#[test]
fn dates_in_a_question_are_days() {
    // A Thursday.
    let today = day("2026-05-14");
    for (question, first, end) in [
        ("What happened yesterday?", "2026-05-13", "2026-05-14"),
        ("что случилось вчера?", "2026-05-13", "2026-05-14"),
        ("news of last week", "2026-05-04", "2026-05-11"),
        ("что обсуждали на прошлой неделе?", "2026-05-04", "2026-05-11"),
        ("what changed this month", "2026-05-01", "2026-06-01"),
        ("выручка в прошлом году", "2025-01-01", "2026-01-01"),
        ("orders of the last 3 days", "2026-05-11", "2026-05-15"),
        ("заявки за последние две недели", "2026-04-30", "2026-05-15"),
        ("what was decided two weeks ago?", "2026-04-27", "2026-05-04"),
        ("What was said on 7 June?", "2025-06-07", "2025-06-08"),
        ("What will be shown on 7 June?", "2026-06-07", "2026-06-08"),
        ("протокол от 05.11.2019", "2019-11-05", "2019-11-06"),
        ("minutes of November 5, 2019", "2019-11-05", "2019-11-06"),
        ("решение 5 ноября 2019 года", "2019-11-05", "2019-11-06"),
        ("reports from March 2024", "2024-03-01", "2024-04-01"),
        ("sales in 2024", "2024-01-01", "2025-01-01"),
        ("прибыль за 2024 год", "2024-01-01", "2025-01-01"),
        ("who spoke last Friday?", "2026-05-08", "2026-05-09"),
        ("meetings next Monday", "2026-05-18", "2026-05-19"),
        ("что было в марте", "2026-03-01", "2026-04-01"),
        ("Was geschah gestern?", "2026-05-13", "2026-05-14"),
        ("results of the last quarter", "2026-01-01", "2026-04-01"),
    ] {
        assert_eq!(dates_asked(question, today), Some(day(first)..day(end)), "{question}");
    }
    for question in [
        "How many days of leave are there?",
        "May I keep a dog?",
        "what is a leap year",
        "1999 red balloons",
        "open on Mondays?",
        "",
    ] {
        assert_eq!(dates_asked(question, today), None, "{question}");
    }
    let leap = dates_asked("born on 29 February", today);
    assert_eq!(leap, Some(day("2024-02-29")..day("2024-03-01")));
}

#[test]
fn words_of_time_are_read_in_the_language_of_the_question() {
    // A Thursday.
    let today = day("2026-05-14");
    for (question, first, end) in [
        ("Que s'est-il passé hier ?", "2026-05-13", "2026-05-14"),
        ("Quelles décisions ont été prises hier ?", "2026-05-13", "2026-05-14"),
        ("¿Qué se decidió ayer?", "2026-05-13", "2026-05-14"),
        ("Was wurde gestern beschlossen?", "2026-05-13", "2026-05-14"),
        ("Protokoll Sitzung gestern", "2026-05-13", "2026-05-14"),
        ("Umsatz letzten Monat", "2026-04-01", "2026-05-01"),
        ("Was ist vor drei Tagen passiert?", "2026-05-11", "2026-05-12"),
        ("Quel temps faisait-il en mars ?", "2026-03-01", "2026-04-01"),
        ("Wie hoch war der Umsatz im März?", "2026-03-01", "2026-04-01"),
        ("¿Qué pasó en agosto?", "2025-08-01", "2025-09-01"),
        ("rainfall in Feb", "2026-02-01", "2026-03-01"),
        ("What was signed on 12 mars 2025?", "2025-03-12", "2025-03-13"),
        ("reports from Dezember 2024", "2024-12-01", "2025-01-01"),
        ("Сколько заказов было в марте?", "2026-03-01", "2026-04-01"),
        ("Что решили 3 мар 2026?", "2026-03-03", "2026-03-04"),
    ] {
        assert_eq!(dates_asked(question, today), Some(day(first)..day(end)), "{question}");
    }
    for question in [
        "Welche Regeln gelten hier?",
        "Gibt es hier einen Parkplatz?",
        "Wat zijn de regels hier?",
        "What does the restaurant Chez Hier serve?",
        "Moons of Mars",
        "How many moons of Mars are there?",
        "What did Mars 3 find?",
        "What changed since the last tag?",
        "Is there a letter from Jan?",
        "Who works in Ayer?",
        "Is it made of mayo?",
        "Сколько мостов в Сене?",
    ] {
        assert_eq!(dates_asked(question, today), None, "{question}");
    }
}

#[test]
fn the_question_is_found_after_a_long_paste() {
    let log: String =
        (0..60).map(|n| format!("2026-05-01 12:00:01 INFO worker started id={n} queue=default ok?\n")).collect();
    let asked = format!("{log}\nHow many days of holiday do employees have?");
    assert_eq!(pasted::question(&asked), "How many days of holiday do employees have?");
    assert_eq!(pasted::question(&format!("Why does this fail?\n\n{log}")), "Why does this fail?");
    assert_eq!(pasted::question(&format!("{log}\nsummarize this log")), "summarize this log");
    assert_eq!(pasted::question(" what is the rent? "), "what is the rent?");
    assert!(
        search_terms(&asked).contains(&"holiday".to_owned()) && !search_terms(&asked).contains(&"worker".to_owned())
    );
}

#[test]
fn a_question_of_three_words_takes_its_subject_from_the_thread() {
    let earlier = ["How many ports does the Falcon switch have?"];
    for question in ["Which colour?", "noise level", "And the weight?", "What is its price?"] {
        assert!(earlier_words(question, &earlier).unwrap().contains("Falcon"), "{question}");
    }
    assert!(earlier_words("сколько весит?", &["Какая длина у кабеля К-7?"]).unwrap().contains("К-7"));
    for question in
        ["What is photosynthesis?", "Who founded Uppsala University?", "weather in Oslo tomorrow morning please"]
    {
        assert_eq!(earlier_words(question, &earlier), None, "{question}");
    }
}

#[test]
fn sources_are_searched_again_by_words_and_not_by_stems() {
    assert_eq!(search_words("How are the volunteers of the museum trained?"), ["volunteers", "museum", "trained"]);
    assert_eq!(search_words("Какие документы нужны для регистрации?"), ["регистрации"]);
}

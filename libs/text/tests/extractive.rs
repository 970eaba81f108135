//! Answers without a model, over documents as people have them.
#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::{TimeZone, Utc};
use text::extractive::{AnswerOptions, ExtractiveAnswer, SourcePassage, answer, compose, related};
use text::passages::{PassageLimits, split};
use text::support::{Verdict, check};

const LEASE: &str = "# Lease agreement\n\nHome | Documents | Contact\n\n## 1. Parties\n\nThis lease is made between Nordhaus Property GmbH \
(the landlord) and Anna Lindqvist (the tenant).\n\n## 2. Rent\n\nThe monthly rent is EUR 1,250, payable in advance by the third working day \
of the month. It includes heating. Late payments bear interest at 5 % a year.\n\n## 3. Deposit\n\nThe tenant pays a deposit of EUR 3,750 \
before moving in.\n\n## 4. Term and termination\n\nThe lease begins on 1 April 2024 and runs for an indefinite term. Either party may \
terminate it by written notice. The notice period is three months to the end of a calendar month. What happens to the keys? All keys are \
returned on the last day.\n\n## 5. Pets\n\nDogs are not allowed. Cats may be kept with the landlord's consent.\n";

const HANDBOOK: &str = "# Employee handbook\n\n## Annual leave\n\nFull-time employees receive 28 days of annual leave a year. Up to 10 days \
may be carried over until 31 March.\n\n## Notice\n\n| Grade | Notice period |\n|---|---|\n| A | 1 month |\n| B | 3 months |\n\n## Remote work\n\n\
Remote work is work done outside the company's offices. Employees may work remotely up to three days a week.\n";

const NEWS: &str = "Совет директоров Банка России 14 февраля 2025 года сохранил ключевую ставку на уровне 21 % годовых. Решение совпало с \
ожиданиями аналитиков. Председатель Банка России Эльвира Набиуллина заявила, что инфляция снижается медленно. Следующее заседание \
назначено на 21 марта 2025 года.";

fn passages(documents: &[&str]) -> Vec<SourcePassage> {
    let mut found = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        for passage in split(document, PassageLimits::PAGE) {
            found.push(SourcePassage {
                source: u32::try_from(index + 1).unwrap(),
                text: document[passage.range].to_owned(),
                title: None,
                heading: passage.heading,
                start: passage.chars.start as u64,
                published_at: Some(Utc.with_ymd_and_hms(2024 + i32::try_from(index).unwrap(), 1, 1, 0, 0, 0).unwrap()),
                score: 1.0,
            });
        }
    }
    found
}

fn ask(question: &str, documents: &[&str]) -> ExtractiveAnswer {
    answer(question, &passages(documents), AnswerOptions::default())
}

fn first(question: &str, documents: &[&str]) -> String {
    let options = AnswerOptions { max_sentences: 1, ..AnswerOptions::default() };
    answer(question, &passages(documents), options)
        .sentences
        .first()
        .map(|picked| picked.text.clone())
        .unwrap_or_default()
}

fn best(question: &str, documents: &[&str]) -> String {
    let options = AnswerOptions { max_sentences: 2, ..AnswerOptions::default() };
    let extract = answer(question, &passages(documents), options);
    extract.sentences.iter().map(|picked| picked.text.as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn how_many_asks_for_a_number_and_not_for_the_word_many() {
    let keys = "door: cellar\ncopies: three copies of the cellar key\n\ndoor: attic\ncopies: one copy of the attic key";
    assert!(first("How many copies of the cellar key are there?", &[keys]).contains("three copies of the cellar key"));
    assert!(first("How long is the notice period?", &[LEASE]).contains("three months"));
}

#[test]
fn the_sentence_that_answers_is_picked() {
    for (question, expected) in [
        ("what is the notice period in the lease?", "The notice period is three months"),
        ("How much is the rent?", "The monthly rent is EUR 1,250"),
        ("How high is the deposit?", "a deposit of EUR 3,750"),
        ("Who is the tenant?", "Anna Lindqvist"),
        ("When does the lease begin?", "1 April 2024"),
        ("Are dogs allowed?", "Dogs are not allowed."),
        ("how many days of annual leave do I get", "28 days of annual leave"),
        ("What is remote work?", "Remote work is work done outside"),
        ("What is the notice period for grade B?", "Grade: B, Notice period: 3 months"),
    ] {
        let found = best(question, &[LEASE, HANDBOOK]);
        assert!(found.contains(expected), "{question}: {found}");
    }
    for (question, expected) in [
        ("какая ключевая ставка?", "21 % годовых"),
        ("когда следующее заседание?", "21 марта 2025"),
        ("кто председатель Банка России?", "Набиуллина"),
    ] {
        let found = first(question, &[NEWS]);
        assert!(found.contains(expected), "{question}: {found}");
    }
}

#[test]
fn every_sentence_is_in_its_passage_and_supported_by_it() {
    let passages = passages(&[LEASE, HANDBOOK, NEWS]);
    for question in ["what is the notice period?", "rent and deposit of the tenant", "ключевая ставка Банка России"]
    {
        let extract = answer(question, &passages, AnswerOptions::default());
        assert!(!extract.sentences.is_empty(), "{question}");
        for picked in &extract.sentences {
            let passage = &passages[picked.passage];
            assert_eq!(picked.source, passage.source);
            assert!(passage.text.get(picked.range.clone()).is_some());
            assert_eq!(check(&picked.text, &passage.text).verdict, Verdict::Supported, "{}", picked.text);
            assert!(!picked.text.contains('?') && !picked.text.contains("Contact"), "{}", picked.text);
        }
    }
}

const PARKING: &str = "place: A1\nstatus: taken\n\nplace: A2\nstatus: free\n\nplace: A3\nstatus: taken";
const CONTACTS: &str = "Name: Anna Berg\nRole: landlord\nPhone: +49 30 555 0100\n\nName: John Miller\nRole: caretaker\nPhone: +49 30 \
555 0101\n\nName: Olga Petrova\nRole: plumber\nPhone: +49 30 555 0102";

fn written(question: &str, title: &str, text: &str) -> String {
    let mut passages = passages(&[text]);
    for passage in &mut passages {
        passage.title = Some(title.to_owned());
    }
    let extract = answer(question, &passages, AnswerOptions::default());
    for picked in &extract.sentences {
        let verdict = check(&picked.text, &passages[picked.passage].text).verdict;
        assert_eq!(verdict, Verdict::Supported, "{}", picked.text);
    }
    compose(&extract).concat()
}

#[test]
fn the_record_that_answers_is_picked_and_no_other() {
    let parking = "| place | status |\n|---|---|\n| A1 | taken |\n| A2 | free |\n| A3 | taken |\n";
    let table = "| Name | Role | Phone |\n|---|---|---|\n| Anna Berg | landlord | +49 30 555 0100 |\n| John Miller | caretaker | \
                 +49 30 555 0101 |\n| Olga Petrova | plumber | +49 30 555 0102 |\n";
    let list = "## Phone numbers\n\nAnna Berg\n: +49 30 555 0100\n\nJohn Miller\n: +49 30 555 0101\n";
    let lines = "Phone numbers of the house\n\nAnna Berg: +49 30 555 0100\nJohn Miller: +49 30 555 0101\n";
    let (place, number) = ("which parking place is free?", "what is John Miller's phone number?");
    for (question, title, text, expected) in [
        (place, "parking.csv", PARKING, "place: A2, status: free. [1]"),
        (place, "Parking", parking, "place: A2, status: free. [1]"),
        (number, "contacts.csv", CONTACTS, "Name: John Miller, Role: caretaker, Phone: +49 30 555 0101. [1]"),
        (number, "Contacts", table, "Name: John Miller, Role: caretaker, Phone: +49 30 555 0101. [1]"),
        (number, "Contacts", list, "John Miller : +49 30 555 0101. [1]"),
        (number, "Contacts", lines, "John Miller: +49 30 555 0101. [1]"),
    ] {
        let found = written(question, title, text);
        assert!(
            found.starts_with(expected) && !found.contains("A1") && !found.contains("Anna"),
            "{question} {title}: {found}"
        );
    }
}

#[test]
fn records_without_what_is_asked_are_no_answer() {
    let taken = PARKING.replace("free", "taken");
    let table = "| place | status |\n|---|---|\n| A1 | taken |\n| A2 | taken |\n";
    let lines = "## Phone numbers\n\nAnna Berg: +49 30 555 0100\n\nJohn Miller\n: +49 30 555 0101\n";
    for (question, title, text) in [
        ("which parking place is free?", "Parking", table),
        ("what is Peter Schmidt's phone number?", "Contacts", lines),
        ("which parking place is free?", "parking.csv", taken.as_str()),
        ("which parking place is reserved for Anna?", "parking.csv", PARKING),
        ("what is Peter Schmidt's phone number?", "contacts.csv", CONTACTS),
        ("what is the notice period?", "contacts.csv", CONTACTS),
        ("which dog is allowed?", "parking.csv", PARKING),
    ] {
        assert_eq!(written(question, title, text), "The sources do not answer this question.", "{question}");
    }
}

#[test]
fn what_no_source_says_is_named() {
    let extract = ask("Does the lease mention parking?", &[LEASE]);
    assert!(extract.missing.contains(&"parking".to_owned()), "{extract:?}");
    let nothing = ask("What is the capital of Mongolia?", &[LEASE, HANDBOOK]);
    assert!(nothing.sentences.is_empty(), "{nothing:?}");
    assert_eq!(nothing.missing, ["capital", "Mongolia"]);
    assert_eq!(compose(&nothing).concat(), "The sources do not answer this question.");
    assert_eq!(
        compose(&ask("Кто выиграл чемпионат мира?", &[LEASE])).concat(),
        "Источники не отвечают на этот вопрос."
    );
    assert!(ask("anything", &[]).sentences.is_empty());
}

const OFFICE: &str = "# Lease of the office\n\n## Rent\n\nThe monthly rent of the office is EUR 4,200, due on the third working day.\n\n\
## Parking\n\nNorthwind Studio rents the parking spaces 11 to 14 in the yard. Each parking space costs EUR 85 a month.\n\n## Term\n\n\
Either party may end it with a notice of three months to the end of a quarter.\n\n## Deposit\n\nThe deposit is three monthly rents.\n";
const LEAVE: &str =
    "# Отпуск\n\nСотрудник получает 28 календарных дней отпуска в год. Заявление подают за две недели.\n";

#[test]
fn the_kind_of_thing_that_is_asked_for_is_not_missed_where_it_is_given() {
    for (question, text, expected) in [
        ("what is the notice period in the lease?", OFFICE, "a notice of three months to the end of a quarter. [1]"),
        ("какой срок отпуска?", LEAVE, "Сотрудник получает 28 календарных дней отпуска в год. [1]"),
        ("what is the parking policy?", OFFICE, "a month. [1]"),
    ] {
        let found = written(question, "lease.md", text);
        assert!(found.ends_with(expected) && !found.contains("Прямого"), "{question}: {found}");
    }
    let found = written("what is the price of the projector?", "", "The projector was bought on 3 May 2024 in Hall.");
    assert_eq!(found, "The sources do not answer this question.", "a date is no price");
}

#[test]
fn an_answer_in_the_words_of_the_question_is_not_padded_with_other_forms_of_them() {
    for text in [OFFICE.to_owned(), OFFICE.replace("is EUR 4,200", "amounts to EUR 4,200")] {
        let found = written("what is the rent?", "lease.md", &text);
        assert!(found.starts_with("The monthly rent of the office") && found.ends_with("working day. [1]"), "{found}");
    }
}

#[test]
fn the_name_of_a_file_says_what_its_rows_are_about() {
    let rows = "service: Offices\ninterval: weekly\nprice a month: 320 EUR\n\nservice: Windows\ninterval: quarterly\nprice a month: 90 EUR";
    for question in ["What does the cleaning cost a month?", "how much is the cleaning?"] {
        let found = written(question, "cleaning.csv", rows);
        let both = ["service: Offices, interval: weekly, price a month: 320 EUR", "service: Windows, "];
        assert!(both.iter().all(|row| found.contains(row)), "{question}: {found}");
    }
    assert_eq!(written("how much is the catering?", "cleaning.csv", rows), "The sources do not answer this question.");
}

#[test]
fn the_answer_is_markdown_with_a_marker_after_each_sentence() {
    let extract = answer(
        "When does the lease for the garage begin?",
        &passages(&[LEASE]),
        AnswerOptions { max_sentences: 1, ..AnswerOptions::default() },
    );
    assert_eq!(
        compose(&extract).concat(),
        "Nothing in the sources answers this directly; the closest passages are:\n\nThe lease begins on 1 April 2024 and runs for an \
         indefinite term. [1]\n\nThe sources do not mention “garage”."
    );
}

#[test]
fn a_pronoun_comes_with_the_sentence_it_points_to() {
    let text = "The Orion probe left orbit in May. It reached Mars after seven months.";
    let extract = ask("when did the probe reach Mars", &[text]);
    let said: Vec<&str> = extract.sentences.iter().map(|picked| picked.text.as_str()).collect();
    assert_eq!(said, ["The Orion probe left orbit in May.", "It reached Mars after seven months."]);
}

#[test]
fn copies_are_said_once_and_contradictions_are_shown_with_their_dates() {
    let early = "The Harbour Bridge opened to traffic on 12 March 2021.";
    let copy = "The Harbour Bridge opened to traffic on 12 March 2021!";
    let late = "The Harbour Bridge opened to traffic on 19 March 2021.";
    assert_eq!(ask("When did the Harbour Bridge open?", &[early, copy]).sentences.len(), 1);
    let extract = ask("When did the Harbour Bridge open?", &[early, late]);
    assert_eq!(extract.disagreeing, [(0, 1)]);
    let written = compose(&extract).concat();
    assert!(
        written.starts_with(late) && written.ends_with("the newer statement stands first (2025-01-01 — 2024-01-01)."),
        "{written}"
    );
}

#[test]
fn follow_up_questions_come_from_headings_not_asked_about() {
    let questions = related("what is the notice period?", &passages(&[LEASE]));
    assert_eq!(
        questions,
        [
            "What do the sources say about “Parties”?",
            "What do the sources say about “Rent”?",
            "What do the sources say about “Deposit”?"
        ]
    );
    assert!(
        related("какой срок уведомления?", &passages(&[LEASE])).is_empty(),
        "headings in another language are left out"
    );
}

#[test]
fn hostile_passages_are_survived() {
    for piece in ["a", "[", "A b c. ", "It is. ", "| x | y |\n", "notice 1. ", "漢字。"] {
        let text = piece.repeat(60_000 / piece.len());
        let passages =
            [SourcePassage { source: 1, text, title: None, heading: None, start: 0, published_at: None, score: 0.0 }];
        let extract = answer("notice period x y 漢字", &passages, AnswerOptions::default());
        assert!(extract.sentences.len() <= 5, "{piece:?}");
    }
}

//! Extracts from documents as people write them: values beside names, code, frequent questions, lists, several sources.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use chrono::{TimeZone, Utc};
use text::extractive::{AnswerOptions, ExtractKind, ExtractiveAnswer, answer, compose, parts};

fn ask(question: &str, documents: &[(&str, &str)]) -> ExtractiveAnswer {
    common::ask(question, "", &common::library(documents)).1
}

fn written(question: &str, text: &str) -> String {
    compose(&ask(question, &[("document", text)])).concat()
}

const LAMP: &str = "# Desk lamp L2\n\nWeight\n: 640 g\n\nCable\n: 1.8 m\n\n**Power:** 9 W\n**Dimmer:** four steps\n\n- Colour temperature: 2,700 \
K\n- Base: 18 × 18 cm\n\nFinish: brass\n\n## Settings\n\n### Timer\n\nDelay: 30 min\n";

#[test]
fn values_stand_beside_their_names() {
    for (question, expected) in [
        ("How heavy is the lamp?", "Weight : 640 g. [1]"),
        ("What is the power of the L2?", "**Power:** 9 W. [1]"),
        ("How many steps does the dimmer have?", "**Dimmer:** four steps. [1]"),
        ("What is the colour temperature?", "Colour temperature: 2,700 K. [1]"),
        ("What finish does it have?", "Finish: brass. [1]"),
        ("What is the delay of the timer?", "Delay: 30 min. [1]"),
    ] {
        assert_eq!(written(question, LAMP), expected, "{question}");
    }
    let found = ask("How heavy is the shade?", &[("lamp.md", LAMP)]);
    assert_ne!(found.kind, ExtractKind::Answer, "{found:?}");
}

const SETUP: &str = "# Heron\n\n## Setup\n\nRun this command to install the agent:\n\n    pip install heron-agent\n\nTo start the agent on port \
8123:\n\n```sh\nexport HERON_HOME=/srv/heron\nheron run --port 8123\n```\n\nTo stop it, press Ctrl+C.\n";

#[test]
fn how_something_is_done_is_told_by_code_and_instructions() {
    let found = written("How do I install the agent?", SETUP);
    assert_eq!(found, "Run this command to install the agent: `pip install heron-agent` [1]");
    let found = written("How do I start the agent?", SETUP);
    let block =
        "To start the agent on port 8123:\n\n```\nexport HERON_HOME=/srv/heron\nheron run --port 8123\n```\n[1]";
    assert_eq!(found, block);
    let formula = "# Formula\n\nThe flow is computed as follows.\n\nQ = 4.2 A\n\n## Расход\n\nРасход воды считают по формуле.\n\nW = 3 N\n";
    assert_eq!(written("How is the flow computed?", formula), "The flow is computed as follows. Q = 4.2 A. [1]");
    assert_eq!(written("Как считают расход воды?", formula), "Расход воды считают по формуле. W = 3 N. [1]");
    let found = ask("How do I upgrade the agent?", &[("setup.md", SETUP)]);
    assert_ne!(found.kind, ExtractKind::Answer, "{found:?}");
}

const STEPS: &str = "# First day\n\n1. Start the VPN. Everything below needs it.\n\n   ```sh\n   wg-quick up meadow\n   ```\n\n2. Make a key and \
send it to Oda\n\n   ```sh\n   ssh-keygen -t ed25519\n   cat ~/.ssh/id_ed25519.pub\n   ```\n\n3. Install the client.\n\n- Запустите \
журнал, пароль лежит в письме.\n  ```\n  journal start\n  ```\n\nAsk Oda when something is stuck.\n\n```\nunrelated code\n```\n";

#[test]
fn a_step_is_quoted_with_the_command_set_in_under_it() {
    for (question, expected) in [
        ("How do I start the VPN?", "Start the VPN. Everything below needs it. `wg-quick up meadow` [1]"),
        (
            "How do I make a key?",
            "Make a key and send it to Oda\n\n```\nssh-keygen -t ed25519\ncat ~/.ssh/id_ed25519.pub\n```\n[1]",
        ),
        ("How do I install the client?", "Install the client. [1]"),
        ("Как запустить журнал?", "Запустите журнал, пароль лежит в письме. `journal start` [1]"),
    ] {
        assert_eq!(written(question, STEPS), expected, "{question}");
    }
    let found = written("Whom do I ask when something is stuck?", STEPS);
    assert!(!found.contains("unrelated"), "{found}");
}

#[test]
fn a_row_is_found_by_the_name_beside_its_number_and_keeps_its_commas() {
    let row =
        |number: &str, name: &str, price: &str| format!("Article: {number}\nName: {name}\nPrice in EUR: {price}\n\n");
    let rows = [row("LF-120", "Garden station", "349.00"), row("AC-52", "Rain gauge, heated", "412.00")].concat();
    for (question, expected) in [
        ("What does the rain gauge cost?", "Article: AC-52; Name: Rain gauge, heated; Price in EUR: 412.00. [1]"),
        ("What does the garden station cost?", "Article: LF-120, Name: Garden station, Price in EUR: 349.00. [1]"),
    ] {
        assert_eq!(written(question, &rows), expected, "{question}");
    }
    let table = "| Article | Name | Note | Price in EUR |\n|---|---|---|---|\n| LF-120 | Garden station | | 349.00 |\n| AC-52 | Rain gauge, heated | | 412.00 |\n";
    let found = written("What does the rain gauge cost?", table);
    assert_eq!(found, "Article: AC-52; Name: Rain gauge, heated; Price in EUR: 412.00. [1]");
}

#[test]
fn a_question_as_a_heading_is_answered_by_what_stands_below() {
    let lines = "Do you ship abroad?\nNo, sorry. Ask a forwarder in your country.\n\nHow do I return a parcel?\nBring it to any branch.\n";
    let marked = "## Do you ship abroad?\n\nNo, sorry. Ask a forwarder in your country.\n\n## How do I return a parcel?\n\nBring it to any branch.\n";
    let letters = "**Q: Do you ship abroad?**\nA: No, sorry. Ask a forwarder in your country.\n\n**Q: How do I return a parcel?**\nA: Bring it to \
                   any branch.\n";
    for text in [lines, marked, letters] {
        assert!(written("Do you ship abroad?", text).contains("No, sorry."), "{text}");
        let found = written("How can I return a parcel?", text);
        assert!(found.contains("Bring it to any branch.") && !found.contains("sorry"), "{found}");
    }
}

#[test]
fn forms_of_one_russian_verb_meet() {
    let rules = "# Цех\n\nБез защитной обуви в цех не пускают. На письма отвечает Айгерим Сейтова. Пропуск продлевают на проходной. \
                 Оборудование закупает Бахыт Оспанов. Договор оформляет Ерлан Ким. Пришлите номер паспорта за два дня до приезда.";
    for (question, expected) in [
        ("Пустят ли в цех без защитной обуви?", "не пускают"),
        ("Кто ответит на письма?", "Айгерим Сейтова"),
        ("Где продлят пропуск?", "на проходной"),
        ("Кто закупит оборудование?", "Бахыт Оспанов"),
        ("Кто оформит договор?", "Ерлан Ким"),
        ("За сколько дней до приезда нужно прислать номер паспорта?", "два дня"),
    ] {
        let found = ask(question, &[("rules.md", rules)]);
        assert!(found.sentences.iter().any(|sentence| sentence.text.contains(expected)), "{question}: {found:?}");
        assert!(found.missing.is_empty(), "{question}: {found:?}");
    }
    for question in ["Кто оплатит договор?", "Где хранят оборудование?", "Кто убирает цех?"]
    {
        let found = ask(question, &[("rules.md", rules)]);
        assert!(found.kind != ExtractKind::Answer && found.missing.len() == 1, "{question}: {found:?}");
    }
}

#[test]
fn what_only_phrases_a_question_is_not_looked_for() {
    let text = "# Guide\n\nPEN (proof of entry)\n: The paper that the porter stamps.\n\n| topic | who | extension |\n|---|---|---|\n\
                | Salary and contracts | Marije Koster | 214 |\n| Computers | Bram Oduya | 230 |\n\nЗа номер можно заплатить не больше \
                9 000 тенге. На новую камеру выделено 11,4 млн тенге.";
    for (question, expected) in [
        ("What does PEN mean?", "The paper that the porter stamps"),
        ("Whom do I ask about my salary?", "Marije Koster"),
        ("Who can I ask about computers?", "Bram Oduya"),
        ("Сколько можно заплатить за номер?", "9 000 тенге"),
        ("Сколько выделено на камеру?", "11,4 млн тенге"),
    ] {
        let found = ask(question, &[("guide.md", text)]);
        assert_eq!(found.kind, ExtractKind::Answer, "{question}: {found:?}");
        assert!(found.sentences.iter().all(|sentence| sentence.text.contains(expected)), "{question}: {found:?}");
    }
    let lease = "The tenant may put solar panels on the roof from 6:00 to 22:00.";
    assert_ne!(
        ask("How much is a solar panel?", &[("lease.md", lease)]).kind,
        ExtractKind::Answer,
        "a time is no amount"
    );
    let found = ask("Whom do I ask about my pension?", &[("guide.md", text)]);
    assert_ne!(found.kind, ExtractKind::Answer, "{found:?}");
}

#[test]
fn both_halves_of_a_question_are_answered() {
    let text = "# Tower\n\nThe tower has 214 steps. It is 48 metres high. The bell was cast by Jan Moor.";
    let found = written("How many steps does the tower have, and how high is it?", text);
    assert!(found.contains("214 steps") && found.contains("48 metres"), "{found}");
    let half = ask("How many steps does the tower have, and what did it cost?", &[("tower.md", text)]);
    assert_eq!((half.kind, half.unanswered.len()), (ExtractKind::Answer, 1), "{half:?}");
    let founders =
        "Ines Vermaat and Timur Abenov founded Meadow in 2011. Цех в Алматы открыла Айгерим Сейтова в 2016 году.";
    for (question, answered) in [
        ("Who founded Meadow, and when?", true),
        ("Who founded Meadow and why?", false),
        ("Кто открыл цех в Алматы и когда?", true),
        ("Кто открыл цех в Алматы и зачем?", false),
    ] {
        let found = ask(question, &[("history.md", founders)]);
        assert_eq!((found.kind, found.unanswered.is_empty()), (ExtractKind::Answer, answered), "{question}: {found:?}");
        assert_eq!(found.sentences.len(), 1, "{question}: {found:?}");
    }
    let lamp = written("What are the weight and the finish of the lamp?", LAMP);
    assert!(lamp.contains("640 g") && lamp.contains("brass"), "{lamp}");
}

#[test]
fn a_comparison_puts_each_sentence_under_the_thing_it_is_about() {
    let documents = [
        ("elm.md", "# Elm Lane\n\nThe garage has 40 places. It opens at six."),
        ("oak.md", "# Oak Street\n\nThe garage has 75 places. It opens at seven."),
    ];
    let found = compose(&ask("Compare the places of Elm Lane and Oak Street", &documents)).concat();
    let (elm, oak) = found.split_once("**places of Oak Street**").unwrap();
    assert!(elm.contains("40 places") && oak.contains("75 places"), "{found}");
}

#[test]
fn quotations_keep_every_sign_of_their_source() {
    for (question, sentence) in [
        ("What is the price in euro?", "The price is 7 * 12 = 84 euro."),
        ("Which pattern matches every folder?", "The pattern ** matches every folder."),
        ("Which variable is read first?", "The variable my_own_name or __main__ is read first."),
        ("What is the path of the log?", r"The path of the log is D:\logs\*.txt on the server."),
        ("Which stops does the bus visit?", "The bus visits the stops [4,2,9] in that order."),
    ] {
        let extract = ask(question, &[("notes.txt", sentence)]);
        let parts = parts(&extract);
        let quotation = parts[0].quotation.as_ref().unwrap();
        assert_eq!(&parts[0].text[quotation.range.clone()], sentence);
        assert_eq!(parts[0].text, format!("{sentence} [1]"), "the mark follows the quotation");
    }
}

#[test]
fn chinese_and_japanese_are_answered_in_kind() {
    let chinese = "# 办公室指南\n\n## 设施\n\n会议室位于五楼。空调每年检查一次。大楼建于2004年。";
    assert_eq!(written("会议室在哪里?", chinese), "会议室位于五楼。 [1]");
    assert_eq!(written("大楼建于哪一年?", chinese), "大楼建于2004年。 [1]");
    assert_eq!(written("游泳池在哪里?", chinese), "来源没有回答这个问题。");
    let japanese = "図書室は二階にあります。開館時間は九時から五時までです。";
    assert_eq!(written("図書室はどこにありますか?", japanese), "図書室は二階にあります。 [1]");
}

#[test]
fn what_the_passages_lack_is_said_in_the_language_of_the_question_and_never_beside_an_answer() {
    let text = "Die Miete beträgt 900 Euro im Monat. The rent of the office is 900 euro. Аренда офиса стоит 900 евро.";
    assert!(written("Wie hoch ist die Kaution für die Miete?", text).contains("Die Quellen"));
    assert!(written("Кто владелец офиса?", text).contains("В источниках не упоминается: «владелец»."));
    let answered = ask("What is the rent of the office?", &[("rent.txt", text)]);
    assert!(answered.kind == ExtractKind::Answer && answered.missing.is_empty(), "{answered:?}");
}

#[test]
fn sources_disagree_only_about_one_subject_and_the_newer_stands_first() {
    let disagreeing = |question: &str, older: &str, newer: &str| {
        let mut library = common::library(&[("one.md", older), ("two.md", newer)]);
        for passage in &mut library {
            let year = 2023 + i32::try_from(passage.source).unwrap();
            passage.published_at = Some(Utc.with_ymd_and_hms(year, 5, 1, 0, 0, 0).unwrap());
            passage.score = 1.0;
        }
        let extract = answer(question, &library, AnswerOptions::default());
        (!extract.disagreeing.is_empty()).then(|| extract.sentences[0].source)
    };
    let toll = ["The toll of the tunnel is 4 euro.", "The toll of the tunnel is 5 euro."];
    assert_eq!(disagreeing("What is the toll of the tunnel?", toll[0], toll[1]), Some(2));
    let head = ["The head of the clinic is Anna Kern.", "The head of the clinic is Omar Said."];
    assert_eq!(disagreeing("Who is the head of the clinic?", head[0], head[1]), Some(2));
    let dogs = ["Dogs are allowed in the park.", "Dogs are not allowed in the park."];
    assert_eq!(disagreeing("Are dogs allowed in the park?", dogs[0], dogs[1]), Some(2));
    let town = |name: &str, year: u32| {
        format!(
            "# {name}\n\n{name} is a town in the lowland of Marrow. It lies on the river. It received its charter in {year}."
        )
    };
    assert_eq!(disagreeing("When did the town receive its charter?", &town("Aldau", 1240), &town("Berik", 1377)), None);
    let bergs =
        ask("When did Berik receive its charter?", &[("a.md", &town("Aldau", 1240)), ("b.md", &town("Berik", 1377))]);
    let found = compose(&bergs).concat();
    assert!(found.contains("1377") && !found.contains("1240") && !found.contains("disagree"), "{found}");
}

#[test]
fn an_acronym_and_its_full_form_meet_where_the_text_gives_both() {
    let text = "The Coastal Water Board (CWB) was founded in 1961. The Coastal Water Board has 85 members.";
    assert!(written("How many members does the CWB have?", text).contains("85 members"));
}

#[test]
fn a_value_is_found_in_any_spelling() {
    let text = "The lease of the hall was signed on 05.11.2019. The pump TX-40 moves 2.5 thousand litres. The pump TX-60 moves 4,000 litres.";
    for question in [
        "What was signed on November 5, 2019?",
        "What was signed on 5 November 2019?",
        "What was signed on 2019-11-05?",
    ] {
        assert!(written(question, text).starts_with("The lease of the hall"), "{question}");
    }
    assert!(written("Which pump moves 2,500 litres?", text).starts_with("The pump TX-40"));
    let found = written("How many litres does the TX 60 move?", text);
    assert!(found.starts_with("The pump TX-60") && !found.contains("TX-40"), "{found}");
}

#[test]
fn two_pages_of_one_template_are_two_pages() {
    let page = |town: &str, year: u32| {
        let parts: String = ["gate", "keep", "moat", "yard", "hall"]
            .map(|part| format!("The old mill of {town} stands at the river and this part tells about its {part} and the people who worked there.\n\n"))
            .concat();
        format!("# Mill of {town}\n\n{parts}The mill of {town} was built in {year}.\n")
    };
    let documents = [("a.md", page("Ostrow", 1411)), ("b.md", page("Lindau", 1522))];
    let documents: Vec<(&str, &str)> = documents.iter().map(|(name, text)| (*name, text.as_str())).collect();
    for (town, year) in [("Lindau", "1522"), ("Ostrow", "1411")] {
        let found = compose(&ask(&format!("When was the mill of {town} built?"), &documents)).concat();
        assert!(found.starts_with(&format!("The mill of {town} was built in {year}.")), "{found}");
    }
}

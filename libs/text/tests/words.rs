//! Terms and languages as the services use them.

use text::language::{Language, detect};
use text::terms::{index_terms, index_terms_in, index_text, query_terms};

#[test]
fn short_questions_have_a_language() {
    for (question, code) in [
        ("what is the notice period in the lease?", "en"),
        ("who founded SpaceX?", "en"),
        ("how does photosynthesis work", "en"),
        ("capital of Australia", "en"),
        ("какой срок уведомления?", "ru"),
        ("кто основал Петербург", "ru"),
        ("Москва население", "ru"),
        ("яка столиця України?", "uk"),
        ("Wie lang ist die Kündigungsfrist?", "de"),
        ("Was ist ein Mietvertrag?", "de"),
        ("Quelle est la durée du préavis ?", "fr"),
        ("Qu'est-ce que la photosynthèse ?", "fr"),
        ("¿Cuál es el plazo de preaviso?", "es"),
        ("cuántos habitantes tiene Madrid", "es"),
        ("日本の首都はどこですか", "ja"),
        ("什么是人工智能", "zh"),
        ("대한민국의 수도는 어디입니까", "ko"),
        ("Ποια είναι η πρωτεύουσα της Ελλάδας", "el"),
    ] {
        assert_eq!(detect(question).map(Language::code), Some(code), "{question}");
    }
    assert_eq!(detect("12345 !?"), None);
    assert_eq!(detect(""), None);
}

#[test]
fn codes_are_read_in_any_dress() {
    assert_eq!(Language::from_code("en-US"), Some(Language::ENGLISH));
    assert_eq!(Language::from_code("RU"), Some(Language::RUSSIAN));
    assert_eq!(Language::from_code("xx"), None);
}

#[test]
fn inflected_words_meet_in_one_term() {
    assert_eq!(index_terms("tenants"), index_terms("Tenant's"));
    assert_eq!(index_terms("договора"), index_terms("ДОГОВОР"));
    assert_eq!(index_terms("ёлка"), index_terms("елка"));
    assert_eq!(index_terms("Café naïve"), index_terms("cafe naive"));
    assert_eq!(index_terms("ﬁnance"), index_terms("finance"));
    assert_eq!(index_terms_in("Häuser Häusern", Language::GERMAN), ["haus", "haus"]);
}

#[test]
fn spellings_and_forms_of_one_word_meet() {
    for pair in [
        ["organisations", "organizations"],
        ["localised", "localized"],
        ["analyse", "analyze"],
        ["behaviours", "behavior"],
        ["kilometres", "kilometers"],
        ["catalogue", "catalog"],
        ["programme", "program"],
        ["содержат", "содержит"],
        ["держат", "держит"],
    ] {
        assert_eq!(index_terms(pair[0]), index_terms(pair[1]), "{pair:?}");
    }
    for pair in [["precise", "precision"], ["advertised", "advertisement"], ["revise", "revision"]] {
        assert_eq!(index_terms(pair[0]), index_terms(pair[1]), "{pair:?} are written so everywhere");
    }
    assert_eq!(index_terms("hour noise rise wise"), ["hour", "nois", "rise", "wise"]);
}

#[test]
fn names_and_numbers_stay_usable() {
    assert_eq!(index_terms("v2.4.1"), ["v2v4v1"]);
    assert_eq!(index_terms("1,000 1\u{a0}000 1000"), ["1000", "1000", "1000"]);
    assert_eq!(index_terms("2,5 2.5 1,234.56 1.234,56"), ["2v5", "2v5", "1234v56", "1234v56"]);
    assert!(index_terms("failed with ERR_CONN_42").contains(&"errconn42".to_owned()));
    assert!(index_terms("ERR_CONN_42").contains(&"conn".to_owned()));
    assert_eq!(query_terms("email"), query_terms("e-mail").split_off(1));
    assert!(index_terms("anna@firm.com").contains(&"firm".to_owned()));
    assert!(index_terms("from 12.03.2024").contains(&"12v03v2024".to_owned()));
    assert_eq!(index_terms("C++ C# C"), ["cplusplus", "csharp", "c"]);
    assert_eq!(index_terms("東京都"), ["東京", "京都"]);
}

#[test]
fn spellings_of_one_value_meet() {
    let meet = |spellings: &[&str], term: &str| {
        for spelling in spellings {
            assert!(index_terms(spelling).contains(&term.to_owned()), "{spelling}: {:?}", index_terms(spelling));
            assert!(query_terms(spelling).contains(&term.to_owned()), "{spelling}: {:?}", query_terms(spelling));
        }
    };
    meet(&["2500", "2,500", "2.500", "2 500", "2\u{a0}500", "2.5 thousand", "2,5 тысячи"], "2500");
    meet(&["1 200 000 euro", "1.2 million", "1,2 млн", "1,200,000"], "1200000");
    meet(&["05.11.2019", "November 5, 2019", "5 ноября 2019", "2019-11-05", "5. November 2019"], "d20191105");
    meet(&["TX-40", "TX 40", "tx40"], "tx40");
    meet(&["m2", "m²"], "m2");
    assert_eq!(query_terms("TX-40"), ["tx40"], "a name of a model is one word");
    assert_eq!(
        query_terms("minutes of 5 November 2019"),
        ["minut", "d20191105"],
        "any spelling has the term of a question"
    );
    assert!(!index_terms("version 2.50").contains(&"250".to_owned()));
}

#[test]
fn questions_lose_their_function_words_but_never_all_words() {
    assert_eq!(query_terms("What is the notice period in the lease?"), ["notic", "period", "leas"]);
    assert_eq!(query_terms("Какой срок уведомления в договоре аренды?"), ["срок", "уведомлен", "договор", "аренд"]);
    assert_eq!(query_terms("Wie lang ist die Kündigungsfrist?"), ["lang", "kundigungsfrist"]);
    assert_eq!(query_terms("why do bees die"), ["bee", "die"]);
    assert_eq!(query_terms("who is who"), ["who", "is"]);
    assert!(query_terms("?!").is_empty());
}

#[test]
fn indexed_text_is_made_of_letters_and_digits() {
    let text = "\"quoted\" AND (near) * foo:bar -x ERR_1 naïve@x.y 1.5% наш «дом» ไทย हिन्दी 日本 \u{0}'--";
    for term in index_text(text).split(' ') {
        assert!(!term.is_empty());
        assert!(!term.contains(|c: char| c.is_ascii_punctuation() || c.is_control()), "{term}");
    }
    assert_eq!(index_text(text).split(' ').collect::<Vec<_>>(), index_terms(text));
}

#[test]
fn hostile_words_are_bounded() {
    let terms = index_terms(&"a".repeat(1_000_000));
    assert_eq!(terms.len(), 1);
    assert!(terms[0].len() <= 64);
    let joined: usize = index_terms(&"a1-".repeat(300_000)).iter().map(String::len).sum();
    assert!(joined <= 1_000_000, "{joined}");
    assert!(index_terms(&"e\u{301}".repeat(300_000)).iter().all(|term| term.chars().count() <= 64));
}

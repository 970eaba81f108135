//! Citation checks against realistic passages.

mod doubling;

use text::support::{Verdict, assess, check};

const LEASE: &str = "# Lease agreement\n\nThe lease begins on 1 April 2024 and runs for an indefinite term. The monthly rent is EUR 1,250, payable \
in advance by the third working day. Either party may terminate the lease by giving three months' written notice to the end of a calendar \
month. The tenant may not sublet the flat without the consent of the landlord, Maria Keller. The deposit amounts to 3,750 euros.";

const NEWS: &str = "Центральный банк России 14 февраля 2025 года сохранил ключевую ставку на уровне 21 % годовых. Председатель Эльвира Набиуллина \
заявила, что инфляция составила 9,9 %. Население города превысило 1 000 000 человек. Следующее заседание состоится в марте.";

fn verdict(sentence: &str, passage: &str) -> Verdict {
    check(sentence, passage).verdict
}

#[test]
fn a_copied_sentence_is_supported_and_quoted() {
    for passage in [LEASE, NEWS] {
        for range in text::sentences::split(passage) {
            let sentence = format!("**{}** [1][2]", &passage[range.clone()]);
            let support = check(&sentence, passage);
            assert_eq!(support.verdict, Verdict::Supported, "{sentence} {support:?}");
            assert!(support.score > 0.99, "{sentence} {support:?}");
            assert_eq!(support.quote, range, "{sentence}");
        }
    }
}

#[test]
fn numbers_and_dates_are_compared_by_meaning() {
    for sentence in [
        "The lease begins on 2024-04-01 [1].",
        "The lease begins on April 1, 2024.",
        "The lease begins on 01.04.2024.",
        "The monthly rent is €1250.",
        "The lease may be terminated with 3 months' written notice.",
        "The deposit is 3750 EUR.",
    ] {
        assert_eq!(verdict(sentence, LEASE), Verdict::Supported, "{sentence} {:?}", check(sentence, LEASE));
    }
    for sentence in [
        "14.02.2025 Центральный банк сохранил ключевую ставку на уровне 21%.",
        "Инфляция составила 9.9 процента.",
        "Население города превысило 1 млн человек.",
    ] {
        assert_eq!(verdict(sentence, NEWS), Verdict::Supported, "{sentence} {:?}", check(sentence, NEWS));
    }
}

#[test]
fn spellings_of_numbers_dates_and_units_meet() {
    for (passage, sentences) in [
        ("The hall seats 2,500 people.", &["The hall seats 2.5 thousand people.", "The hall seats 2 500 people."][..]),
        ("Зал вмещает 2.500 человек.", &["Зал вмещает 2,5 тысячи человек.", "Зал вмещает 2 500 человек."]),
        (
            "The bridge opened on 05.11.2019.",
            &["The bridge opened on November 5, 2019.", "The bridge opened on 2019-11-05."],
        ),
        ("Мост открыли 2019-11-05.", &["Мост открыли 5 ноября 2019 года.", "Мост открыли 05.11.2019."]),
        (
            "The flat measures 40 m² and 2.4 m in height.",
            &[
                "The flat measures 40 m2 and 240 cm in height.",
                "The flat measures 40 square metres and 2.4 m in height.",
            ],
        ),
        (
            "Bake at 200 °C for 90 minutes.",
            &["Bake at 392 °F for 90 minutes.", "Bake at 200 °C for one and a half hours."],
        ),
        ("The file has 2 GB and weighs 3 kg on paper.", &["The file has 2,000 MB and weighs 3,000 g on paper."]),
    ] {
        for sentence in sentences {
            assert_eq!(verdict(sentence, passage), Verdict::Supported, "{sentence} {:?}", check(sentence, passage));
        }
    }
    for (sentence, passage) in [
        ("Bake at 200 °F for 90 minutes.", "Bake at 200 °C for 90 minutes."),
        ("The flat measures 40 km².", "The flat measures 40 m²."),
        ("The hall seats 2.5 million people.", "The hall seats 2,500 people."),
    ] {
        assert_eq!(verdict(sentence, passage), Verdict::Unsupported, "{sentence}");
    }
}

#[test]
fn a_wrong_number_date_unit_or_name_is_not_supported() {
    for (sentence, passage) in [
        ("Either party may terminate the lease by giving six months' written notice.", LEASE),
        ("Either party may terminate the lease by giving three weeks' written notice.", LEASE),
        ("The lease begins on 2 April 2024.", LEASE),
        ("The monthly rent is 1,350 euros.", LEASE),
        ("The monthly rent is 1,250 dollars.", LEASE),
        ("ЦБ сохранил ключевую ставку на уровне 16 % годовых.", NEWS),
        ("The moon is made of cheese.", LEASE),
    ] {
        assert_eq!(verdict(sentence, passage), Verdict::Unsupported, "{sentence} {:?}", check(sentence, passage));
    }
    assert_ne!(
        verdict("The tenant may not sublet without the consent of the landlord, Peter Schulz.", LEASE),
        Verdict::Supported
    );
    assert_ne!(
        verdict("The tenant may sublet the flat without the consent of the landlord.", LEASE),
        Verdict::Supported
    );
    assert_ne!(verdict("Центральный банк не сохранил ключевую ставку на уровне 21 %.", NEWS), Verdict::Supported);
}

#[test]
fn half_a_truth_is_partial() {
    let half = "The monthly rent is 1,250 euros and the heating costs another 180 euros.";
    assert_eq!(verdict(half, LEASE), Verdict::Partial, "{:?}", check(half, LEASE));
    let translated = "The key rate stayed at 21 % on 14 February 2025.";
    assert_eq!(verdict(translated, NEWS), Verdict::Partial, "{:?}", check(translated, NEWS));
}

#[test]
fn the_quote_is_the_place_that_says_it() {
    let support = check("Three months' notice is needed to terminate.", LEASE);
    assert!(LEASE[support.quote].starts_with("Either party may terminate"));
}

#[test]
fn empty_and_hostile_texts_are_judged_too() {
    assert_eq!(verdict("", LEASE), Verdict::Unsupported);
    assert_eq!(verdict("Something.", ""), Verdict::Unsupported);
    for piece in ["a", "[", "1 ", "Jan ", "A b. ", "12/", "*", "1,000 ", "[a](", "漢"] {
        let noise = piece.repeat(20_000 / piece.len());
        assert!(check(&noise, &noise).score <= 1.0, "{piece:?}");
    }
}

#[test]
fn what_a_passage_says_of_another_is_not_said() {
    const SHIP: &str = "Captain Bowen sold the Petrel to the merchant Anton Krol in 1884. Krol renamed her Halina. The crew of \
        eleven was saved by the lifeboat Dorothea; the tadpoles on board were eaten by newts.";
    for sentence in
        ["Anton Krol sold the Petrel to Captain Bowen in 1884.", "The crew of eleven saved the lifeboat Dorothea."]
    {
        assert_eq!(verdict(sentence, SHIP), Verdict::Unsupported, "{sentence}");
    }
    assert_eq!(verdict("The lifeboat Dorothea saved the crew of 11.", SHIP), Verdict::Supported);
    const TARIFFS: &str =
        "| Plan | Speed | Price |\n|---|---|---|\n| Home | 300 Mbit/s | €25 |\n| Office | 800 Mbit/s | €60 |";
    assert_eq!(verdict("The Home plan costs €25.", TARIFFS), Verdict::Supported);
    assert_eq!(verdict("The Home plan costs €60.", TARIFFS), Verdict::Unsupported);
}

#[test]
fn limits_conditions_and_certainty_are_compared() {
    const MANUAL: &str = "Only the red lamp lights up below 1.2 bar. The pump may stop before the tank is empty. All valves except \
        the drain valve are closed. Green tea contains less caffeine than black tea. Wait at least 10 minutes.";
    for sentence in [
        "Only the red lamp lights up above 1.2 bar.",
        "All lamps light up below 1.2 bar.",
        "The drain valve is closed.",
        "Green tea contains more caffeine than black tea.",
        "Wait at most 10 minutes.",
        "Wait at least 10 seconds.",
    ] {
        assert_ne!(verdict(sentence, MANUAL), Verdict::Supported, "{sentence}");
    }
    assert_eq!(verdict("The pump stops before the tank is empty.", MANUAL), Verdict::Partial);
    assert_eq!(verdict("Black tea contains more caffeine than green tea.", MANUAL), Verdict::Supported);
    assert_eq!(verdict("Wait at least 600 seconds.", MANUAL), Verdict::Supported);
}

#[test]
fn questions_and_announcements_are_no_claims() {
    for sentence in
        ["What is the rent?", "Here is a summary of the lease:", "Вот краткое изложение:", "I hope this helps!"]
    {
        let assessment = assess(sentence, &[LEASE]);
        assert!(!assessment.is_claim && assessment.is_settled, "{sentence}");
    }
    assert!(assess("The rent is EUR 1,250: it is due in advance.", &[LEASE]).is_claim);
}

#[test]
fn the_closest_passage_decides_unless_another_supports() {
    let wrong = assess("The monthly rent is EUR 1,350.", &[NEWS, LEASE, "The monthly meeting is on Monday."]);
    assert_eq!((wrong.passage, wrong.support.verdict, wrong.is_settled), (1, Verdict::Unsupported, true));
    let right = assess("The monthly rent is EUR 1,250.", &["The monthly rent is EUR 900.", LEASE]);
    assert_eq!((right.passage, right.support.verdict), (1, Verdict::Supported));
    let copied = assess("Следующее заседание состоится в марте. [1]", &[LEASE, NEWS]);
    assert!(copied.is_verbatim && copied.passage == 1);
    assert!(!assess("Tenants enjoy the garden of the house.", &[LEASE]).is_settled);
}

#[test]
fn chinese_japanese_and_arabic_are_verbatim_too() {
    for (sentence, passage) in [
        ("打印机位于三楼。 [1]", "# 设备\n\n打印机位于三楼。密码每九十天更换一次。"),
        ("员工每年有十五天带薪年假。[1]", "每位员工每年有十五天带薪年假。未使用的假期在次年三月底失效。"),
        ("会議室は三階です。[2]", "受付は一階です。会議室は三階です。"),
        ("أين الطابعة في الطابق الثالث.", "أين الطابعة في الطابق الثالث. تتغير كلمة المرور كل شهر."),
    ] {
        let assessment = assess(sentence, &[passage]);
        assert!(assessment.is_verbatim && assessment.support.verdict == Verdict::Supported, "{sentence}");
    }
    assert_ne!(verdict("打印机位于五楼。", "打印机位于三楼。"), Verdict::Supported);
}

#[test]
fn twice_the_text_takes_twice_the_time() {
    for unit in [
        "a",
        "ab ",
        "[",
        "[1] ",
        "1 ",
        "7",
        "1,000 ",
        "Jan ",
        "A b. ",
        "12/",
        "*",
        "漢",
        "。",
        "Anna ",
        "Anna Maria, ",
        "\"",
        "«",
        "not ",
        "at least 5 ",
        "more than ",
        "a | b\n",
        "a: b\n",
        "; ",
        "and ",
        "if a ",
        "by ",
        "кроме ",
        "12 May 2020 ",
        "_",
        "&amp;",
        "\n",
    ] {
        doubling::assert_linear(unit, 6_000, |text| {
            let _ = check("Anna Maria sold at least 5 lamps, not 7, in May 2020.", text);
            let _ = check(text, "Anna Maria sold at least 5 lamps, not 7, in May 2020.");
        });
    }
}

//! Citation checks against realistic passages.

use text::support::{Verdict, check};

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
        let noise = piece.repeat(60_000 / piece.len());
        assert!(check(&noise, &noise).score <= 1.0, "{piece:?}");
    }
}

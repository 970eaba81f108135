//! Ranking, fusion, duplicates and passages over small realistic sets.

use chrono::{TimeZone, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use text::bm25::{Bm25, proximity};
use text::diversify::{RankedPassage, diversify, diversify_dated};
use text::fusion::{K, rrf};
use text::near_duplicates::{NEAR_DUPLICATE, Shingles, distinct};
use text::passages::{PassageLimits, split};
use text::ranking::{RankingDocument, rank};
use text::terms::{index_terms, query_terms};

const NOTICE: &str = "The notice period is three months to the end of a calendar month.";
const RENT: &str = "The monthly rent is 900 euros, payable in advance.";
const PETS: &str = "Pets may be kept with the consent of the landlord. The period of consent is one year.";

#[test]
fn the_document_with_the_telling_terms_comes_first() {
    let documents: Vec<Vec<String>> = [RENT, PETS, NOTICE].map(index_terms).to_vec();
    let query = query_terms("what is the notice period?");
    let bm25 = Bm25::new(&documents);
    let scores = bm25.scores(&query);
    assert!(scores[2] > scores[1] && scores[1] > scores[0], "{scores:?}");
    assert_eq!(scores[0], 0.0);
    let coverage = bm25.coverage(&query);
    assert!((coverage[2] - 1.0).abs() < 1e-6 && coverage[1] < 0.5, "{coverage:?}");
    assert!(Bm25::new(&[]).scores(&query).is_empty());
}

#[test]
fn terms_side_by_side_are_nearest() {
    let query = query_terms("notice period");
    assert_eq!(proximity(&index_terms(NOTICE), &query), 1.0);
    let apart = proximity(&index_terms("A notice was sent to us within the period"), &query);
    assert!(apart > 0.0 && apart < 0.5, "{apart}");
    assert_eq!(proximity(&index_terms(RENT), &query), 0.0);
}

#[test]
fn fusion_prefers_items_in_several_lists() {
    let fused = rrf(&[vec!["a", "b", "c"], vec!["b", "d", "b"]], K);
    let order: Vec<&str> = fused.iter().map(|(item, _)| *item).collect();
    assert_eq!(order, ["b", "a", "d", "c"]);
    assert!((fused[0].1 - (1.0 / 62.0 + 1.0 / 61.0)).abs() < 1e-6);
}

#[test]
fn a_semantic_match_is_kept_without_a_common_word() {
    let document = |text, semantic_match| RankingDocument { text, heading: None, title: "", semantic_match };
    let leave = document("Either side may leave after a quarter of a year.", true);
    let documents = [document(RENT, false), leave, document(NOTICE, false)];
    let order: Vec<usize> = rank("notice period", &documents).into_iter().map(|(place, _)| place).collect();
    assert_eq!(order, [2, 1], "words come first, and what has neither is left out");
}

#[test]
fn near_duplicates_are_found_and_different_facts_are_not() {
    let edited = "The notice period is three months to the end of a calendar month, as agreed.";
    let texts: Vec<Shingles> = [NOTICE, RENT, edited, PETS, NOTICE].map(Shingles::of).to_vec();
    assert_eq!(distinct(&texts, NEAR_DUPLICATE), [0, 1, 3]);
    let two = Shingles::of("The notice period for managers is six months.").resemblance(&Shingles::of(NOTICE));
    assert!(two < NEAR_DUPLICATE, "{two}");
}

#[test]
fn sketches_find_the_same_near_duplicates() {
    let sketch = |text: &str| Shingles::of(text).sketch();
    let edited = "The notice period is three months to the end of a calendar month, as agreed.";
    assert!(sketch(NOTICE).is_near_duplicate(&sketch(edited)));
    for other in [RENT, PETS, "The notice period for managers is six months.", ""] {
        assert!(!sketch(NOTICE).is_near_duplicate(&sketch(other)), "{other}");
    }
    let numbered = |end: usize| (0..end).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    assert!(sketch(&numbered(2_000)).is_near_duplicate(&sketch(&numbered(2_100))));
    assert!(!sketch(&numbered(2_000)).is_near_duplicate(&sketch(&numbered(4_000))));
}

#[test]
fn pages_of_one_template_about_different_things_are_no_duplicates() {
    let page = |town: &str, year: u32| {
        format!(
            "The municipality of {town} lies on the river and has a town hall, a railway station, two schools and a weekly market in the \
             square. The municipality of {town} received its charter in {year}. The mayor of {town} is elected by the citizens every six years."
        )
    };
    let texts: Vec<Shingles> =
        [page("Aldau", 1240), page("Berik", 1377), page("Aldau", 1240)].iter().map(|text| Shingles::of(text)).collect();
    assert_eq!(distinct(&texts, NEAR_DUPLICATE), [0, 1]);
    assert!(
        !texts[0].sketch().is_near_duplicate(&texts[1].sketch())
            && texts[0].sketch().is_near_duplicate(&texts[2].sketch())
    );
}

#[test]
fn of_two_versions_the_newer_one_stays() {
    let day = |day| Utc.with_ymd_and_hms(2026, 3, day, 0, 0, 0).single();
    let passage = |source, score, text: &str| RankedPassage { source, score, shingles: Shingles::of(text) };
    let passages = [passage(1, 3.0, NOTICE), passage(2, 2.0, NOTICE), passage(3, 1.0, RENT)];
    assert_eq!(diversify_dated(&passages, &[day(1), day(9), None], 5, 3), [1, 2]);
    assert_eq!(diversify_dated(&passages, &[day(9), day(1), None], 5, 3), [0, 2]);
}

#[test]
fn many_copies_of_boilerplate_cost_little() {
    let texts: Vec<Shingles> = (0..20_000)
        .map(|n| Shingles::of(&format!("All rights reserved by us. Page number {n} {} {}", n * 7, n * 13)))
        .collect();
    assert_eq!(distinct(&texts, 0.99).len(), 20_000);
}

#[test]
fn one_source_does_not_fill_the_list_while_others_have_something() {
    let candidate = |source, score, text: &str| RankedPassage { source, score, shingles: Shingles::of(text) };
    let candidates = [
        candidate(1, 9.0, NOTICE),
        candidate(1, 8.0, RENT),
        candidate(1, 7.0, PETS),
        candidate(2, 1.0, "Heating is included in it."),
        candidate(3, 5.0, NOTICE),
    ];
    assert_eq!(diversify(&candidates, 3, 2), [0, 1, 3]);
    assert_eq!(diversify(&candidates, 4, 2), [0, 1, 2, 3]);
}

#[test]
fn passages_are_whole_sentences_under_their_headings() {
    let sentence = "The tenant shall keep the flat in good order and tell the landlord of any damage at once. ";
    let page = format!(
        "# Lease\n\n## Duties — Pflichten\n\n{}\n\n{}\n\n## Notice\n\n{NOTICE}\n",
        sentence.repeat(6),
        sentence.repeat(9)
    );
    let passages = split(&page, PassageLimits::PAGE);
    assert!(passages.len() >= 3);
    for passage in &passages {
        let text = &page[passage.range.clone()];
        assert!(passage.tokens <= 200 && text.ends_with('.') && text.starts_with("The "), "{text}");
        let by_chars: String = page.chars().skip(passage.chars.start).take(passage.chars.len()).collect();
        assert_eq!(by_chars, text);
    }
    let last = passages.last().expect("passages");
    assert_eq!(last.heading.as_deref(), Some("Lease › Notice"));
    assert_eq!(&page[last.range.clone()], NOTICE);
}

#[test]
fn chunks_of_files_overlap() {
    let text: String =
        (0..200).map(|n| format!("Clause {n} says that the parties agree on number {n} in good faith. ")).collect();
    let chunks = split(&text, PassageLimits::FILE);
    for pair in chunks.windows(2) {
        assert!(pair[1].range.start < pair[0].range.end && pair[1].range.end > pair[0].range.end);
        let shared = text::tokens::count(&text[pair[1].range.start..pair[0].range.end]);
        assert!((50..=110).contains(&shared), "{shared}");
    }
    assert!(chunks.iter().all(|chunk| chunk.tokens <= 410), "{chunks:?}");
}

#[test]
fn any_text_is_cut_into_bounded_passages_that_lose_no_word() {
    let pieces =
        ["word ", "Дом ", "漢字", ". ", "\n", "\n\n", "# ", "- ", "| a | b |\n", "```\n", "x".repeat(700).leak(), "é"];
    let mut rng = StdRng::seed_from_u64(11);
    for _ in 0..300 {
        let text: String = (0..rng.random_range(0..120)).map(|_| pieces[rng.random_range(0..pieces.len())]).collect();
        let mut end = 0;
        let mut words = 0;
        for passage in split(&text, PassageLimits::PAGE) {
            assert!(passage.range.start >= end && passage.range.end > passage.range.start, "{text:?}");
            end = passage.range.end;
            words += text[passage.range].matches("word").count();
        }
        let headings: usize = text::sentences::units(&text)
            .iter()
            .filter(|unit| unit.kind == text::sentences::UnitKind::Heading)
            .map(|unit| text[unit.range.clone()].matches("word").count())
            .sum();
        assert_eq!(words + headings, text.matches("word").count(), "{text:?}");
    }
    for noise in ["a", "[", "漢", "\n- x", "# x\n", "A b. "] {
        assert!(
            !split(&noise.repeat(200_000), PassageLimits::PAGE).iter().any(|passage| passage.tokens > 400),
            "{noise:?}"
        );
    }
}

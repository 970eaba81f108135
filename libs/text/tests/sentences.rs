//! Sentence boundaries in prose, Markdown and noise.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use text::sentences::{UnitKind, split, units};

fn sentences(text: &str) -> Vec<&str> {
    split(text).into_iter().map(|range| &text[range]).collect()
}

#[test]
fn abbreviations_initials_and_numbers_do_not_end_a_sentence() {
    for (text, expected) in [
        ("Dr. Smith paid 3.50 euros. He left.", vec!["Dr. Smith paid 3.50 euros.", "He left."]),
        (
            "Apple Inc. was sued. Apple Inc. The court agreed.",
            vec!["Apple Inc. was sued.", "Apple Inc.", "The court agreed."],
        ),
        ("See No. 5 and Fig. 2. I said no. Then I left.", vec!["See No. 5 and Fig. 2.", "I said no.", "Then I left."]),
        ("J. R. R. Tolkien wrote it. It sold.", vec!["J. R. R. Tolkien wrote it.", "It sold."]),
        ("We use tools, e.g. Docker. They help.", vec!["We use tools, e.g. Docker.", "They help."]),
        ("Срок по ст. 5 п. 3, т.е. 30 дней. Далее иное.", vec!["Срок по ст. 5 п. 3, т.е. 30 дней.", "Далее иное."]),
        (
            "А. С. Пушкин родился в 1799 г. Он жил в г. Москва.",
            vec!["А. С. Пушкин родился в 1799 г.", "Он жил в г. Москва."],
        ),
        ("Хлеб, соль и т. д. Всё есть.", vec!["Хлеб, соль и т. д.", "Всё есть."]),
        ("Es beginnt am 3. März. Danach nicht.", vec!["Es beginnt am 3. März.", "Danach nicht."]),
        (
            "\"Stop!\" he said. «Стой!» — крикнул он. Wow?! Yes…",
            vec!["\"Stop!\" he said.", "«Стой!» — крикнул он.", "Wow?!", "Yes…"],
        ),
        ("He agreed.” She did not.", vec!["He agreed.”", "She did not."]),
        ("Thirty days. [1][2] Then more [3]. End", vec!["Thirty days. [1][2]", "Then more [3].", "End"]),
        ("今日は晴れ。明日は雨！本当？", vec!["今日は晴れ。", "明日は雨！", "本当？"]),
        ("Use v2.4.1 of example.com now. Or else.", vec!["Use v2.4.1 of example.com now.", "Or else."]),
    ] {
        assert_eq!(sentences(text), expected, "{text}");
    }
}

#[test]
fn blocks_of_markdown_stand_alone() {
    let page = "# Lease\n\nThe notice period is\nthree months. It may be longer.\n\n- Rent: 900\n- [x] Deposit paid\n  in full\n1. First\n\n\
        | Item | Cost |\n|---|---|\n| Rent | 900 |\n\n> Quoted words.\n\n---\n```rust\nlet a = 1. max(2);\n```\nEnd";
    let found: Vec<(UnitKind, &str)> = units(page).into_iter().map(|unit| (unit.kind, &page[unit.range])).collect();
    assert_eq!(
        found,
        [
            (UnitKind::Heading, "Lease"),
            (UnitKind::Prose, "The notice period is\nthree months."),
            (UnitKind::Prose, "It may be longer."),
            (UnitKind::Item, "Rent: 900"),
            (UnitKind::Item, "Deposit paid\n  in full"),
            (UnitKind::Item, "First"),
            (UnitKind::Row, "| Item | Cost |"),
            (UnitKind::Row, "| Rent | 900 |"),
            (UnitKind::Prose, "Quoted words."),
            (UnitKind::Code, "let a = 1. max(2);"),
            (UnitKind::Prose, "End"),
        ]
    );
}

#[test]
fn a_short_line_above_a_capital_ends_itself() {
    let page = "Notice period\nEither party may end the lease with a notice of three months in\nwriting.";
    assert_eq!(
        sentences(page),
        ["Notice period", "Either party may end the lease with a notice of three months in\nwriting."]
    );
}

#[test]
fn ranges_are_ordered_apart_and_trimmed_whatever_the_text() {
    let pieces = [
        "a", "B", "7", " ", "\n", ".", "!", "?", "…", "。", "Dr.", "т.е.", "[1]", "[", "]", "\"", "»", "# ", "- ",
        "1. ", "|", "```", ">", "é", "漢", "\u{301}", "\r\n", "\t", "—", "г.", "\u{2028}", "😀",
    ];
    let mut rng = StdRng::seed_from_u64(7);
    for _ in 0..3_000 {
        let text: String = (0..rng.random_range(0..40)).map(|_| pieces[rng.random_range(0..pieces.len())]).collect();
        let mut last = 0;
        for range in split(&text) {
            assert!(range.start >= last && range.start < range.end, "{text:?}");
            let sentence = &text[range.clone()];
            assert_eq!(sentence, sentence.trim(), "{text:?}");
            last = range.end;
        }
    }
}

#[test]
fn hostile_text_is_split_in_linear_time() {
    // Quadratic work would take hours here.
    for piece in ["a", "[", ".", ". ", "e.g. ", "A. ", "\"", "[1] ", ".[1] ", "\n", "# \n", ">", "`", ". [", " "] {
        let text = piece.repeat(400_000 / piece.len());
        assert!(split(&text).len() <= text.len());
    }
    assert_eq!(split(&"One sentence. ".repeat(100_000)).len(), 100_000);
    assert_eq!(split(&format!("A.{}B", " ".repeat(1_000_000))).len(), 1);
}

//! Citation markers in streamed model text.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use text::citations::{CitationOutput, CitationResolver};

/// A cited sentence: start, end, text, sources, and the bytes of text handed out before it.
type Cited = (usize, usize, String, Vec<u32>, usize);

/// All text, and the cited sentences.
fn run(known: u32, deltas: &[&str]) -> (String, Vec<Cited>) {
    let mut resolver = CitationResolver::new(known);
    let mut pieces: Vec<CitationOutput> = deltas.iter().flat_map(|delta| resolver.push(delta)).collect();
    pieces.extend(resolver.finish());
    let (mut text, mut sentences) = (String::new(), Vec::new());
    for piece in pieces {
        match piece {
            CitationOutput::Text(piece) => text.push_str(&piece),
            CitationOutput::Sentence { start, end, text: sentence, sources } => {
                let stretch: String = text.chars().skip(start).take(end - start).collect();
                assert_eq!(stretch, sentence, "a sentence is where it says");
                sentences.push((start, end, sentence, sources, text.len()));
            }
        }
    }
    (text, sentences)
}

fn resolved(text: &str) -> String {
    run(3, &[text]).0
}

#[test]
fn every_dress_of_a_marker_becomes_one() {
    for (written, expected) in [
        ("True [1].", "True [1]."),
        ("True [1][2].", "True [1][2]."),
        ("True [1, 2].", "True [1][2]."),
        ("True [1-3].", "True [1][2][3]."),
        ("True【1】.", "True[1]."),
        ("True 【2†source】.", "True [2]."),
        ("True【1†L10-L20】.", "True[1]."),
        ("True [^3].", "True [3]."),
        ("True ［１，２］.", "True [1][2]."),
        ("True [1; 2].", "True [1][2]."),
        ("True [2, 2].", "True [2]."),
    ] {
        assert_eq!(resolved(written), expected);
    }
}

#[test]
fn unknown_numbers_vanish_with_the_space_before_them() {
    assert_eq!(resolved("True [9]. More [1, 9] and [4-5] end"), "True. More [1] and end");
    assert_eq!(resolved("True [0]."), "True.");
    assert_eq!(run(0, &["No sources [1]."]).0, "No sources.");
}

#[test]
fn other_brackets_are_left_alone() {
    for text in [
        "in [2024] or [sic] or [] or [ ] or [-1] or [0, 1] or [3-1] or [1",
        "a [link](http://x/y) and [1](http://x) and ![2](i.png)",
        "- [ ] open\n- [x] done",
        "[1]: http://example.com",
        "`a[1]` and ``b ` [2]`` and\n```rust\nlet x = v[1];\n```\n",
        "~~~\n[1]\n~~~\n",
        "   ```\n[1]\n``` not closed [2]\n",
        "【注】 ［附］ 【】",
    ] {
        assert_eq!(resolved(text), text);
    }
    assert_eq!(resolved("```\n[9]\n```\nafter [9]."), "```\n[9]\n```\nafter.");
    assert_eq!(resolved("a stray ` tick\n\nthen [9]."), "a stray ` tick\n\nthen.");
}

#[test]
fn a_cited_sentence_is_told_as_soon_as_it_is_complete() {
    let (text, sentences) = run(3, &["The period is 3.5 months [1]. It is long. It, e.g. Here, ends. [2][3] Next one"]);
    let found: Vec<(&str, &[u32])> =
        sentences.iter().map(|(_, _, text, sources, _)| (text.as_str(), sources.as_slice())).collect();
    assert_eq!(found, [("The period is 3.5 months [1].", &[1][..]), ("It, e.g. Here, ends. [2][3]", &[2, 3][..])]);
    assert!(
        sentences[0].4 < text.find("long").expect("second sentence"),
        "the first sentence does not wait for the second"
    );
}

#[test]
fn lines_of_markdown_are_sentences() {
    let answer = "## Terms [1]\n\n- Срок: три месяца [2]\n1. Rent is 900 [1]\n\n| Rent | 900 [3] |\n```\nx [1]\n```\n「はい。」[1]次は雨です[2]。";
    let (_, sentences) = run(3, &[answer]);
    let found: Vec<&str> = sentences.iter().map(|(_, _, text, _, _)| text.as_str()).collect();
    assert_eq!(
        found,
        [
            "Terms [1]",
            "Срок: три месяца [2]",
            "Rent is 900 [1]",
            "| Rent | 900 [3] |",
            "「はい。」[1]",
            "次は雨です[2]。"
        ]
    );
}

#[test]
fn any_cut_gives_the_same_result() {
    let answer = "Да [1, 2]. `c[1]` Dr. Who 【1†s】! [9] ok\n- item [^2]\n```\n[1]\n```\n[1](u) end. [3]";
    let whole = run(3, &[answer]);
    let boundaries: Vec<usize> = answer.char_indices().map(|(at, _)| at).collect();
    for first in &boundaries {
        for second in boundaries.iter().filter(|second| *second >= first) {
            let parts = [&answer[..*first], &answer[*first..*second], &answer[*second..]];
            assert_eq!(run(3, &parts), whole, "cut at {first} and {second}");
        }
    }
    let pieces = [
        "[", "]", "1", "2", "9", ",", " ", "-", "`", "```", "\n", ". ", "A", "b", "【", "】", "†", "(", "^", "~~~",
        "。", "字", "é",
    ];
    let mut rng = StdRng::seed_from_u64(3);
    for _ in 0..3_000 {
        let text: String = (0..rng.random_range(1..40)).map(|_| pieces[rng.random_range(0..pieces.len())]).collect();
        let single: Vec<String> = text.chars().map(String::from).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        assert_eq!(run(3, &single), run(3, &[&text]), "{text:?}");
    }
}

#[test]
fn hostile_streams_take_linear_time() {
    for piece in
        ["[", "[1", "[1] ", " ", "`", ". ", "e.g. ", ".[1] ", "A. ", "[1][1]", "a", "【1†", "。", "\n", "字。", ". [ "]
    {
        let mut resolver = CitationResolver::new(1);
        let mut pieces = resolver.push(&piece.repeat(300_000 / piece.len()));
        pieces.extend(resolver.finish());
        let text: usize =
            pieces.iter().map(|piece| if let CitationOutput::Text(text) = piece { text.len() } else { 0 }).sum();
        assert!(text <= 300_000, "{piece:?}");
    }
}

//! Citation markers in streamed model text.

mod doubling;

use doubling::assert_linear;
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
        ("True [[1]].", "True [1]."),
        ("True [[1], [3]].", "True [1][3]."),
        ("True [Source 1].", "True [1]."),
        ("True [Source 1, Source 3].", "True [1][3]."),
        ("True [sources: 1-2].", "True [1][2]."),
        ("True [citation:1][citation:2].", "True [1][2]."),
        ("True [ref. 2].", "True [2]."),
        ("True [Source 2: handbook.md, page 3].", "True [2]."),
        ("Да [Источник 3].", "Да [3]."),
        ("真的。【来源：2】", "真的。[2]"),
        ("True 【4:0†source】.", "True [1]."),
        ("True【12:2†handbook.md】.", "True[3]."),
        ("Years of work.¹ More²", "Years of work.[1] More²"),
        ("It was renovated²³ and sold³", "It was renovated²³ and sold³"),
        ("It was renovated³ then", "It was renovated[3] then"),
        ("True.<sup>1</sup> And <sup>[2]</sup>", "True.[1] And [2]"),
        ("True ([1]).", "True ([1])."),
    ] {
        assert_eq!(resolved(written), expected);
    }
}

#[test]
fn unknown_numbers_vanish_with_the_space_before_them() {
    assert_eq!(resolved("True [9]. More [1, 9] and [4-5] end"), "True. More [1] and end");
    assert_eq!(resolved("True [0]."), "True.");
    assert_eq!(resolved("True ([9]) and (see [9]) or ([9]"), "True and (see) or");
    assert_eq!(resolved("True [Source 8]【3:7†source】."), "True.");
    assert_eq!(run(0, &["No sources [1]."]).0, "No sources.");
}

#[test]
fn references_to_tools_of_other_products_are_removed() {
    for (written, expected) in [
        ("Days per year \u{e202}turn0search0.", "Days per year."),
        ("Days\u{e200}cite\u{e202}turn0search0\u{e202}turn1news12\u{e201}. Next.", "Days. Next."),
        ("Days citeturn0search0turn0search12 and (turn2file0).", "Days and."),
        ("\u{e203}Marked words\u{e204} stay", "Marked words stay"),
        ("Days \u{e200}cite\u{e202}turn0sea", "Days"),
    ] {
        assert_eq!(resolved(written), expected);
    }
    for text in
        ["cite the turn of 2020", "turn0 and turns, citet, turn1table", "nature turn0search0x", "`turn0search0`"]
    {
        assert_eq!(resolved(text), text);
    }
}

#[test]
fn brackets_of_a_source_are_text() {
    const SOURCE: &str = "The route visits the stops [3,1,2] in that order. On Sundays it leaves out stop [2] of the route.\n\
        Set `rates[1]` first; read arr[2].\n";
    let answer = |text: &str| {
        let mut resolver = CitationResolver::new(3).with_source_texts([SOURCE]);
        let mut pieces: Vec<CitationOutput> = text.chars().flat_map(|c| resolver.push(&c.to_string())).collect();
        pieces.extend(resolver.finish());
        let text = |piece: &CitationOutput| match piece {
            CitationOutput::Text(text) => text.clone(),
            CitationOutput::Sentence { sources, .. } => format!("{sources:?}"),
        };
        pieces.iter().map(text).collect::<String>()
    };
    assert_eq!(
        answer("The route visits the stops [3,1,2] in that order. [1] It leaves out stop [2] of the route [1]."),
        "The route visits the stops [3,1,2] in that order. [1] It [1]leaves out stop [2] of the route [1].[1]"
    );
    assert_eq!(answer("Then read arr[2]. [3]"), "Then read arr[2]. [3][3]");
    assert_eq!(
        answer("The order is fixed [3,1]. On Sundays [2]"),
        "The order is fixed [3][1]. On [3, 1]Sundays [2][2]"
    );
}

#[test]
fn quoted_text_has_no_markers() {
    let mut resolver = CitationResolver::new(3);
    let mut pieces = resolver.quote("[1] is a start, x[2] is not [9].");
    pieces.extend(resolver.push(" [3]"));
    pieces.extend(resolver.finish());
    let quoted = "[1] is a start, x[2] is not [9]. [3]".to_owned();
    assert_eq!(pieces.last(), Some(&CitationOutput::Sentence { start: 0, end: 36, text: quoted, sources: vec![3] }));
}

#[test]
fn a_marker_belongs_to_the_sentence_before_it() {
    for (answer, expected) in [
        (
            "员工每年有十五天带薪年假。 [1] 打印机位于三楼。 [2]",
            ["员工每年有十五天带薪年假。 [1]", "打印机位于三楼。 [2]"],
        ),
        (
            "会議室は三階です。　[1]鍵は受付にあります。【2†source】",
            ["会議室は三階です。[1]", "鍵は受付にあります。[2]"],
        ),
        ("للموظفين 27 يوم إجازة. [1] أين الطابعة؟ [2]", ["للموظفين 27 يوم إجازة. [1]", "أين الطابعة؟ [2]"]),
        ("The lease ends in May.\n[1]\n\nIt is long. [2]", ["The lease ends in May.", "It is long. [2]"]),
    ] {
        let single: Vec<String> = answer.chars().map(String::from).collect();
        let single: Vec<&str> = single.iter().map(String::as_str).collect();
        let (_, sentences) = run(3, &single);
        let found: Vec<(&str, &[u32])> =
            sentences.iter().map(|(_, _, text, sources, _)| (text.as_str(), sources.as_slice())).collect();
        assert_eq!(found, [(expected[0], &[1][..]), (expected[1], &[2][..])], "{answer}");
    }
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
        "[",
        "]",
        "1",
        "2",
        "9",
        ",",
        " ",
        "-",
        "`",
        "```",
        "\n",
        ". ",
        "A",
        "b",
        "【",
        "】",
        "†",
        "(",
        "^",
        "~~~",
        "。",
        "字",
        "é",
        "[[",
        "]]",
        "Source ",
        ":",
        "¹",
        "<sup>",
        "</sup>",
        "\u{e200}",
        "\u{e202}turn0search0",
        "\u{e201}",
        "cite",
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
fn twice_the_stream_takes_twice_the_time() {
    for piece in [
        "[",
        "[1",
        "[1] ",
        "[[1] ",
        " ",
        "`",
        ". ",
        "e.g. ",
        ".[1] ",
        "A. ",
        "[1][1]",
        "a",
        "7",
        "【1†",
        "。",
        "\n",
        "字。",
        ". [ ",
        "[Source 1, ",
        "¹",
        "a¹",
        "<sup>1</sup>",
        "<sup>",
        "\u{e200}",
        "\u{e202}turn0search0",
        "turn0",
        "([9]) ",
        "\"",
        "«",
        "[1]\n",
        "&amp;",
        "(",
    ] {
        assert_linear(piece, 20_000, |text| {
            let mut resolver = CitationResolver::new(1).with_source_texts([text]);
            let mut pieces = resolver.push(text);
            pieces.extend(resolver.finish());
            let length = |piece: &CitationOutput| if let CitationOutput::Text(text) = piece { text.len() } else { 0 };
            assert!(pieces.iter().map(length).sum::<usize>() <= text.len(), "{piece:?}");
        });
    }
}

//! Markdown on a terminal: what each block looks like, and that an answer grows while it arrives.
#![expect(clippy::unwrap_used, reason = "tests")]

use rand::{Rng, SeedableRng, rngs::StdRng};
use terminal::{Line, MarkdownStream, fitted, printable, wrapped};

/// The lines of a whole answer.
fn lines(markdown: &str, width: usize) -> Vec<Line> {
    let mut stream = MarkdownStream::new(width);
    stream.push(markdown);
    stream.finish()
}

fn shown(markdown: &str, width: usize) -> String {
    lines(markdown, width).iter().map(|line| format!("{}\n", line.text())).collect()
}

fn styled(markdown: &str) -> String {
    lines(markdown, 80).iter().map(Line::to_string).collect()
}

const ANSWER: &str = include_str!("answer.md");

#[test]
fn an_answer_of_every_kind_of_block() {
    assert_eq!(shown(ANSWER, 60), include_str!("answer.60.txt"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [40, 60, 100] {
        for line in lines(ANSWER, width).iter().filter(|line| !line.text().contains("cargo install")) {
            let columns: usize = line.text().chars().map(|char| if char >= '\u{1100}' { 2 } else { 1 }).sum();
            // Box-drawing characters are narrow.
            let narrow = line.text().chars().filter(|char| ('\u{2000}'..'\u{3000}').contains(char)).count();
            assert!(columns - narrow <= width, "{width}: {line}");
        }
    }
}

#[test]
fn emphasis_code_and_headings_have_styles() {
    assert_eq!(styled("**bold** and *leaning*"), "\x1b[1mbold\x1b[0m and \x1b[3mleaning\x1b[0m");
    assert_eq!(styled("a `code` b"), "a \x1b[36mcode\x1b[0m b");
    assert_eq!(styled("## Notice"), "\x1b[1mNotice\x1b[0m");
    assert_eq!(styled("***both***"), "\x1b[1m\x1b[3mboth\x1b[0m");
}

#[test]
fn a_style_ends_with_its_line_and_goes_on_in_the_next() {
    let lines = lines("> **the notice period is nine months**", 24);
    let styled: Vec<String> = lines.iter().map(Line::to_string).collect();
    assert_eq!(
        styled,
        ["\x1b[2m│ \x1b[0m\x1b[1mthe notice period is\x1b[0m", "\x1b[2m│ \x1b[0m\x1b[1mnine months\x1b[0m"]
    );
}

#[test]
fn citation_marks_stay_as_they_are_with_the_word_before_them() {
    assert_eq!(
        shown("The period is nine months. [1]\n\nSo it is.[2][3]", 80),
        "The period is nine months. [1]\n\nSo it is.[2][3]\n"
    );
    assert_eq!(shown("The period is nine months. [1]", 27), "The period is nine\nmonths. [1]\n");
    assert_eq!(shown("三个月 [1]", 16), "三个月 [1]\n");
    assert_eq!(
        shown("Nine months [1](https://example.org/lease).", 80),
        "Nine months [1] (https://example.org/lease).\n"
    );
}

#[test]
fn a_link_shows_its_address_unless_it_is_one_of_a_source() {
    let mut stream = MarkdownStream::new(80);
    stream.set_known_addresses(["https://example.org/lease"]);
    stream.push(
        "See [the lease](https://example.org/lease/), [that](https://evil.example/x) and <https://example.com>.\n\n",
    );
    stream.push("![a goose](https://example.org/goose.png) [here]()");
    let text: Vec<String> = stream.finish().iter().map(|line| line.text().to_owned()).collect();
    assert_eq!(text[0], "See the lease, that (https://evil.example/x) and https://example.com.");
    assert_eq!(text[2], "a goose (https://example.org/goose.png) here");
}

#[test]
fn the_definition_of_a_link_is_shown() {
    assert_eq!(
        shown("As it says [1].\n\n[1]: https://example.org/lease\n[2]: https://example.org/b", 80),
        "As it says [1].\n\n[1]: https://example.org/lease\n\n[2]: https://example.org/b\n"
    );
}

#[test]
fn words_of_a_source_are_no_markdown() {
    let mut stream = MarkdownStream::new(80);
    stream.push_literal("- 2 * 3 * 4 is a_b_c, `x`, [y](z) and <b> &amp; $1$. [1]");
    assert_eq!(stream.finish()[0].text(), "- 2 * 3 * 4 is a_b_c, `x`, [y](z) and <b> &amp; $1$. [1]");
}

#[test]
fn a_wide_table_is_wrapped_in_its_columns_and_a_crowded_one_becomes_lists() {
    let table =
        "| Place | Rule |\n|---|--:|\n| London | A room may cost up to 195 euros per night there |\n| 東京 | 二百 |\n";
    assert_eq!(
        shown(table, 32),
        "Place  │                    Rule\n\
         ───────┼────────────────────────\n\
         London │   A room may cost up to\n       \
         │     195 euros per night\n       \
         │                   there\n\
         ───────┼────────────────────────\n\
         東京   │                    二百\n"
    );
    let crowded = "|a|b|c|d|e|\n|-|-|-|-|-|\n|1|2|3||5|\n|6|7|8|9|10|\n";
    assert_eq!(shown(crowded, 40), "a: 1\nb: 2\nc: 3\ne: 5\n\na: 6\nb: 7\nc: 8\nd: 9\ne: 10\n");
}

#[test]
fn cyrillic_takes_one_column_and_chinese_two() {
    assert_eq!(
        shown("Пропуск в цех заказывает Айгерим Сейтова, не позже чем за три дня. [1]", 30),
        "Пропуск в цех заказывает\nАйгерим Сейтова, не позже чем\nза три дня. [1]\n"
    );
    assert_eq!(shown("租约的通知期为九个月，至八月底为止。", 20), "租约的通知期为九个\n月，至八月底为止。\n");
}

#[test]
fn terminals_are_told_nothing_by_a_text() {
    let hostile = "\x1b]0;owned\x07 \u{9b}31mred \x1b[2J**\x1b[5mbold**\r `\x1b[0m` [a](http://x/\x1b]8;;y\x07) \x08\x7f\n\n\
        ```\n\x1b[6n\n```\n\n| \x1bc |\n|---|\n| \x1b[1A |\n\n[\x1bx]: http://y/\x1bz\n\n<p\x1b[9m>\n";
    assert!(!printable(hostile).contains(|char: char| char.is_control() && char != '\n'));
    let mut stream = MarkdownStream::new(80);
    stream.push(hostile);
    stream.push_literal(hostile);
    for line in stream.finish() {
        assert!(!line.text().contains(char::is_control), "{line:?}");
        // What is left are the styles that are set here, each of which is ended.
        let sequences: Vec<&str> = line.styled_sequences();
        assert!(sequences.iter().all(|sequence| ["0m", "1m", "2m", "4m", "36m"].contains(sequence)), "{line:?}");
    }
    for line in wrapped("[1] ", hostile, 20) {
        assert!(!line.to_string().contains(char::is_control), "{line:?}");
    }
    assert!(!fitted(hostile, 20).contains(char::is_control));
}

trait Sequences {
    /// What follows each ESC and `[`.
    fn styled_sequences(&self) -> Vec<&str>;
}

impl Sequences for Line {
    fn styled_sequences(&self) -> Vec<&str> {
        let styled: &'static str = self.to_string().leak();
        styled.split('\x1b').skip(1).map(|rest| rest[1..].split_inclusive('m').next().unwrap()).collect()
    }
}

/// What is handed out as `markdown` arrives in the given pieces.
fn streamed<'a>(pieces: impl IntoIterator<Item = &'a str>, width: usize) -> Vec<Line> {
    let mut stream = MarkdownStream::new(width);
    let mut lines = Vec::new();
    for piece in pieces {
        stream.push(piece);
        lines.extend(stream.ready());
    }
    lines.extend(stream.finish());
    lines
}

#[test]
fn however_it_arrives_an_answer_is_the_same() {
    let mut random = StdRng::seed_from_u64(20_261_127);
    for width in [40, 60, 100] {
        let whole = lines(ANSWER, width);
        for longest in [1, 2, 5, 20, 200] {
            let mut rest = ANSWER;
            let mut pieces = Vec::new();
            while !rest.is_empty() {
                let cut = rest.ceil_char_boundary(random.random_range(1..=longest).min(rest.len()));
                let (piece, after) = rest.split_at(cut);
                pieces.push(piece);
                rest = after;
            }
            assert_eq!(streamed(pieces, width), whole, "{width} {longest}");
        }
    }
}

#[test]
fn a_paragraph_grows_by_the_line() {
    let mut stream = MarkdownStream::new(30);
    stream.push("The notice period is nine months to the end of August. The rent");
    let first: Vec<Line> = stream.ready();
    assert_eq!(
        first.iter().map(Line::text).collect::<Vec<_>>(),
        ["The notice period is nine", "months to the end of August."]
    );
    stream.push(" is **due on the first working day of each");
    assert_eq!(stream.ready().len(), 0, "it may become bold");
    stream.push(" month** and so is");
    let bold: Vec<Line> = stream.ready();
    assert_eq!(bold[0].to_string(), "The rent is \x1b[1mdue on the first\x1b[0m");
    assert_eq!(bold[1].to_string(), "\x1b[1mworking day of each month\x1b[0m and");
    stream.push(" the deposit.\n\n- one\n- two\n- th");
    let listed: Vec<Line> = stream.ready();
    assert_eq!(listed.iter().map(Line::text).collect::<Vec<_>>(), ["so is the deposit.", "", "• one", "• two"]);
}

#[test]
fn what_turns_out_to_be_something_else_is_shown_again() {
    let header = "a header that is as long as this one | another column that is long";
    let pieces = [header, "\n", "--- | ---\n", "1 | 2\n"];
    let text: Vec<String> = streamed(pieces, 60).iter().map(|line| line.text().to_owned()).collect();
    assert!(text.iter().any(|line| line.contains('┼')), "{text:#?}");
    assert!(text.last().unwrap().starts_with("1 "), "{text:#?}");
}

#[test]
fn hostile_markdown_comes_to_its_end() {
    for hostile in [
        "> ".repeat(10_000),
        "- ".repeat(10_000),
        "*a ".repeat(5_000),
        "[".repeat(20_000),
        "`".repeat(20_000),
        format!("{}\n{}\n{}", "|a".repeat(2_000), "|-".repeat(2_000), "|\n".repeat(2_000)),
        "word ".repeat(5_000),
        "x".repeat(20_000),
        "- a\n".repeat(5_000),
    ] {
        let pieces: Vec<String> =
            hostile.chars().collect::<Vec<_>>().chunks(4).map(|piece| piece.iter().collect()).collect();
        streamed(pieces.iter().map(String::as_str), 60);
    }
}

#[test]
fn plain_text_is_laid_out_with_a_hanging_indent() {
    let text: Vec<String> = wrapped("[1] ", "Lease of the assembly hall — hall-lease.docx", 24)
        .iter()
        .map(|line| line.text().to_owned())
        .collect();
    assert_eq!(text, ["[1] Lease of the", "    assembly hall —", "    hall-lease.docx"]);
    assert_eq!(wrapped("", "see https://example.org/a-long-name", 31)[1].text(), "https://example.org/a-long-name");
    assert_eq!(fitted("How long is\nthe notice period", 14), "How long is t…");
    assert_eq!(fitted("租约的通知期", 5), "租约…");
    assert_eq!(fitted("short", 5), "short");
}

//! Generated documents and queries, the same in every run. Word frequencies are as uneven as in a natural language.

use std::fmt::Write as _;

/// Size of the vocabulary. Word ranks are drawn so that a few words are very frequent and most are rare.
const VOCABULARY: f64 = 30_000.0;
const SYLLABLES: [&str; 20] = [
    "ba", "cor", "den", "fal", "gri", "hol", "jun", "kel", "lom", "mar", "nes", "pol", "qui", "ras", "sil", "tor",
    "ul", "ven", "wes", "zan",
];
/// Pages of the documents that are indexed: half PDF, half Markdown.
const PAGES: u64 = 1_000;
const PDF_PAGES: u64 = 20;
const MARKDOWN_PAGES: u64 = 5;
const LINES: u64 = 40;
const WORDS_A_LINE: u64 = 11;
/// Paragraphs of a filler text: about 700 KB.
const PARAGRAPHS: u64 = 1_000;

/// A file to upload.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// The number of pages and the files they are in.
pub(super) fn pages() -> (u64, Vec<Document>) {
    let pdfs = (0..PAGES / 2 / PDF_PAGES).map(|number| Document {
        name: format!("report-{number}.pdf"),
        bytes: pdf(&mut WordGenerator::new(1_000_000 + number)),
    });
    let notes = (0..PAGES / 2 / MARKDOWN_PAGES).map(|number| Document {
        name: format!("note-{number}.md"),
        bytes: markdown(&mut WordGenerator::new(2_000_000 + number)).into_bytes(),
    });
    (PAGES, pdfs.chain(notes).collect())
}

/// A long text, different for each number.
pub(super) fn text(number: u64) -> Document {
    let mut words = WordGenerator::new(number);
    let mut text = String::new();
    for _ in 0..PARAGRAPHS {
        for _ in 0..8 {
            text.push_str(&words.sentence());
            text.push(' ');
        }
        text.push_str("\n\n");
    }
    Document { name: format!("text-{number}.txt"), bytes: text.into_bytes() }
}

/// A query of six words, drawn with the same frequencies.
pub(super) fn query(number: u64) -> String {
    let mut words = WordGenerator::new(3_000_000 + number);
    (0..6).map(|_| words.word()).collect::<Vec<_>>().join(" ")
}

fn markdown(words: &mut WordGenerator) -> String {
    let mut text = format!("# {}\n", words.sentence());
    for _ in 0..MARKDOWN_PAGES {
        write!(text, "\n## {}\n\n", words.sentence()).expect("a String takes all");
        for line in 0..LINES {
            text.push_str(&words.sentence());
            text.push_str(if line % 8 == 7 { "\n\n" } else { "\n" });
        }
    }
    text
}

/// A PDF (ISO 32000-1) with one text object a page.
fn pdf(words: &mut WordGenerator) -> Vec<u8> {
    const FIRST_PAGE: u64 = 4;
    let kids: String = (0..PDF_PAGES).map(|page| format!("{} 0 R ", FIRST_PAGE + page * 2)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {PDF_PAGES} >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
    ];
    for page in 0..PDF_PAGES {
        let mut content = "BT /F1 10 Tf 14 TL 40 760 Td\n".to_owned();
        for _ in 0..LINES {
            writeln!(content, "({}) Tj T*", words.sentence()).expect("a String takes all");
        }
        content.push_str("ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            FIRST_PAGE + page * 2 + 1
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()));
    }
    with_xref_table(&objects)
}

/// A PDF file of `objects` with its cross-reference table.
fn with_xref_table(objects: &[String]) -> Vec<u8> {
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut table = "0000000000 65535 f \n".to_owned();
    for (index, object) in objects.iter().enumerate() {
        writeln!(table, "{:010} 00000 n ", pdf.len()).expect("a String takes all");
        write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1).expect("a String takes all");
    }
    let (start, size) = (pdf.len(), objects.len() + 1);
    write!(pdf, "xref\n0 {size}\n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n")
        .expect("a String takes all");
    pdf.into_bytes()
}

/// Deterministic generator of words.
struct WordGenerator(u64);

impl WordGenerator {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Between 0 and 1 (xorshift64*, Vigna 2016).
    fn draw(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws the logarithm of a word's rank uniformly: the hundred most frequent words make up nearly half of a text.
    fn word(&mut self) -> String {
        let rank = VOCABULARY.powf(self.draw()) as usize;
        let mut rest = rank;
        let mut word = String::new();
        loop {
            word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
            rest /= SYLLABLES.len();
            if rest == 0 {
                return word;
            }
        }
    }

    fn sentence(&mut self) -> String {
        let words: Vec<String> = (0..WORDS_A_LINE).map(|_| self.word()).collect();
        let mut sentence = words.join(" ");
        sentence[..1].make_ascii_uppercase();
        sentence.push('.');
        sentence
    }
}

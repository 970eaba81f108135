//! Superscripts and subscripts belong to the row of what they stand beside.

use super::row::{TextPiece, TextRow};

/// Pages with more words are left as they are.
const MAX_WORDS: usize = 50_000;
/// How much larger the font of its word is.
const MIN_SIZE_RATIO: f32 = 1.1;
/// How far a script is raised or lowered, in font sizes of the word.
const MAX_RAISED: f32 = 0.6;
const MAX_LOWERED: f32 = 0.4;
/// Distance along the line, likewise.
const MAX_OVERLAP: f32 = 0.4;
const MAX_GAP: f32 = 0.35;
/// A host is at most this many times larger, and so many words are close to a script.
const MAX_HOST_SIZE: f32 = 3.0;
const MAX_NEAR: usize = 8;
/// Chars of a script, and the gap that ends it, in font sizes.
const MAX_SCRIPT_CHARS: usize = 8;
const MAX_PHRASE_GAP: f32 = 0.8;
/// Rows between a script and its row.
const MAX_ROWS_BETWEEN: usize = 2;

/// Moves scripts into the rows they belong to.
pub(super) fn join(rows: Vec<TextRow>) -> Vec<TextRow> {
    if rows.iter().map(|row| row.pieces.len()).sum::<usize>() > MAX_WORDS {
        return rows;
    }
    let mut hosts: Vec<Host> = rows.iter().map(Host::new).collect();
    let mut kept: Vec<Vec<TextPiece>> = Vec::with_capacity(rows.len());
    let mut moved: Vec<(usize, TextPiece)> = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let mut own = Vec::with_capacity(row.pieces.len());
        let short = short_phrases(&row);
        for (piece, short) in row.pieces.into_iter().zip(short) {
            match host(&hosts, index, &piece).filter(|_| short) {
                Some((host, beside)) => {
                    // What follows a script stands beside the same word.
                    hosts[host].add(&piece, beside);
                    moved.push((host, piece));
                }
                None => own.push(piece),
            }
        }
        kept.push(own);
    }
    for (host, piece) in moved {
        kept[host].push(piece);
    }
    kept.into_iter().filter(|pieces| !pieces.is_empty()).map(TextRow::new).collect()
}

/// For each word, whether it stands alone or with few others: text that goes on is no script.
fn short_phrases(row: &TextRow) -> Vec<bool> {
    let mut short = Vec::with_capacity(row.pieces.len());
    let mut chars = 0;
    for (index, piece) in row.pieces.iter().enumerate() {
        chars += piece.text.chars().count();
        let next = row.pieces.get(index + 1);
        if next.is_none_or(|next| next.left - piece.right > MAX_PHRASE_GAP * piece.size) {
            short.resize(index + 1, chars <= MAX_SCRIPT_CHARS);
            chars = 0;
        }
    }
    short
}

/// Baseline and size of a word that may have scripts.
type Beside = (f32, f32);

/// Where words of a row begin and end, in order.
struct Host {
    lefts: Vec<(f32, Beside)>,
    rights: Vec<(f32, Beside)>,
}

impl Host {
    fn new(row: &TextRow) -> Self {
        let beside = |piece: &TextPiece| (piece.base, piece.size);
        let lefts = row.pieces.iter().map(|piece| (piece.left, beside(piece))).collect();
        let mut rights: Vec<(f32, Beside)> = row.pieces.iter().map(|piece| (piece.right, beside(piece))).collect();
        rights.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { lefts, rights }
    }

    fn add(&mut self, piece: &TextPiece, beside: Beside) {
        for (edges, edge) in [(&mut self.lefts, piece.left), (&mut self.rights, piece.right)] {
            let at = edges.partition_point(|other| other.0 < edge);
            edges.insert(at, (edge, beside));
        }
    }

    /// The word of this row that `piece` is a script of.
    fn word_of(&self, piece: &TextPiece) -> Option<Beside> {
        let reach = piece.size * MAX_HOST_SIZE;
        let near = |edges: &[(f32, Beside)], at: f32, before: f32, behind: f32| {
            let first = edges.partition_point(|edge| edge.0 < at - before * reach);
            let close = |(edge, (base, size)): &&(f32, Beside)| {
                let raised = (piece.base - base) / size;
                *size >= piece.size * MIN_SIZE_RATIO
                    && (-MAX_LOWERED..MAX_RAISED).contains(&raised)
                    && (-before * size..behind * size).contains(&(edge - at))
            };
            edges[first..].iter().take(MAX_NEAR).find(close).map(|(_, beside)| *beside)
        };
        near(&self.rights, piece.left, MAX_GAP, MAX_OVERLAP)
            .or_else(|| near(&self.lefts, piece.right, MAX_OVERLAP, MAX_GAP))
    }
}

/// The nearest row with a word that the piece of row `index` is a script of.
fn host(hosts: &[Host], index: usize, piece: &TextPiece) -> Option<(usize, Beside)> {
    let near = index.saturating_sub(MAX_ROWS_BETWEEN)..=(index + MAX_ROWS_BETWEEN).min(hosts.len() - 1);
    let found = near.filter(|host| *host != index).filter_map(|host| Some((host, hosts[host].word_of(piece)?)));
    let distance = |(_, (base, _)): &(usize, Beside)| (base - piece.base).abs();
    found.min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

//! The content words of questions in Chinese and Japanese, which do not separate words.
//!
//! Without a dictionary a run is cut at what only asks or joins: in Japanese at hiragana, in Chinese at function words.

use crate::terms::{self, Keyword};

/// Chinese words that ask or join, longer ones before those they begin with.
const CHINESE: [&str; 52] = [
    "什么时候",
    "为什么",
    "怎么样",
    "哪一年",
    "多少钱",
    "多少",
    "多长",
    "多久",
    "什么",
    "怎么",
    "如何",
    "何时",
    "为何",
    "何处",
    "哪里",
    "哪儿",
    "哪个",
    "哪些",
    "哪年",
    "哪天",
    "几天",
    "几年",
    "几个",
    "几点",
    "几次",
    "请问",
    "我们",
    "你们",
    "是否",
    "可以",
    "能否",
    "需要",
    "位于",
    "谁",
    "哪",
    "几",
    "吗",
    "呢",
    "吧",
    "的",
    "了",
    "是",
    "在",
    "有",
    "和",
    "与",
    "及",
    "于",
    "我",
    "你",
    "您",
    "请",
];
/// Japanese words in Han characters that ask.
const JAPANESE: [&str; 12] = ["何日", "何年", "何時", "何人", "何個", "何回", "何階", "何処", "何故", "誰", "何", "教"];

/// The content words of a run of characters without spaces; the run itself if there are none.
pub(super) fn content(run: &str) -> Vec<Keyword> {
    let japanese = run.chars().any(is_kana);
    let pieces: Vec<&str> = if japanese { japanese_pieces(run) } else { chinese_pieces(run) };
    let words: Vec<Keyword> = pieces.into_iter().filter(|piece| piece.chars().nth(1).is_some()).map(keyword).collect();
    if words.is_empty() { vec![keyword(run)] } else { words }
}

fn keyword(piece: &str) -> Keyword {
    Keyword { surface: piece.to_owned(), terms: terms::index_terms(piece) }
}

fn chinese_pieces(run: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < run.len() {
        let rest = &run[at..];
        match CHINESE.iter().find(|word| rest.starts_with(**word)) {
            Some(word) => {
                pieces.push(&run[start..at]);
                at += word.len();
                start = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    pieces.push(&run[start..]);
    pieces
}

fn japanese_pieces(run: &str) -> Vec<&str> {
    let content = run.split(|c: char| matches!(c, '\u{3040}'..='\u{309f}'));
    content.map(|piece| JAPANESE.iter().fold(piece, |piece, word| piece.strip_suffix(word).unwrap_or(piece))).collect()
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}')
}

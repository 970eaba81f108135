//! What holds for every document.

use reader::{ChunkSize, Document, chunks};

/// Checks that sections touch and cover the text, and that every passage is exactly the text at its offsets.
pub(crate) fn check_offsets(document: &Document) {
    let chars: Vec<char> = document.text.chars().collect();
    let mut end = 0;
    for section in &document.sections {
        assert_eq!(section.start, end, "sections touch");
        assert!(section.end > section.start, "sections are not empty");
        end = section.end;
    }
    assert_eq!(end, chars.len() as u64, "sections cover the text");
    for size in [ChunkSize::default(), ChunkSize { tokens: 12, overlap: 4 }] {
        let passages = chunks(document, size, text::tokens::count);
        let mut covered = 0;
        for passage in &passages {
            let text: String = chars[passage.start as usize..passage.end as usize].iter().collect();
            assert_eq!(text, passage.text);
            let gap: String = chars[covered.min(passage.start as usize)..passage.start as usize].iter().collect();
            assert!(gap.trim().is_empty(), "nothing is left out: {gap:?}");
            covered = passage.end as usize;
        }
        let rest: String = chars[covered..].iter().collect();
        assert!(rest.trim().is_empty(), "nothing is left out: {rest:?}");
    }
}

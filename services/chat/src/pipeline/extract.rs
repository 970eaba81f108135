//! Converts sources to the passages of an extractive answer.

use text::extractive::SourcePassage;

use crate::api::Source;

/// Every passage with the number of its source, best source first.
pub(super) fn passages(sources: &[Source]) -> Vec<SourcePassage> {
    let mut passages = Vec::new();
    for source in sources {
        // The file name may be the only text that names a file's topic.
        let name = source.site.as_deref().filter(|_| source.kind == "file").unwrap_or_default();
        let title = format!("{} {name}", source.title);
        for passage in &source.passages {
            #[expect(clippy::cast_precision_loss, reason = "a rank, and there are few")]
            let score = 1.0 / (1.0 + passages.len() as f32);
            passages.push(SourcePassage {
                source: source.index,
                text: passage.text.clone(),
                title: Some(title.clone()),
                heading: passage.heading.clone(),
                start: passage.start,
                published_at: source.published_at,
                score,
            });
        }
    }
    passages
}

//! Output of the writer: resolves citation markers while the text streams, and checks each cited sentence against the
//! passages of its source.

use text::{
    citations::{CitationOutput, CitationResolver},
    support::{self, Support, Verdict},
};

use super::Context;
use crate::{
    api::{Citation, Source},
    event::Event,
};

/// Receives the writer's text.
pub(super) struct AnswerOutput<'a> {
    context: &'a Context,
    sources: &'a [Source],
    resolver: CitationResolver,
    /// Characters of the answer before the text of this writer.
    base: usize,
    /// Characters that an earlier process has sent and this writer repeats.
    skip: usize,
    /// Citations sent by an earlier process.
    citations_sent: usize,
    /// Citations so far, including those.
    citation_count: usize,
}

impl<'a> AnswerOutput<'a> {
    /// An output that continues after the text sent by an earlier process.
    pub(super) fn resume_after(context: &'a Context, sources: &'a [Source]) -> Self {
        let progress = context.progress();
        let base = progress.answer.chars().count();
        let citations_sent = progress.citations.len();
        Self { citation_count: citations_sent, ..Self::new(context, sources, base, 0, citations_sent) }
    }

    /// An output for a writer that repeats the whole text; what was sent by an earlier process is skipped.
    pub(super) fn replay(context: &'a Context, sources: &'a [Source]) -> Self {
        let progress = context.progress();
        Self::new(context, sources, 0, progress.answer.chars().count(), progress.citations.len())
    }

    fn new(context: &'a Context, sources: &'a [Source], base: usize, skip: usize, citations_sent: usize) -> Self {
        let source_count = u32::try_from(sources.len()).unwrap_or(u32::MAX);
        Self {
            context,
            sources,
            resolver: CitationResolver::new(source_count),
            base,
            skip,
            citations_sent,
            citation_count: 0,
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        let outputs = self.resolver.push(text);
        self.handle(outputs);
    }

    pub(super) fn finish(mut self) {
        let outputs = self.resolver.finish();
        self.handle(outputs);
    }

    fn handle(&mut self, outputs: Vec<CitationOutput>) {
        for output in outputs {
            match output {
                CitationOutput::Text(text) => self.append_text(text),
                CitationOutput::Sentence { start, end, text, sources } => {
                    for source in sources {
                        self.cite(source, (self.base + start, self.base + end), &text);
                    }
                }
            }
        }
    }

    fn append_text(&mut self, text: String) {
        if self.skip == 0 {
            return self.context.append_text(text);
        }
        let length = text.chars().count();
        if length <= self.skip {
            self.skip -= length;
            return;
        }
        let rest = text.chars().skip(self.skip).collect();
        self.skip = 0;
        self.context.append_text(rest);
    }

    fn cite(&mut self, number: u32, (start, end): (usize, usize), sentence: &str) {
        self.citation_count += 1;
        if self.citation_count <= self.citations_sent {
            return;
        }
        let Some(source) = self.sources.iter().find(|source| source.index == number) else { return };
        let (support, quote) = best_support(sentence, source);
        self.context.emit(Event::Citation(Citation {
            index: u32::try_from(self.citation_count).unwrap_or(u32::MAX),
            source: number,
            start: start as u64,
            end: end as u64,
            quote,
            support: support.verdict.as_str().to_owned(),
            score: support.score,
        }));
    }
}

/// The verdict for the passage of `source` that supports the sentence best, with the quote.
fn best_support(sentence: &str, source: &Source) -> (Support, String) {
    let mut best = (Support { verdict: Verdict::Unsupported, score: 0.0, quote: 0..0 }, String::new());
    for passage in &source.passages {
        let support = support::check(sentence, &passage.text);
        if support.score > best.0.score {
            let quote = passage.text.get(support.quote.clone()).unwrap_or_default().to_owned();
            let is_certain = support.verdict == Verdict::Supported && support.score > 0.95;
            best = (support, quote);
            if is_certain {
                break;
            }
        }
    }
    best
}

//! Output of the writer: resolves citation markers while the text streams, and checks each cited sentence against the
//! passages of its source.

use text::{
    citations::{CitationOutput, CitationResolver},
    extractive::{AnswerPart, ExtractiveAnswer, SourcePassage, VERBATIM},
    support,
};

use super::{Context, judge::OpenCitation};
use crate::{
    api::{Citation, Source},
    event::Event,
};

/// Receives the writer's text.
pub(super) struct AnswerOutput<'a> {
    context: &'a Context,
    sources: &'a [Source],
    resolver: CitationResolver,
    /// Characters that an earlier process has sent and this writer repeats.
    skip: usize,
    /// Citations sent by an earlier process.
    citations_sent: usize,
    /// Citations so far, including those.
    citation_count: usize,
    /// Characters of the answer so far, where it is made of quotations.
    position: usize,
    /// Citations that rules could not settle.
    open: Vec<OpenCitation>,
}

impl<'a> AnswerOutput<'a> {
    /// An output that continues after the text sent by an earlier process, which it reads again: a mark may belong to a sentence
    /// that was sent before.
    pub(super) fn resume_after(context: &'a Context, sources: &'a [Source]) -> Self {
        let mut output = Self::replay(context, sources);
        output.push(&context.progress().answer);
        output
    }

    /// An output for a writer that repeats the whole text; what was sent by an earlier process is skipped.
    pub(super) fn replay(context: &'a Context, sources: &'a [Source]) -> Self {
        let progress = context.progress();
        Self::new(context, sources, progress.answer.chars().count(), progress.citations.len())
    }

    fn new(context: &'a Context, sources: &'a [Source], skip: usize, citations_sent: usize) -> Self {
        let source_count = u32::try_from(sources.len()).unwrap_or(u32::MAX);
        let texts = sources.iter().flat_map(|source| &source.passages).map(|passage| passage.text.as_str());
        Self {
            context,
            sources,
            resolver: CitationResolver::new(source_count).with_source_texts(texts),
            skip,
            citations_sent,
            citation_count: 0,
            position: 0,
            open: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        let outputs = self.resolver.push(text);
        self.handle(outputs);
    }

    /// The end of the text; the citations that rules could not settle.
    pub(super) fn finish(mut self) -> Vec<OpenCitation> {
        let outputs = self.resolver.finish();
        self.handle(outputs);
        self.open
    }

    /// Sends a piece of an answer that is made of quotations, and the citation that comes with it.
    pub(super) fn push_part(&mut self, part: &AnswerPart, answer: &ExtractiveAnswer, passages: &[SourcePassage]) {
        let before = self.position;
        self.position += part.text.chars().count();
        self.append_text(part.text.clone());
        let Some(quotation) = &part.quotation else { return };
        let sentence = &answer.sentences[quotation.sentence];
        let quote = passages[sentence.passage].text.get(sentence.range.clone()).unwrap_or(&sentence.text);
        let start = before + part.text[..quotation.range.start].chars().count();
        self.emit(Citation {
            index: 0,
            source: sentence.source,
            start: start as u64,
            end: self.position as u64,
            quote: quote.to_owned(),
            support: VERBATIM.to_owned(),
            judged_by: "rules".to_owned(),
            score: 1.0,
        });
    }

    fn handle(&mut self, outputs: Vec<CitationOutput>) {
        for output in outputs {
            match output {
                CitationOutput::Text(text) => self.append_text(text),
                CitationOutput::Sentence { start, end, text, sources } => {
                    for source in sources {
                        self.cite(source, (start, end), &text);
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
        let Some(source) = self.sources.iter().find(|source| source.index == number) else { return };
        let passages: Vec<&str> = source.passages.iter().map(|passage| passage.text.as_str()).collect();
        let assessment = support::assess(sentence, &passages);
        if !assessment.is_claim && !assessment.is_verbatim {
            // A question or an announcement says nothing that a source could support.
            return;
        }
        let quote = passages.get(assessment.passage).and_then(|text| text.get(assessment.support.quote.clone()));
        let verdict = if assessment.is_verbatim { VERBATIM } else { assessment.support.verdict.as_str() };
        let emitted = self.emit(Citation {
            index: 0,
            source: number,
            start: start as u64,
            end: end as u64,
            quote: quote.unwrap_or_default().to_owned(),
            support: verdict.to_owned(),
            judged_by: "rules".to_owned(),
            score: assessment.support.score,
        });
        if let Some(citation) = emitted.filter(|_| !assessment.is_settled) {
            self.open.push(OpenCitation { citation, sentence: sentence.to_owned() });
        }
    }

    /// Sends a citation under its number, unless an earlier process has sent it.
    fn emit(&mut self, citation: Citation) -> Option<Citation> {
        self.citation_count += 1;
        if self.citation_count <= self.citations_sent {
            return None;
        }
        let index = u32::try_from(self.citation_count).unwrap_or(u32::MAX);
        let citation = Citation { index, ..citation };
        self.context.emit(Event::Citation(citation.clone()));
        Some(citation)
    }
}

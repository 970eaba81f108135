//! The web, through search-svc: passages of opened pages as they arrive.

use std::time::Duration;

use proto::{
    convert,
    search::v1::{
        Filters, Kind, PassagesRequest, Recency as PbRecency,
        passages_event::Event as Piece,
        passages_event::{Failed, Finished, Opened},
        search_service_client::SearchServiceClient,
    },
};
use tokio::time::Instant;
use tonic::Streaming;

use super::super::{
    Context,
    rank::{Document, Found, Passage},
    started,
    understand::Understanding,
};
use crate::{
    api::{Recency, Source, SourceKind, SourcePassage},
    event::{Event, Step},
};

/// With this many pages open, the rest get a moment and are then left behind.
const PLENTY: u32 = 3;
/// Passages of a page that are worth ranking.
const PER_PAGE: u32 = 4;
const MOMENT: Duration = Duration::from_millis(400);

/// Searches and opens pages; what failed is in the steps and in `degraded`.
pub(super) async fn look(
    context: &Context,
    kind: SourceKind,
    queries: &[String],
    understanding: &Understanding,
    known: &Found,
) -> Found {
    let query = queries.join(" | ");
    let step = Step { query: Some(query.clone()), ..started(context, "search", query) };
    let begun = Instant::now();
    context.count_search();
    let deadline = (begun + context.effort.round).min(context.deadline);
    let request = request(context, kind, queries, understanding, known, deadline);
    let mut request = context.who.request(request);
    request.set_timeout(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)));
    let stream = SearchServiceClient::new(context.callees.search.clone()).passages(request).await;
    let mut look = Look { context, step, begun, found: Found::default(), opened: 0 };
    match stream {
        Ok(stream) => look.read(stream.into_inner(), deadline).await,
        Err(status) => look.failed(status.message()),
    }
    look.found
}

fn request(
    context: &Context,
    kind: SourceKind,
    queries: &[String],
    understanding: &Understanding,
    known: &Found,
    deadline: Instant,
) -> PassagesRequest {
    let filters = &context.job.ask.filters;
    PassagesRequest {
        queries: queries.to_vec(),
        question: understanding.question.clone(),
        kind: match kind {
            SourceKind::Academic => Kind::Academic,
            SourceKind::Discussions => Kind::Discussions,
            SourceKind::News => Kind::News,
            SourceKind::Web | SourceKind::Files => Kind::Web,
        }
        .into(),
        filters: Some(Filters {
            domains: filters.domains.clone(),
            exclude_domains: filters.exclude_domains.clone(),
            recency: match filters.recency {
                None => PbRecency::Unspecified,
                Some(Recency::Day) => PbRecency::Day,
                Some(Recency::Week) => PbRecency::Week,
                Some(Recency::Month) => PbRecency::Month,
                Some(Recency::Year) => PbRecency::Year,
            }
            .into(),
            language: understanding.language.code().to_owned(),
        }),
        pages: context.effort.pages,
        // None at all would mean the usual time.
        deadline_ms: u32::try_from((deadline - Instant::now()).as_millis()).unwrap_or(u32::MAX).max(1),
        // A question about a project or in a thread, and one made of what files say, may carry words of private text.
        private: context.job.project.is_some() || context.job.ask.thread_id.is_some() || known.has_files(),
        exclude_urls: known.urls(),
        urls: Vec::new(),
        passages_per_page: PER_PAGE,
    }
}

struct Look<'a> {
    context: &'a Context,
    step: Step,
    begun: Instant,
    found: Found,
    opened: u32,
}

impl Look<'_> {
    /// Takes pieces until the end, the deadline, or a moment after there is plenty.
    async fn read(&mut self, mut stream: Streaming<proto::search::v1::PassagesEvent>, deadline: Instant) {
        let mut until = deadline;
        loop {
            match tokio::time::timeout_at(until, stream.message()).await {
                Ok(Ok(Some(event))) => match event.event {
                    Some(Piece::Opened(opened)) => self.opened(opened),
                    Some(Piece::Failed(failed)) => self.unopened(failed),
                    Some(Piece::Results(results)) => self.searched(results.results.len()),
                    Some(Piece::Finished(finished)) => return self.finished(&finished),
                    Some(Piece::Degraded(degraded)) => self.context.degrade("web", degraded.reason),
                    Some(Piece::Engine(_)) | None => {}
                },
                Ok(Ok(None)) => return self.finished(&Finished::default()),
                Ok(Err(status)) => return self.failed(status.message()),
                Err(_) => return self.finished(&Finished::default()),
            }
            if self.opened >= PLENTY.min(self.context.effort.pages) {
                until = until.min(Instant::now() + MOMENT);
            }
        }
    }

    fn opened(&mut self, opened: Opened) {
        let Some(page) = opened.page else { return };
        self.opened += 1;
        self.context.count_page();
        self.page_step(&page.url, "done", &page.title, opened.elapsed_ms, None);
        let source = Source {
            index: 0,
            kind: "web".to_owned(),
            url: Some(page.url.clone()),
            title: page.title,
            site: Some(page.site),
            published_at: page.published_at.and_then(convert::time),
            fetched_at: page.fetched_at.and_then(convert::time),
            snapshot_id: Some(page.snapshot_id),
            file_id: None,
            passages: Vec::new(),
        };
        let passages = opened.passages.into_iter().map(|passage| Passage {
            near: passage.near,
            text: SourcePassage {
                text: passage.text,
                start: passage.start,
                end: passage.end,
                page: (passage.page > 0).then_some(passage.page),
                heading: (!passage.heading.is_empty()).then_some(passage.heading),
            },
        });
        self.found.documents.push(Document { key: page.url, source, passages: passages.collect() });
    }

    fn unopened(&self, failed: Failed) {
        let title = failed.url.clone();
        self.page_step(&failed.url, "failed", &title, failed.elapsed_ms, Some(failed.code));
    }

    fn page_step(&self, url: &str, status: &str, title: &str, ms: u32, error: Option<String>) {
        self.context.emit(Event::Step(Step {
            id: self.context.next_step(),
            kind: "open".to_owned(),
            status: status.to_owned(),
            title: if title.is_empty() { url.to_owned() } else { title.to_owned() },
            url: Some(url.to_owned()),
            ms: Some(ms.into()),
            error,
            ..Step::default()
        }));
    }

    fn searched(&mut self, results: usize) {
        self.step.count = Some(results);
    }

    fn finished(&mut self, finished: &Finished) {
        let failures: Vec<String> = finished
            .engines
            .iter()
            .filter(|engine| !engine.failure.is_empty())
            .map(|engine| format!("{}: {}", engine.engine, engine.failure))
            .collect();
        if finished.outage {
            self.found.outage = true;
            self.context.degrade("web", format!("every search engine failed ({})", failures.join(", ")));
            return self.end("failed", Some("every search engine failed".to_owned()));
        }
        self.end("done", (!failures.is_empty()).then(|| failures.join(", ")));
    }

    fn failed(&mut self, reason: &str) {
        // What was opened before stays.
        self.found.outage = self.found.documents.is_empty();
        self.context.degrade("web", reason);
        self.end("failed", Some(reason.to_owned()));
    }

    fn end(&self, status: &str, error: Option<String>) {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let step = Step { status: status.to_owned(), ms: Some(ms), error, ..self.step.clone() };
        self.context.emit(Event::Step(step));
    }
}

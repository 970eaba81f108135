//! Web search through search-svc: receives the passages of pages as they are opened.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::NaiveDate;
use proto::{
    convert,
    search::v1::{
        EngineOutcome, Filters, Kind, PassagesRequest, Recency as PbRecency,
        passages_event::Event as PassagesEvent,
        passages_event::{Failed, Finished, Opened},
        search_service_client::SearchServiceClient,
    },
};
use tokio::time::Instant;
use tonic::Streaming;

use super::super::{
    Context,
    rank::{ResearchDocument, ResearchPassage, ResearchResults},
    started,
    understand::Understanding,
};
use crate::{
    api::{Recency, Source, SourceKind, SourcePassage},
    event::{Event, Step},
};

/// Once this many pages are open, the others get [`STRAGGLER_TIMEOUT`].
const SUFFICIENT_PAGES: u32 = 3;
/// Passages requested per page.
const MAX_PASSAGES_PER_PAGE: u32 = 4;
const STRAGGLER_TIMEOUT: Duration = Duration::from_millis(400);
const NO_ENGINES: &str = "no search engine serves this: SEARXNG_URL and SEARCH_ENGINES turn some on";

/// Searches the web and opens pages; failures are recorded in the steps and in `degraded`.
pub(super) async fn search(
    context: &Context,
    kind: SourceKind,
    queries: &[String],
    understanding: &Understanding,
    known: &ResearchResults,
) -> ResearchResults {
    let query = queries.join(" | ");
    let step = Step { query: Some(query.clone()), ..started(context, "search", query) };
    let started_at = Instant::now();
    context.count_search();
    let deadline = (started_at + context.limits.round_timeout).min(context.deadline);
    let request = request(context, kind, queries, understanding, known, deadline);
    let mut request = context.who.request(request);
    request.set_timeout(deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)));
    let stream = SearchServiceClient::new(context.callees.search.clone()).passages(request).await;
    let mut research = WebResearch {
        context,
        step,
        started_at,
        found: ResearchResults::default(),
        opened: 0,
        not_opened: BTreeMap::new(),
    };
    match stream {
        Ok(stream) => research.receive(stream.into_inner(), deadline).await,
        Err(status) => research.failed(status.message()),
    }
    research.found
}

fn request(
    context: &Context,
    kind: SourceKind,
    queries: &[String],
    understanding: &Understanding,
    known: &ResearchResults,
    deadline: Instant,
) -> PassagesRequest {
    let filters = &context.run_request.ask.filters;
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
            recency: match filters.recency.or_else(|| asked_recency(understanding, context.clock.now().date_naive())) {
                None => PbRecency::Unspecified,
                Some(Recency::Day) => PbRecency::Day,
                Some(Recency::Week) => PbRecency::Week,
                Some(Recency::Month) => PbRecency::Month,
                Some(Recency::Year) => PbRecency::Year,
            }
            .into(),
            language: understanding.language.code().to_owned(),
        }),
        pages: context.limits.pages,
        // Zero would mean the default timeout.
        deadline_ms: u32::try_from((deadline - Instant::now()).as_millis()).unwrap_or(u32::MAX).max(1),
        // Queries may contain private text if there is a project or a thread, or they are derived from files.
        private: context.run_request.project.is_some()
            || context.run_request.ask.thread_id.is_some()
            || known.has_files(),
        exclude_urls: known.urls(),
        urls: Vec::new(),
        passages_per_page: MAX_PASSAGES_PER_PAGE,
    }
}

/// How far back an engine has to look for the days that the question is about. Engines know only periods that end today.
fn asked_recency(understanding: &Understanding, today: NaiveDate) -> Option<Recency> {
    let dates = understanding.dates.as_ref().filter(|dates| dates.start <= today)?;
    match (today - dates.start).num_days() {
        // An engine's day is the last 24 hours, which had no yesterday morning.
        0 => Some(Recency::Day),
        1..=6 => Some(Recency::Week),
        7..=27 => Some(Recency::Month),
        28..=360 => Some(Recency::Year),
        _ => None,
    }
}

struct WebResearch<'a> {
    context: &'a Context,
    step: Step,
    started_at: Instant,
    found: ResearchResults,
    opened: u32,
    /// Why pages were not opened, and how many.
    not_opened: BTreeMap<String, usize>,
}

impl WebResearch<'_> {
    /// Receives events until the end, the deadline, or [`STRAGGLER_TIMEOUT`] after enough pages are open.
    async fn receive(&mut self, mut stream: Streaming<proto::search::v1::PassagesEvent>, deadline: Instant) {
        let mut until = deadline;
        loop {
            match tokio::time::timeout_at(until, stream.message()).await {
                Ok(Ok(Some(event))) => match event.event {
                    Some(PassagesEvent::Opened(opened)) => self.opened(opened),
                    Some(PassagesEvent::Failed(failed)) => self.not_opened(failed),
                    Some(PassagesEvent::Results(results)) => self.searched(results.results.len()),
                    Some(PassagesEvent::Finished(finished)) => return self.finished(&finished),
                    Some(PassagesEvent::Degraded(degraded)) => self.context.degrade("web", degraded.reason),
                    Some(PassagesEvent::Engine(_)) | None => {}
                },
                Ok(Ok(None)) => return self.finished(&Finished::default()),
                Ok(Err(status)) => return self.failed(status.message()),
                Err(_) => return self.finished(&Finished::default()),
            }
            if self.opened >= SUFFICIENT_PAGES.min(self.context.limits.pages) {
                until = until.min(Instant::now() + STRAGGLER_TIMEOUT);
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
        let passages = opened.passages.into_iter().map(|passage| ResearchPassage {
            semantic_match: passage.near,
            text: SourcePassage {
                text: passage.text,
                start: passage.start,
                end: passage.end,
                page: (passage.page > 0).then_some(passage.page),
                heading: (!passage.heading.is_empty()).then_some(passage.heading),
            },
        });
        self.found.documents.push(ResearchDocument { key: page.url, source, passages: passages.collect() });
    }

    fn not_opened(&mut self, failed: Failed) {
        *self.not_opened.entry(failed.code.clone()).or_default() += 1;
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
        let failures: BTreeSet<String> = finished.engines.iter().filter_map(failure).collect();
        let failures = failures.into_iter().collect::<Vec<_>>();
        if finished.outage {
            self.found.outage = true;
            // The index of pages that were read before is no engine.
            if failures.is_empty() {
                self.context.degrade("web", NO_ENGINES);
                return self.end("failed", Some(NO_ENGINES.to_owned()));
            }
            self.context.degrade("web", format!("every search engine failed ({})", failures.join(", ")));
            return self.end("failed", Some("every search engine failed".to_owned()));
        }
        for engine in finished.engines.iter().filter(|engine| !engine.remedy.is_empty()) {
            self.context.degrade("web", format!("{}: {}", engine.engine, engine.remedy));
        }
        if self.opened == 0 && !self.not_opened.is_empty() {
            let tried: usize = self.not_opened.values().sum();
            let codes = self.not_opened.iter().map(|(code, count)| format!("{code} ×{count}")).collect::<Vec<_>>();
            self.context.degrade("web", format!("none of {tried} pages could be opened ({})", codes.join(", ")));
        }
        self.end("done", (!failures.is_empty()).then(|| failures.join(", ")));
    }

    fn failed(&mut self, reason: &str) {
        // Pages opened before the failure are kept.
        self.found.outage = self.found.documents.is_empty();
        self.context.degrade("web", reason);
        self.end("failed", Some(reason.to_owned()));
    }

    fn end(&self, status: &str, error: Option<String>) {
        let ms = u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let step = Step { status: status.to_owned(), ms: Some(ms), error, ..self.step.clone() };
        self.context.emit(Event::Step(step));
    }
}

/// An engine that failed, with what an operator can change about it.
fn failure(engine: &EngineOutcome) -> Option<String> {
    match (engine.failure.as_str(), engine.remedy.as_str()) {
        ("", _) => None,
        (code, "") => Some(format!("{}: {code}", engine.engine)),
        (_, remedy) => Some(format!("{}: {remedy}", engine.engine)),
    }
}

//! Converts between protobuf messages and domain types.

use proto::{
    convert::timestamp,
    search::v1::{self as pb, passages_event},
};
use tonic::Status;
use uuid::Uuid;

use super::invalid;
use crate::{
    engines::{FusedResult, Query, Recency, SearchKind},
    pages::Page,
    passages::{SearchEvent, SearchFinished, SelectedPassage},
    web::QueryReport,
};

const MAX_QUERIES: usize = 10;
const MAX_QUERY_CHARS: usize = 2_000;

/// `value`, or `fallback` if it is zero, but at most `max`.
pub(super) fn default(value: u32, fallback: u32, max: u32) -> usize {
    let value = if value == 0 { fallback } else { value.min(max) };
    value as usize
}

pub(super) fn queries(
    texts: &[String],
    kind: pb::Kind,
    filters: Option<&pb::Filters>,
    limit: usize,
) -> Result<Vec<Query>, Status> {
    if texts.len() > MAX_QUERIES {
        return Err(invalid("queries", "at most 10"));
    }
    if texts.iter().any(|text| text.trim().is_empty() || text.chars().count() > MAX_QUERY_CHARS) {
        return Err(invalid("queries", "each has 1 to 2000 characters"));
    }
    let filters = filters.cloned().unwrap_or_default();
    let query = |text: &String| Query {
        language: (!filters.language.is_empty()).then(|| filters.language.clone()),
        recency: recency(filters.recency()),
        domains: filters.domains.clone(),
        exclude_domains: filters.exclude_domains.clone(),
        limit,
        ..Query::new(text.trim()).kind(search_kind(kind))
    };
    Ok(texts.iter().map(query).collect())
}

fn search_kind(kind: pb::Kind) -> SearchKind {
    match kind {
        pb::Kind::Unspecified | pb::Kind::Web => SearchKind::Web,
        pb::Kind::Academic => SearchKind::Academic,
        pb::Kind::Discussions => SearchKind::Discussions,
        pb::Kind::News => SearchKind::News,
        pb::Kind::Code => SearchKind::Code,
    }
}

fn recency(recency: pb::Recency) -> Option<Recency> {
    match recency {
        pb::Recency::Unspecified => None,
        pb::Recency::Day => Some(Recency::Day),
        pb::Recency::Week => Some(Recency::Week),
        pb::Recency::Month => Some(Recency::Month),
        pb::Recency::Year => Some(Recency::Year),
    }
}

fn results(found: Vec<FusedResult>) -> Vec<pb::Result> {
    let result = |fused: FusedResult| pb::Result {
        url: fused.url,
        title: fused.title,
        snippet: fused.snippet,
        engines: fused.engines.into_iter().map(str::to_owned).collect(),
        score: fused.score,
        published_at: fused.published_at.map(timestamp),
    };
    found.into_iter().map(result).collect()
}

fn outcome(report: &QueryReport) -> pb::EngineOutcome {
    pb::EngineOutcome {
        engine: report.engine.to_owned(),
        results: report.outcome.as_ref().map_or(0, |hits| u32::try_from(hits.len()).unwrap_or(u32::MAX)),
        elapsed_ms: millis(report.elapsed),
        failure: report.outcome.as_ref().map_or_else(|failure| failure.code.to_owned(), |_| String::new()),
        remedy: report.outcome.as_ref().err().and_then(|failure| failure.remedy.clone()).unwrap_or_default(),
    }
}

fn page(page: &Page) -> pb::Page {
    pb::Page {
        url: page.url.clone(),
        title: page.title.clone(),
        site: page.site(),
        author: page.author.clone().unwrap_or_default(),
        language: page.language.clone().unwrap_or_default(),
        published_at: page.published_at.map(timestamp),
        fetched_at: Some(timestamp(page.fetched_at)),
        snapshot_id: page.snapshot_id.to_string(),
    }
}

/// `pages` collects the page copies in the order of opening; the final ranking refers to them by index.
pub(super) fn event(event: SearchEvent, pages: &mut Vec<Uuid>) -> pb::PassagesEvent {
    let event = match event {
        SearchEvent::Engine(report) => passages_event::Event::Engine(outcome(&report)),
        SearchEvent::Results { results: found, outage, cached } => passages_event::Event::Results(pb::SearchResults {
            results: results(found),
            engines: Vec::new(),
            outage,
            from_cache: cached,
        }),
        SearchEvent::Opened { opened, passages, elapsed, .. } => {
            pages.push(opened.page.snapshot_id);
            passages_event::Event::Opened(passages_event::Opened {
                page: Some(page(&opened.page)),
                passages: passages.iter().map(|selected| passage(&opened.page, selected)).collect(),
                from_cache: opened.from_cache,
                elapsed_ms: millis(elapsed),
            })
        }
        SearchEvent::Failed { url, code, elapsed } => passages_event::Event::Failed(passages_event::Failed {
            url,
            code: code.into_owned(),
            elapsed_ms: millis(elapsed),
        }),
        SearchEvent::Degraded(reason) => passages_event::Event::Degraded(passages_event::Degraded { reason }),
        SearchEvent::Finished(finished) => passages_event::Event::Finished(end(&finished, pages)),
    };
    pb::PassagesEvent { event: Some(event) }
}

fn end(finished: &SearchFinished, pages: &[Uuid]) -> passages_event::Finished {
    let ranked = finished.ranking.iter().map(|ranked| passages_event::Ranked {
        snapshot_id: pages[ranked.page].to_string(),
        place: u32::try_from(ranked.place).unwrap_or(u32::MAX),
        score: f64::from(ranked.score),
    });
    passages_event::Finished {
        outage: finished.outage.is_some(),
        engines: finished.reports.iter().map(outcome).collect(),
        ranking: ranked.collect(),
    }
}

fn passage(page: &Page, selected: &SelectedPassage) -> pb::Passage {
    let passage = &page.passages[selected.passage];
    pb::Passage {
        text: page.text_of(passage).to_owned(),
        start: passage.chars.start as u64,
        end: passage.chars.end as u64,
        page: passage.page.unwrap_or_default(),
        heading: passage.heading.clone().unwrap_or_default(),
        score: f64::from(selected.score),
        near: selected.semantic_match,
    }
}

fn millis(time: std::time::Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

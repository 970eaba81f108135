//! File search through upload-svc.

use std::{collections::HashMap, time::Duration};

use chrono::DateTime;
use proto::{
    convert,
    upload::v1::{Chunk, RetrieveRequest, upload_service_client::UploadServiceClient},
};
use text::passages::{self, PassageLimits, SEPARATOR};
use tokio::time::Instant;
use tonic::Status;

use super::super::{
    Context,
    rank::{ResearchDocument, ResearchPassage, ResearchResults},
    started,
};
use crate::{
    api::{Source, SourcePassage},
    event::{Event, Step},
};

const RETRIEVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Retrieves passages of files; a failure is recorded in `degraded`.
pub(super) async fn search(context: &Context, queries: &[String]) -> ResearchResults {
    let step = started(context, "retrieve", queries.join(" | "));
    let started_at = Instant::now();
    let answer = retrieve(context, queries).await;
    let ms = Some(u64::try_from(started_at.elapsed().as_millis()).unwrap_or(u64::MAX));
    let (found, step) = match answer {
        Ok(answer) => {
            let answer = answer.into_inner();
            if !answer.degraded.is_empty() {
                context.degrade("files", &answer.degraded);
            }
            if answer.pending_files > 0 {
                context.degrade("files", format!("{} not indexed yet", answer.pending_files));
            }
            let count = Some(answer.chunks.len());
            let found = ResearchResults {
                documents: documents(answer.chunks),
                files_answered: true,
                ..ResearchResults::default()
            };
            (found, Step { status: "done".to_owned(), count, ms, ..step })
        }
        Err(status) => {
            context.degrade("files", status.message());
            let error = Some(status.message().to_owned());
            (ResearchResults::default(), Step { status: "failed".to_owned(), error, ms, ..step })
        }
    };
    context.emit(Event::Step(step));
    found
}

async fn retrieve(
    context: &Context,
    queries: &[String],
) -> Result<tonic::Response<proto::upload::v1::RetrieveResponse>, Status> {
    let transport = &context.callees.upload;
    let request = RetrieveRequest {
        queries: queries.to_vec(),
        project_id: context.run_request.project.as_ref().map(|project| project.id.clone()).unwrap_or_default(),
        file_ids: context.run_request.ask.file_ids.iter().map(ToString::to_string).collect(),
        limit: u32::try_from(context.limits.passages).unwrap_or(12),
    };
    rpc::retry(transport, || {
        let mut client = UploadServiceClient::new(transport.clone());
        let mut request = context.who.request(request.clone());
        request.set_timeout(RETRIEVE_TIMEOUT);
        async move { client.retrieve(request).await }
    })
    .await
}

/// Chunks grouped by file, in the order of the best chunk of each.
fn documents(chunks: Vec<Chunk>) -> Vec<ResearchDocument> {
    let mut indices: HashMap<String, usize> = HashMap::new();
    let mut documents: Vec<ResearchDocument> = Vec::new();
    for chunk in chunks {
        let index = *indices.entry(chunk.file_id.clone()).or_insert_with(|| {
            documents.push(document(&chunk));
            documents.len() - 1
        });
        let semantic_match = chunk.near;
        documents[index].passages.extend(passages_of(&chunk).map(|text| ResearchPassage { text, semantic_match }));
    }
    documents
}

/// Splits a chunk into passages of citable size. If the chunk has no heading, one found in its text is used.
fn passages_of(chunk: &Chunk) -> impl Iterator<Item = SourcePassage> {
    let heading = (!chunk.heading.is_empty()).then(|| chunk.heading.join(SEPARATOR));
    passages::split(&chunk.text, PassageLimits::PAGE).into_iter().map(move |part| SourcePassage {
        text: chunk.text[part.range].to_owned(),
        start: chunk.start + part.chars.start as u64,
        end: chunk.start + part.chars.end as u64,
        page: (chunk.page > 0).then_some(chunk.page),
        heading: heading.clone().or(part.heading),
    })
}

fn document(chunk: &Chunk) -> ResearchDocument {
    let uploaded = chunk.uploaded_at.and_then(|at| DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?));
    let source = Source {
        index: 0,
        kind: "file".to_owned(),
        url: None,
        title: if chunk.title.is_empty() { chunk.file_name.clone() } else { chunk.title.clone() },
        site: Some(chunk.file_name.clone()),
        published_at: chunk.dated_at.and_then(convert::time),
        fetched_at: uploaded,
        snapshot_id: None,
        file_id: Some(chunk.file_id.clone()),
        passages: Vec::new(),
    };
    ResearchDocument { key: chunk.file_id.clone(), source, passages: Vec::new() }
}

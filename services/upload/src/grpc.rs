//! UploadService: parse, call, map.

use access::Caller;
use base::{Problem, problem::Violation};
use proto::upload::v1::{
    self as pb, RetrieveRequest, RetrieveResponse,
    upload_service_server::{UploadService, UploadServiceServer},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::retrieve::{Ask, Hit, Retriever};

const DEFAULT_LIMIT: usize = 12;
const MAX_LIMIT: usize = 100;
const MAX_QUERIES: usize = 16;
/// As long as a question to chat-svc.
const MAX_QUERY_CHARS: usize = 8_000;
const MAX_FILES: usize = 200;

pub(crate) fn server(retriever: Retriever) -> UploadServiceServer<Grpc> {
    UploadServiceServer::new(Grpc { retriever })
}

pub(crate) struct Grpc {
    retriever: Retriever,
}

#[tonic::async_trait]
impl UploadService for Grpc {
    async fn retrieve(&self, request: Request<RetrieveRequest>) -> Result<Response<RetrieveResponse>, Status> {
        let who = Caller::of(&request)?;
        let ask = parse(request.into_inner())?;
        let found = self.retriever.retrieve(&who, ask).await?;
        Ok(Response::new(RetrieveResponse {
            chunks: found.hits.into_iter().map(chunk).collect(),
            pending_files: found.pending_files,
            degraded: found.degraded.unwrap_or_default(),
        }))
    }
}

fn parse(request: RetrieveRequest) -> Result<Ask, Problem> {
    let mut faults = Vec::new();
    let queries: Vec<String> = request.queries.into_iter().filter(|query| !query.trim().is_empty()).collect();
    if !(1..=MAX_QUERIES).contains(&queries.len()) {
        faults.push(Violation::new("queries", format!("1 to {MAX_QUERIES} that are not blank")));
    }
    if queries.iter().any(|query| query.chars().nth(MAX_QUERY_CHARS).is_some()) {
        faults.push(Violation::new("queries", format!("at most {MAX_QUERY_CHARS} characters each")));
    }
    let project = Some(request.project_id).filter(|id| !id.is_empty()).map(|id| id.parse::<Uuid>());
    if matches!(project, Some(Err(_))) {
        faults.push(Violation::new("project_id", "not an id"));
    }
    let files: Result<Vec<Uuid>, _> = request.file_ids.iter().map(|id| id.parse()).collect();
    if files.is_err() || request.file_ids.len() > MAX_FILES {
        faults.push(Violation::new("file_ids", format!("at most {MAX_FILES} ids")));
    }
    let limit = match request.limit as usize {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    match (faults.is_empty(), project.transpose(), files) {
        (true, Ok(project), Ok(files)) => Ok(Ask { queries, project, files, limit }),
        _ => Err(Problem::invalid(faults)),
    }
}

fn chunk(hit: Hit) -> pb::Chunk {
    let Hit { chunk, score, near } = hit;
    let unsigned = |value: i64| u64::try_from(value).unwrap_or_default();
    pb::Chunk {
        file_id: chunk.file_id.to_string(),
        title: chunk.title.unwrap_or_else(|| chunk.path.clone()),
        file_name: chunk.path,
        text: chunk.text,
        start: unsigned(chunk.start_char),
        end: unsigned(chunk.end_char),
        page: chunk.page.and_then(|page| u32::try_from(page).ok()).unwrap_or_default(),
        heading: serde_json::from_str(&chunk.heading).unwrap_or_default(),
        score: f64::from(score),
        uploaded_at: Some(proto::convert::timestamp(chunk.created_at)),
        dated_at: chunk.dated_at.map(proto::convert::timestamp),
        near,
    }
}

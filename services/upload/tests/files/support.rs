//! A world with projects-svc and upload-svc in it.

use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use proto::upload::v1::{RetrieveRequest, RetrieveResponse, upload_service_client::UploadServiceClient};
use serde_json::{Value, json};
use testkit::service::{Answer, Person, TestService, World};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const BOUNDARY: &str = "a-boundary";

/// A lease of upload-svc and then some.
pub(crate) const AFTER_LEASE: Duration = Duration::from_secs(60);

pub(crate) const LEASE: &str = "# Lease\n\nThe flat is let to Anna Petrova.\n\n## Term\n\nThe lease runs for two years.\n\n\
    ## Notice\n\nEither party may end the lease with a notice period of three months.\n";

/// Both services, and the parser child in the real binary.
pub(crate) struct Services {
    pub(crate) projects: TestService,
    pub(crate) upload: TestService,
}

pub(crate) async fn start(world: &mut World) -> Services {
    world.executable = env!("CARGO_BIN_EXE_upload-svc").into();
    Services { projects: world.start(projects_svc::SERVICE).await, upload: world.start(upload_svc::SERVICE).await }
}

impl Services {
    /// Makes a project and returns its id.
    pub(crate) async fn project(&self, who: &Person, slug: &str) -> String {
        let answer = self.projects.send_json(who, "POST", "/api/v1/projects", &json!({ "slug": slug })).await;
        text(&answer.expect(StatusCode::CREATED)["id"])
    }
}

/// The original of a file, or the part of it that `range` names.
pub(crate) async fn original(service: &TestService, who: &Person, id: &str, range: Option<&str>) -> Answer {
    let request = who.http("GET", &format!("/api/v1/upload/{id}/content"));
    let request = range.iter().fold(request, |request, range| request.header("range", *range));
    service.send(request.body(Body::empty()).unwrap()).await
}

/// Reads a file whole and in parts.
pub(crate) async fn check_parts(service: &TestService, who: &Person, id: &str, content: &[u8]) {
    let size = content.len();
    let header = |answer: &Answer, name: &str| answer.headers[name].to_str().unwrap().to_owned();
    let whole =
        [None, Some("lines=1-2"), Some("bytes=5-2"), Some("bytes=0-1,3-4"), Some("bytes=+1-2"), Some("bytes=-")];
    for range in whole {
        let answer = original(service, who, id, range).await;
        assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, content), "{range:?}");
        assert_eq!(header(&answer, "content-length"), size.to_string());
        assert_eq!(header(&answer, "accept-ranges"), "bytes");
    }
    for (range, expected) in [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=7-13".to_owned(), 7..14),
        (format!("bytes={}-", size - 5), size - 5..size),
        ("Bytes=-5".to_owned(), size - 5..size),
        ("bytes=-99999999999999999999999".to_owned(), 0..size),
        ("bytes=3-99999999999999999999999".to_owned(), 3..size),
    ] {
        let answer = original(service, who, id, Some(&range)).await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (StatusCode::PARTIAL_CONTENT, &content[expected.clone()]),
            "{range}"
        );
        assert_eq!(header(&answer, "content-length"), expected.len().to_string());
        let told = format!("bytes {}-{}/{size}", expected.start, expected.end - 1);
        assert_eq!(header(&answer, "content-range"), told);
    }
    for range in [format!("bytes={size}-"), "bytes=-0".to_owned(), "bytes=99999999999999999999999-".to_owned()] {
        let answer = original(service, who, id, Some(&range)).await;
        assert_eq!(answer.expect(StatusCode::RANGE_NOT_SATISFIABLE)["code"], "range_not_satisfiable", "{range}");
        assert_eq!(header(&answer, "content-range"), format!("bytes */{size}"));
    }
}

/// A part of a multipart body.
pub(crate) enum Part<'a> {
    Field(&'a str, &'a str),
    File(&'a str, &'a [u8]),
}

/// `POST /api/v1/upload` with these parts in this order.
pub(crate) async fn post(service: &TestService, who: &Person, parts: &[Part<'_>]) -> Answer {
    post_with(service, who, parts, &[]).await
}

pub(crate) async fn post_with(
    service: &TestService,
    who: &Person,
    parts: &[Part<'_>],
    headers: &[(&str, &str)],
) -> Answer {
    let mut body = Vec::new();
    for part in parts {
        let (head, content) = match part {
            Part::Field(name, value) => (format!("form-data; name=\"{name}\""), value.as_bytes()),
            Part::File(name, content) => (format!("form-data; name=\"file\"; filename=\"{name}\""), *content),
        };
        body.extend_from_slice(format!("--{BOUNDARY}\r\ncontent-disposition: {head}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let mut request =
        who.http("POST", "/api/v1/upload").header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    service.send(request.body(Body::from(body)).unwrap()).await
}

/// Uploads a file and returns its id.
pub(crate) async fn add(service: &TestService, who: &Person, project: &str, name: &str, content: &[u8]) -> String {
    let answer = post(service, who, &[Part::Field("project", project), Part::File(name, content)]).await;
    text(&answer.expect(StatusCode::ACCEPTED)["id"])
}

/// The file as `GET` shows it, once `status` is reached.
pub(crate) async fn until(service: &TestService, who: &Person, id: &str, status: &str) -> Value {
    let mut last = Value::Null;
    let reached = tokio::time::timeout(PATIENCE, async {
        loop {
            last = service.get(who, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::OK);
            if last["status"] == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(reached.await.is_ok(), "{status} was not reached: {last}");
    last
}

/// Waits until `condition` holds.
pub(crate) async fn eventually<F, Fut>(what: &str, mut condition: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = bool>,
{
    let reached = tokio::time::timeout(PATIENCE, async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(reached.await.is_ok(), "not reached: {what}");
}

/// Uploads a file and waits until it is found.
pub(crate) async fn indexed(service: &TestService, who: &Person, project: &str, name: &str, content: &[u8]) -> String {
    let id = add(service, who, project, name, content).await;
    until(service, who, &id, "indexed").await;
    id
}

pub(crate) async fn retrieve(service: &TestService, who: &Person, request: RetrieveRequest) -> RetrieveResponse {
    try_retrieve(service, who, request).await.unwrap()
}

pub(crate) async fn try_retrieve(
    service: &TestService,
    who: &Person,
    request: RetrieveRequest,
) -> Result<RetrieveResponse, tonic::Status> {
    let mut client = UploadServiceClient::new(service.transport());
    client.retrieve(who.grpc(request)).await.map(tonic::Response::into_inner)
}

/// One question over everything.
pub(crate) fn question(query: &str) -> RetrieveRequest {
    RetrieveRequest { queries: vec![query.to_owned()], ..RetrieveRequest::default() }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Files under `objects`, whatever they are called.
pub(crate) fn objects(world: &World) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
        entries.flatten().map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    count(&world.folder().join("objects"))
}

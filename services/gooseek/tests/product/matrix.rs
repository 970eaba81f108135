//! Who may do what, for every route that the description of the API has, so that a new route needs a place here: what is
//! somebody else's looks like what does not exist, and trying changes nothing.

use base::time::{Clock, Ids};
use http::StatusCode;
use serde_json::{Value, json};
use testkit::{
    FakeWeb, Gooseek,
    gooseek::{Builder, Client},
    service::{Answer, Issuer},
};
use uuid::Uuid;

use crate::{
    support::{NOTICE, about_the_lease, gooseek, handbook, on_postgres},
    web::{about_the_lighthouse, lighthouse_engine},
};

const NOWHERE: &str = "01900000-0000-7000-8000-000000000000";
/// A stream that goes on until its reader has had enough.
const ENDLESS: &str = "/api/v1/notifications/events";

/// A route, and what stands in the place of its braces.
pub(crate) struct Route {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) of: Of,
}

/// Whose things a route is about.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Of {
    /// The person's, by this id.
    Person,
    /// Those of the organisation.
    Organisation,
    /// The operator's.
    Operator,
    /// Lists what is the caller's, makes something, or asks.
    Caller,
}

/// Ids of what Ada has.
pub(crate) struct Things {
    run: String,
    thread: String,
    file: String,
    project: String,
    page: String,
}

pub(crate) struct Scene {
    pub(crate) server: Gooseek,
    _web: FakeWeb,
    issuer: Issuer,
    /// Whose things they are.
    pub(crate) ada: Client,
    /// Ada's organisation and id.
    ids: (Uuid, Uuid),
    /// Of the same organisation.
    eve: Client,
    /// Of another one.
    bob: Client,
    /// Without a token, and with one of another issuer.
    nobodies: [Client; 2],
    pub(crate) things: Things,
}

impl Scene {
    /// Ada, with these claims in her token.
    pub(crate) fn client_of_ada(&self, claims: &Value) -> Client {
        self.server.client_of(&self.issuer.person_claiming(self.ids.0, self.ids.1, claims))
    }

    /// A user of another organisation, with these claims.
    pub(crate) fn client_of_stranger(&self, claims: &Value) -> Client {
        self.server.client_of(&self.issuer.person_claiming(Uuid::from_u128(1), self.ids.1, claims))
    }
}

pub(crate) async fn scene(server: Builder) -> Scene {
    let web = FakeWeb::start().await;
    let engine = lighthouse_engine(&web).await;
    let (issuer, ids) = (Issuer::new(), Ids::new(Clock::system()));
    let server = server.set("JWT_PUBLIC_KEY", issuer.public_key()).set("SEARXNG_URL", engine.url());
    let server = server.set("FETCH_ALLOW_CIDRS", "127.0.0.0/8").set("ASKS_PER_MINUTE", "0").start().await;
    let (org, user) = (ids.next(), ids.next());
    let ada = server.client_of(&issuer.person(org, user));
    let file = handbook(&ada).await;
    let project = ada.get("/api/v1/projects/handbook").await.expect(StatusCode::OK);
    let answer = ada.ask(&about_the_lease()).await.expect(StatusCode::OK);
    let seen = ada.ask(&about_the_lighthouse()).await.expect(StatusCode::OK);
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let things = Things {
        run: id(&answer["run_id"]),
        thread: id(&answer["thread_id"]),
        file: id(&file["id"]),
        project: id(&project["id"]),
        page: id(&seen["sources"][0]["snapshot_id"]),
    };
    ada.thread(&things.thread, 1).await;
    Scene {
        eve: server.client_of(&issuer.person(org, ids.next())),
        bob: server.client_of(&issuer.person(ids.next(), ids.next())),
        nobodies: [server.client(), server.client_of(&Issuer::new().person(org, ids.next()))],
        server,
        _web: web,
        ids: (org, user),
        issuer,
        ada,
        things,
    }
}

impl Things {
    /// `route` with the id that it is about in its place.
    pub(crate) fn route(&self, route: &str) -> Route {
        let (method, path) = route.split_once(' ').unwrap();
        let (id, of) = match path {
            path if path.starts_with("/api/v1/admin/") => (NOWHERE, Of::Operator),
            path if !path.contains('{') => ("", Of::Caller),
            path if path.starts_with("/api/v1/chat/runs/{id}") => (self.run.as_str(), Of::Person),
            path if path.starts_with("/api/v1/library/threads/{id}") => (self.thread.as_str(), Of::Person),
            path if path.starts_with("/api/v1/upload/{id}") => (self.file.as_str(), Of::Organisation),
            "/api/v1/projects/{slug_or_id}" => (self.project.as_str(), Of::Organisation),
            // Nobody was told anything; who reads whose is tested where the service is.
            path if path.starts_with("/api/v1/notifications/{id}") => (NOWHERE, Of::Person),
            "/api/v1/search/pages/{snapshot}" => (self.page.as_str(), Of::Organisation),
            _ => panic!("{route} has no place in the matrix"),
        };
        let place = path.find('{').map(|from| (from, path.find('}').unwrap() + 1));
        let path = match place {
            Some((from, to)) => format!("{}{id}{}", &path[..from], path[to..].replace("{consumer}", "library.answers")),
            None => path.to_owned(),
        };
        Route { method: method.to_uppercase(), path, of }
    }

    /// What nobody else sees.
    fn private(&self) -> [&String; 2] {
        [&self.run, &self.thread]
    }

    /// What the organisation sees.
    fn shared(&self) -> [&String; 3] {
        [&self.file, &self.project, &self.page]
    }

    /// The same path about what does not exist.
    pub(crate) fn nowhere(&self, path: &str) -> String {
        self.private()
            .into_iter()
            .chain(self.shared())
            .fold(path.to_owned(), |path, id| path.replace(id.as_str(), NOWHERE))
    }
}

/// Every route of the server but those of accounts: nobody here has one of auth-svc, whose own tests go through them.
async fn routes(scene: &Scene) -> Vec<Route> {
    let document = scene.ada.get("/openapi.json").await.expect(StatusCode::OK);
    let paths = document["paths"].as_object().unwrap();
    let routes = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |method| format!("{method} {path}")));
    let of_accounts = |route: &String| registry::AUTH.prefixes.iter().any(|prefix| route.contains(prefix));
    routes.filter(|route| !of_accounts(route)).map(|route| scene.things.route(&route)).collect()
}

pub(crate) async fn call(client: &Client, method: &str, path: &str) -> Answer {
    let request = client.request(method, path);
    let request = match method {
        // It would not end.
        "GET" if path == ENDLESS => request.header("last-event-id", "none"),
        "PATCH" if path.starts_with("/api/v1/projects/") => request.json(&json!({ "name": "Taken over" })),
        "PATCH" => request.json(&json!({ "title": "Taken over", "pinned": true })),
        "POST" => request.json(&json!({})),
        _ => request,
    };
    client.send(request).await
}

/// A refusal without what differs between any two.
fn refusal(answer: &Answer, things: &Things) -> (StatusCode, String) {
    let mut problem = answer.json();
    problem["request_id"] = Value::Null;
    (answer.status, things.nowhere(&problem.to_string()))
}

/// What Ada sees of everything she has.
async fn everything(scene: &Scene, routes: &[Route]) -> Vec<Value> {
    let mut seen = Vec::new();
    for route in routes.iter().filter(|route| route.method == "GET" && route.of != Of::Operator) {
        // What is measured changes by itself.
        let is_measured = route.path.starts_with("/api/v1/search/engines") || route.path.ends_with("/suggest");
        if !is_measured && route.path != ENDLESS {
            let answer = scene.ada.get(&route.path).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", route.path);
            seen.push(Value::String(String::from_utf8_lossy(&answer.body).into_owned()));
        }
    }
    seen
}

async fn check_every_route(server: Builder) {
    let scene = scene(server).await;
    let routes = routes(&scene).await;
    let before = everything(&scene, &routes).await;
    for Route { method, path, of } in &routes {
        for nobody in &scene.nobodies {
            assert_eq!(call(nobody, method, path).await.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
        let foreign = match of {
            Of::Person => [Some(&scene.bob), Some(&scene.eve)],
            Of::Organisation => [Some(&scene.bob), None],
            Of::Operator => {
                for client in [&scene.ada, &scene.bob, &scene.eve] {
                    assert_eq!(call(client, method, path).await.status, StatusCode::FORBIDDEN, "{method} {path}");
                }
                continue;
            }
            Of::Caller if method == "GET" => {
                for stranger in [&scene.bob, &scene.eve] {
                    let seen = String::from_utf8_lossy(&call(stranger, method, path).await.body).into_owned();
                    let shared = std::ptr::eq(stranger, &scene.eve);
                    let leaked =
                        scene.things.private().into_iter().chain(scene.things.shared().into_iter().filter(|_| !shared));
                    for id in leaked {
                        assert!(!seen.contains(id.as_str()), "{path} shows {id}");
                    }
                }
                continue;
            }
            Of::Caller => continue,
        };
        for client in foreign.into_iter().flatten() {
            let theirs = refusal(&call(client, method, path).await, &scene.things);
            let nobodys = refusal(&call(client, method, &scene.things.nowhere(path)).await, &scene.things);
            assert_eq!(theirs, nobodys, "{method} {path}");
            assert_eq!(theirs.0, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
    assert_eq!(everything(&scene, &routes).await, before, "trying has changed nothing");
}

/// A body or a query may name what is somebody else's, too.
async fn check_every_reference(server: Builder) {
    let scene = scene(server).await;
    let Things { thread, file, project, .. } = &scene.things;
    let follow_up = json!({ "query": NOTICE, "thread_id": thread, "stream": false });
    let in_project = json!({ "query": NOTICE, "project": project, "stream": false });
    let (follow_up, in_project) = (follow_up.to_string(), in_project.to_string());
    for (client, body) in [(&scene.bob, &follow_up), (&scene.eve, &follow_up), (&scene.bob, &in_project)] {
        let ask = async |body: String| {
            let request = client.request("POST", "/api/v1/chat").header("content-type", "application/json");
            refusal(&client.send(request.body(body)).await, &scene.things)
        };
        let theirs = ask(body.clone()).await;
        assert_eq!(theirs, ask(scene.things.nowhere(body)).await, "{body}");
        assert_eq!(theirs.0, StatusCode::NOT_FOUND, "{body}");
    }
    let upload = async |project: &str| {
        refusal(&scene.bob.send(scene.bob.uploading(project, "mine.md", "# Mine")).await, &scene.things)
    };
    assert_eq!(upload(project).await, upload(NOWHERE).await);
    let listed = async |project: &str| {
        let answer = scene.bob.get(&format!("/api/v1/upload?project={project}")).await;
        refusal(&answer, &scene.things)
    };
    assert_eq!(listed(project).await, listed(NOWHERE).await);

    let named = json!({ "query": NOTICE, "sources": ["files"], "file_ids": [file] });
    let answer = scene.bob.ask(&named).await.expect(StatusCode::OK);
    assert_eq!(answer["sources"], json!([]), "{answer:#}");
    assert_eq!(scene.ada.list("/api/v1/upload?project=handbook").await.len(), 1);
    assert_eq!(scene.server.client_with("not a token").get("/api/v1/upload").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn no_route_shows_what_is_anothers_on_sqlite() {
    check_every_route(gooseek()).await;
}

#[tokio::test]
async fn no_route_shows_what_is_anothers_on_postgres() {
    if let Some(server) = on_postgres().await {
        check_every_route(server).await;
    }
}

#[tokio::test]
async fn no_reference_reaches_what_is_anothers_on_sqlite() {
    check_every_reference(gooseek()).await;
}

#[tokio::test]
async fn no_reference_reaches_what_is_anothers_on_postgres() {
    if let Some(server) = on_postgres().await {
        check_every_reference(server).await;
    }
}

//! Projects (spaces): what groups files and threads. Each belongs to one organisation and has a slug unique in it.

mod grpc;
mod http;
mod projects;
mod store;

use axum::Router;
use common::{
    Deps, Service,
    db::Migrations,
    service::{Building, Spec},
};
use tonic::service::Routes;

/// How binaries start this service.
pub const SPEC: Spec = Spec {
    name: "projects",
    port: 3006,
    variables: &[],
    migrations: Migrations {
        sqlite: &sqlx::migrate!("migrations/sqlite"),
        postgres: &sqlx::migrate!("migrations/postgres"),
    },
    objects: false,
    check: |_| {},
    build: service,
};

/// Builds the service.
pub fn service(deps: Deps) -> Building {
    Box::pin(async move {
        let projects = projects::Projects::new(deps.db, deps.clock, deps.ids, deps.cursor_key);
        let mut service = Service::new(SPEC.name, http::routes(projects.clone()));
        service.grpc = Routes::from(Router::new()).add_service(grpc::server(projects)).into_axum_router();
        Ok(service)
    })
}

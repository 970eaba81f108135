//! Projects (spaces): what groups files and threads. Each belongs to one organisation and has a slug unique in it.

mod grpc;
mod http;
mod projects;
mod store;

use axum::Router;
use db::Migrations;
use server::{
    Deps, Service,
    service::{ServiceDef, ServiceFuture},
};
use tonic::service::Routes;

/// How binaries start this service.
pub const SERVICE: ServiceDef = ServiceDef {
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
pub fn service(deps: Deps) -> ServiceFuture {
    Box::pin(async move {
        let projects = projects::Projects::new(deps.db, deps.clock, deps.ids, deps.cursor_key);
        let mut service = Service::new(SERVICE.name, http::routes(projects.clone()));
        service.grpc = Routes::from(Router::new()).add_service(grpc::server(projects)).into_axum_router();
        Ok(service)
    })
}

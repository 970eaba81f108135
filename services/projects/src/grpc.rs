//! ProjectsService: parse, call, map.

use access::{Action, Caller};
use proto::projects::v1::{
    self as pb, ResolveRequest,
    projects_service_server::{ProjectsService, ProjectsServiceServer},
};
use tonic::{Request, Response, Status};

use crate::projects::Projects;

pub(crate) fn server(projects: Projects) -> ProjectsServiceServer<Grpc> {
    ProjectsServiceServer::new(Grpc { projects })
}

pub(crate) struct Grpc {
    projects: Projects,
}

#[tonic::async_trait]
impl ProjectsService for Grpc {
    async fn resolve(&self, request: Request<ResolveRequest>) -> Result<Response<pb::Project>, Status> {
        let who = Caller::of(&request)?;
        let project = self.projects.resolve(&who, &request.get_ref().slug_or_id, Action::GetProject).await?;
        Ok(Response::new(pb::Project { id: project.id.to_string(), slug: project.slug, name: project.name }))
    }
}

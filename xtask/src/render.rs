//! What the regions say about each service.

use registry::{ServiceInfo, identifier};

/// One text after the other.
fn each(services: &[ServiceInfo], text: impl FnMut(&ServiceInfo) -> String) -> String {
    services.iter().map(text).collect()
}

pub(crate) fn example_addresses(services: &[ServiceInfo]) -> String {
    each(services, |service| format!("#{}=\n", service.url_variable))
}

pub(crate) fn workspace_dependencies(services: &[ServiceInfo]) -> String {
    each(services, |service| format!("{0}-svc = {{ path = \"services/{0}\" }}\n", service.name))
}

pub(crate) fn dependencies(services: &[ServiceInfo]) -> String {
    each(services, |service| format!("{}-svc.workspace = true\n", service.name))
}

pub(crate) fn definitions(services: &[ServiceInfo]) -> String {
    each(services, |service| format!("    {}_svc::SERVICE,\n", identifier(service.name)))
}

pub(crate) fn programs(services: &[ServiceInfo]) -> String {
    let programs = each(services, |service| format!(" {}-svc", service.name));
    format!("ARG PROGRAMS=\"gooseek{programs}\"\n")
}

pub(crate) fn compose_addresses(services: &[ServiceInfo]) -> String {
    each(services, |service| format!("      {}: http://{}:50051\n", service.url_variable, service.name))
}

pub(crate) fn compose_services(services: &[ServiceInfo]) -> String {
    each(services, compose_service)
}

fn compose_service(service: &ServiceInfo) -> String {
    let ServiceInfo { name, port, memory, .. } = service;
    let replicas = match service.replicas {
        1 => String::new(),
        count => format!("    deploy: {{replicas: {count}}}\n"),
    };
    let objects = "      MINIO_ENDPOINT: http://s3:7070
      MINIO_ACCESS_KEY: gooseek
      MINIO_SECRET_KEY: ${S3_SECRET_KEY:?make up writes docker/.env}
";
    let objects = if service.objects { objects } else { "" };
    let (role, password) = (registry::postgres_role(name), password(service));
    format!(
        "  {name}:
    extends: {{file: base.yaml, service: service}}
    image: gooseek/{name}-svc:${{GOOSEEK_TAG:-dev}}
    build: {{args: {{BIN: {name}-svc}}}}
{replicas}    mem_limit: {memory}m
    environment:
      BIND: 0.0.0.0:{port}
      POSTGRES_URL: postgresql://{role}:${{{password}:?make up writes docker/.env}}@postgres:5432/gooseek
{objects}    volumes:
      - type: volume
        source: keys
        target: /keys/service.pem
        read_only: true
        volume: {{subpath: services/{name}.pem, nocopy: true}}
    depends_on: *ready

"
    )
}

/// The variable of `docker/.env` with the password of a service's role.
fn password(service: &ServiceInfo) -> String {
    format!("POSTGRES_{}", password_variable(service))
}

/// The variable of the Postgres container with the password of a service's role.
fn password_variable(service: &ServiceInfo) -> String {
    format!("{}_PASSWORD", identifier(service.name).to_uppercase())
}

pub(crate) fn compose_passwords(services: &[ServiceInfo]) -> String {
    each(services, |service| format!("      {}: ${{{}}}\n", password_variable(service), password(service)))
}

pub(crate) fn sql_passwords(services: &[ServiceInfo]) -> String {
    each(services, |service| format!("\\getenv {} {}\n", identifier(service.name), password_variable(service)))
}

pub(crate) fn sql_roles(services: &[ServiceInfo]) -> String {
    let role = |service: &ServiceInfo| registry::postgres_role(service.name);
    each(services, |service| format!("CREATE ROLE {} LOGIN PASSWORD :'{}';\n", role(service), identifier(service.name)))
}

pub(crate) fn scrape_targets(services: &[ServiceInfo]) -> String {
    each(services, |ServiceInfo { name, port, .. }| {
        format!(
            "  - job_name: {name}
    dns_sd_configs: [{{names: [{name}], type: A, port: {port}, refresh_interval: 5s}}]
"
        )
    })
}

pub(crate) fn edge_routers(services: &[ServiceInfo]) -> String {
    each(services, |service| {
        let (name, rule) = (service.name, registry::edge_rule(service));
        format!("    {name}: {{rule: \"{rule}\", service: {name}, middlewares: [again]}}\n")
    })
}

pub(crate) fn edge_services(services: &[ServiceInfo]) -> String {
    each(services, |service| {
        let ServiceInfo { name, port, .. } = service;
        let replicas = 1..=service.replicas;
        let urls: String =
            replicas.map(|number| format!("          - url: http://gooseek-{name}-{number}:{port}\n")).collect();
        format!(
            "    {name}:
      loadBalancer:
        servers:
{urls}        healthCheck: {{path: /ready, interval: 2s, timeout: 3s}}
        responseForwarding: {{flushInterval: -1ms}}
"
        )
    })
}

pub(crate) fn table(services: &[ServiceInfo]) -> String {
    let rows = each(services, |service| {
        let prefixes: Vec<_> = service.prefixes.iter().map(|prefix| format!("`{prefix}`")).collect();
        let (name, port, variable) = (service.name, service.port, service.url_variable);
        format!("| `{name}-svc` | {port} | `{variable}` | {} |\n", prefixes.join(", "))
    });
    format!("\n| program | HTTP port | where the others find it | routes below |\n|---|---|---|---|\n{rows}\n")
}

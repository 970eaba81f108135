//! projects-svc as a process of its own.

fn main() -> std::process::ExitCode {
    server::main(projects_svc::SERVICE)
}

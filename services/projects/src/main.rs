//! projects-svc as a process of its own.

fn main() -> std::process::ExitCode {
    common::server::main(projects_svc::SPEC)
}

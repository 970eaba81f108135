//! library-svc as a process of its own.

fn main() -> std::process::ExitCode {
    common::server::main(library_svc::SPEC)
}

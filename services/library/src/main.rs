//! library-svc as a process of its own.

fn main() -> std::process::ExitCode {
    server::main(library_svc::SERVICE)
}

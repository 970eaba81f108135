//! example-svc as a process of its own.

fn main() -> std::process::ExitCode {
    server::main(example_svc::SERVICE)
}

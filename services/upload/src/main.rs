//! upload-svc as a process of its own, and as the parser of one file.

fn main() -> std::process::ExitCode {
    reader::child::run_if_child().unwrap_or_else(|| server::main(upload_svc::SERVICE))
}

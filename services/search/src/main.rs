//! search-svc as a process of its own, and as the parser of one PDF file.

fn main() -> std::process::ExitCode {
    reader::child::run_if_child().unwrap_or_else(|| server::main(search_svc::SERVICE))
}

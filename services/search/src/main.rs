//! search-svc as a process of its own, and as the parser of one PDF file.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(reader::child::SUBCOMMAND) {
        return reader::child::run();
    }
    server::main(search_svc::SERVICE)
}

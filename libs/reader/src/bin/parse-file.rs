//! The parser child as a program of its own, for tests and fuzzing; in the product the main program starts itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    reader::child::run_if_child().unwrap_or_else(|| {
        eprintln!("usage: parse-file {}", reader::child::SUBCOMMAND);
        ExitCode::from(2)
    })
}

//! The parser child as a program of its own, for tests and fuzzing; in the product the main program starts itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(reader::child::SUBCOMMAND) {
        return reader::child::run();
    }
    eprintln!("usage: parse-file {}", reader::child::SUBCOMMAND);
    ExitCode::from(2)
}

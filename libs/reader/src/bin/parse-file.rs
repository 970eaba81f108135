//! The parser child alone, for tests and fuzzing; in the product the main program plays this part.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(reader::child::SUBCOMMAND) {
        return reader::child::run();
    }
    eprintln!("usage: parse-file {}", reader::child::SUBCOMMAND);
    ExitCode::from(2)
}

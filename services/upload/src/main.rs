//! upload-svc as a process of its own, and as the child that parses one file.

fn main() -> std::process::ExitCode {
    // Before anything starts a thread: the child's restrictions hold for the thread that sets them.
    if std::env::args().nth(1).as_deref() == Some(reader::child::SUBCOMMAND) {
        return reader::child::run();
    }
    server::main(upload_svc::SERVICE)
}

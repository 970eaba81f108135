//! notifications-svc as a process of its own.

fn main() -> std::process::ExitCode {
    server::main(notifications_svc::SERVICE)
}

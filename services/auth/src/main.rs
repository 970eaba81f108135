//! auth-svc as a process of its own.

fn main() -> std::process::ExitCode {
    server::main(auth_svc::SERVICE)
}

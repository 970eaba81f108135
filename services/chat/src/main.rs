//! chat-svc as a process of its own.

fn main() -> std::process::ExitCode {
    common::server::main(chat_svc::SPEC)
}

//! chat-svc as a process of its own.

fn main() -> std::process::ExitCode {
    server::main(chat_svc::SERVICE)
}

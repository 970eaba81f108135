//! What commands print, with nothing in it that a terminal obeys. When who reads it has left, as `gooseek documents list | head`
//! does, the command ends quietly.
//!
//! Signals cannot do that: a connection that breaks while a request is written would end the command without a word, too.

use std::{
    env, fmt,
    io::{ErrorKind, IsTerminal, Write},
    os::fd::AsFd,
};

use serde::Serialize;
use terminal::{Line, printable};

/// What is assumed of a terminal that does not tell its width.
const USUAL_WIDTH: usize = 80;

/// `println!` that ends the command when nobody reads any more.
macro_rules! outln {
    () => {
        $crate::output::write(format_args!("\n"))
    };
    ($($argument:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($argument)*)))
    };
}
pub(crate) use outln;

/// `eprintln!` that goes on when nobody reads it.
macro_rules! errln {
    ($($argument:tt)*) => {
        $crate::output::write_error(format_args!("{}\n", format_args!($($argument)*)))
    };
}
pub(crate) use errln;

/// Prints at once, also within a line.
pub(crate) fn write(text: fmt::Arguments<'_>) {
    print(&printable(&text.to_string()));
}

/// Prints lines with their styles.
pub(crate) fn lines(lines: &[Line]) {
    print(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
}

/// Prints a value. In a string a control character is escaped.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = String::new();
    for char in serde_json::to_string_pretty(value)?.chars() {
        match char {
            '\n' => text.push('\n'),
            char if char.is_control() => text.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => text.push(char),
        }
    }
    outln!("{text}");
    Ok(())
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    errln!("gooseek: the output cannot be written: {error}");
    std::process::exit(1);
}

/// Prints to standard error. The command does what it was asked to do whether or not that is read.
pub(crate) fn write_error(text: fmt::Arguments<'_>) {
    print_error(&printable(&text.to_string()));
}

/// Prints to a terminal on standard error, with what it obeys.
pub(crate) fn print_error(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// The columns of a terminal that shows styles; `None` for everything else, where plain text goes (<https://no-color.org>).
pub(crate) fn columns(stream: &(impl AsFd + IsTerminal)) -> Option<usize> {
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = env::var_os("TERM").is_none_or(|kind| kind.is_empty() || kind == "dumb");
    if !stream.is_terminal() || is_set("NO_COLOR") || is_dumb {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok();
    Some(size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(USUAL_WIDTH))
}

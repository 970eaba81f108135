//! What commands print. When who reads it has left, as `gooseek documents list | head` does, the command ends quietly.
//!
//! Signals cannot do that: a connection that breaks while a request is written would end the command without a word, too.

use std::{
    fmt,
    io::{ErrorKind, Write},
};

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

/// Prints at once, also within a line.
pub(crate) fn write(text: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let Err(error) = out.write_fmt(text).and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    eprintln!("gooseek: the output cannot be written: {error}");
    std::process::exit(1);
}

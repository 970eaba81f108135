//! `gooseek man` and `gooseek completions`, made from the definition of the command line.

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::{cli::Cli, output};

/// Prints the manual page of the program, or of one of its commands.
pub(crate) fn print(names: &[String]) -> anyhow::Result<()> {
    let mut command = Cli::command();
    command.build();
    for name in names {
        let found = command.find_subcommand(name).with_context(|| format!("there is no command {name:?}"))?;
        command = found.clone();
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    output::write(format_args!("{}", String::from_utf8_lossy(&page)));
    Ok(())
}

pub(crate) fn print_completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gooseek", &mut script);
    output::write(format_args!("{}", String::from_utf8_lossy(&script)));
}

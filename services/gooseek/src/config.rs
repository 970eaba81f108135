//! `gooseek config`: prints the effective configuration with the origin of each value; secrets are masked.

use crate::{cli, output::outln, serve};

pub(crate) fn print(local: &cli::DataArgs) -> anyhow::Result<()> {
    let settings = serve::local_settings(local)?;
    let width = settings.effective().map(|(variable, _)| variable.name.len()).max().unwrap_or_default();
    for (variable, value) in settings.effective() {
        match value {
            Some((value, origin)) => outln!("{:width$} = {value}  ({origin})", variable.name),
            None => outln!("{:width$}   unset: {}", variable.name, variable.about),
        }
    }
    server::check(&serve::SERVICES, &settings, server::Mode::AllInOne)?;
    Ok(())
}

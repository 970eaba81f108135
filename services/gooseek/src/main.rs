//! GooSeek in one process, and its command line.

fn main() -> std::process::ExitCode {
    common::server::process(|| async {
        use std::{path::Path, sync::Arc};
        let variables = common::server::FRAME_VARIABLES.to_vec();
        let settings = common::config::Settings::load(variables, Path::new("gooseek.toml"), std::env::vars())?;
        let assembly =
            common::server::assemble(&[projects_svc::SPEC], Arc::new(settings), common::server::Shape::Together)
                .await?;
        assembly.run(|_| axum::Router::new()).await
    })
}

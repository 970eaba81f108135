//! Reads HTML files and prints what was read, one JSON line each: `read-html [--page] FOLDER…`. With `--page` they are
//! read as pages of the web. `scripts/html-recall.py` compares it with what another parser reads.

use std::path::{Path, PathBuf};
use std::time::Instant;

use reader::{Format, Hints, parse};

fn main() -> std::io::Result<()> {
    let mut hints = Hints::default();
    let mut files = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--page" => hints.url = Some("https://example.com/".to_owned()),
            folder => find(Path::new(folder), &mut files)?,
        }
    }
    files.sort();
    for path in files {
        let bytes = std::fs::read(&path)?;
        let started = Instant::now();
        let result = parse(Format::Html, &bytes, &hints);
        let seconds = started.elapsed().as_secs_f64();
        let line = match result {
            Ok(document) => serde_json::json!({
                "file": path, "text": document.text, "title": document.title, "fault": document.fault,
                "words_kept": document.words_kept.map(|words| words.ratio()), "seconds": seconds,
            }),
            Err(error) => serde_json::json!({ "file": path, "error": error.to_string(), "seconds": seconds }),
        };
        println!("{line}");
    }
    Ok(())
}

fn find(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            find(&entry?.path(), files)?;
        }
    } else if path.extension().is_some_and(|extension| extension == "html" || extension == "htm") {
        files.push(path.to_owned());
    }
    Ok(())
}

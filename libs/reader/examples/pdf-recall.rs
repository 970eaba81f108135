//! Measures how many of the words that `pdftotext` (poppler) reads in PDF files are read by GooSeek.
//!
//! `cargo run --package reader --example pdf-recall -- FOLDER [MINIMUM]` prints the recall of each `*.pdf` below FOLDER
//! in per cent, worst first, and that of all words, and fails if a file is below MINIMUM (default 0).
//! A word is a run of letters and digits, or a letter of a script without spaces, compared without case; each has to be there as often as `pdftotext` has it.
#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use reader::{Format, Hints, parse};
use unicode_normalization::UnicodeNormalization;

/// Words of one file.
struct Measured {
    path: PathBuf,
    /// In the text of `pdftotext`, and how many of them are missing.
    words: usize,
    missing: HashMap<String, usize>,
    seconds: f32,
    refused: Option<String>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let minimum: f64 = arguments.next().map_or(Ok(0.0), |minimum| minimum.parse())?;
    if Path::new(&folder).is_file() {
        let document = parse(Format::Pdf, &fs::read(folder)?, &Hints::default())?;
        println!("{:?} {:?} {:?}", document.title, document.published_at, document.pages_without_text);
        println!("{}", document.text);
        return Ok(ExitCode::SUCCESS);
    }
    let mut paths = Vec::new();
    collect(Path::new(&folder), &mut paths)?;
    let mut files = paths.into_iter().map(measure).collect::<Result<Vec<_>, _>>()?;
    files.sort_by(|a, b| recall(a).total_cmp(&recall(b)));
    let (mut words, mut missing) = (0, 0);
    for file in &files {
        let lost = lost(file);
        words += file.words;
        missing += lost;
        let mut examples: Vec<_> = file.missing.iter().collect();
        examples.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), word.chars().count()));
        let examples: Vec<&str> = examples.iter().take(8).map(|(word, _)| word.as_str()).collect();
        let note = file.refused.clone().unwrap_or_else(|| examples.join(" "));
        println!(
            "{:6.2} % {:8} words {:6.1} s  {}  {note}",
            recall(file),
            file.words,
            file.seconds,
            file.path.display()
        );
    }
    let below = files.iter().filter(|file| recall(file) < minimum).count();
    let all = 100.0 * (1.0 - missing as f64 / words.max(1) as f64);
    println!("{all:.3} % of {words} words in {} files; {below} files below {minimum} %", files.len());
    Ok(if below == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pdf")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(())
}

fn measure(path: PathBuf) -> Result<Measured, Box<dyn Error>> {
    let reference = Command::new("pdftotext").args(["-enc", "UTF-8"]).arg(&path).arg("-").output()?;
    let reference = String::from_utf8_lossy(&reference.stdout).into_owned();
    let start = Instant::now();
    let read = parse(Format::Pdf, &fs::read(&path)?, &Hints::default());
    let seconds = start.elapsed().as_secs_f32();
    let (text, refused) = match read {
        Ok(document) => (document.text, None),
        Err(error) => (String::new(), Some(error.to_string())),
    };
    let (words, missing) = compare(&reference, &text);
    Ok(Measured { path, words, missing, seconds, refused })
}

/// The number of words of `reference`, and those that `text` lacks.
fn compare(reference: &str, text: &str) -> (usize, HashMap<String, usize>) {
    let mut have: HashMap<String, usize> = HashMap::new();
    for word in words(text) {
        *have.entry(word).or_default() += 1;
    }
    let mut missing: HashMap<String, usize> = HashMap::new();
    let mut count = 0;
    let mut need = |word: String, have: &mut HashMap<String, usize>| match have.get_mut(&word) {
        Some(left @ 1..) => *left -= 1,
        _ => *missing.entry(word).or_default() += 1,
    };
    let lines: Vec<&str> = reference.lines().collect();
    let mut carried: Option<String> = None;
    for line in lines {
        let hyphenated = line.trim_end().ends_with(['-', '\u{AD}', '‐']);
        let mut line: Vec<String> = words(line).collect();
        count += line.len();
        if let Some(first) = carried.take() {
            // A word cut at the end of a line may have been joined.
            let joined = line.first().map(|second| format!("{first}{second}"));
            match joined.filter(|joined| have.get(joined).is_some_and(|left| *left > 0)) {
                Some(joined) => {
                    line.remove(0);
                    need(joined, &mut have);
                }
                None => need(first, &mut have),
            }
        }
        if hyphenated {
            carried = line.pop();
        }
        line.into_iter().for_each(|word| need(word, &mut have));
    }
    if let Some(word) = carried {
        need(word, &mut have);
    }
    (count, missing)
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for char in text.chars().filter(|char| *char != '\u{AD}').nfkc().flat_map(char::to_lowercase) {
        // Scripts without spaces: each letter is a word.
        let wide = matches!(char, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}');
        if !char.is_alphanumeric() {
            open = false;
            continue;
        }
        match words.last_mut() {
            Some(word) if open && !wide => word.push(char),
            _ => words.push(char.to_string()),
        }
        open = !wide;
    }
    words.into_iter()
}

fn lost(file: &Measured) -> usize {
    file.missing.values().sum()
}

fn recall(file: &Measured) -> f64 {
    100.0 * (1.0 - lost(file) as f64 / file.words.max(1) as f64)
}

//! Nearly good input: nothing panics, hangs or takes memory without bounds, and what comes out keeps its promises.
//!
//! In the suite the seeds are the same each time and few. `make fuzz` goes on with others for `FUZZ_SECONDS`. A case that fails
//! says its seed and where its input was saved; `FUZZ_SEED` makes it again, and the input belongs into `fixtures/fuzz` once the
//! fault is mended.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "common/book.rs"]
mod book;
#[path = "../../text/tests/doubling/mod.rs"]
#[expect(dead_code, reason = "other tests make more of it")]
mod doubling;
#[path = "fuzz/mutator.rs"]
mod mutator;
#[path = "common/offsets.rs"]
mod offsets;
#[path = "hostile/pdf_file.rs"]
mod pdf_file;
#[path = "fuzz/targets.rs"]
mod targets;
#[path = "fuzz/words.rs"]
mod words;
#[path = "hostile/zip_file.rs"]
#[expect(dead_code, reason = "other tests make more of it")]
mod zip_file;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use doubling::processor_time;
use mutator::Mutator;
use targets::{TARGETS, Target};

/// Cases of a target in the suite.
const CASES: u64 = 60;
/// Processor time of one case: the inputs are small.
const MAX_TIME: Duration = Duration::from_secs(10);
/// A case that is not over by then hangs, however busy the machine is.
const HANGS: Duration = Duration::from_secs(120);
/// What one case may add to the memory of the process (KiB).
const MAX_MEMORY: u64 = 512 << 10;
/// Parsers run on the first thread of their process, which has so much.
const STACK: usize = 8 << 20;

#[test]
fn html() {
    fuzz("html");
}

#[test]
fn markdown() {
    fuzz("markdown");
}

#[test]
fn csv() {
    fuzz("csv");
}

#[test]
fn pdf() {
    fuzz("pdf");
}

#[test]
fn docx() {
    fuzz("docx");
}

#[test]
fn epub() {
    fuzz("epub");
}

#[test]
fn sentences() {
    fuzz("sentences");
}

#[test]
fn citations() {
    fuzz("citations");
}

#[test]
fn terms() {
    fuzz("terms");
}

#[test]
fn extracts() {
    fuzz("extracts");
}

/// Inputs that broke something once, named after their target.
#[test]
fn what_broke_something_is_read() {
    let saved = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/fuzz"));
    for entry in saved.into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let target = TARGETS.iter().find(|target| name.starts_with(target.name)).unwrap();
        try_one(target, name, fs::read(&path).unwrap());
    }
}

fn fuzz(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let number = |name: &str| env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    if let Some(seed) = number("FUZZ_SEED") {
        return try_seed(target, seed);
    }
    let Some(seconds) = number("FUZZ_SECONDS") else { return (0..CASES).for_each(|seed| try_seed(target, seed)) };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut cases = 0_u64;
    while Instant::now() < end {
        try_seed(target, rand::random());
        cases += 1;
    }
    println!("{name}: {cases} cases");
}

fn try_seed(target: &'static Target, seed: u64) {
    try_one(target, &format!("seed {seed}"), (target.make)(&mut Mutator::new(seed)));
}

/// Runs a case on a thread of its own, so that one that hangs or recurses is told, too.
fn try_one(target: &'static Target, case: &str, input: Vec<u8>) {
    let saved =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}-{}", target.name, case.replace(' ', "-")));
    let fail = |what: &str| panic!("{}, {case}: {what}; its input is {}", target.name, saved.display());
    // A stack that overflows ends the process at once.
    fs::write(&saved, &input).unwrap();
    let (sender, result) = mpsc::channel();
    let before = peak_memory();
    let running = thread::Builder::new().stack_size(STACK).spawn(move || {
        let started = processor_time();
        let outcome = catch_unwind(AssertUnwindSafe(|| (target.check)(&input)));
        let _ = sender.send((outcome.is_ok(), processor_time().saturating_sub(started)));
    });
    let Ok((is_right, time)) = result.recv_timeout(HANGS) else {
        eprintln!("{}, {case}: it hangs; its input is {}", target.name, saved.display());
        process::abort();
    };
    running.unwrap().join().unwrap();
    if !is_right {
        fail("something does not hold");
    }
    if time > MAX_TIME {
        fail(&format!("it takes {time:?} of a processor"));
    }
    if peak_memory().saturating_sub(before) > MAX_MEMORY {
        fail("it takes too much memory");
    }
    fs::remove_file(&saved).unwrap();
}

/// The most memory that this process has had (KiB), zero where the system does not tell.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    peak.unwrap_or_default()
}

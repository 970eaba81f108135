//! Prints the table of figures: measurement, limit, whether it was met, and what bounds a missed limit.

/// Prints rows as they are measured; at the end, the notes and the missed limits.
#[derive(Debug)]
pub(crate) struct Report {
    notes: Vec<String>,
    /// Figures that missed their limit, with what bounds them.
    missed: Vec<(String, String)>,
}

impl Report {
    /// Begins the table, below a line about this machine.
    pub(crate) fn begin() -> Self {
        println!("{}\n", machine());
        println!("| {:<58} | {:>16} | {:>8} | {:<4} |", "figure", "measured", "limit", "met?");
        println!("|{:-<60}|{:->18}|{:->10}|{:-<6}|", "", ":", ":", "");
        Self { notes: Vec::new(), missed: Vec::new() }
    }

    /// A figure that must not exceed `limit`. `bound` explains what determines it, if that was measured.
    pub(crate) fn at_most(&mut self, figure: &str, measured: f64, limit: f64, unit: &str, bound: impl Into<String>) {
        self.limited(figure, measured, ("≤", limit), unit, measured <= limit, bound.into());
    }

    /// A figure that must not be below `limit`. `bound` explains what determines it.
    pub(crate) fn at_least(&mut self, figure: &str, measured: f64, limit: f64, unit: &str, bound: impl Into<String>) {
        self.limited(figure, measured, ("≥", limit), unit, measured >= limit, bound.into());
    }

    /// A figure without a limit.
    pub(crate) fn info(&self, figure: &str, measured: f64, unit: &str) {
        row(figure, &format!("{} {unit}", number(measured)), "", "");
    }

    /// A line about where time or memory goes, printed below the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// A benchmark that failed.
    pub(crate) fn failed(&mut self, benchmark: &str, error: &anyhow::Error) {
        row(benchmark, "not measured", "", "NO");
        self.missed.push((benchmark.to_owned(), format!("{error:#}")));
    }

    /// Ends the table.
    pub(crate) fn finish(&self) {
        println!("\nWhere it goes:");
        for note in &self.notes {
            println!("  {note}");
        }
        if self.missed.is_empty() {
            return println!("\nEvery limit was met.");
        }
        println!("\n{} limit(s) missed. What bounds each:", self.missed.len());
        for (figure, bound) in &self.missed {
            println!("  {figure}{}{bound}", if bound.is_empty() { "" } else { ": " });
        }
    }

    fn limited(&mut self, figure: &str, measured: f64, limit: (&str, f64), unit: &str, met: bool, bound: String) {
        let limit = format!("{} {}", limit.0, number(limit.1));
        row(figure, &format!("{} {unit}", number(measured)), &limit, if met { "yes" } else { "NO" });
        if !met {
            self.missed.push((figure.to_owned(), bound));
        }
    }
}

fn row(figure: &str, measured: &str, limit: &str, met: &str) {
    println!("| {figure:<58} | {measured:>16} | {limit:>8} | {met:<4} |");
}

/// Cores, processor and kernel.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{cores} cores, {}, Linux {}", model.trim_start_matches(['\t', ' ', ':']), kernel.trim())
}

fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

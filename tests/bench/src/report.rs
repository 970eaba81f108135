//! The table: figure, measured, limit, and whether it was met; a missed limit is followed by what bounds it.

/// Prints rows as they are measured, and at the end what was missed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    headed: bool,
    /// Figures that missed their limit, with what bounds them.
    missed: Vec<(String, String)>,
}

impl Report {
    /// A figure that must not be more than `limit`. `bound` says what makes it as large as it is.
    pub(crate) fn at_most(&mut self, figure: &str, measured: f64, limit: f64, unit: &str, bound: impl Into<String>) {
        self.limited(figure, measured, ("≤", limit), unit, measured <= limit, bound.into());
    }

    /// A figure that must not be less than `limit`. `bound` says what makes it as small as it is.
    pub(crate) fn at_least(&mut self, figure: &str, measured: f64, limit: f64, unit: &str, bound: impl Into<String>) {
        self.limited(figure, measured, ("≥", limit), unit, measured >= limit, bound.into());
    }

    /// A figure without a limit.
    pub(crate) fn shown(&mut self, figure: &str, measured: f64, unit: &str) {
        self.row(figure, &format!("{} {unit}", number(measured)), "", "");
    }

    /// Text below the last row.
    pub(crate) fn note(&self, text: &str) {
        println!("    {text}");
    }

    pub(crate) fn finish(&self) {
        if self.missed.is_empty() {
            return println!("\nEvery limit was met.");
        }
        println!("\n{} limit(s) missed. What bounds each:", self.missed.len());
        for (figure, bound) in &self.missed {
            println!("  {figure}: {bound}");
        }
    }

    fn limited(&mut self, figure: &str, measured: f64, limit: (&str, f64), unit: &str, met: bool, bound: String) {
        let limit = format!("{} {}", limit.0, number(limit.1));
        self.row(figure, &format!("{} {unit}", number(measured)), &limit, if met { "yes" } else { "NO" });
        if !met {
            self.missed.push((figure.to_owned(), bound));
        }
    }

    fn row(&mut self, figure: &str, measured: &str, limit: &str, met: &str) {
        if !self.headed {
            println!("| {:<58} | {:>16} | {:>8} | {:<4} |", "figure", "measured", "limit", "met?");
            println!("|{:-<60}|{:->18}|{:->10}|{:-<6}|", "", ":", ":", "");
            self.headed = true;
        }
        println!("| {figure:<58} | {measured:>16} | {limit:>8} | {met:<4} |");
    }
}

fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

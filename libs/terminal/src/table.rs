//! Tables whose columns fit the terminal.

use comfy_table::{CellAlignment, ContentArrangement, ContentLineStyle, LineStyle, TableStyle};
use pulldown_cmark::Alignment;

use crate::line::{Span, width_of, wrapped};

/// A column narrower than this (columns of the terminal) cannot be read; then each row is a list of its own.
const NARROWEST: usize = 8;
/// What is between two columns.
const GAP: usize = 3;

const RULED: LineStyle = LineStyle::none().fill('─').junction('┼');
const CELLS: ContentLineStyle = ContentLineStyle::none().junction('│');
const STYLE: TableStyle = TableStyle::new().header_lines(CELLS).header_separator(RULED).content_lines(CELLS);

/// A table as it is read.
pub(crate) struct Table {
    alignments: Vec<Alignment>,
    /// The first is the header.
    rows: Vec<Vec<String>>,
    row: Vec<String>,
}

impl Table {
    pub(crate) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, rows: Vec::new(), row: Vec::new() }
    }

    pub(crate) fn push_cell(&mut self, spans: &[Span]) {
        let text: String = spans.iter().map(Span::text).collect();
        self.row.push(text.trim().to_owned());
    }

    pub(crate) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// Its lines, none of them wider than `width`.
    pub(crate) fn lines(&self, width: usize) -> Vec<String> {
        if self.alignments.len() * (NARROWEST + GAP) > width + GAP {
            return self.as_lists(width);
        }
        let lines = self.laid_out(width, STYLE);
        let is_wrapped = lines.len() > self.rows.len() + 1;
        if is_wrapped { self.laid_out(width, STYLE.row_separator(RULED)) } else { lines }
    }

    fn laid_out(&self, width: usize, style: TableStyle) -> Vec<String> {
        let mut rows = self.rows.iter();
        let mut table = comfy_table::Table::new();
        table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        table.set_header(rows.next().into_iter().flatten());
        table.add_rows(rows);
        let last = self.alignments.len().saturating_sub(1);
        for (index, (column, alignment)) in table.column_iter_mut().zip(&self.alignments).enumerate() {
            column.set_padding((u16::from(index > 0), u16::from(index < last)));
            column.set_cell_alignment(match alignment {
                Alignment::None | Alignment::Left => CellAlignment::Left,
                Alignment::Center => CellAlignment::Center,
                Alignment::Right => CellAlignment::Right,
            });
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// `header: cell` for each cell that is not empty, and an empty line after each row.
    fn as_lists(&self, width: usize) -> Vec<String> {
        let Some((header, rows)) = self.rows.split_first() else { return Vec::new() };
        let mut lines = Vec::new();
        for row in rows {
            if !lines.is_empty() {
                lines.push(String::new());
            }
            for (name, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
                let first = if width_of(&name) > width / 2 { String::new() } else { name.clone() };
                let text = if first.is_empty() { format!("{name}{cell}") } else { cell.clone() };
                lines.extend(wrapped(&first, &text, width).iter().map(|line| line.text().to_owned()));
            }
        }
        lines
    }
}

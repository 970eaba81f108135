//! Rows of a data table, each with a cell for every column.

use super::inline::inline_text;
use super::tree::{NodeId, Tree};

/// A longer cell (bytes) is page layout, not data.
const MAX_CELL: usize = 2_000;

/// A longer cell (bytes) is not repeated in the rows that it spans.
const MAX_REPEATED: usize = 200;

/// Columns or rows that one cell spans.
const MAX_SPAN: usize = 100;

/// Places of a table for each of its cells, and more for a small one; others are made to explode.
const PLACES_PER_CELL: usize = 20;
const MIN_PLACES: usize = 200;

/// A table of data.
pub(super) struct DataTable {
    /// The names of the columns.
    pub(super) head: Option<String>,
    pub(super) rows: Vec<String>,
}

#[derive(Clone, Default)]
struct Cell {
    text: String,
    columns: usize,
    rows: usize,
    is_head: bool,
}

/// A row as it is written, and whether it names the columns.
struct Row {
    cells: Vec<String>,
    is_head: bool,
}

/// `table` as rows, or `None` for a layout table (one column, nested tables, headings or long texts in cells).
pub(super) fn read(tree: &Tree, table: NodeId) -> Option<DataTable> {
    let mut rows = Vec::new();
    // What cells of rows above still occupy: text and number of rows, by column.
    let mut spans: Vec<(String, usize)> = Vec::new();
    let (mut places, mut max_places) = (0, MIN_PLACES);
    for (row, in_head) in row_nodes(tree, table) {
        let cells = cells(tree, row)?;
        max_places += PLACES_PER_CELL * cells.len();
        places += spans.len() + cells.iter().map(|cell| cell.columns).sum::<usize>();
        if places > max_places {
            return None;
        }
        rows.push(fill(cells, &mut spans, in_head));
    }
    let columns = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    if columns < 2 {
        return None;
    }
    let heads = rows.iter().take_while(|row| row.is_head).count();
    // A table of heads only is one whose first column is marked so.
    let heads = if heads == rows.len() { 0 } else { heads };
    let body = rows.split_off(heads);
    let head = (!rows.is_empty()).then(|| joined(merged(&rows, columns)));
    let rows = body.into_iter().map(|row| joined(row.cells)).filter(|row| !row.is_empty()).collect();
    Some(DataTable { head, rows })
}

fn row_nodes(tree: &Tree, table: NodeId) -> Vec<(NodeId, bool)> {
    let mut rows = Vec::new();
    for child in tree.children(table) {
        match tree.name(child) {
            "tr" => rows.push((child, false)),
            name @ ("thead" | "tbody" | "tfoot") => {
                let inner = tree.children(child).filter(|row| tree.name(*row) == "tr");
                rows.extend(inner.map(|row| (row, name == "thead")));
            }
            _ => {}
        }
    }
    rows
}

fn cells(tree: &Tree, row: NodeId) -> Option<Vec<Cell>> {
    let mut cells = Vec::new();
    for id in tree.children(row).filter(|id| matches!(tree.name(*id), "td" | "th")) {
        if tree.subtree(id).skip(1).any(|inner| is_layout(tree, inner)) {
            return None;
        }
        let text = inline_text(tree, id);
        if text.len() > MAX_CELL {
            return None;
        }
        let element = tree.element(id)?;
        let span = |name| element.attribute(name).and_then(|value| value.trim().parse::<usize>().ok()).unwrap_or(1);
        cells.push(Cell {
            text,
            columns: span("colspan").clamp(1, MAX_SPAN),
            rows: span("rowspan").clamp(1, MAX_SPAN),
            is_head: element.html_name() == "th",
        });
    }
    Some(cells)
}

/// Whether an element within a cell has a structure of its own.
fn is_layout(tree: &Tree, id: NodeId) -> bool {
    match tree.name(id) {
        "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => true,
        "pre" => tree.raw_text(id).trim().contains('\n'),
        _ => false,
    }
}

/// Puts cells into their columns, beside those that span from above.
fn fill(row: Vec<Cell>, spans: &mut Vec<(String, usize)>, in_head: bool) -> Row {
    let is_head = in_head || (row.len() > 1 && row.iter().all(|cell| cell.is_head));
    let mut cells = Vec::new();
    for cell in row {
        take_spanned(spans, &mut cells);
        let repeated = if cell.text.len() <= MAX_REPEATED { cell.text.as_str() } else { "" };
        for column in 0..cell.columns {
            let at = cells.len();
            if cell.rows > 1 {
                spans.resize_with(spans.len().max(at + 1), Default::default);
                spans[at] = (repeated.to_owned(), cell.rows - 1);
            }
            cells.push(match column {
                0 => cell.text.clone(),
                _ if is_head => repeated.to_owned(),
                _ => String::new(),
            });
        }
    }
    take_spanned(spans, &mut cells);
    Row { cells, is_head }
}

/// Adds the cells that span from above to the end of `cells`.
fn take_spanned(spans: &mut [(String, usize)], cells: &mut Vec<String>) {
    while let Some((text, left)) = spans.get_mut(cells.len()).filter(|(_, left)| *left > 0) {
        *left -= 1;
        cells.push(text.clone());
    }
}

/// One head of several rows of heads: what stands above each column.
fn merged(heads: &[Row], columns: usize) -> Vec<String> {
    let name = |column: usize| {
        let mut names: Vec<&str> = heads.iter().filter_map(|row| row.cells.get(column).map(String::as_str)).collect();
        names.retain(|name| !name.is_empty());
        names.dedup();
        names.join(" ")
    };
    (0..columns).map(name).collect()
}

fn joined(mut cells: Vec<String>) -> String {
    while cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    cells.join(" | ")
}

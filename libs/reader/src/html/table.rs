//! Rows of a data table.

use dom_query::NodeRef;

use super::text_writer::inline_text;

/// A longer cell (bytes) is page layout, not data.
const MAX_CELL: usize = 2_000;

/// The rows of `table` as `a | b`, or `None` for a layout table (one column, nested tables, long texts in cells).
pub(super) fn rows(table: NodeRef<'_>) -> Option<Vec<String>> {
    let mut rows = Vec::new();
    let mut columns = 0;
    let mut pending: Vec<NodeRef<'_>> = table.children_it(true).collect();
    while let Some(node) = pending.pop() {
        if node.has_name("tr") {
            let cells = cells(node)?;
            columns = columns.max(cells.len());
            if cells.iter().any(|cell| !cell.is_empty()) {
                rows.push(cells.join(" | "));
            }
        } else if ["thead", "tbody", "tfoot"].iter().any(|name| node.has_name(name)) {
            pending.extend(node.children_it(true));
        }
    }
    (columns > 1).then_some(rows)
}

fn cells(row: NodeRef<'_>) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    for cell in row.children_it(false).filter(|cell| cell.has_name("td") || cell.has_name("th")) {
        if cell.descendants_it().any(|inner| inner.has_name("table")) {
            return None;
        }
        let text = inline_text(cell);
        if text.len() > MAX_CELL {
            return None;
        }
        cells.push(text);
    }
    Some(cells)
}

//! What comes out of tables and of plain text.
#![expect(clippy::unwrap_used, reason = "tests")]

use reader::{Document, Format, Hints, parse};

fn read(format: Format, content: impl AsRef<[u8]>) -> Document {
    parse(format, content.as_ref(), &Hints::default()).unwrap()
}

#[test]
fn a_table_is_read_in_the_layout_it_has() {
    let excel = read(Format::Csv, "sep=;\r\nProduct;Price;Stock\r\nHarbour lamp;12,50;7\r\nTeak stool;89,00;3\r\n");
    assert_eq!(
        excel.text,
        "Product: Harbour lamp\nPrice: 12,50\nStock: 7\n\nProduct: Teak stool\nPrice: 89,00\nStock: 3"
    );
    let titled = read(
        Format::Csv,
        "Price list of the shop,,\nvalid from 1 May,,\n,,\nProduct,Price,Stock\nTeak stool,89.00,3\nBrass hook,,112\n",
    );
    assert_eq!(titled.title.as_deref(), Some("Price list of the shop"));
    assert_eq!(
        titled.text,
        "Price list of the shop\nvalid from 1 May\n\nProduct: Teak stool\nPrice: 89.00\nStock: 3\n\nProduct: Brass hook\nStock: 112"
    );
    let bars = read(Format::Csv, "| Room | Key |\n|------|-----|\n| Attic | 7 |\n| Cellar | 12 |\n");
    assert_eq!(bars.text, "Room: Attic\nKey: 7\n\nRoom: Cellar\nKey: 12");
    let open =
        read(Format::Csv, "id\tsubject\tanswer\n101\tDoor\t\"Door is jammed, restart it\n102\tCopier\tCall 4471\n");
    assert_eq!(
        open.text,
        "id: 101\nsubject: Door\nanswer: \"Door is jammed, restart it\n\nid: 102\nsubject: Copier\nanswer: Call 4471"
    );
}

#[test]
fn characters_that_mark_up_elsewhere_are_text_here() {
    let lines = "The pattern ** matches all files, fast* loads the quick variant.\nSet __init__ or my_long_name.\n\
                 The price is 5 * 12 = 60 euro.\nThe path is C:\\temp\\new\\*.log.\nUse `**kwargs`.\nThe tag <name> is replaced.";
    assert_eq!(read(Format::Text, lines).text, lines);
    let table = read(Format::Csv, "rule,pattern\nall,**/*.log\nown,__init__ \\ a * b\n");
    assert_eq!(table.text, "rule: all\npattern: **/*.log\n\nrule: own\npattern: __init__ \\ a * b");
}

#[test]
fn text_is_read_with_a_zero_in_it_or_in_wide_characters() {
    let log = read(Format::Text, b"Boot ok\0\nThe watchdog timeout is 35 seconds.\n");
    assert_eq!(log.text, "Boot ok\nThe watchdog timeout is 35 seconds.");
    let wide: Vec<u8> = "Насос стоит при 3 бар.\r\nДа.".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(Format::Text, wide).text, "Насос стоит при 3 бар.\nДа.");
    let dated = read(Format::Text, "Minutes of the board\n7 June 2023\n\nThe roof is mended.\n");
    assert_eq!(dated.published_at.unwrap().date_naive().to_string(), "2023-06-07");
}

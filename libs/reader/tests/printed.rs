//! The reading order of printed pages: whole paragraphs come out as they are read.
#![expect(clippy::unwrap_used, reason = "tests")]

use reader::{Format, Hints, parse};

const PARAGRAPHS: [&str; 3] = [
    "This lease begins on the first day of June and has no fixed end. Either party may end it by giving notice in writing; the notice \
     period is three months to the end of a month. Notice given by electronic mail is not valid unless the other party confirms it.",
    "The rent is nine hundred euros a month and is payable in advance, at the latest on the third working day. Operating costs are \
     paid as an advance of one hundred and fifty euros and settled once a year by the landlord within twelve months.",
    "The deposit amounts to two monthly rents. It is kept apart from all other assets of the landlord and is returned with interest no \
     later than six months after the keys were handed over, less any justified claims that the landlord can show in writing.",
];
const RUSSIAN: &str = "Ежегодный основной оплачиваемый отпуск предоставляется продолжительностью двадцать восемь календарных дней. Право на \
                       использование отпуска за первый год работы возникает по истечении шести месяцев непрерывной работы у данного \
                       работодателя.";

fn blocks(file: &[u8]) -> Vec<String> {
    let document = parse(Format::Pdf, file, &Hints::default()).unwrap();
    document.text.split("\n\n").map(str::to_owned).collect()
}

#[test]
fn justified_paragraphs_stay_whole_between_header_and_footer() {
    let [first, second, third] = PARAGRAPHS;
    let expected = [
        "House rules, edition 4",
        first,
        second,
        third,
        first,
        second,
        third,
        "Sheet 1",
        "House rules, edition 4",
        RUSSIAN,
        "Sheet 2",
    ];
    assert_eq!(blocks(include_bytes!("fixtures/justified.pdf")), expected);
}

#[test]
fn columns_are_read_one_after_the_other_and_a_table_across() {
    let [first, second, third] = PARAGRAPHS;
    let left = [first, second, third].join(" ");
    let right = [third, second, first].join(" ");
    let expected = [
        "A study of leases that is set in two columns of text",
        &left,
        &right,
        "What the parts cost, taken from the lease of last year",
        "Part   Amount   Due\nHouse   900 EUR   1st\nParking place   35 EUR   15th",
    ];
    assert_eq!(blocks(include_bytes!("fixtures/columns.pdf")), expected);
}

#[test]
fn words_drawn_in_any_order_are_read_in_order_on_an_upright_and_on_a_turned_page() {
    assert_eq!(blocks(include_bytes!("fixtures/words.pdf")), [PARAGRAPHS, PARAGRAPHS].concat());
}

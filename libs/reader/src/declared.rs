//! Titles and authors that a file declares; many are made up by the program that wrote it.

use crate::document::non_empty_line;

/// Titles that say that there is none.
const NO_TITLES: [&str; 17] = [
    "untitled",
    "untitled document",
    "untitled 1",
    "no title",
    "title",
    "document",
    "document1",
    "word document",
    "unknown",
    "unspecified",
    "unbenannt",
    "dokument1",
    "sans titre",
    "без имени",
    "без названия",
    "документ1",
    "документ microsoft word",
];

/// Endings of names of files, which some programs write as the title.
const FILE_ENDINGS: [&str; 22] = [
    ".doc", ".docx", ".dot", ".dvi", ".eps", ".fm", ".htm", ".html", ".indd", ".odt", ".p65", ".pages", ".pdf", ".ppt",
    ".pptx", ".ps", ".pub", ".qxd", ".rtf", ".tex", ".xls", ".xlsx",
];

/// What programs write before the name of a file.
const PROGRAMS: [&str; 4] = ["microsoft word - ", "microsoft powerpoint - ", "microsoft excel - ", "file:///"];

/// Authors that are nobody.
const NO_AUTHORS: [&str; 8] =
    ["anonymous", "unknown", "author", "user", "administrator", "python-docx", "unspecified", "пользователь"];

/// The title; `None` if it is made up, or the name of some file.
pub(crate) fn title(declared: &str) -> Option<String> {
    let title = non_empty_line(declared)?;
    let plain = title.trim_matches(['(', ')', '[', ']', '<', '>', '"', ' ']).to_lowercase();
    let made_up = NO_TITLES.contains(&plain.as_str())
        || FILE_ENDINGS.iter().any(|ending| plain.ends_with(ending))
        || PROGRAMS.iter().any(|start| plain.starts_with(start))
        || !plain.contains(char::is_alphanumeric);
    (!made_up).then_some(title)
}

/// The author; `None` if it is nobody.
pub(crate) fn author(declared: &str) -> Option<String> {
    let author = non_empty_line(declared)?;
    let plain = author.trim_matches(['(', ')', ' ']).to_lowercase();
    (!NO_AUTHORS.contains(&plain.as_str())).then_some(author)
}

#[cfg(test)]
mod tests {
    use super::{author, title};

    #[test]
    fn what_says_nothing_is_none() {
        for none in ["untitled", "(Untitled)", "Microsoft Word - rent.doc", "report_final.dvi", " - ", "paper.TEX"] {
            assert_eq!(title(none), None, "{none}");
        }
        assert_eq!(title("Untitled works of 1919").unwrap(), "Untitled works of 1919");
        assert_eq!(author("(anonymous)"), None);
        assert_eq!(author("Hilda  Landlord").unwrap(), "Hilda Landlord");
    }
}

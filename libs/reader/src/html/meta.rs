//! Metadata of a page: title, author, date and language from `<meta>`, JSON-LD and `<time>`.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;

use super::inline::inline_text;
use super::tree::{Element, NodeId, Tree};
use crate::document::non_empty_line;

/// Larger JSON-LD blocks (bytes) are ignored.
const MAX_JSON_LD: usize = 256 << 10;

/// How deep `@graph` and lists are followed in JSON-LD.
const MAX_JSON_DEPTH: usize = 4;

/// A longer line (bytes) does not name an author.
const MAX_BYLINE: usize = 120;

/// What stands between the title of a page and the name of its site.
const SITE_SEPARATORS: [&str; 9] = [" | ", " — ", " – ", " - ", " :: ", " » ", " · ", " • ", " / "];

/// Metadata a page declares.
#[derive(Default)]
pub(crate) struct Meta {
    pub(crate) title: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) published_at: Option<DateTime<Utc>>,
    pub(crate) language: Option<String>,
}

/// Reads the metadata of a page.
pub(super) fn read(page: &Tree) -> Meta {
    let mut meta = Meta { language: language(page), ..Meta::default() };
    let mut time = None;
    for id in page.subtree(page.root()) {
        let Some(element) = page.element(id) else { continue };
        match element.html_name() {
            "meta" => from_tag(&mut meta, element),
            "script" if element.attribute("type") == Some("application/ld+json") => {
                let json = page.raw_text(id);
                if json.len() <= MAX_JSON_LD
                    && let Ok(value) = serde_json::from_str(&json)
                {
                    from_json_ld(&mut meta, &value, 0);
                }
            }
            "time" => time = time.or_else(|| element.attribute("datetime").and_then(date)),
            _ => {}
        }
    }
    meta.published_at = meta.published_at.or(time);
    meta
}

/// The title of a page: what it declares, else its only heading if the `<title>` holds it, else the `<title>` without
/// the name of the site.
pub(super) fn title(page: &Tree) -> Option<String> {
    let title = page.find("title").and_then(|id| non_empty_line(&page.raw_text(id)));
    let mut headings = page.subtree(page.root()).filter(|id| page.name(*id) == "h1");
    let headline = headings.next().filter(|_| headings.next().is_none());
    let headline = headline.and_then(|id| non_empty_line(&inline_text(page, id)));
    match (title, headline) {
        (Some(title), Some(headline)) if title.contains(&headline) => Some(headline),
        (Some(title), _) => Some(without_site(&title).to_owned()),
        (None, headline) => headline,
    }
}

/// `title` without the name of the site after it, if what is left is a title.
fn without_site(title: &str) -> &str {
    let cut = SITE_SEPARATORS.iter().filter_map(|separator| title.rfind(separator)).max();
    let Some(cut) = cut else { return title };
    let name = title[..cut].trim();
    if name.split_whitespace().count() >= 3 { name } else { title }
}

/// The author as the page shows it.
pub(super) fn byline(page: &Tree) -> Option<String> {
    let byline = page.subtree(page.root()).find(|id| page.element(*id).is_some_and(is_byline))?;
    let named = page.subtree(byline).find(|id| is_name(page, *id)).unwrap_or(byline);
    let line = non_empty_line(&inline_text(page, named))?;
    let name = ["By ", "by ", "BY ", "Von ", "Par ", "Por ", "Автор: "].iter().find_map(|by| line.strip_prefix(by));
    let name = name.unwrap_or(&line);
    (name.len() <= MAX_BYLINE).then(|| name.to_owned())
}

fn is_byline(element: &Element) -> bool {
    element.attribute("rel") == Some("author")
        || element.attribute("itemprop").is_some_and(|property| property.contains("author"))
        || element.labels().any(|label| matches!(label, "byline" | "author" | "p-author" | "article-author"))
}

fn is_name(page: &Tree, id: NodeId) -> bool {
    page.element(id).is_some_and(|element| element.attribute("itemprop") == Some("name"))
}

fn language(page: &Tree) -> Option<String> {
    let html = page.element(page.find("html")?)?;
    html.attribute("lang").or_else(|| html.attribute("xml:lang")).map(str::to_owned)
}

fn from_tag(meta: &mut Meta, tag: &Element) {
    let name = tag.attribute("property").or_else(|| tag.attribute("name")).or_else(|| tag.attribute("itemprop"));
    let (Some(name), Some(content)) = (name, tag.attribute("content")) else { return };
    match name.to_ascii_lowercase().as_str() {
        "og:title" => meta.title = meta.title.take().or_else(|| non_empty_line(content)),
        "author" | "article:author" | "dc.creator" | "citation_author" | "parsely-author"
            if !content.starts_with("http") =>
        {
            meta.author = meta.author.take().or_else(|| non_empty_line(content));
        }
        "article:published_time"
        | "datepublished"
        | "dc.date"
        | "dc.date.issued"
        | "citation_publication_date"
        | "date"
        | "pubdate"
        | "publish_date"
        | "parsely-pub-date" => meta.published_at = meta.published_at.or_else(|| date(content)),
        _ => {}
    }
}

fn from_json_ld(meta: &mut Meta, value: &Value, depth: usize) {
    if depth > MAX_JSON_DEPTH {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| from_json_ld(meta, item, depth + 1)),
        Value::Object(object) => {
            let published = object.get("datePublished").and_then(Value::as_str);
            meta.published_at = meta.published_at.or_else(|| published.and_then(date));
            if published.is_some() {
                meta.author = meta.author.take().or_else(|| object.get("author").and_then(person));
            }
            if let Some(graph) = object.get("@graph") {
                from_json_ld(meta, graph, depth + 1);
            }
        }
        _ => {}
    }
}

fn person(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => non_empty_line(name),
        Value::Array(people) => {
            let names: Vec<String> = people.iter().take(5).filter_map(person).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        Value::Object(object) => object.get("name").and_then(Value::as_str).and_then(non_empty_line),
        _ => None,
    }
}

/// Parses a date in one of the common formats: RFC 3339, ISO 8601 without a zone, a day, RFC 2822.
pub(crate) fn date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    for with_zone in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M%z", "%Y-%m-%d %H:%M:%S%.f %z"] {
        if let Ok(time) = DateTime::parse_from_str(text, with_zone) {
            return Some(time.to_utc());
        }
    }
    for without_zone in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, without_zone) {
            return Some(time.and_utc());
        }
    }
    if let Ok(time) = DateTime::parse_from_rfc2822(text) {
        return Some(time.to_utc());
    }
    let day = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%B %d, %Y"];
    let day = day.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok())?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_in_the_forms_pages_use() {
        for (text, expected) in [
            ("2024-05-01T10:00:00+03:00", "2024-05-01T07:00:00+00:00"),
            ("2024-05-01T10:00:00+0300", "2024-05-01T07:00:00+00:00"),
            ("2024-05-01T10:00", "2024-05-01T10:00:00+00:00"),
            ("2024-05-01", "2024-05-01T00:00:00+00:00"),
            ("Wed, 01 May 2024 10:00:00 GMT", "2024-05-01T10:00:00+00:00"),
            ("01.05.2024", "2024-05-01T00:00:00+00:00"),
        ] {
            assert_eq!(date(text).unwrap().to_rfc3339(), expected, "{text}");
        }
        assert_eq!(date("yesterday"), None);
    }
}

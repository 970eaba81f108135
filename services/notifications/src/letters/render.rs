//! A letter as a mail carries it: the same as text and as HTML, which loads nothing.

use super::{Letter, Locale};

/// A letter, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RenderedLetter {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

pub(crate) fn render(letter: &Letter) -> RenderedLetter {
    RenderedLetter { subject: letter.subject.clone(), text: text(letter), html: html(letter) }
}

fn text(letter: &Letter) -> String {
    let Letter { news, action, link, note, .. } = letter;
    let deadline = letter.deadline.as_deref().map(|deadline| format!("{deadline}\n\n")).unwrap_or_default();
    format!("{news}\n\n{action}:\n{link}\n\n{deadline}{note}\n\n-- \n{}\n", reason(letter.locale))
}

fn html(letter: &Letter) -> String {
    let (subject, news, link) = (escape(&letter.subject), escape(&letter.news), escape(&letter.link));
    let (action, note, reason) = (escape(letter.action), escape(letter.note), escape(reason(letter.locale)));
    let deadline = letter.deadline.as_deref().map(|deadline| format!("<p>{}</p>", escape(deadline)));
    format!(
        r#"<!DOCTYPE html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 sans-serif;color:#1a1a1a;background:#fff">
<div style="max-width:560px;margin:0 auto">
<h1 style="font-size:20px;margin:0 0 16px">{subject}</h1>
<p>{news}</p>
<p><a href="{link}" style="display:inline-block;padding:10px 18px;border-radius:6px;background:#0b57d0;color:#fff;text-decoration:none">{action}</a></p>
<p style="font-size:14px;word-break:break-all"><a href="{link}" style="color:#0b57d0">{link}</a></p>
{deadline}
<p>{note}</p>
<p style="font-size:13px;color:#5f6368">{reason}</p>
</div>
</body>
</html>
"#,
        language = letter.locale.as_str(),
        deadline = deadline.unwrap_or_default(),
    )
}

/// Why the reader has it.
const fn reason(locale: Locale) -> &'static str {
    match locale {
        Locale::English => "GooSeek sent this because it concerns the account of this address. Nobody reads replies.",
        Locale::Russian => {
            "GooSeek отправил это письмо, потому что оно касается учётной записи с этим адресом. Ответы никто не читает."
        }
    }
}

/// Text for elements and for attributes in quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

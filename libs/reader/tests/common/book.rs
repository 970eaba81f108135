//! A small book, part by part.

pub(crate) const CONTAINER: &str = r#"<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"#;

pub(crate) const PACKAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">
<dc:title>The Harbour Book</dc:title><dc:creator>Ines Vermaat</dc:creator><dc:creator>Timur Abenov</dc:creator>
<dc:date opf:event="modification">2026-05-01</dc:date><dc:date>2025-11-03</dc:date><dc:language>en-GB</dc:language>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="two" href="text/second%20part.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/../text/one.xhtml#start" media-type="application/xhtml+xml"/>
<item id="cover" href="cover.jpg" media-type="image/jpeg"/>
</manifest>
<spine><itemref idref="cover"/><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/><itemref idref="one"/><itemref idref="none"/></spine>
</package>"#;

pub(crate) const CONTENTS: &str = r#"<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol><li><a href="text/one.xhtml">Berths</a></li></ol></nav></body></html>"#;

pub(crate) const FIRST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="book.js"/></head>
<body><h1 id="start">Berths</h1><p>A berth costs <b>12.50</b>&nbsp;euros.<a id="p1"/></p>
<h2>Winter</h2><ul><li>No water</li><li>Half the price</li></ul></body></html>"#;

pub(crate) const SECOND: &str = r#"<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Quiet hours</title></head>
<body><p>Quiet begins at ten.</p><p>Тишина после десяти.</p></body></html>"#;

/// Names and contents, the type of the file first.
pub(crate) const PARTS: [(&str, &str); 7] = [
    ("mimetype", "application/epub+zip"),
    ("META-INF/container.xml", CONTAINER),
    ("OEBPS/book.opf", PACKAGE),
    ("OEBPS/nav.xhtml", CONTENTS),
    ("OEBPS/text/one.xhtml", FIRST),
    ("OEBPS/text/second part.xhtml", SECOND),
    ("OEBPS/cover.jpg", "not looked at"),
];

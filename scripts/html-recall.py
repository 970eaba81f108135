#!/usr/bin/env python3
"""How much of HTML manuals is read: words and headings, compared with what Python's html.parser reads.

    scripts/html-recall.py [--page] [--strict] FOLDER...

Prints the files below 99.5 %, then words and headings over all. With --strict it fails below 99.5 % of all words or
headings, and with a file below 95 %. --page reads the files as pages of the web, where boilerplate is left out."""

import collections, html.parser, json, re, subprocess, sys, unicodedata

SILENT = {"script", "style", "nav", "noscript", "template", "head", "iframe", "title", "audio", "video", "canvas", "datalist",
          "noframes", "noembed", "textarea"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
INLINE = {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd",
          "label", "mark", "nobr", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


class Reference(html.parser.HTMLParser):
    """The text of a page outside of scripts, navigation and hidden elements."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.words, self.headings, self.open, self.silent, self.heading = [], [], [], 0, None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "body":
            # Tags of the head that were left open end here.
            self.open, self.silent = [], 0
        if tag not in INLINE:
            self.add(" ")
        if tag in VOID:
            return
        classes = (attributes.get("class") or "").split()
        style = (attributes.get("style") or "").replace(" ", "")
        silent = (tag in SILENT or attributes.get("role") in ("navigation", "menu", "menubar") or "hidden" in attributes
                  or attributes.get("aria-hidden") == "true" or "display:none" in style
                  or any(name in ("headerlink", "sr-only", "visually-hidden") for name in classes))
        self.open.append((tag, silent))
        self.silent += silent
        if tag in HEADINGS and not self.silent:
            self.heading = ""

    def handle_endtag(self, tag):
        if tag not in INLINE:
            self.add(" ")
        if tag in HEADINGS and self.heading is not None:
            self.headings.append(self.heading)
            self.heading = None
        if any(name == tag for name, _ in self.open):
            while self.open:
                name, silent = self.open.pop()
                self.silent -= silent
                if name == tag:
                    break

    def handle_data(self, data):
        self.add(data)

    def add(self, text):
        if not self.silent:
            self.words.append(text)
            if self.heading is not None:
                self.heading += text


def words(text):
    text = unicodedata.normalize("NFKC", text.replace("\u00ad", "").replace("\u200b", ""))
    return re.findall(r"\w+", text.lower().replace("_", " "))


def decoded(path):
    data = open(path, "rb").read()
    named = re.search(rb"charset=[\"']?([\w-]+)|encoding=[\"']([\w-]+)", data[:2048])
    name = (named.group(1) or named.group(2)).decode() if named else "utf-8"
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(name, "replace")


def main():
    options = [argument for argument in sys.argv[1:] if argument.startswith("--")]
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    command = ["cargo", "run", "--quiet", "--package", "reader", "--example", "read-html", "--locked", "--"]
    command += [option for option in options if option == "--page"] + folders
    found = expected = heads_found = heads = files = 0
    below = []
    seconds = 0.0
    for line in subprocess.Popen(command, stdout=subprocess.PIPE, text=True).stdout:
        read = json.loads(line)
        reference = Reference()
        try:
            reference.feed(decoded(read["file"]))
            reference.close()
        except Exception as error:
            print(f"no reference for {read['file']}: {error}")
            continue
        want = collections.Counter(words("".join(reference.words)))
        if not want:
            continue
        files += 1
        seconds += read["seconds"]
        have = collections.Counter(words(read.get("text", "")))
        missing = want - have
        lines = {" ".join(words(line)) for line in read.get("text", "").splitlines() if line.startswith("#")}
        titles = [" ".join(words(heading)) for heading in reference.headings]
        titles = [title for title in titles if title]
        lost = [title for title in titles if title not in lines]
        total = sum(want.values())
        kept = total - sum(missing.values())
        found, expected = found + kept, expected + total
        heads_found, heads = heads_found + len(titles) - len(lost), heads + len(titles)
        if kept / total < 0.995 or lost or "error" in read:
            below.append((kept / total, read["file"], read.get("error", ""), missing.most_common(8), lost[:3]))
    for ratio, file, error, missing, lost in sorted(below, key=lambda entry: entry[:2])[:60]:
        print(f"{ratio:7.2%}  {file} {error} missing {missing} headings {lost}")
    worst = min((ratio for ratio, *_ in below), default=1.0)
    print(f"{files} files, {seconds:.1f} s: words {found / max(expected, 1):.3%} of {expected}, "
          f"headings {heads_found / max(heads, 1):.3%} of {heads}, lowest file {worst:.2%}")
    if "--strict" in options and (found < 0.995 * expected or heads_found < 0.995 * heads or worst < 0.95):
        sys.exit(1)


if __name__ == "__main__":
    main()

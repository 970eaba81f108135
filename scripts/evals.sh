#!/usr/bin/env bash
# Prints how much of real documents is read, how often the right passage of them is found, how questions are answered, and how
# claims are judged.
#
# The documents are manuals from Debian's registry, unpacked into the cache folder; nothing of them is installed or committed. The
# questions and claims are in services/upload/tests/files/recall and libs/text/tests/corpus; a part of them is never looked at
# while the code is written.
set -euo pipefail
cd "$(dirname "$0")/.."
documents=${GOOSEEK_CACHE:?make evals sets it}/evals
mkdir -p "$documents"

# Unpacks the manual "$2" of Debian into the folder "$1". With more arguments only the files that match "${@:4}" in its folder
# "$3" are kept.
manual() {
  local folder=$documents/$1/$2
  [ -d "$folder" ] && return
  local work
  work=$(mktemp -d "$documents/unpacking.XXXXXX")
  if ! (cd "$work" && apt-get -qq download "$2" && dpkg-deb -x ./*.deb files); then
    echo "evals: the manual $2 could not be fetched (apt-get update, and Debian, are needed); it is left out" >&2
    rm -rf "$work"
    return
  fi
  mkdir -p "$documents/$1"
  find "$work/files" -type f -name '*.gz' -exec gunzip -f {} +
  if [ $# -gt 2 ]; then
    mkdir "$work/kept"
    # The patterns are meant to be expanded.
    # shellcheck disable=SC2086
    (cd "$work/files/$3" && cp -L --parents ${*:4} "$work/kept")
    mv "$work/kept" "$folder"
  else
    mv "$work/files" "$folder"
  fi
  rm -rf "$work"
}

# The library in which passages are looked for: every manual in one language or two, as HTML or PDF files.
library() {
  manual library aptitude-doc-en usr/share/doc/aptitude/html 'en/*.html'
  manual library aptitude-doc-ru usr/share/doc/aptitude/html 'ru/*.html'
  manual library bash-doc usr/share/doc/bash bashref.pdf
  manual library debian-faq usr/share/doc/debian/FAQ '*.en.html'
  manual library debian-faq-ru usr/share/doc/debian/FAQ 'ru/*.html'
  manual library debian-handbook usr/share/doc/debian-handbook/html 'ru-RU/*.html'
  manual library debian-reference-en usr/share/debian-reference '*.en.html'
  manual library doublecmd-help-ru usr/share/doublecmd/doc 'ru/*.html'
  manual library installation-guide-amd64 usr/share/doc/installation-guide-amd64 'en/*.html' 'ru/*.html'
  manual library instead-doc-ru usr/share/doc/instead/manual/pdf 'ru/*.pdf'
  manual library maint-guide-ru usr/share/doc/maint-guide-ru/html '*.ru.html'
  manual library r-doc-pdf usr/share/R/doc/manual R-FAQ.pdf R-admin.pdf R-data.pdf R-intro.pdf
}

for package in debian-policy debian-reference-en debian-reference-ru git-doc sqlite3-doc; do manual html "$package"; done
for package in texlive-latex-base-doc r-doc-pdf; do manual pdf "$package"; done

echo "== HTML: words and headings, against Python's html.parser"
if [ -d "$documents/html" ]; then python3 scripts/html-recall.py --strict "$documents/html"; fi
echo "== PDF: words, against pdftotext"
if [ -d "$documents/pdf" ] && command -v pdftotext >/dev/null; then
  cargo run --quiet --locked --package reader --example pdf-recall -- "$documents/pdf" 95
else
  echo "evals: pdftotext (poppler-utils) or the manuals are missing; PDF files are left out" >&2
fi
echo "== Questions: right, refused, off target"
cargo test --quiet --locked --package text --test answers -- --nocapture
echo "== Claims: false shown as supported, true shown as unsupported"
cargo test --quiet --locked --package text --test claims -- --nocapture
echo "== Passages: recall@8 over a library of manuals, by words and with vectors (which take some twenty minutes to make)"
library
export RECALL_DOCUMENTS=$documents/library
if [ -d "$RECALL_DOCUMENTS" ]; then
  cargo test --quiet --locked --package upload-svc --test files -- --nocapture --test-threads 1 \
    recall::plain recall::sqlite::passages_of_manuals recall::postgres::passages_of_manuals_are_found_by_words
fi

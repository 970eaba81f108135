#!/usr/bin/env bash
# Prints how much of real documents is read, how questions about them are answered, and how claims are judged.
#
# The documents are manuals from Debian's registry, unpacked into the cache folder; nothing of them is installed or committed. The
# questions and claims are in libs/text/tests/corpus; a part of them is never looked at while the code is written.
set -euo pipefail
cd "$(dirname "$0")/.."
documents=${GOOSEEK_CACHE:?make evals sets it}/evals
mkdir -p "$documents"

# Unpacks the manual "$2" of Debian into the folder "$1".
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
  find "$work/files" -name '*.gz' -exec gunzip -f {} +
  mv "$work/files" "$folder"
  rm -rf "$work"
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

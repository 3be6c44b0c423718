#!/bin/bash
# Writes what make bench found into the documentation: the table between the two marks, and the chart.
#
#     docs.sh BENCH.TSV ABOUT DOCUMENT CHART      ABOUT: words about the run, which stand above the table
set -euo pipefail
here=$(dirname "$0")
table=$1 about=$2 document=$3 chart=$4

for mark in '<!-- bench -->' '<!-- /bench -->'; do
    [ "$(grep -cxF -- "$mark" "$document")" -eq 1 ] || { echo "docs.sh: $document has no single line $mark" >&2; exit 1; }
done
new=$(mktemp)
trap 'rm -f "$new"' EXIT
{
    sed '/^<!-- bench -->$/q' "$document"
    cat "$about"
    echo
    awk -f "$here/markdown.awk" "$here/rows.tsv" "$table"
    sed -n '/^<!-- \/bench -->$/,$p' "$document"
} > "$new"
awk -f "$here/chart.awk" "$here/rows.tsv" "$table" > "$chart"
cat "$new" > "$document"

# rows.tsv and bench.tsv → the table of docs/performance.md.
#
#     awk -f markdown.awk rows.tsv bench.tsv

function number(value) { return value == int(value) ? sprintf("%d", value) : sprintf("%.2f", value) }

BEGIN { FS = "\t" }
FNR == 1 && NR != 1 {
    print "| row | ours | peer | median | lowest to highest round | wanted |"
    print "|---|---|---|---|---|---|"
}
FNR == 1 { next }
NR == FNR {
    wanted[$1] = $3 == "-" ? "" : ($2 == "least" ? "at least " : "at most ") $3 ($4 != "-" ? ", aim " $4 : "")
    unit[$1] = $5
    what[$1] = $6
    next
}
{
    printf "| `%s`: %s | %d %s | %d %s | %s | %s to %s | %s |\n", $1, what[$1], $2, unit[$1], $3, unit[$1],
           number($4), number($5), number($6), wanted[$1]
}

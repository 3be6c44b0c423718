# rows.tsv and bench.tsv → a table to read, and the rows that miss what is wanted of them: then status 1. Of some nothing
# is wanted (-).
#
#     awk -f report.awk rows.tsv bench.tsv

BEGIN { FS = "\t" }
FNR == 1 {
    if (NR != 1) {
        printf "\n%-16s %11s %11s  %-11s %7s %7s %7s  %-8s %s\n", "", "ours", "peer", "", "median", "lowest", "highest",
               "wanted", ""
    }
    next
}
NR == FNR {
    sense[$1] = $2
    wanted[$1] = $3
    unit[$1] = $5
    what[$1] = $6
    next
}
{
    bound = wanted[$1] == "-" ? "       " : sprintf("%s %-5s", sense[$1] == "least" ? "≥" : "≤", wanted[$1])
    held = wanted[$1] == "-" || (sense[$1] == "least" ? $4 >= wanted[$1] : $4 <= wanted[$1])
    if (!held) missed = missed " " $1
    printf "%-16s %11d %11d  %-11s %7s %7s %7s  %s %-6s %s\n", $1, $2, $3, unit[$1], $4, $5, $6, bound,
           held ? "" : "missed", what[$1]
}
END {
    if (missed != "") {
        print "missed:" missed
        exit 1
    }
}

# rows.tsv and bench.tsv → a chart as SVG: of each row the median, and the lowest and the highest round, on a scale of its
# own on which what is wanted stands at the same place for all; so without those of which nothing is wanted.
#
#     awk -f chart.awk rows.tsv bench.tsv

function at(value) { # the place of a value of this row; the scale ends at twice and a bit what is wanted
    return LEFT + WANTED * (value / wanted[$1] < MOST ? value / wanted[$1] : MOST)
}

function text(class, x, y, words) {
    printf "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", class, x, y, words
}

function line(class, x1, y1, x2, y2) {
    printf "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2, y2
}

BEGIN { FS = "\t"; LEFT = 320; WANTED = 170; MOST = 2.2; TOP = 48; STEP = 38; WIDTH = 860 }
FNR == 1 { next }
NR == FNR {
    sense[$1] = $2
    wanted[$1] = $3
    what[$1] = $6
    next
}
wanted[$1] != "-" { rows[++count] = $0 }
END {
    height = TOP + count * STEP + 12
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, height
    print "<title>What make bench measured, each row against what is wanted of it</title>"
    print "<style>"
    print "  text { font: 13px sans-serif; fill: #1f2328; }"
    print "  .small { font-size: 11px; fill: #59636e; }"
    print "  .held { fill: #4c8fd6; } .missed { fill: #d1743a; }"
    print "  .spread { stroke: #1f2328; stroke-width: 1.5; } .wanted { stroke: #59636e; stroke-dasharray: 4 3; }"
    print "  @media (prefers-color-scheme: dark) {"
    print "    text { fill: #e6edf3; } .small { fill: #9198a1; }"
    print "    .spread { stroke: #e6edf3; } .wanted { stroke: #9198a1; }"
    print "  }"
    print "</style>"
    text("small", LEFT + WANTED - 22, 20, "wanted")
    line("wanted", LEFT + WANTED, 28, LEFT + WANTED, height - 12)
    for (i = 1; i <= count; i++) {
        $0 = rows[i]
        y = TOP + (i - 1) * STEP
        held = sense[$1] == "least" ? $4 >= wanted[$1] : $4 <= wanted[$1]
        text("name", 8, y + 8, $1)
        text("small", 8, y + 23, what[$1])
        printf "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\"/>\n", held ? "held" : "missed", LEFT, y,
               at($4) - LEFT
        line("spread", at($5), y + 7, at($6), y + 7)
        line("spread", at($5), y + 3, at($5), y + 11)
        line("spread", at($6), y + 3, at($6), y + 11)
        text("name", LEFT + WANTED * MOST + 8, y + 12,
             sprintf("%s, wanted %s %s%s", $4, sense[$1] == "least" ? "≥" : "≤", wanted[$1],
                     $4 / wanted[$1] > MOST ? " →" : ""))
    }
    print "</svg>"
}

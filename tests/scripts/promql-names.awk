# The metrics that a dashboard of Grafana (JSON), or rules of Prometheus (YAML), ask for: one a line.
#
#     awk -f promql-names.awk grafana.json alerts.yml
#
# An expression is what stands behind "expr" or expr:, there on one line or in the block behind it. Of its words those are
# metrics that are no function, no operator and no label.
BEGIN {
    split("and or unless bool offset by on without ignoring group_left group_right Inf NaN", words, " ")
    for (i in words) operator[words[i]] = 1
}

function name_all(text,    word, rest) {
    gsub(/\\"/, "\"", text)
    gsub(/"[^"]*"/, "", text)
    gsub(/\{[^}]*\}/, " ", text)
    gsub(/\[[^]]*\]/, " ", text)
    gsub(/(by|on|without|ignoring|group_left|group_right) *\([^)]*\)/, " ", text)
    while (match(text, /[A-Za-z_:][A-Za-z0-9_:]*/)) {
        word = substr(text, RSTART, RLENGTH)
        rest = substr(text, RSTART + RLENGTH)
        if (rest !~ /^ *\(/ && !(word in operator)) print word
        text = rest
    }
}

function end_block() {
    if (block != "") name_all(block)
    block = ""
}

/^ *"expr": "/ { sub(/^ *"expr": "/, ""); sub(/",?$/, ""); name_all($0); next }
/^ *expr: \|/  { inside = 1; next }
/^ *expr: /    { sub(/^ *expr: /, ""); name_all($0); next }
/^ *[a-z]+:/   { end_block(); inside = 0 }
inside         { block = block " " $0 }
END            { end_block() }

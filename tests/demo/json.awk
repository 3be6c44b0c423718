# JSON for people to read: a member a line, long strings cut. One document, well-formed.
function indent(    i) {
    printf "\n"
    for (i = 0; i < depth; i++) {
        printf "  "
    }
}
function string_end(text, at) { # where the string that begins at `at` ends
    while (1) {
        at++
        c = substr(text, at, 1)
        if (c == "\\") {
            at++
        } else if (c == "\"") {
            return at
        }
    }
}
{ text = text $0 }
END {
    for (at = 1; at <= length(text); at++) {
        c = substr(text, at, 1)
        if (c == "\"") {
            end = string_end(text, at)
            if (end - at > 120) {
                printf "%s…\" (%d characters)", substr(text, at, 41), end - at - 1
            } else {
                printf "%s", substr(text, at, end - at + 1)
            }
            at = end
        } else if ((c == "{" && substr(text, at + 1, 1) == "}") || (c == "[" && substr(text, at + 1, 1) == "]")) {
            printf "%s", substr(text, at, 2)
            at++
        } else if (c == "{" || c == "[") {
            depth++
            printf "%s", c
            indent()
        } else if (c == "}" || c == "]") {
            depth--
            indent()
            printf "%s", c
        } else if (c == ",") {
            printf ","
            indent()
        } else if (c == ":") {
            printf ": "
        } else {
            printf "%s", c
        }
    }
    printf "\n"
}

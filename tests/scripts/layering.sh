#!/bin/sh
# Checks every #include of our folders against layering.table.
#
#   layering.sh [ROOT]      status 1 and one line for each include that should not be there
set -eu

table=$(cd "$(dirname "$0")" && pwd)/layering.table
cd "${1:-.}"

folders=$(awk '$1 == "arrow" { print $2 }' "$table")
files=
for folder in $folders; do
    if [ -d "$folder" ]; then
        files="$files $(find "$folder" -name '*.[ch]' | sort | tr '\n' ' ')"
    fi
done

# shellcheck disable=SC2086  # one word a file: no path here has a space
awk '
    function begins(text, start) { return index(text, start) == 1 }

    # Whether one of the words is a folder that `file` is in, or what its path begins with.
    function listed(file, words,    n, list, i) {
        n = split(words, list, " ")
        for (i = 1; i <= n; i++) {
            if (begins(file, list[i] "/") || (index(list[i], "/") && begins(file, list[i]))) {
                return 1
            }
        }
        return 0
    }

    function refuse(why) {
        printf "%s:%d: %s\n", FILENAME, FNR, why
        wrong = 1
    }

    function check_ours(header,    folder) {
        folder = header
        sub(/\/.*/, "", folder)
        if (header !~ /\// || !(folder in users)) {
            refuse("\"" header "\" is not rooted at the top")
        } else if (!begins(FILENAME, folder "/") && !listed(FILENAME, users[folder])) {
            refuse("\"" header "\": the arrows do not lead there")
        }
    }

    function check_theirs(header,    entry) {
        entry = header
        sub(/\/.*/, "/", entry)
        if (entry in homes && !listed(FILENAME, homes[entry])) {
            refuse("<" header "> belongs to " homes[entry])
        } else if (!(entry in homes) && !(entry in free)) {
            refuse("<" header "> is not in the table of headers")
        }
    }

    FILENAME == table && /^#/ { next }
    FILENAME == table {
        words = $0
        sub(/^[a-z]+ +[^ ]+ */, "", words)
        if ($1 == "arrow") { users[$2] = words }
        if ($1 == "library") { homes[$2] = words }
        for (i = 2; $1 == "free" && i <= NF; i++) { free[$i] = 1 }
        next
    }

    /^[ \t]*#[ \t]*include/ {
        includes++
        header = $0
        if (match(header, /"[^"]*"/)) {
            check_ours(substr(header, RSTART + 1, RLENGTH - 2))
        } else if (match(header, /<[^>]*>/)) {
            check_theirs(substr(header, RSTART + 1, RLENGTH - 2))
        }
    }

    END {
        if (!includes) {
            print "layering: no include found"
            wrong = 1
        }
        exit wrong
    }
' table="$table" "$table" $files

echo "layering holds"

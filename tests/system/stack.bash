# shellcheck shell=bash
# What every system test starts with: a stack of its own (tests/demo/stack.sh), and ways to ask it.
#
#     load stack
#     setup_file() {
#         stack_begin
#         slapd_start ldap
#         …
#     }
#     teardown_file() {
#         stack_end
#     }
#
# Servers have ports and a folder of their own, so that files may run side by side. The people are made once for all.

: "${BUILD:=$PWD/build/release}"
export BUILD
# shellcheck source=/dev/null
. "$BATS_TEST_DIRNAME/../demo/stack.sh"

stack_begin() {
    local folder
    folder=$BUILD/system/$(basename "$BATS_TEST_FILENAME" .bats)
    "$BUILD/tools/makepeople" "$BUILD/people" || return 1
    stack_open "$folder" "$BUILD/people" || return 1
    stack_close || true # of a run that was broken off
    rm -rf "$folder"
    stack_open "$folder" "$BUILD/people" || return 1
    export STACK PEOPLE
}

stack_end() {
    stack_close
}

# get URL [OPTION…]: asks with curl; sets `code`, and leaves the answer in the files `body` and `head`.
get() {
    local url=$1
    shift
    body=$BATS_TEST_TMPDIR/body
    head=$BATS_TEST_TMPDIR/head
    rm -f "$body" "$head"
    : > "$body"
    # shellcheck disable=SC2034  # for the tests
    code=$(curl --silent --show-error --globoff --max-time 60 --output "$body" --dump-header "$head" \
        --write-out '%{http_code}' "$@" "$url")
}

# header NAME: of the last answer; its value, or nothing.
header() {
    sed -n "s/^$1: *\(.*\)\r\$/\1/Ip" "$head"
}

# Whether what tests/node/ wants is there (make test installs it).
packages_are_there() {
    [ -e build/node/installed ] ||
        say_failed "the packages of tests/node are not here: $(tail -n 1 build/node/npm.log 2>&1)"
}

# json WORD [FILE]: the values of the members of this name, one a line; strings without escapes, numbers, true, false.
json() {
    grep -o "\"$1\":\(\"[^\"]*\"\|[0-9a-z.-]*\)" "${2:-$body}" | sed 's/^"[^"]*"://; s/^"//; s/"$//'
}

# metric NAME [URL]: the value of a metric with its labels; or with the first of them, of all these together:
# 'certlookup_lookups_total{layer="memory"}'.
metric() {
    curl --silent --max-time 60 "${2:-$(gateway_url gateway)}/metrics" | awk -v name="$1" '
        BEGIN { more = name; sub(/}$/, ",", more) }
        $1 == name || (more != name && index($1, more) == 1) { sum += $2; found = 1 }
        END { if (found) print sum }'
}

# Every octet as %XX: a path segment that nothing on the way can take for anything else.
encoded() {
    printf '%s' "$1" | od -An -v -tx1 | tr -d '\n' | sed 's/ /%/g'
}

# The wanted value and the one that came, with a word on what it is of.
equal() {
    if [ "$2" != "$3" ]; then
        printf '%s: wanted "%s", got "%s"\n' "$1" "$2" "$3" >&2
        return 1
    fi
}

recipient_url() {
    echo "$(gateway_url "${2:-gateway}")/v1/recipients/$(encoded "$1")"
}

people_of() { # the addresses of a kind
    awk -F '\t' -v kind="$1" '$2 == kind { print $1 }' "$PEOPLE/recipients.tsv"
}

first_of() {
    people_of "$1" | head -n 1
}

# gives GATEWAY ADDRESS FILE: the certificate that comes is the one in the file; "": there is none.
gives() {
    get "$(recipient_url "$2" "$1")/certificate"
    if [ -z "$3" ]; then
        [ "$code" -eq 404 ]
    else
        [ "$code" -eq 200 ] && cmp -s "$body" "$3"
    fi
}

# entry_of ADDRESS: its entry in the server ldap, as a line of LDIF.
entry_of() {
    ldapsearch -x -LLL -o ldif-wrap=no -H "$(slapd_uri ldap)" -b "$BASE_DN" "(mail=$1)" 1.1 | grep '^dn'
}

# sealed_for CERTIFICATE KEY: whether a message encrypted to it (DER) is read with that key.
sealed_for() {
    local folder=$BATS_TEST_TMPDIR
    echo "for your eyes only, $RANDOM$RANDOM" > "$folder/plain"
    openssl x509 -inform DER -in "$1" -out "$folder/to.pem" &&
        openssl cms -encrypt -binary -aes256 -in "$folder/plain" -outform DER -out "$folder/sealed" "$folder/to.pem" &&
        openssl cms -decrypt -binary -inform DER -in "$folder/sealed" -inkey "$2" -out "$folder/opened" &&
        cmp "$folder/plain" "$folder/opened"
}

#!/bin/sh
# Every setting stands in certlookupd.conf(5) with its true default and limits, and every option, metric, limit and route in
# its manual page.
#
#   check-docs.sh BUILD      BUILD holds the programs; status 1 and one line for each that is missing
set -eu

build=$1
status=0

# The page as words, without overstriking and without lines broken at a hyphen.
page() {
    mandoc -T ascii -O width=400 "$1" | sed "s/.$(printf '\b')//g"
}

# stand_in WHAT PAGE: each line of standard input is a word of the page.
stand_in() {
    words=$(cat)
    text=$(page "$2")
    [ -n "$words" ] || words="(no $1 was found to look for)"
    missing=$(printf '%s\n' "$words" | while read -r word; do
        pattern=$(printf '%s' "$word" | sed 's/[.{}()?]/\\&/g')
        printf '%s\n' "$text" | grep -qE -- "(^|[^A-Za-z0-9_/-])$pattern([^A-Za-z0-9_/-]|\$)" ||
            echo "$2: the $1 $word is missing"
    done)
    if [ -n "$missing" ]; then
        printf '%s\n' "$missing"
        status=1
    fi
}

# "  -c, --config FILE  …" → -c and --config
options_of() {
    "$build/$1" --help | sed -n 's/^ *\(-[^ ].*\)/\1/p' | sed 's/   *.*//' | grep -oE '(^|[ ,])-(-[a-z][a-z-]*|[A-Za-z])' |
        tr -d ' ,' | sort -u
}

options_of certlookupd > "$build/options"
stand_in option man/certlookupd.8 < "$build/options"
options_of certlookup > "$build/options"
stand_in option man/certlookup.1 < "$build/options"
grep -ohE '"(certlookup|process)_[a-z_]+"' base/metrics*.c | tr -d '"' | sort -u > "$build/metrics"
stand_in metric man/certlookupd.8 < "$build/metrics"
grep -ohE '"limit", "[a-z_]+"' base/metrics*.c | cut -d'"' -f4 | sort -u > "$build/limits"
stand_in limit man/certlookupd.8 < "$build/limits"
sed -n 's/^ *{"\(\/[^"]*\)".*/\1/p' http/routes.c > "$build/routes"
stand_in route man/certlookupd.8 < "$build/routes"

# ".Ss group", ".It Ic name" and the line after it must say what the table of settings says.
"$build/certlookupd" --settings | awk -f tests/scripts/setting-facts.awk | sort > "$build/settings"
awk '
    $1 == ".Sh" { inside = $2 == "SETTINGS" }
    $1 == ".Ss" { group = $2 == "General" ? "" : $2 "." }
    name != "" { print group name "\t" $0; name = "" }
    inside && $1 == ".It" && $2 == "Ic" { name = $3 }
' man/certlookupd.conf.5 | sort > "$build/settings.manual"
if ! diff -u "$build/settings" "$build/settings.manual"; then
    echo 'man/certlookupd.conf.5 does not say what certlookupd --settings says'
    status=1
fi

[ $status -eq 0 ] && echo 'the manual pages are complete'
exit $status

#!/usr/bin/env bats
# A domain that no directory is for looks, to a client without a token, like one whose directory has nobody of that name:
# by what is said, and by when.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

DELAY_MS=40
ASKED=15

setup_file() {
    stack_begin
    slapd_start ldap
    slow_start ldap
    say_delay $DELAY_MS
    secret_file token > /dev/null
    gateway_start gateway slow_config
}

teardown_file() {
    stack_end
}

slow_config() {
    config_listen "$2"
    config_slow example.org
    config_trust
    echo "http = { token-file = $(config_string "$STACK/token"); open-to = \"all\"; };"
}

from_elsewhere() { # TARGET [OPTION…]
    get "$(gateway_url gateway)$1" -H 'X-Forwarded-For: 192.0.2.1' "${@:2}"
}

# said_of ADDRESS [SUFFIX]: head and body, without times and without the address.
said_of() {
    from_elsewhere "/v1/recipients/$1${2:-}"
    equal status 404 "$code"
    sed 's/^\(Date\|Expires\): .*/\1/I' "$head"
    sed "s/$1/ADDRESS/g; s/[0-9-]*T[0-9:]*Z/TIME/g" "$body"
}

@test "by what is said, the first time and later" {
    local i suffix
    for suffix in '' /certificate '/certificate?format=pem'; do
        for i in 1 2 3; do
            equal "$suffix, $i" "$(said_of nobody@example.org "$suffix")" "$(said_of nobody@example.net "$suffix")"
        done
    done
    from_elsewhere /v1/recipients/nobody@example.net
    equal reason no_entry "$(json reason)"
    from_elsewhere /v1/recipients -H 'Content-Type: application/json' \
        -d '{"recipients": ["nobody@example.org", "nobody@example.net"]}'
    equal "in a batch" 'no_entry no_entry' "$(json reason | paste -sd ' ')"
    from_elsewhere '/search.cgi?email=nobody@example.net'
    equal "in a search" no_entry "$(json reason)"
}

@test "who has a token, and this machine, is told why" {
    local i
    for i in 1 2; do
        get "$(gateway_url gateway)/v1/recipients/nobody@example.net"
        equal "this machine" no_directory "$(json reason)"
        from_elsewhere /v1/recipients/nobody@example.net -H "Authorization: Bearer $(cat "$STACK/token")"
        equal "a token" no_directory "$(json reason)"
        from_elsewhere /v1/recipients/nobody@example.net
        equal "nobody" no_entry "$(json reason)"
    done
}

# times_of DOMAIN NAME: of ASKED addresses there that were not asked for before; the middle one, in µs.
times_of() {
    local i
    for ((i = 0; i < ASKED; i++)); do
        from_elsewhere "/v1/recipients/$2$i@$1" --write-out '%{time_total}'
        echo "$code"
    done | sort -n | awk '{ value[NR] = $1 } END { printf "%d\n", value[int((NR + 1) / 2)] * 1000000 }'
}

@test "by when: as late as the directory, and the second time as soon" {
    local here there
    here=$(times_of example.org late)
    there=$(times_of example.net late)
    echo "the first time: $here µs where there is a directory, $there where there is none" >&3
    [ "$here" -ge $((DELAY_MS * 1000)) ]
    [ "$there" -ge $((here * 3 / 4)) ]
    [ "$there" -le $((here * 4 / 3 + 10000)) ]
    here=$(times_of example.org late)
    there=$(times_of example.net late)
    echo "the second time: $here and $there µs" >&3
    [ "$here" -lt $((DELAY_MS * 1000)) ]
    [ "$there" -lt $((DELAY_MS * 1000)) ]
}

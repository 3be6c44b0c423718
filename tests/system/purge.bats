#!/usr/bin/env bats
# Purges: what a gateway keeps of an address, a domain, or everybody, dropped by whoever has the token; in all gateways
# that share a Redis.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack

TOKEN=0123456789abcdef-purge

setup_file() {
    stack_begin
    echo "$TOKEN" > "$STACK/token" && chmod 600 "$STACK/token"
    echo "0123456789abcdef-other" > "$STACK/other" && chmod 600 "$STACK/other"
    slapd_start ldap
    redis_start redis
    gateway_start gateway keeping_config
    gateway_start second keeping_config
    gateway_start alone alone_config
    gateway_start bare bare_config
}

teardown_file() {
    stack_end
}

# Answers that live long enough to be in the way.
keeping_config() {
    gateway_config "$@"
    echo 'cache = { ttl = "12h"; negttl = "12h"; };'
    echo "http = { token-file = $(config_string "$STACK/token"); };"
}

# Without a Redis.
alone_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    echo "http = { token-file = $(config_string "$STACK/token"); };"
}

# Without a token.
bare_config() {
    gateway_config "$@"
}

# purge GATEWAY BODY [OPTION…]: with the token.
purge() {
    get "$(gateway_url "$1")/v1/purge" -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \
        --data-raw "$2" "${@:3}"
}

# cli WHAT [OPTION…]: sets `status`; leaves the files `out` and `err`.
cli() {
    out=$BATS_TEST_TMPDIR/out
    err=$BATS_TEST_TMPDIR/err
    status=0
    "$BUILD/certlookup" -u "$(gateway_url gateway)" --purge "$@" > "$out" 2> "$err" || status=$?
}

# first_value ADDRESS FILE
first_value() {
    rm -rf "$BATS_TEST_TMPDIR/values"
    slapd_values ldap "$1" "$BATS_TEST_TMPDIR/values"
    cp "$BATS_TEST_TMPDIR"/values/1.* "$2"
}

# without_certificate ADDRESS, with_certificate ADDRESS FILE: changes the directory.
without_certificate() {
    printf '%s\nchangetype: modify\ndelete: userCertificate;binary\n\n' "$(entry_of "$1")" | slapd_modify ldap
}

with_certificate() {
    printf '%s\nchangetype: modify\nadd: userCertificate;binary\nuserCertificate;binary:: %s\n\n' "$(entry_of "$1")" \
        "$(base64 -w 0 "$2")" | slapd_modify ldap
}

# gone ADDRESS GATEWAY…: the directory has no certificate for it any more; these gateways still give the one they know.
gone() {
    local address=$1 gateway
    value=$BATS_TEST_TMPDIR/value
    sleep 1.1 # what is found in the second of a purge counts as found before, and is not kept
    first_value "$address" "$value"
    for gateway in "${@:2}"; do
        gives "$gateway" "$address" "$value"
    done
    without_certificate "$address"
    for gateway in "${@:2}"; do
        gives "$gateway" "$address" "$value"
    done
}

@test "an address: what the directory has now is served right after, from memory and from Redis" {
    local address
    address=$(people_of ec-p256 | sed -n 81p)
    gone "$address" gateway alone
    purge gateway "{\"address\":\"${address^^}\"}"
    equal "status" 200 "$code"
    equal "answer" "{\"purged\":{\"address\":\"$address\"},\"dropped\":1}" "$(cat "$body")"
    equal "for whom" no-store "$(header cache-control)"
    gives gateway "$address" ""
    gives alone "$address" "$value" # which shares nothing, so knows nothing of it
    purge alone "{\"address\":\"$address\"}"
    gives alone "$address" ""
    with_certificate "$address" "$value"
    gives gateway "$address" ""
    purge gateway "{\"address\":\"$address\"}"
    gives gateway "$address" "$value"
    purge gateway '{"address":"nobody.knows@example.org"}'
    equal "dropped" 0 "$(json dropped)"
}

# Each connection is a thread's; each thread keeps replies that are ready.
@test "what every thread has ready goes with the answer" {
    local address try
    address=$(people_of ec-p256 | sed -n 83p)
    gone "$address" gateway
    for ((try = 0; try < 20; try++)); do
        gives gateway "$address" "$value"
    done
    purge gateway "{\"address\":\"$address\"}"
    for ((try = 0; try < 20; try++)); do
        gives gateway "$address" ""
    done
    with_certificate "$address" "$value"
    purge gateway '{"all":true}'
    for ((try = 0; try < 20; try++)); do
        gives gateway "$address" "$value"
    done
}

@test "a domain: everybody of it and nobody else" {
    local one other searches
    one=$(people_of ec-p256 | sed -n 82p)
    other=$(first_of idn)
    gone "$one" gateway alone
    get "$(recipient_url "$other" alone)/certificate"
    searches=$(slapd_searches ldap)
    purge alone '{"domain":"ORG"}'
    equal "no domain" 400 "$code"
    purge alone '{"domain":"Example.ORG."}'
    equal "purged" "{\"domain\":\"example.org\"}" "$(sed 's/.*"purged":\({[^}]*}\).*/\1/' "$body")"
    [ "$(json dropped)" -ge 1 ]
    gives alone "$one" ""
    get "$(recipient_url "$other" alone)/certificate"
    equal "searches, for the one" $((searches + 1)) "$(slapd_searches ldap)"
    purge gateway '{"domain":"example.org"}'
    gives gateway "$one" ""
    with_certificate "$one" "$value"
    purge gateway '{"domain":"example.org"}'
    gives gateway "$one" "$value"
}

@test "everybody" {
    local one
    one=$(people_of ec-p256 | sed -n 83p)
    gone "$one" gateway alone
    purge gateway '{"all":true}'
    gives gateway "$one" ""
    purge alone '{"all":true}'
    gives alone "$one" ""
    with_certificate "$one" "$value"
    purge gateway '{"all":true}'
    equal "purged" '{"all":true}' "$(sed 's/.*"purged":\({[^}]*}\).*/\1/' "$body")"
    gives gateway "$one" "$value"
}

@test "the other gateway of the same Redis drops it within a tenth of a second" {
    local what address number=84
    for what in address domain all; do
        address=$(people_of ec-p256 | sed -n ${number}p)
        number=$((number + 1))
        gone "$address" gateway second
        case $what in
        address) purge gateway "{\"address\":\"$address\"}" ;;
        domain) purge gateway '{"domain":"example.org"}' ;;
        all) purge gateway '{"all":true}' ;;
        esac
        equal "status" 200 "$code"
        sleep 0.1
        gives second "$address" "" || say_failed "$what: the second gateway still gives what was purged"
        gives gateway "$address" ""
    done
}

@test "from this machine too it takes the token, and a gateway without one lets nobody" {
    local url
    url=$(gateway_url gateway)/v1/purge
    get "$url" -H 'Content-Type: application/json' --data-raw '{"all":true}'
    equal "without a token" 401 "$code"
    get "$url" -H 'Content-Type: application/json' -H 'Authorization: Bearer wrong' --data-raw '{"all":true}'
    equal "with a wrong one" 401 "$code"
    purge bare '{"all":true}'
    equal "where there is none" 403 "$code"
    grep -q "the gateway has no tokens" "$body"
    get "$url" -H "Authorization: Bearer $TOKEN"
    equal "GET" 405 "$code"
}

@test "certlookup --purge says what was purged" {
    local address
    address=$(people_of ec-p256 | sed -n 88p)
    gone "$address" gateway
    cli "$address" --token-file "$STACK/token"
    equal "status" 0 "$status"
    equal "words" "$address: purged; 1 answer was in this gateway's memory" "$(cat "$out")"
    gives gateway "$address" ""
    cli "$address" --token-file "$STACK/token" -o json
    equal "JSON" "{\"purged\":{\"address\":\"$address\"},\"dropped\":1}" "$(cat "$out")"
    cli bücher.example --token-file "$STACK/token"
    equal "status" 0 "$status"
    grep -q '^xn--bcher-kva.example: purged; [0-9]* answers* w[a-z]* in' "$out"
    cli all --token-file "$STACK/token"
    equal "status" 0 "$status"
    grep -q '^all: purged; ' "$out"
}

complains() { # STATUS WORDS
    equal "status" "$1" "$status"
    grep -q -- "$2" "$err" || say_failed "not \"$2\": $(cat "$err")"
    [ ! -s "$out" ]
}

@test "certlookup --purge in vain: what is wrong, in words" {
    cli all --token-file "$STACK/other"
    complains 2 'not purged: the token does not open this: HTTP 401'
    cli all
    complains 64 -- '--purge: needs the gateway.s token: --token-file FILE'
    cli alice --token-file "$STACK/token"
    complains 64 -- '--purge: the domain is not a valid host name'
    cli '*.example.org' --token-file "$STACK/token"
    complains 64 -- '--purge: '
    cli alice@ --token-file "$STACK/token"
    complains 64 -- '--purge: '
    cli all --token-file "$STACK/token" bob@example.org
    complains 64 'what is "bob@example.org"'
    cli all --token-file "$STACK/token" --explain
    complains 64 -- --explain
    cli all --token-file "$STACK/token" -o pem
    complains 64 'text or json'
    cli all --token-file "$STACK/token" --purge all
    complains 64 'given twice'
    cli all --token-file "$STACK/token" -H ldap://127.0.0.1
    complains 64 'only one of them'
    cli all --token-file "$STACK/token" -A "$PEOPLE/anchors"
    complains 64 -- --anchor
    cli all --token-file "$STACK/nowhere"
    complains 64 nowhere
    status=0
    "$BUILD/certlookup" -H "$(slapd_uri ldap)" --purge all > "$out" 2> "$err" || status=$?
    complains 64 'only for a gateway'
    status=0
    "$BUILD/certlookup" -u "$(gateway_url bare)" --purge all --token-file "$STACK/token" > "$out" 2> "$err" || status=$?
    complains 2 'HTTP 403: Forbidden: this needs a token for admin, from the gateway.s machine too; the gateway has no tokens'
    status=0
    "$BUILD/certlookup" -u "$(gateway_url gateway)/elsewhere" --purge all --token-file "$STACK/token" > "$out" \
        2> "$err" || status=$?
    complains 2 'HTTP 404: this is no gateway, or one that is too old to purge'
    status=0
    "$BUILD/certlookup" -u http://127.0.0.1:1 --purge all --token-file "$STACK/token" > "$out" 2> "$err" || status=$?
    complains 2 'http://127.0.0.1:1: not purged: '
}

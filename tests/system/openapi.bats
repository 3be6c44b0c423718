#!/usr/bin/env bats
# docs/openapi.json is what the daemon serves, is OpenAPI, and says of the daemon what is so.

bats_require_minimum_version 1.5.0
load stack

DOCUMENT=docs/openapi.json

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway demo_config
}

teardown_file() {
    stack_end
}

described() { # FILE
    packages_are_there || return
    NODE_PATH=$PWD/build/node/node_modules node tests/node/openapi.js "$1" "$(gateway_url gateway)" "$(cat "$STACK/token")"
}

@test "it is served as it stands" {
    get "$(gateway_url gateway)/openapi.json"
    equal status 200 "$code"
    equal type application/json "$(header content-type)"
    cmp $DOCUMENT "$body"
    get "$(gateway_url gateway)/openapi.json" -H "If-None-Match: $(header etag)"
    equal "again" 304 "$code"
    equal "length of what it would be" "$(wc -c < $DOCUMENT)" "$(header content-length)"
}

@test "it is OpenAPI 3.1, and each example is what the daemon answers" {
    local runs
    runs=$(described $DOCUMENT)
    echo "# $runs examples" >&3
    [ "$runs" -ge 25 ]
}

# Of those of docs/http.md, what no operation of the document has: what libmicrohttpd says, other methods, and OPTIONS.
ELSEWHERE='204 405 414 431 501 505'

@test "every route is in it, and every status of docs/http.md" {
    local route status statuses
    get "$(gateway_url gateway)/"
    while read -r _ route _; do
        grep -qF "  \"$route\": {" $DOCUMENT || say_failed "$route is not described"
    done < <(grep -E '^(GET|POST) ' "$body")
    statuses=$(sed -n '/^## Status/,/^## /s/^| \([0-9][0-9, ]*\) |.*/\1/p' docs/http.md | tr -d ',' | tr ' ' '\n' | sort -u)
    [ "$(wc -l <<< "$statuses")" -ge 15 ]
    for status in $statuses; do
        case " $ELSEWHERE " in
        *" $status "*) run ! grep -q "^ *\"$status\": {" $DOCUMENT ;;
        *) grep -q "^ *\"$status\": {" $DOCUMENT || say_failed "no $status" ;;
        esac
    done
}

# wrong WORD CHANGE: what is said of the document with that change made by sed.
wrong() {
    local wrong=$BATS_TEST_TMPDIR/wrong.json said=$BATS_TEST_TMPDIR/said
    sed "$2" $DOCUMENT > "$wrong"
    ! cmp -s $DOCUMENT "$wrong" || say_failed "$2 changes nothing"
    ! described "$wrong" 2> "$said" > /dev/null || say_failed "$2: nothing is said"
    grep -q "$1" "$said" || say_failed "$2: $(cat "$said")"
}

@test "a document that says what is not so is found out" {
    wrong 'shown is' 's/"reason": "revoked"/"reason": "expired"/'
    wrong 'wanted 200 application/x-cert, got 200 application/pkix-cert' 's/"application\/pkix-cert": {/"application\/x-cert": {/'
    wrong 'not OpenAPI' 's/"openapi": "3.1.0"/"openapi": "3.1"/'
    wrong 'must NOT have additional properties' 's/"fresh_until": {/"fresh_till": {/'
    wrong 'not OpenAPI' 's/"operationId": "purge",/&"bogus": 1,/'
    wrong 'must be equal to one of the allowed values' 's/"found",/"gefunden",/'
}

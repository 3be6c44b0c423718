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
    NODE_PATH=$PWD/build/node/node_modules node tests/node/openapi.js "$1" "$(gateway_url gateway)" "$(cat "$STACK/token")"
}

@test "it is served as it stands" {
    get "$(gateway_url gateway)/openapi.json"
    equal status 200 "$code"
    equal type application/json "$(header content-type)"
    cmp $DOCUMENT "$body"
}

@test "it is OpenAPI 3.1, and each example is what the daemon answers" {
    local runs
    runs=$(described $DOCUMENT)
    echo "# $runs examples" >&3
    [ "$runs" -ge 25 ]
}

@test "every route is in it, and every status of docs/http.md" {
    local route status
    get "$(gateway_url gateway)/"
    while read -r _ route _; do
        grep -qF "  \"$route\": {" $DOCUMENT || say_failed "$route is not described"
    done < <(grep -E '^(GET|POST) ' "$body")
    for status in 200 304 400 403 404 406 409 411 413 415 503 504; do
        grep -q "^ *\"$status\": {" $DOCUMENT || say_failed "no $status"
    done
}

@test "a document that says what is not so is found out" {
    local wrong=$BATS_TEST_TMPDIR/wrong.json change
    for change in 's/"reason": "revoked"/"reason": "expired"/' 's/"application\/pkix-cert": {/"application\/x-cert": {/' \
        's/"openapi": "3.1.0"/"openapi": "3.1"/' 's/"fresh_until": {/"fresh_till": {/' 's/"operationId": "purge",/&"bogus": 1,/'; do
        sed "$change" $DOCUMENT > "$wrong"
        run ! cmp -s $DOCUMENT "$wrong"
        run ! described "$wrong"
    done
}

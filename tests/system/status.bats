#!/usr/bin/env bats
# /v1/status tells how the gateway fares, while its directory and Redis come and go.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway demo_config
}

teardown_file() {
    stack_end
}

status_of_gateway() {
    get "$(gateway_url gateway)/v1/status"
    equal status 200 "$code"
    equal "not to be kept" no-store "$(header cache-control)"
}

# says WORDS: the status does, in the end.
says() {
    status_of_gateway
    grep -qF -- "$1" "$body"
}

ask() { # ADDRESS: the status
    get "$(recipient_url "$1")/certificate"
    echo "$code"
}

@test "what was looked up is counted, by where it came from and how it ended" {
    wait_until 10 says '"tracking":true'
    equal found 200 "$(ask "$(first_of rsa)")"
    equal "found again" 200 "$(ask "$(first_of rsa)")"
    equal none 404 "$(ask "$(first_of revoked)")"
    status_of_gateway
    grep -qF '"lookups":{"memory":1,"redis":0,"directory":2,"stale":0,"joined":0}' "$body" || cat "$body"
    grep -qF '"outcomes":{"found":2,"none":1,"unknown":0}' "$body"
    grep -q '"memory":{"entries":2,"bytes":[1-9][0-9]*,"evictions":0}' "$body"
    grep -q '"directories":\[{"name":"example","up":true,"followed":true,"searches":2,"answered":2,' "$body"
    grep -qF '"ready":true' "$body"
    grep -qF "\"version\":\"$("$BUILD/certlookupd" --version | sed 's/.* //')\"" "$body"
    run ! grep -q "$(first_of rsa)" "$body" # nobody's address
}

@test "a directory that is down, and Redis" {
    process_stop ldap
    process_stop redis
    equal unknown 503 "$(ask nobody.yet@example.org)"
    wait_until 10 says '{"name":"example","up":false,"followed":false,'
    wait_until 10 says '"up":false,"tracking":false}'
    says '"outcomes":{"found":2,"none":1,"unknown":1}'
    slapd_start ldap
    redis_start redis
    wait_until 20 says '{"name":"example","up":true,'
    wait_until 20 says '"up":true,"tracking":true}'
}

@test "it is not for everybody" {
    get "$(gateway_url gateway)/v1/status" -H 'X-Forwarded-For: 192.0.2.1'
    equal elsewhere 401 "$code"
    get "$(gateway_url gateway)/v1/status" -H 'X-Forwarded-For: 192.0.2.1' -H "Authorization: Bearer $(cat "$STACK/token")"
    equal "with the token" 200 "$code"
}

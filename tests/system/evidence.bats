#!/usr/bin/env bats
# What a gateway does with evidence beside judging by it: it is ready when it has what its configuration names, shares what
# it fetched, drops what a new CRL revokes, and ends whatever is under way.

bats_require_minimum_version 1.5.0
load stack
load crowd
load cases

setup_file() {
    stack_begin
    cases_published many
    redis_start redis
}

teardown_file() {
    stack_end
}

setup() {
    redis_ask redis FLUSHALL > /dev/null
    : > "$STACK/pki/requests"
    NAMED='' INTERMEDIATES=$CASES/intermediates
    export NAMED INTERMEDIATES
}

teardown() {
    local name
    for name in first second; do
        [ ! -e "$STACK/$name/process" ] || process_stop "$name"
    done
}

evidence_config() {
    config_listen "$2"
    cases_directory
    cat << CONF
trust = {
    anchors       = [ $(config_string "$CASES/anchors") ];
    intermediates = [ $(config_string "$INTERMEDIATES") ];
    crls          = [ $NAMED ];
    revocation    = "require";
};
fetch = { networks = [ "127.0.0.1" ]; timeout = "30s"; };
lookup = { deadline = "3s"; };
CONF
    config_redis redis
}

address() { # the Nth; 1 and 4 are of one issuer
    cut -f 1 "$CASES/cases.tsv" | sed -n "$1p"
}

ready_is() {
    get "$(gateway_url first)/readyz"
    [ "$code" = "$1" ]
}

@test "it is not ready before the CRLs of its configuration have come or had their time" {
    NAMED="\"$(pkiserver_url pki)/hang/named.crl\""
    gateway_start first evidence_config
    ready_is 503
    grep -q 'CRLs of the configuration' "$body"
    get "$(gateway_url first)/healthz"
    equal alive 200 "$code"
    wait_until 10 ready_is 200
}

@test "SIGTERM ends it while fetches hang, as an orderly end" {
    local before
    NAMED="\"$(pkiserver_url pki)/hang/one.crl\", \"$(pkiserver_url pki)/hang/two.crl\""
    gateway_start first evidence_config
    wait_until 10 test "$(pkiserver_requests pki hang)" -ge 2
    before=$(now_ms)
    process_stop first
    [ $(($(now_ms) - before)) -lt 5000 ]
    grep -q 'ended' "$STACK/first/log"
    run ! grep -q ' error ' "$STACK/first/log"
}

@test "a reload while fetches hang: the new world's fetcher is another, the old one's fetch ends with it" {
    NAMED="\"$(pkiserver_url pki)/hang/one.crl\""
    gateway_start first evidence_config
    sed -i 's/timeout = "30s"/timeout = "29s"/; s/hang\/one/ok\/root/' "$STACK/first/certlookupd.conf"
    process_signal first HUP
    wait_until 10 grep -q 'configuration reloaded' "$STACK/first/log"
    get "$(recipient_url "$(address 1)" first)"
    equal status 200 "$code"
}

@test "CRLs that one gateway fetched are there for the other, and nothing in Redis tells whose" {
    local fetched
    gateway_start first evidence_config
    get "$(recipient_url "$(address 1)" first)"
    equal first 200 "$code"
    fetched=$(pkiserver_requests pki GET)
    [ "$fetched" -ge 2 ]
    gateway_start second evidence_config
    get "$(recipient_url "$(address 4)" second)"
    equal second 200 "$code"
    equal fetches "$fetched" "$(pkiserver_requests pki GET)"
    [ "$(redis_ask redis --scan | grep -c 'certlookup:e:')" -ge 2 ]
    [ "$(curl -s "$(gateway_url second)/metrics" |
        sed -n 's/^certlookup_evidence_total{kind="crl",result="shared"} //p')" -ge 2 ]
}

@test "CRLs of Redis that were tampered with are fetched from their places, and counted" {
    local key
    gateway_start first evidence_config
    get "$(recipient_url "$(address 1)" first)"
    equal first 200 "$code"
    for key in $(redis_ask redis --scan | grep 'certlookup:e:'); do
        redis_ask redis SETRANGE "$key" 40 XXXXXXXX > /dev/null
    done
    : > "$STACK/pki/requests"
    gateway_start second evidence_config
    get "$(recipient_url "$(address 4)" second)"
    equal second 200 "$code"
    [ "$(pkiserver_requests pki GET)" -ge 2 ]
    [ "$(curl -s "$(gateway_url second)/metrics" | sed -n 's/^certlookup_redis_bad_seals_total //p')" -ge 2 ]
}

@test "what authorities of the configuration name is fetched before anybody asks" {
    gateway_start first evidence_config
    wait_until 10 ready_is 200
    [ "$(pkiserver_requests pki root.crl)" -ge 1 ]
    get "$(recipient_url "$(address 1)" first)"
    equal status 200 "$code"
}

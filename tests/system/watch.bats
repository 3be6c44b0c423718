#!/usr/bin/env bats
# Files of anchors, intermediates and CRLs that change are taken over without a signal.

bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    slapd_start ldap
    TRUST=$STACK/trust
    export TRUST
}

teardown_file() {
    stack_end
}

# Each test has a fresh copy of what the people's authorities have, and a gateway that looks every 200 ms.
setup() {
    rm -rf "$TRUST"
    mkdir "$TRUST"
    cp -r "$PEOPLE/anchors" "$PEOPLE/intermediates" "$PEOPLE/crls" "$TRUST"
}

teardown() {
    process_stop gateway
}

watched_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    cat << CONF
trust = {
    anchors       = [ $(config_string "$TRUST/anchors") ];
    intermediates = [ $(config_string "$TRUST/intermediates") ];
    crls          = [ $(config_string "$TRUST/crls") ];
    watch         = "${WATCH:-200ms}";
};
CONF
}

start() {
    gateway_start gateway watched_config
    : > "$STACK/gateway/log"
    wait_until 20 answers "$(first_of rsa)" 200 404
}

# answers ADDRESS CODE…: the gateway says one of these.
answers() {
    local address=$1
    shift
    get "$(recipient_url "$address")" && [[ " $* " == *" $code "* ]]
}

# answers_none ADDRESS REASON
answers_none() {
    get "$(recipient_url "$1")" && [ "$code" = 404 ] && [ "$(json reason)" = "$2" ]
}

reloads() {
    metric certlookup_reloads_total "$(gateway_url gateway)"
}

failures() {
    metric certlookup_reload_failures_total "$(gateway_url gateway)"
}

@test "a CRL that comes takes a certificate away" {
    rm "$TRUST"/crls/*
    start
    answers "$(first_of revoked)" 200
    cp "$PEOPLE"/crls/* "$TRUST/crls/"
    wait_until 20 answers_none "$(first_of revoked)" revoked
    answers "$(first_of rsa)" 200
    grep -q 'trust files reloaded' "$STACK/gateway/log"
}

@test "anchors that go and come back, renamed into place, are followed" {
    local other=$BATS_TEST_TMPDIR/other.pem
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=Other \
        -days 30 -out "$other" 2> /dev/null
    start
    answers "$(first_of rsa)" 200
    cp "$other" "$TRUST/anchors/.new"
    mv "$TRUST/anchors/.new" "$TRUST/anchors/root.pem"
    wait_until 20 answers_none "$(first_of rsa)" untrusted
    cp "$PEOPLE/anchors/root.pem" "$TRUST/anchors/.new"
    mv "$TRUST/anchors/.new" "$TRUST/anchors/root.pem"
    wait_until 20 answers "$(first_of rsa)" 200
}

# As Kubernetes mounts a ConfigMap: ca.pem → ..data/ca.pem, ..data → a folder, and the latter link is swapped.
@test "links that are swapped are followed" {
    rm "$TRUST/anchors/root.pem"
    mkdir "$TRUST/anchors/..one" "$TRUST/anchors/..two"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=Other \
        -days 30 -out "$TRUST/anchors/..one/ca.pem" 2> /dev/null
    cp "$PEOPLE/anchors/root.pem" "$TRUST/anchors/..two/ca.pem"
    ln -s ..one "$TRUST/anchors/..data"
    ln -s ..data/ca.pem "$TRUST/anchors/ca.pem"
    start
    answers_none "$(first_of rsa)" untrusted
    ln -s ..two "$TRUST/anchors/..new"
    mv -T "$TRUST/anchors/..new" "$TRUST/anchors/..data"
    wait_until 20 answers "$(first_of rsa)" 200
}

@test "a half-written file changes nothing, is logged once, and is taken when it is whole" {
    local before
    rm "$TRUST"/crls/*
    start
    answers "$(first_of revoked)" 200
    before=$(reloads)
    head -c 300 "$PEOPLE/crls/issuing-ca.crl" > "$TRUST/crls/issuing-ca.crl"
    wait_until 20 grep -q 'trust files not reloaded' "$STACK/gateway/log"
    sleep 1.5
    answers "$(first_of revoked)" 200
    equal "reloads" "$before" "$(reloads)"
    equal "failures" 1 "$(failures)"
    equal "lines" 1 "$(grep -c 'trust files not reloaded' "$STACK/gateway/log")"
    equal "faults" 1 "$(grep -c 'issuing-ca.crl' "$STACK/gateway/log")"
    cat "$PEOPLE/crls/issuing-ca.crl" > "$TRUST/crls/issuing-ca.crl"
    wait_until 20 answers_none "$(first_of revoked)" revoked
}

@test "files that do not change are not read again" {
    local before
    start
    before=$(reloads)
    sleep 1.5
    equal "reloads" "$before" "$(reloads)"
}

@test "a configuration that somebody is editing neither comes in with the files nor holds them up" {
    rm "$TRUST"/crls/*
    start
    echo 'cache = { ttl = ' >> "$STACK/gateway/certlookupd.conf"
    cp "$PEOPLE"/crls/* "$TRUST/crls/"
    wait_until 20 answers_none "$(first_of revoked)" revoked
    run ! grep -q 'certlookupd.conf' "$STACK/gateway/log"
}

@test "trust.watch = \"0\" looks at nothing until SIGHUP" {
    rm "$TRUST"/crls/*
    WATCH=0 start
    cp "$PEOPLE"/crls/* "$TRUST/crls/"
    sleep 1.5
    answers "$(first_of revoked)" 200
    equal "reloads" 0 "$(reloads)"
    process_signal gateway HUP
    wait_until 20 answers_none "$(first_of revoked)" revoked
}

@test "it ends in the middle of looking" {
    WATCH=1ms start
    process_stop gateway
    run ! grep -qi 'sanitizer\|does not come back' "$STACK/gateway/log"
}

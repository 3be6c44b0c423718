#!/usr/bin/env bats
# CRLs and OCSP as certificates name them, from a server that serves well or badly: what comes of each where revocation is
# required, and where it is preferred. Nothing is reached that must not be.

bats_require_minimum_version 1.5.0
load stack
load cases

setup_file() {
    stack_begin
    CASES=$STACK/cases
    export CASES
    trap_start
    mkdir -p "$STACK/pki"
    "$BUILD/tools/makecases" revocation "$CASES" "http://127.0.0.1:$(free_port pki)" "$(server_port trap)"
    responders_write
    pkiserver_start pki
    cases_slapd ldap
    gateway_start gateway revocation_config
}

teardown_file() {
    stack_end
}

# The certificates name the server's port before it runs: a port that it finds free later, and keeps.
free_port() {
    CASES=$STACK/empty pkiserver_start "$1"
    process_stop "$1"
    server_port "$1"
}

trap_start() {
    server_start trap trap_launch
}

trap_launch() {
    process_run "$1" "$BUILD/tools/trap" "$2" connections
}

# What pkiserver runs for /run/NAME: openssl's responder, for one request.
responders_write() {
    local index name signer
    for index in "$CASES"/web/ocsp-*.index; do
        name=$(basename "$index" .index)
        signer=../intermediates/$name.pem
        [ "$name" != ocsp-delegated ] || signer=$name.pem
        cat > "$CASES/web/$name" << SCRIPT
#!/bin/sh
cd '$CASES/web' && exec openssl ocsp -index $name.index -CA ../intermediates/$name.pem -rsigner $signer \
    -rkey $name.key -reqin /dev/stdin -respout /dev/stdout -ndays 1 2> /dev/null
SCRIPT
        chmod +x "$CASES/web/$name"
    done
}

# The server is on 127.0.0.1, and nothing else of this machine may be reached.
revocation_config() {
    config_listen "$2"
    cases_directory
    cat << CONF
trust = {
    anchors       = [ $(config_string "$CASES/anchors") ];
    intermediates = [ $(config_string "$CASES/intermediates") ];
    revocation    = "prefer";
};
trust-rules = (
    { name = "require"; domains = [ "require.example" ]; revocation = "require"; }
);
fetch = {
    ocsp     = true;
    networks = [ "127.0.0.1/32" ];
    timeout  = "1s";
    threads  = 8;
    rate     = 100000;
};
CONF
}

# check NAME…: at both addresses, what the table wants.
check() {
    local name wrong=0
    for name; do
        check_at "$name" require.example && check_at "$name" prefer.example || wrong=$((wrong + 1))
    done
    equal "wrong ones" 0 $wrong
}

check_at() {
    local address=$1@$2 want reason
    want=$(awk -F '\t' -v address="$address" '$1 == address { print $2 }' "$CASES/cases.tsv")
    get "$(recipient_url "$address")"
    reason=$(member reason "$body")
    case $want in
    usable)
        equal "$address: status" 200 "$code" || { cat "$body" && return 1; }
        equal "$address: revocation" "$(revocation_wanted "$1" "$2")" "$(json status | head -n 1)"
        ;;
    unknown)
        equal "$address: status" 503 "$code" || { cat "$body" && return 1; }
        equal "$address: reason" revocation_unknown "$reason" || [ "$reason" = backing_off ] || return 1
        [ "$(header retry-after)" -ge 1 ] || { echo "$address: no Retry-After"; return 1; }
        equal "$address: caches" no-store "$(header cache-control)"
        ;;
    *)
        equal "$address: status" 404 "$code" || { cat "$body" && return 1; }
        equal "$address: reason" "$want" "$reason"
        ;;
    esac
}

# Usable is good where it is so under require, too; else it is so without any evidence.
revocation_wanted() {
    if [ "$(awk -F '\t' -v address="$1@require.example" '$1 == address { print $2 }' "$CASES/cases.tsv")" = usable ]; then
        echo good
    else
        echo unknown
    fi
}

names() { # that begin with these words, but for those of the list behind
    cut -f 3 "$CASES/cases.tsv" | sort -u | grep -E "$1"
}

answers() { # ADDRESS CODE
    get "$(recipient_url "$1")"
    [ "$code" = "$2" ]
}

@test "a CRL that does not list it: good" {
    check good
}

@test "revoked leaf" {
    check revoked
}

@test "revoked issuer" {
    check issuer-revoked
}

@test "hold, and removed from hold" {
    check hold unhold
}

@test "a delta adds to its base" {
    check delta-good delta-revoked
}

@test "an expired CRL: unknown under require, marked under prefer" {
    check stale
}

@test "a CRL by another key is no evidence" {
    check other-key
}

@test "scope: a CRL speaks for its own distribution point only" {
    check scope-right scope-wrong scope-cas
}

@test "an indirect CRL" {
    check indirect-good indirect-revoked
}

@test "a redirect is followed" {
    check redirected
}

@test "a server that hangs, or drips" {
    check hanging dripping
}

@test "a server that sends 200 MB, announced or not" {
    local before
    before=$(awk '/^VmHWM/ { print $2 }' "/proc/$(process_pid gateway)/status")
    check big big-chunked
    # It read at most fetch.max-size of it at a time, 32 MB.
    [ $(($(awk '/^VmHWM/ { print $2 }' "/proc/$(process_pid gateway)/status") - before)) -lt 190000 ]
}

@test "half a CRL, a page for people, redirects without end" {
    check cut html loop
}

@test "a redirect to loopback, to a file, to LDAP" {
    check to-loopback to-file to-ldap
    [ "$(pkiserver_requests pki /redirect?to=http://127.0.0.2)" -ge 1 ]
}

@test "every spelling of an address that must not be reached" {
    # shellcheck disable=SC2046  # words
    check $(names '^trap-')
}

@test "OCSP: good, revoked, unknown, from openssl's own responder" {
    check ocsp-good ocsp-revoked ocsp-unknown
    [ "$(pkiserver_requests pki 'POST /run/ocsp-good')" -ge 1 ]
}

@test "OCSP: a delegated responder, and an answer without nonce" {
    check ocsp-delegated ocsp-plain
}

@test "OCSP: expired, wrong nonce, unauthorised responders, another certificate's, garbage" {
    check ocsp-expired ocsp-nonce ocsp-stranger ocsp-no-usage ocsp-other ocsp-garbage
}

@test "evidence that may still come: 503 until it is there, then 200" {
    local address
    check late
    mv "$CASES/web/late.crl.later" "$CASES/web/late.crl"
    mv "$CASES/web/stale.crl.later" "$CASES/web/stale.crl"
    for address in late stale; do
        wait_until 60 answers $address@require.example 200
        equal "$address: revocation" good "$(json status | head -n 1)"
    done
}

@test "the server is down: 503, and 200 when it is back" {
    process_stop pki
    check down
    answers down@require.example 503
    pkiserver_start pki
    wait_until 60 answers down@require.example 200
    equal revocation good "$(json status | head -n 1)"
}

@test "what is known is not asked for again, nor what is known to be bad" {
    local before name
    before=$(pkiserver_requests pki)
    for name in good revoked issuer-revoked hold indirect-good scope-right; do
        check "$name"
        check "$name"
    done
    equal "requests for good ones" "$before" "$(pkiserver_requests pki)"
    [ "$(pkiserver_requests pki /ok/other-key.crl)" -le 3 ]
    [ "$(pkiserver_requests pki /ok/good.crl)" -eq 1 ]
    [ "$(pkiserver_requests pki /ok/root.crl)" -le 2 ]
}

@test "the trap saw no connection, and refusals were counted" {
    equal connections "" "$(cat "$STACK/trap/connections")"
    [ "$(metric 'certlookup_fetches_total{purpose="crl",result="refused"}')" -ge 10 ]
}

@test "the gateway's log has no errors" {
    run ! grep -E '^[^ ]+ error ' "$STACK/gateway/log"
}

@test "every case of the set has its test here" {
    local name
    for name in $(names . | grep -v '^trap-'); do
        grep -qE "^    check .*\b$name\b" "$BATS_TEST_FILENAME" || { echo "$name"; return 1; }
    done
}

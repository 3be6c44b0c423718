#!/usr/bin/env bats
# Directories that take a connection and never answer, in the clear, in StartTLS, in the TLS handshake, and one that
# does not even take it: each delays its own lookups, to their deadline, and nobody else's.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

# What a lookup may take. A machine that has other things to do adds to it, but not as much again.
DEADLINE_MS=3000
TOLERANCE_MS=3000
# What others must stay below: it would not be reached by who waited for a hanging directory.
UNTOUCHED_MS=2000

# Name, mode of tests/tools/hangs, scheme and TLS. The first part of the name is the domain.
hanging() {
    cat << 'TABLE'
plain silent ldap none
starttls silent ldap starttls
handshake silent ldaps ldaps
deaf deaf ldap none
drip drip-ldap ldap none
driptls drip-tls ldaps ldaps
full full ldap none
TABLE
}

# Afresh each time, so that no connect has come to its end and is known to fail.
setup() {
    process_is_up gateway || gateway_start gateway
}

teardown() {
    process_stop gateway
}

setup_file() {
    local name mode
    stack_begin
    slapd_start ldap
    slapd_start other
    while read -r name mode _; do
        hangs_start "$name" "$mode"
    done < <(hanging)
    gateway_start gateway hanging_config
    mkdir -p "$STACK/lists"
    hanging | while read -r name _; do
        printf '/v1/recipients/{n}@%s.example\t504\n' "$name"
    done > "$STACK/lists/hanging"
    found_lines ldap rsa 20 > "$STACK/lists/known"
}

teardown_file() {
    process_signal other CONT || true # which a test may have left stopped
    stack_end
}

hanging_directory() {
    cat << CONF
    {
        name    = "$1";
        uri     = [ "$3://127.0.0.1:$(server_port "$1")" ];
        base    = "$BASE_DN";
        domains = [ "$1.example" ];
        tls     = "$4";
        timeout = "$((DEADLINE_MS - 200))ms";
        connect-timeout = "${CONNECT_TIMEOUT:-1m}";
    }
CONF
}

hanging_config() {
    config_listen "$2"
    printf 'directories = (\n'
    hanging | while read -r line; do
        # shellcheck disable=SC2086  # words
        hanging_directory $line
        echo ,
    done
    config_directory example ldap | sed 's/"example.com", //'
    echo ,
    config_directory other other | sed 's/domains.*/domains = [ "example.com" ];/'
    printf ');\n'
    config_trust
    printf 'lookup = { deadline = "%sms"; };\ncache = { ttl = "1h"; };\n' $DEADLINE_MS
}

impatient_config() {
    CONNECT_TIMEOUT=500ms
    hanging_config "$@"
}

at_most() {
    [ "$3" -le "$2" ] || say_failed "$1: at most $2, but $3"
}

at_least() {
    [ "$3" -ge "$2" ] || say_failed "$1: at least $2, but $3"
}

@test "each keeps its lookups to the deadline, then 504 and Retry-After" {
    local name code_of took
    load_run each gateway "$STACK/lists/hanging" -c 7 -n 7
    while read -r name _; do
        read -r code_of _ took _ < <(grep -F "@$name.example" "$STACK/each/answers")
        equal "$name: status" 504 "$code_of"
        at_most "$name: milliseconds" $((DEADLINE_MS + TOLERANCE_MS)) "$took"
        at_least "$name: milliseconds" $((DEADLINE_MS - 300)) "$took"
    done < <(hanging)

    get "$(recipient_url bob@handshake.example)"
    equal "status" 504 "$code"
    equal "type" application/problem+json "$(header content-type)"
    at_least "Retry-After" 1 "$(header retry-after)"
}

@test "for one that cannot be connected to in connect-timeout, nobody waits any longer" {
    local name started took
    gateway_start impatient impatient_config
    while read -r name _; do
        case $name in
        full | handshake | driptls | starttls) ;;
        *) continue ;;
        esac
        get "$(recipient_url "alice@$name.example" impatient)"
        equal "$name: status" 503 "$code"
        started=$(now_ms)
        get "$(recipient_url "bob@$name.example" impatient)"
        took=$(($(now_ms) - started))
        equal "$name: status" 503 "$code"
        equal "$name: reason" directory_unavailable "$(json reason)"
        at_most "$name: milliseconds" 2000 $took
    done < <(hanging)
    process_stop impatient
}

@test "while 140 lookups hang, hits and another directory do not feel it" {
    load_run warm gateway "$STACK/lists/known" -c 4 -n 20
    all_right warm
    load_run alone gateway "$STACK/lists/known" -c 10 -p 10 -t 2
    all_right alone

    load_start hanging gateway "$STACK/lists/hanging" -c 140 -n 420
    wait_until 20 metric_is certlookup_waiting_requests 140
    load_start beside gateway "$STACK/lists/known" -c 10 -p 10
    local number address started took slowest=0
    for number in 1 2 3 4 5 6 7 8 9 10; do # of the other directory, and not known yet
        address=nobody.$number@example.com
        started=$(now_ms)
        get "$(recipient_url "$address")"
        took=$(($(now_ms) - started))
        equal "$address: status" 404 "$code"
        [ $took -le $slowest ] || slowest=$took
    done
    load_stop beside
    all_right beside
    at_least "hits answered meanwhile" 100 "$(reported beside "status 200")"
    echo "# hits alone: median $(reported alone median_ms) ms, slowest $(reported alone slowest_ms) ms;" \
        "beside: median $(reported beside median_ms) ms, slowest $(reported beside slowest_ms) ms;" \
        "other directory: slowest $slowest ms" >&3
    at_most "hits, slowest, ms" $UNTOUCHED_MS "$(reported beside slowest_ms)"
    at_most "hits, median, ms" $(($(reported alone median_ms) + 100)) "$(reported beside median_ms)"
    at_most "other directory, slowest, ms" $UNTOUCHED_MS $slowest

    load_wait hanging
    all_right hanging
    equal "lookups that hung" 420 "$(reported hanging "status 504")"
    echo "# hanging: median $(reported hanging median_ms) ms, slowest $(reported hanging slowest_ms) ms" >&3
    at_most "hanging, slowest, ms" $((DEADLINE_MS + TOLERANCE_MS)) "$(reported hanging slowest_ms)"
}

@test "lookups that hang burn no processor time" {
    local before after started took
    load_start hanging gateway "$STACK/lists/hanging" -c 140 -n 140
    wait_until 20 metric_is certlookup_waiting_requests 140
    before=$(cpu_ticks gateway)
    started=$(now_ms)
    sleep 1.5 # nothing to poll for: time has to pass
    after=$(cpu_ticks gateway)
    took=$(($(now_ms) - started))
    equal "who waits" 140 "$(metric certlookup_waiting_requests)"
    echo "# $((after - before)) ticks of 10 ms in $took ms" >&3
    at_most "percent of one core" 10 $(((after - before) * 1000 / took))
    load_wait hanging
    all_right hanging
}

@test "nor do directories that hang while nobody asks" {
    local before
    before=$(cpu_ticks gateway)
    sleep 3
    echo "# $(($(cpu_ticks gateway) - before)) ticks of 10 ms in 3 s" >&3
    at_most "ticks" 30 $(($(cpu_ticks gateway) - before))
}

@test "nor one that falls silent while it is connected; it is found again when it wakes" {
    get "$(recipient_url "$(people_of rsa | sed -n 21p)")"
    equal "status" 200 "$code"
    wait_until 20 metric_is 'certlookup_ldap_up{directory="other"}' 1
    load_run warm gateway "$STACK/lists/known" -c 4 -n 20
    printf '/v1/recipients/{n}@example.com\t504\n' > "$STACK/lists/frozen"

    process_signal other STOP
    load_start frozen gateway "$STACK/lists/frozen" -c 40 -n 40
    wait_until 20 metric_is certlookup_waiting_requests 40
    load_start beside gateway "$STACK/lists/known" -c 10 -p 10
    load_wait frozen
    load_stop beside
    process_signal other CONT
    all_right frozen
    all_right beside
    echo "# hits beside: median $(reported beside median_ms) ms, slowest $(reported beside slowest_ms) ms;" \
        "frozen: slowest $(reported frozen slowest_ms) ms" >&3
    at_most "hits, slowest, ms" $UNTOUCHED_MS "$(reported beside slowest_ms)"
    at_most "frozen, slowest, ms" $((DEADLINE_MS + TOLERANCE_MS)) "$(reported frozen slowest_ms)"

    wakes() {
        get "$(recipient_url "nobody.$RANDOM@example.com")"
        [ "$code" = 404 ]
    }
    wait_until 20 wakes
}

@test "SIGTERM does not wait for them" {
    local started took
    load_start hanging gateway "$STACK/lists/hanging" -c 70 -n 70
    wait_until 20 metric_is certlookup_waiting_requests 70
    started=$(now_ms)
    process_stop gateway
    took=$(($(now_ms) - started))
    at_most "milliseconds" $((DEADLINE_MS + TOLERANCE_MS)) $took
    load_wait hanging
    equal "without an answer" 0 "$(reported hanging failed)"
    log_has gateway " ended"
}

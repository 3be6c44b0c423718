#!/usr/bin/env bats
# 200 clients that send their requests octet by octet, and 1,000 that say nothing, beside 50 that come to the point: these
# keep their rate, and the others are shown the door. Likewise clients that do not take what they asked for.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

SLOW=200
IDLE=1000
CLIENTS=50
ROUNDS=11
ROUND_SECONDS=1
# http.idle-timeout of the second gateway: after twice that who is slow is hung up on.
BRIEF_SECONDS=2

setup_file() {
    stack_begin
    slapd_start ldap
    gateway_start gateway patient_config
    gateway_start brief brief_config
    mkdir -p "$STACK/lists"
    found_lines ldap rsa 20 > "$STACK/lists/known"
}

teardown_file() {
    stack_end
}

patient_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
}

brief_config() {
    patient_config "$@"
    echo "http = { idle-timeout = \"${BRIEF_SECONDS}s\"; batch = 5000; };"
}

# crawl_start GATEWAY SLOW IDLE
crawl_start() {
    mkdir -p "$STACK/crawl"
    : > "$STACK/crawl/log"
    process_run crawl "$BUILD/tools/crawl" "$(server_port "$1")" "$2" "$3"
    is_ready() { grep -q '^ready$' "$STACK/crawl/log"; }
    wait_until 30 is_ready
}

# How many answers come in a second.
rate() {
    load_run hits gateway "$STACK/lists/known" -c $CLIENTS -t $ROUND_SECONDS
    all_right hits
    reported hits per_second
}

median() {
    sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

@test "50 clients keep nine tenths of their rate, whatever it is" {
    local round alone beside
    load_run hits gateway "$STACK/lists/known" -c 4 -n 100
    all_right hits
    for ((round = 1; round <= ROUNDS; round++)); do
        [ $((round % 2)) -eq 0 ] || alone=$(rate)
        crawl_start gateway $SLOW $IDLE
        beside=$(rate)
        process_stop crawl
        [ $((round % 2)) -ne 0 ] || alone=$(rate)
        echo "$((beside * 1000 / alone)) $alone $beside"
    done > "$STACK/rates"
    echo "beside the slow ones, of the rate without them, in a thousand: $(median < "$STACK/rates") (a second:" \
        "$(cut -d ' ' -f 2 "$STACK/rates" | median), $(cut -d ' ' -f 3 "$STACK/rates" | median))" >&3
    [ "$(median < "$STACK/rates")" -ge 900 ]
}

slow_ones() {
    metric 'certlookup_limit_reached_total{limit="slow"}' "$(gateway_url brief)"
}

@test "who takes too long is hung up on, and nobody who comes to the point" {
    local before
    before=$(slow_ones)
    crawl_start brief 40 0
    load_run hits brief "$STACK/lists/known" -c 10 -p 500 -t $((2 * BRIEF_SECONDS + 4))
    all_right hits
    reaches() { [ "$(slow_ones)" -ge $((before + 40)) ]; }
    wait_until 20 reaches
    process_stop crawl
}

@test "who says nothing is hung up on as well, and is not slow" {
    local before fd
    before=$(slow_ones)
    for fd in 11 12 13 14; do
        eval "exec $fd<> /dev/tcp/127.0.0.1/$(server_port brief)"
    done
    for fd in 11 12 13 14; do
        equal "the end" "" "$(eval "timeout 10 cat <&$fd")"
        eval "exec $fd>&-"
    done
    equal slow 0 "$(($(slow_ones) - before))"
}

# sip_start NAME STEP_BYTES: a client that asks for all people at once, many times over, and takes what comes in pieces.
sip_start() {
    local people
    people=$(for i in {1..20}; do people_of rsa; done | sed 's/.*/"&"/' | paste -sd ,)
    people="{\"recipients\":[$people]}"
    mkdir -p "$STACK/$1"
    printf 'POST /v1/recipients HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n%s%s' \
        "Content-Length: ${#people}" $'\r\n\r\n'"$people" > "$STACK/$1/request"
    rm -f "$STACK/$1/log"
    process_run "$1" "$BUILD/tools/sip" "$(server_port brief)" request "$2"
}

@test "who takes nothing of its answer is hung up on, and who takes it steadily gets all" {
    local before
    before=$(slow_ones)
    sip_start steady 65536
    for i in 1 2 3 4 5; do
        sip_start "never$i" 0
    done
    reaches() { [ "$(slow_ones)" -ge $((before + 5)) ]; }
    wait_until $((BRIEF_SECONDS + 8)) reaches
    wait_until 20 process_is_down steady
    cat "$STACK/steady/log"
    [ "$(reported steady octets)" -gt 1000000 ]
    [ "$(reported steady milliseconds)" -gt $((BRIEF_SECONDS * 1000)) ]
    equal "whole" "$(reported steady length)" "$(reported steady octets)"
    equal slow 5 "$(($(slow_ones) - before))"
    equal "connections, besides this" 1 "$(metric certlookup_http_connections "$(gateway_url brief)")"
    for i in 1 2 3 4 5; do
        process_stop "never$i"
    done
}

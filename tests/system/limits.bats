#!/usr/bin/env bats
# Limits that are reached, clients that leave, the end of the process, and a new configuration under load.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

DEADLINE_MS=6000
WAITING=400 # places for requests that wait
AT_ONCE_MS=2000 # a third of the deadline: nobody who waited for a directory is so quick

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    hangs_start hangs silent
    gateway_start gateway waiting_config
    gateway_start small small_config
    printf '/v1/recipients/{n}@hangs.example\t504,503\n' > "$STACK/hanging"
    found_lines ldap rsa 20 > "$STACK/known"
}

teardown_file() {
    process_signal ldap CONT || true # which a test may have left stopped
    stack_end
}

teardown() {
    [ -z "${child:-}" ] || kill -KILL "$child" 2> /dev/null || true
}

# two_directories TIMEOUT: one that answers, and one that takes connections and then hangs, in the TLS handshake.
two_directories() {
    cat << CONF
directories = (
    {
        name    = "hangs";
        uri     = [ "ldaps://127.0.0.1:$(server_port hangs)" ];
        base    = "$BASE_DN";
        domains = [ "hangs.example" ];
        timeout = "$1";
        connect-timeout = "1m";
    },
$(config_directory example ldap "timeout = \"$1\";")
);
CONF
}

waiting_config() {
    config_listen "$2"
    two_directories ${DEADLINE_MS}ms
    config_trust
    config_redis redis
    echo "lookup = { deadline = \"${DEADLINE_MS}ms\"; };"
    echo "http = { waiting = $WAITING; };"
}

# Takes little of what a directory gives, and keeps for a short time what is not whole.
small_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap 'entries = 2;' 'value-size = "2K";')"
    config_trust
    echo 'cache = { limitttl = "7s"; };'
}

# Under these, SIGTERM is watched; DRAIN says how long it may take.
draining_config() {
    config_listen "$2"
    two_directories 30s
    config_trust
    echo 'lookup = { deadline = "30s"; };'
    echo "drain = \"${DRAIN:-20s}\";"
}

# reloaded_config writes what it finds here, so that a test can change it.
reloaded_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    config_redis redis
    cat "$STACK/more" 2> /dev/null || true
}

# twins ADDRESS CERTIFICATE: two more entries with this address.
twins() {
    local name
    for name in one two; do
        printf 'dn: cn=%s %s,%s\nchangetype: add\nobjectClass: inetOrgPerson\n' $name "$1" "$BASE_DN"
        printf 'cn: %s %s\nsn: %s\nmail: %s\n' $name "$1" $name "$1"
        printf 'userCertificate;binary:: %s\n\n' "$(base64 -w 0 "$2")"
    done | slapd_modify ldap
}

# first_value ADDRESS: sets `value` to a file with it.
first_value() {
    local values=$BATS_TEST_TMPDIR/of.$1
    slapd_values ldap "$1" "$values"
    value=$(find "$values" -name '1.*')
}

seconds() {
    date -d "$1" +%s
}

life() {
    echo $(($(seconds "$(json fresh_until)") - $(seconds "$(json made_at)")))
}

is_cut_off_but_found() {
    get "$(recipient_url "$1" small)?explain=1"
    equal "status" 200 "$code"
    equal "partial" true "$(json partial)"
    equal "result" cut_off "$(json result)"
    [ "$(life)" -ge 1 ] && [ "$(life)" -le 7 ]
    get "$(recipient_url "$1" small)/certificate"
    equal "status" 200 "$code"
    cmp "$value" "$body"
}

is_cut_off_and_unknown() {
    get "$(recipient_url "$1" small)"
    equal "status" 503 "$code"
    equal "reason" directory_limit "$(json reason)"
    [ "$(header retry-after)" -ge 1 ]
    equal "for whom" no-store "$(header cache-control)"
}

limit() {
    metric "certlookup_limit_reached_total{limit=\"$1\"}" "$(gateway_url "${2:-small}")"
}

@test "more entries than are taken: cut off, marked, a short life" {
    local address whole
    address=$(people_of rsa | sed -n 31p)
    first_value "$address"
    get "$(recipient_url "$address")"
    whole=$(life)
    [ "$whole" -gt 60 ]
    equal "partial" false "$(json partial)"

    twins "$address" "$value"
    before=$(limit entries)
    is_cut_off_but_found "$address"
    equal "counted" $((before + 1)) "$(limit entries)"
    equal "entries taken" 2 "$(get "$(recipient_url "$address" small)?explain=1" && json entries)"
    # And asked again after that life.
    searches=$(slapd_searches ldap "(mail=$address)")
    asked_again() {
        get "$(recipient_url "$address" small)"
        [ "$(slapd_searches ldap "(mail=$address)")" -gt "$searches" ]
    }
    wait_until 20 asked_again
}

@test "more entries than are taken, and nothing usable in those: unknown, not none" {
    local address
    address=$(people_of expired | head -n 1)
    first_value "$address"
    twins "$address" "$value"
    is_cut_off_and_unknown "$address"
    get "$(recipient_url "$address")" # the other gateway takes them all
    equal "status" 404 "$code"
}

@test "a value that is too large: left out, marked, a short life, the others serve" {
    local address
    address=$(people_of rsa | sed -n 32p)
    first_value "$address"
    printf 'dn: %s\nchangetype: modify\nadd: userSMIMECertificate\nuserSMIMECertificate:: %s\n\n' \
        "$(ldapsearch -x -LLL -o ldif-wrap=no -H "$(slapd_uri ldap)" -b "$BASE_DN" "(mail=$address)" 1.1 |
            sed -n 's/^dn: //p')" "$(head -c 3000 /dev/urandom | base64 -w 0)" | slapd_modify ldap
    before=$(limit value_bytes)
    is_cut_off_but_found "$address"
    equal "counted" $((before + 1)) "$(limit value_bytes)"
}

@test "the only value is too large: unknown, not none" {
    is_cut_off_and_unknown "$(people_of pkcs7-chain | head -n 1)"
    get "$(recipient_url "$(people_of pkcs7-chain | head -n 1)")"
    equal "status" 200 "$code"
}

# Its connect to the directory that hangs has just begun; the known are in memory.
gateway_afresh() {
    process_stop gateway
    gateway_start gateway
    load_run warm gateway "$STACK/known" -c 4 -n 20
    all_right warm
}

@test "600 who wait for a directory that hangs: $WAITING may, the others are told at once, hits are untouched" {
    gateway_afresh
    load_start crowd gateway "$STACK/hanging" -c 600 -n 600
    wait_until 30 metric_is certlookup_waiting_requests $WAITING
    load_run beside gateway "$STACK/known" -c 10 -n 1000
    all_right beside
    equal "hits" 1000 "$(reported beside "status 200")"

    local started took
    started=$(now_ms)
    get "$(recipient_url one.more@hangs.example)"
    took=$(($(now_ms) - started))
    equal "who still waits" $WAITING "$(metric certlookup_waiting_requests)"
    equal "status" 503 "$code"
    equal "type" application/problem+json "$(header content-type)"
    [ "$(header retry-after)" -ge 1 ]
    [ $took -le $AT_ONCE_MS ]
    get "$(gateway_url gateway)/readyz"
    equal "ready" 200 "$code"

    load_wait crowd
    all_right crowd
    equal "waited" $WAITING "$(reported crowd "status 504")"
    equal "were told" $((600 - WAITING)) "$(reported crowd "status 503")"
    told=$(awk '$1 == 503 && $3 > most { most = $3 } END { print most + 0 }' "$STACK/crowd/answers")
    echo "# hits beside: slowest $(reported beside slowest_ms) ms; told after at most $told ms" >&3
    [ "$(reported beside slowest_ms)" -le $AT_ONCE_MS ]
    [ "$told" -le $AT_ONCE_MS ]
    [ "$(limit waiting gateway)" -ge $((600 - WAITING)) ]
    equal "who waits" 0 "$(metric certlookup_waiting_requests)"
}

@test "clients that leave while they wait leave nothing behind" {
    local files round
    gateway_afresh
    files=$(open_files gateway)
    for round in 1 2; do
        printf '/v1/recipients/{n}.%s@hangs.example\n' $round > "$BATS_TEST_TMPDIR/list" # who failed before rests
        load_run leavers gateway "$BATS_TEST_TMPDIR/list" -c 200 -n 200 -g 300
        equal "left" 200 "$(reported leavers left)"
        # Their places come free at the deadline at the latest, whoever is gone.
        wait_until 30 metric_is certlookup_waiting_requests 0
    done
    equal "flights" 0 "$(metric certlookup_flights)"
    as_before() {
        [ "$(open_files gateway)" -le $((files + 2)) ] # what a directory happens to open
    }
    wait_until 10 as_before
    echo "# $files files open before, $(open_files gateway) after" >&3
    load_run beside gateway "$STACK/known" -c 10 -n 100
    all_right beside
}

# child_start CONFIG: as our own child, whose exit status can be asked for, on the port that it had as a server.
child_start() {
    rm -rf "$STACK/child"
    gateway_start child "$1"
    process_stop child
    : > "$STACK/child/log"
    "$BUILD/certlookupd" -c "$STACK/child/certlookupd.conf" < /dev/null >> "$STACK/child/log" 2>&1 3>&- &
    child=$!
    wait_until 60 log_has child " ready "
}

child_is_gone() {
    ! kill -0 "$child" 2> /dev/null
}

child_refuses() {
    ! curl --silent --max-time 10 --output /dev/null "$(gateway_url child)/healthz"
}

@test "SIGTERM: the open lookup comes to its end, nobody new gets in, status 0" {
    local address status=0
    address=$(people_of rsa | sed -n 33p)
    child_start draining_config
    get "$(recipient_url nobody@example.org child)"
    equal "status" 404 "$code"

    process_signal ldap STOP
    curl --silent --max-time 60 --output "$BATS_TEST_TMPDIR/late" --write-out '%{http_code}' \
        "$(recipient_url "$address" child)/certificate" > "$BATS_TEST_TMPDIR/late.code" 3>&- &
    late=$!
    wait_until 20 metric_is certlookup_waiting_requests 1 child
    kill -TERM "$child"
    wait_until 20 child_refuses
    log_has child " draining "
    kill -0 "$child"
    process_signal ldap CONT

    wait "$late"
    equal "status of the open request" 200 "$(cat "$BATS_TEST_TMPDIR/late.code")"
    first_value "$address"
    cmp "$value" "$BATS_TEST_TMPDIR/late"
    wait "$child" || status=$?
    equal "exit status" 0 $status
    log_has child " ended"
}

@test "SIGTERM while lookups hang: told so at the limit, status 0" {
    local status=0 started took
    DRAIN=1s child_start draining_config
    load_start crowd child "$STACK/hanging" -c 50 -n 50
    wait_until 20 metric_is certlookup_waiting_requests 50 child
    started=$(now_ms)
    kill -TERM "$child"
    wait "$child" || status=$?
    took=$(($(now_ms) - started))
    equal "exit status" 0 $status
    echo "# ended after $took ms, drain is 1000" >&3
    [ $took -ge 900 ] && [ $took -le 10000 ] # the lookups would take 30 s
    load_wait crowd
    equal "told so" 50 "$(reported crowd "status 503")"
    equal "without an answer" 0 "$(reported crowd failed)"
}

@test "a second SIGTERM does not wait" {
    local status=0 started took
    DRAIN=5m child_start draining_config
    load_start crowd child "$STACK/hanging" -c 5 -n 5
    wait_until 20 metric_is certlookup_waiting_requests 5 child
    kill -TERM "$child"
    wait_until 20 log_has child " draining "
    started=$(now_ms)
    kill -TERM "$child"
    wait "$child" || status=$?
    took=$(($(now_ms) - started))
    equal "exit status" 0 $status
    [ $took -le 10000 ]
    load_wait crowd
    equal "without an answer" 0 "$(reported crowd failed)"
}

reload() {
    local before
    before=$(metric "$1" "$(gateway_url reloaded)")
    "$(cat "$STACK/reloaded/write")" reloaded "$(server_port reloaded)" > "$STACK/reloaded/certlookupd.conf"
    process_signal reloaded HUP
    wait_until 20 metric_reaches "$1" $((before + 1)) reloaded
}

@test "SIGHUP under load: twelve new configurations, no request fails" {
    local round generation
    gateway_start reloaded reloaded_config
    { cat "$STACK/known" && printf '/v1/recipients/stranger-{n}@example.org\t404\n%.0s' 1 2 3 4 5; } > "$STACK/list"
    load_start load reloaded "$STACK/list" -c 20 -p 10
    generation=$(metric certlookup_generation "$(gateway_url reloaded)")
    for round in 1 2 3 4; do
        # Other lives, other rules, another directory: what was judged stays, is judged again, is looked up again.
        echo "cache = { ttl = \"${round}m\"; };" > "$STACK/more"
        reload certlookup_reloads_total
        REVOCATION=$([ $((round % 2)) = 1 ] && echo off || echo prefer)
        export REVOCATION
        reload certlookup_reloads_total
        unset REVOCATION
        echo "# nothing" > "$STACK/more"
        reload certlookup_reloads_total
    done
    load_stop load
    all_right load
    equal "5xx" 0 "$(metric 'certlookup_http_responses_total{class="5xx"}' "$(gateway_url reloaded)")"
    [ "$(metric certlookup_generation "$(gateway_url reloaded)")" -gt "$generation" ]
    echo "# $(reported load requests) requests over 12 reloads, slowest $(reported load slowest_ms) ms" >&3
}

@test "SIGHUP with a configuration that is wrong: the one before stays, the log names file and line" {
    local generation more line reloads
    process_is_up reloaded || gateway_start reloaded reloaded_config
    generation=$(metric certlookup_generation "$(gateway_url reloaded)")
    reloads=$(metric certlookup_reloads_total "$(gateway_url reloaded)")
    rm -f "$STACK/more"
    line=$(($(reloaded_config reloaded 1 | wc -l) + 1))
    for more in 'nonsense = 1;' 'cache = { ttl = ;' 'cache = { ttl = "soon"; };' \
        'cache = { ttl = "1s"; ttk = "2s"; };' 'lookup = { deadline = "0s"; };' 'http = "no";'; do
        : > "$STACK/reloaded/log"
        echo "$more" > "$STACK/more"
        reload certlookup_reload_failures_total
        grep -qF "certlookupd.conf:$line" "$STACK/reloaded/log" ||
            show_log reloaded "does not say what is wrong in $more"
        get "$(recipient_url "$(first_of rsa)" reloaded)"
        equal "status" 200 "$code"
        get "$(recipient_url "stranger.$RANDOM$RANDOM@example.org" reloaded)"
        equal "status" 404 "$code"
    done
    equal "generation" "$generation" "$(metric certlookup_generation "$(gateway_url reloaded)")"
    equal "reloads" "$reloads" "$(metric certlookup_reloads_total "$(gateway_url reloaded)")"
    rm "$STACK/more"
    reload certlookup_reloads_total
}

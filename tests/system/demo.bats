#!/usr/bin/env bats
# make demo, demo-check, demo-up and demo-down: what they leave behind, and what they do when things go wrong.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack

setup_file() {
    "$BUILD/tools/makepeople" "$BUILD/people"
    # A place that takes quoting: the path of the demo may be anybody's.
    # shellcheck disable=SC2089,SC2090  # the quotes are what it is about
    export DEMO="$BUILD/system/it's a \"demo\""
}

setup() {
    demo down || true
    rm -rf "$DEMO"
    mkdir -p "$DEMO"
    ln -s "$BUILD/people" "$DEMO/people"
}

teardown() {
    demo down
}

demo() {
    bash "$BATS_TEST_DIRNAME/../demo/demo.sh" "$BUILD" "$@" 3>&-
}

# The demo's own stack, to look at.
look() {
    stack_open "$DEMO" "$DEMO/people"
}

nothing_runs() {
    look
    [ -z "$(stack_servers)" ]
    [ ! -e "$DEMO/env" ]
}

@test "demo-up leaves everything running, and says in env where" {
    demo up
    (
        set -u
        # shellcheck source=/dev/null
        . "$DEMO/env"
        kill -0 "$DAEMON_PID"
        [ "$(curl -s -o /dev/null -w '%{http_code}' "$HTTP_URL/v1/recipients/alice@example.org")" = 200 ]
        ldapsearch -x -LLL -H "$LDAP_URI" -b "$BASE_DN" mail=alice@example.org cn | grep -q '^cn: Alice'
        redis-cli -u "$REDIS_URI" ping | grep -qx PONG
        openssl x509 -in "$ANCHOR" -noout -subject
        "$BUILD/certlookupd" -c "$CONFIG" -t
        "$BUILD/certlookup" -u "$HTTP_URL" --token-file "$TOKEN" --purge alice@example.org
    )
    awk -F '\t' 'NF != 3 || $1 !~ /@/ || $3 !~ /^(found|none)$/ { exit 1 }' "$DEMO/recipients.tsv"
    [ "$(cut -f 1 "$DEMO/recipients.tsv" | sort -u | wc -l)" -ge 300 ]
}

@test "demo-up twice is demo-up once; demo-down twice is demo-down once" {
    demo up
    cp "$DEMO/env" "$BATS_TEST_TMPDIR/env"
    demo up
    cmp "$DEMO/env" "$BATS_TEST_TMPDIR/env"
    demo down
    nothing_runs
    demo down
}

@test "demo-down before anything was up" {
    run -0 demo down
    [[ $output == *'Nothing runs'* ]]
}

@test "demo-check ends with status 0 and leaves nothing running" {
    run -0 demo check
    [[ $output == *'All 11 steps hold.'* ]]
    nothing_runs
}

@test "make demo without a terminal ends after the tour with status 0" {
    run -0 demo run < /dev/null
    [[ $output == *'All 11 steps hold.'* ]]
    nothing_runs
}

@test "demo-check uses what is up and leaves it up" {
    demo up
    cp "$DEMO/env" "$BATS_TEST_TMPDIR/env"
    demo check
    cmp "$DEMO/env" "$BATS_TEST_TMPDIR/env"
    look
    process_is_up gateway
}

@test "a server that died is no demo that is up" {
    demo up
    look
    process_kill redis
    demo up
    process_is_up redis
    redis_ask redis ping | grep -qx PONG
}

@test "a tour step that does not hold is named, and the status is 1" {
    demo up
    look
    printf 'dn: uid=sybil@example.org,ou=People,%s\nchangetype: delete\n' "$BASE_DN" | slapd_modify ldap
    run -1 demo check
    [[ $output == *'The tour ends at step 2 (Ask why): this does not hold'* ]]
}

@test "a stale process file harms nobody, not even the process that has its number now" {
    demo down
    mkdir -p "$DEMO/ldap"
    echo ldap > "$DEMO/servers"
    sleep 60 3>&- &
    echo "$! 1" > "$DEMO/ldap/process"
    demo up
    kill -0 $!
    kill $!
}

@test "a port in use is left to whoever has it" {
    FIRST_PORT=19000 LAST_PORT=19020
    export FIRST_PORT LAST_PORT
    stack_open "$BUILD/system/demo-ports" "$BUILD/people"
    stack_close # what an earlier run left
    redis_start one
    redis_start two
    redis_start three
    demo up
    redis_ask one ping | grep -qx PONG
    look
    redis_ask redis ping | grep -qx PONG
    stack_open "$BUILD/system/demo-ports" "$BUILD/people"
    stack_close
}

@test "a demo that is interrupted while it starts or shows takes everything down" {
    local pid after
    for after in 0.1 0.3 0.6 1 2; do
        bash "$BATS_TEST_DIRNAME/../demo/demo.sh" "$BUILD" check > /dev/null 2>&1 3>&- &
        pid=$!
        sleep "$after"
        kill -TERM "$pid" 2> /dev/null || true
        wait "$pid" || true
        nothing_runs
    done
}

@test "a demo that has begun is waited for by the one that would end it" {
    demo check > "$BATS_TEST_TMPDIR/first" 2>&1 &
    wait_until 60 test -e "$DEMO/env"
    demo down
    wait $!
    grep -q 'All 11 steps hold.' "$BATS_TEST_TMPDIR/first"
    nothing_runs
}

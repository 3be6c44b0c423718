#!/usr/bin/env bats
# How long a start takes: tests/bench/start.sh has the bounds for a build without sanitizers; these are for any, on a busy
# machine.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    "$BUILD/tools/makestart" "$STACK/much" 150 2 120000
    export PORT=$((FIRST_PORT + RANDOM % (LAST_PORT - FIRST_PORT)))
}

teardown_file() {
    stack_end
}

much_config() { # as the demo's, and 150 roots, two of which have CRLs of 5 MB
    demo_config gateway "$PORT" |
        sed "s|\(anchors  *= \[\)|\1 \"$STACK/much/anchors\",|; s|\(crls  *= \[\)|\1 \"$STACK/much/crls\",|"
}

# starts BOUND_MS: with $STACK/conf, to the first 200 of /readyz and of a lookup.
starts() {
    local path
    redis_ask redis flushall
    "$BUILD/tools/start_time" "$PORT" /readyz /v1/recipients/alice@example.org /metrics \
        -- "$BUILD/certlookupd" -c "$STACK/conf" > "$STACK/times" 2> "$STACK/log" || { cat "$STACK/log"; return 1; }
    cat "$STACK/times"
    for path in /readyz /v1/recipients/alice@example.org; do
        awk -v path=$path -v bound="$1" '$1 == path { held = $2 <= bound } END { exit !held }' "$STACK/times"
    done
}

@test "the demo's configuration answers soon after the start" {
    demo_config gateway "$PORT" > "$STACK/conf"
    starts 2000
}

@test "150 roots and 10 MB of CRLs do not keep it long" {
    much_config > "$STACK/conf"
    starts 6000
    run ! grep -q 'left aside' "$STACK/log"
}

@test "and do not take more memory than a few times their size" {
    much_config > "$STACK/conf"
    "$BUILD/certlookupd" -t -c "$STACK/conf" > "$STACK/checked"
    [ "$(grep -c '^anchor CN=Root ' "$STACK/checked")" -eq 150 ]
    starts 6000
    [ "$(awk '$1 == "peak" { print $2 }' "$STACK/times")" -le 400000 ]
}

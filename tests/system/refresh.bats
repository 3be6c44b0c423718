#!/usr/bin/env bats
# Answers that are asked for all the time: they are renewed before they end, nobody waits for it, and what changed in the
# directory is seen in time; when the directory stops answering, nobody waits long either.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

LIFE_S=20

setup_file() {
    stack_begin
    slapd_start ldap
    gateway_start gateway short_config
    mkdir -p "$STACK/lists"
    people_of rsa | head -n 5 | while read -r address; do
        printf '/v1/recipients/%s\t200\n' "$(encoded "$address")"
    done > "$STACK/lists/known"
}

teardown_file() {
    process_signal ldap CONT || true
    stack_end
}

short_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    echo "cache = { ttl = \"${LIFE_S}s\"; negttl = \"5s\"; limitttl = \"${LIFE_S}s\";" \
        "ttr = \"8s\"; revalidate = \"5s\"; patience = \"500ms\"; };"
}

renewals() {
    metric "certlookup_renewals_total{event=\"$1\"}"
}

@test "for two lives under load nobody waits for a directory, and each answer is renewed about once a life" {
    local misses from lives
    from=$(now_ms)
    load_run known gateway "$STACK/lists/known" -c 1 -n 5
    misses=$(metric 'certlookup_lookups_total{layer="directory"}')
    load_run crowd gateway "$STACK/lists/known" -c 16 -r 200 -t $((LIFE_S * 2))
    all_right crowd
    equal "lookups that somebody waited for" "$misses" "$(metric 'certlookup_lookups_total{layer="directory"}')"
    equal "stale" 0 "$(metric 'certlookup_lookups_total{layer="stale"}')"
    equal "failed" 0 "$(renewals failed)"
    [ "$(renewals started)" -ge 10 ]
    # Five answers, each for at least 12 of its 20 seconds, which are counted as whole ones.
    lives=$((($(now_ms) - from) / ((LIFE_S - 8 - 1) * 1000)))
    echo "renewals: $(renewals started), of $((5 * lives)) at most" >&3
    [ "$(renewals started)" -le $((5 * lives)) ]
    equal "searches" $((5 + $(renewals started))) "$(slapd_searches ldap)"
}

@test "what changed in the directory is seen within a life, though it is asked for all the time" {
    local address
    address=$(first_of rsa)
    load_start crowd gateway "$STACK/lists/known" -c 4 -r 100 -t 60
    get "$(recipient_url "$address")"
    equal "status" 200 "$code"
    slapd_modify ldap << LDIF
$(entry_of "$address")
changetype: modify
delete: userCertificate;binary
LDIF
    is_gone() {
        get "$(recipient_url "$address")"
        [ "$code" = 404 ]
    }
    wait_until $LIFE_S is_gone
    load_stop crowd
}

@test "the directory stops: who could be given an older answer never waits long" {
    local misses
    sed -i 1d "$STACK/lists/known"
    load_run known gateway "$STACK/lists/known" -c 1 -n 4
    process_signal ldap STOP
    load_run crowd gateway "$STACK/lists/known" -c 40 -r 20 -t $((LIFE_S + 10))
    process_signal ldap CONT
    all_right crowd
    [ "$(metric 'certlookup_stale_total{why="renewing"}')" -gt 0 ]
    # A patience of half a second, or a tenth of it once it is known to fail; the rest is the machine's. A search times
    # out after 3 s, a lookup after 5.
    echo "median $(reported crowd median_ms) ms, p99 $(reported crowd p99_ms), slowest $(reported crowd slowest_ms)" >&3
    [ "$(reported crowd median_ms)" -lt 100 ]
    [ "$(reported crowd slowest_ms)" -lt 2000 ]
    [ "$(renewals failed)" -gt 0 ]
    is_fresh() {
        get "$(gateway_url gateway)$(head -n 1 "$STACK/lists/known" | cut -f 1)"
        [ "$code" = 200 ] && [[ "$(header cache-status)" != *stale* ]]
    }
    wait_until 40 is_fresh
}

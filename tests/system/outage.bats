#!/usr/bin/env bats
# Directory and Redis go and come back while 50 clients ask: what was known goes on, nothing is ever wrong.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway brief_config
}

teardown_file() {
    process_signal redis CONT || true # which a test may have left stopped
    stack_end
}

# Lives so brief that directory and Redis are asked all the time.
brief_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    config_redis redis
    echo 'cache = { ttl = "2s"; negttl = "2s"; memory-ttl = "1s"; stale = "10m"; };'
}

# What is found must be right at all times, and is, once known, never an error. That somebody has none is not said of
# old; and a stranger cannot be looked up while the directory is away.
write_list() {
    found_lines ldap ec-p256 60 200
    found_lines ldap rsa 30 200
    none_lines revoked 5 404,503,504
    none_lines no-entry 5 404,503,504
    for ((i = 0; i < 5; i++)); do
        printf '/v1/recipients/stranger-{n}@example.org\t404,503,504\n'
    done
}

# Everybody is asked once, and known from then on.
warm_up() {
    write_list > "$STACK/list"
    load_run warm gateway "$STACK/list" -c 4 -n "$(wc -l < "$STACK/list")"
    all_right warm
}

answered() { # an address that nobody has asked for yet
    get "$(recipient_url "$(people_of ec-p384 | sed -n "$1p")")"
    [ "$code" = "$2" ]
}

unknown_at_once() {
    get "$(recipient_url "$(people_of ec-p384 | sed -n "$1p")")"
    [ "$code" = 503 ] && [ -n "$(header retry-after)" ]
}

# What was answered in between is what counts: the load must have gone on all the time.
load_goes_on() {
    local before
    before=$(metric 'certlookup_http_responses_total{class="2xx"}')
    wait_until 20 metric_reaches 'certlookup_http_responses_total{class="2xx"}' $((before + 500))
}

errors_of() {
    echo $(($(reported "$1" "status 500") + $(reported "$1" "status 503") + $(reported "$1" "status 504")))
}

# Whoever could not be looked up in an outage before rests for up to half a minute.
settled() {
    load_run settling gateway "$STACK/list" -c 4 -n "$(wc -l < "$STACK/list")"
    [ "$(errors_of settling)" -eq 0 ]
}

same_process() {
    equal "the gateway's process" "$(cat "$STACK/pid")" "$(process_pid gateway)"
}

@test "slapd is killed and revived under load: no wrong answer, no error for what is known, no restart" {
    warm_up
    process_pid gateway > "$STACK/pid"
    load_start load gateway "$STACK/list" -c 50 -p 20
    load_goes_on

    for round in 1 2; do
        process_kill ldap
        wait_until 20 unknown_at_once $((round * 2 - 1))
        load_goes_on
        stale=$(metric 'certlookup_lookups_total{layer="stale"}')
        wait_until 20 metric_reaches 'certlookup_lookups_total{layer="stale"}' $((stale + 100))

        slapd_start ldap
        wait_until 20 answered $((round * 2)) 200
        wait_until 40 answered $((round * 2 - 1)) 200 # it rested for having failed
        load_goes_on
    done

    load_stop load
    all_right load
    [ "$(reported load "status 500")" -eq 0 ]
    same_process
}

@test "Redis is killed and revived under load: likewise" {
    wait_until 60 settled
    load_start load gateway "$STACK/list" -c 50 -p 20
    load_goes_on
    away=$(log_lines gateway "redis is away")
    back=$(log_lines gateway "redis is back")

    process_kill redis
    wait_until 20 metric_is certlookup_redis_up 0
    load_goes_on
    equal "lines that it is away" $((away + 1)) "$(log_lines gateway "redis is away")"

    redis_start redis
    wait_until 20 metric_is certlookup_redis_up 1
    hits=$(metric certlookup_redis_hits_total)
    wait_until 20 metric_reaches certlookup_redis_hits_total $((hits + 50))
    load_goes_on

    load_stop load
    all_right load
    equal "5xx" 0 "$(errors_of load)"
    equal "lines that it is back" $((back + 1)) "$(log_lines gateway "redis is back")"
    same_process
}

@test "both are killed at once and come back the other way round" {
    load_start load gateway "$STACK/list" -c 50 -p 20
    process_kill redis
    process_kill ldap
    wait_until 20 unknown_at_once 5
    load_goes_on
    slapd_start ldap
    wait_until 20 answered 6 200
    redis_start redis
    wait_until 20 metric_is certlookup_redis_up 1
    load_goes_on
    load_stop load
    all_right load
    same_process
}

@test "a Redis that does not answer any more costs its time-out once, one line, and is found again" {
    wait_until 60 settled
    away=$(log_lines gateway "redis is away")
    errors=$(metric certlookup_redis_errors_total)
    load_start load gateway "$STACK/list" -c 50 -p 20
    load_goes_on
    process_signal redis STOP
    wait_until 20 metric_is certlookup_redis_up 0
    load_goes_on
    load_goes_on
    equal "lines that it is away" $((away + 1)) "$(log_lines gateway "redis is away")"
    [ "$(metric certlookup_redis_errors_total)" -gt "$errors" ]
    process_signal redis CONT
    wait_until 20 metric_is certlookup_redis_up 1
    hits=$(metric certlookup_redis_hits_total)
    wait_until 20 metric_reaches certlookup_redis_hits_total $((hits + 50))
    load_stop load
    all_right load
    equal "5xx" 0 "$(errors_of load)"
}

@test "a full Redis: answers go on, one line, counted; once it has room records go there again" {
    wait_until 60 settled
    redis_ask redis FLUSHALL > /dev/null
    full=$(log_lines gateway "redis is full")
    errors=$(metric certlookup_redis_errors_total)
    redis_ask redis CONFIG SET maxmemory-policy noeviction > /dev/null
    redis_ask redis CONFIG SET maxmemory 1mb > /dev/null
    load_start load gateway "$STACK/list" -c 50 -p 20
    wait_until 20 metric_reaches certlookup_redis_errors_total $((errors + 50))
    load_goes_on
    load_goes_on
    equal "lines that it is full" $((full + 1)) "$(log_lines gateway "redis is full")"
    equal "up" 1 "$(metric certlookup_redis_up)"

    redis_ask redis CONFIG SET maxmemory 0 > /dev/null
    hits=$(metric certlookup_redis_hits_total)
    wait_until 20 metric_reaches certlookup_redis_hits_total $((hits + 50))
    load_stop load
    all_right load
    equal "5xx" 0 "$(errors_of load)"
}

@test "an answer past its life is marked while the directory is away: header, JSON, nobody keeps it" {
    local address
    address=$(people_of two-good | head -n 1)
    get "$(recipient_url "$address")"
    equal "status" 200 "$code"
    equal "stale" false "$(json stale)"
    equal "for whom" private "$(header cache-control)"
    certificate=$(json certificate | head -n 1)

    process_kill ldap
    is_stale() {
        get "$(recipient_url "$address")" && [ "$code" = 200 ] && [ "$(json stale)" = true ]
    }
    wait_until 20 is_stale
    [[ "$(header cache-status)" == *"detail=stale"* ]]
    equal "for whom" no-store "$(header cache-control)"
    equal "certificate" "$certificate" "$(json certificate | head -n 1)"
    [ "$(date -d "$(header expires)" +%s)" -lt "$(date -d "$(header date)" +%s)" ]
    get "$(recipient_url "$address")/certificate"
    equal "status" 200 "$code"
    [[ "$(header cache-status)" == *"detail=stale"* ]]

    # That there is none is never said of old.
    get "$(recipient_url "$(people_of expired | head -n 1)")"
    equal "status" 503 "$code"
    equal "type" application/problem+json "$(header content-type)"
    [ "$(header retry-after)" -ge 1 ]

    slapd_start ldap
    is_fresh() {
        get "$(recipient_url "$address")" && [ "$code" = 200 ] && [ "$(json stale)" = false ]
    }
    wait_until 40 is_fresh
}

@test "a gateway that starts while everything is away answers as soon as something is there" {
    local address
    address=$(people_of idn | head -n 1)
    process_kill redis
    process_kill ldap
    gateway_start late brief_config
    get "$(gateway_url late)/readyz"
    equal "ready" 200 "$code"
    get "$(recipient_url "$address" late)"
    equal "status" 503 "$code"
    redis_start redis
    slapd_start ldap
    is_there() {
        get "$(recipient_url "$address" late)" && [ "$code" = 200 ]
    }
    wait_until 40 is_there
    wait_until 20 metric_is certlookup_redis_up 1 late
    process_stop late
}

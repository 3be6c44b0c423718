#!/usr/bin/env bats
# /metrics is what Prometheus wants, tells what came about, and has all that docs/grafana.json and docs/alerts.yml ask for.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway demo_config
    gateway_start alone alone_config
    see_all_outcomes > "$STACK/outcomes"
}

teardown_file() {
    stack_end
}

# No Redis, and a directory that is not there.
alone_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap | sed 's/^        uri .*/        uri = [ "ldap:\/\/127.0.0.1:1" ];/')"
    config_trust
}

# One found in the directory and then 200 times in memory, one without a certificate, one of a directory that is not
# there; a batch, a refusal, an answer that has not changed.
see_all_outcomes() {
    local alice url i etag
    alice=$(first_of rsa)
    url=$(recipient_url "$alice")/certificate
    get "$url" && echo "$code"
    etag=$(header etag)
    for ((i = 0; i < 200; i++)); do printf 'url = "%s"\noutput = /dev/null\n' "$url"; done | curl --silent -K -
    get "$url" -H "If-None-Match: $etag" && echo "$code"
    get "$(recipient_url "$(first_of revoked)")" && echo "$code"
    get "$(recipient_url "$alice" alone)" && echo "$code"
    get "$(gateway_url gateway)/v1/recipients" -H 'Content-Type: application/json' \
        -d "{\"recipients\": [\"$(first_of expired)\"]}" && echo "$code"
    get "$(gateway_url gateway)/v1/purge" -H 'Content-Type: application/json' -d '{"all": true}' && echo "$code"
}

metrics() { # [GATEWAY]: into the file `body`
    get "$(gateway_url "${1:-gateway}")/metrics"
    equal status 200 "$code"
}

@test "promtool finds nothing wrong, with all outcomes seen" {
    equal "what was asked" '200 304 404 503 200 401' "$(tr '\n' ' ' < "$STACK/outcomes" | sed 's/ $//')"
    local which said
    for which in gateway alone; do
        metrics $which
        said=$(promtool check metrics < "$body" 2>&1) || say_failed "$said"
        equal "what promtool says" '' "$said"
    done
}

@test "lookups and times are counted by layer and outcome" {
    equal "from the directory" 1 "$(metric 'certlookup_lookups_total{layer="directory",outcome="found"}')"
    equal "none" 2 "$(metric 'certlookup_lookups_total{layer="directory",outcome="none"}')"
    equal "from memory" 201 "$(metric 'certlookup_lookups_total{layer="memory",outcome="found"}')"
    equal "timed, all" 1 "$(metric 'certlookup_lookup_seconds_count{layer="directory",outcome="found"}')"
    equal "timed, all" 2 "$(metric 'certlookup_lookup_seconds_count{layer="directory",outcome="none"}')"
    equal "unknown" 1 "$(metric 'certlookup_lookup_seconds_count{layer="directory",outcome="unknown"}' "$(gateway_url alone)")"
    local sampled
    sampled=$(metric 'certlookup_sampled_hit_seconds_count{layer="memory"}')
    [ "$sampled" -ge 2 ] && [ "$sampled" -le 60 ] || say_failed "$sampled of 201 hits are in the sample"
    equal "of batches" 1 "$(metric 'certlookup_http_responses_total{class="2xx",route="batch"}')"
    equal "timed" 1 "$(metric 'certlookup_http_request_seconds_count{route="batch"}')"
    equal "refused" 1 "$(metric 'certlookup_http_responses_total{class="4xx",route="purge"}')"
    equal "unchanged" 1 "$(metric 'certlookup_http_responses_total{class="3xx",route="certificate"}')"
}

@test "/v1/status tells the same times" {
    get "$(gateway_url gateway)/v1/status"
    grep -oE '"latency":\{.*\}\]\}' "$body" > "$BATS_TEST_TMPDIR/latency"
    equal layers 'memory redis directory stale' "$(json layer "$BATS_TEST_TMPDIR/latency" | tr '\n' ' ' | sed 's/ $//')"
    local sum
    sum=$(grep -oE '"layer":"directory","counts":\[[0-9,]*' "$body" | sed 's/.*\[//' | tr ',' '\n' |
        awk '{ sum += $1 } END { print sum }')
    equal "lookups in the directory" 3 "$sum"
}

@test "the process is told of as Prometheus has it of all" {
    local name pid
    pid=$(process_pid gateway)
    metrics
    for name in cpu_seconds_total resident_memory_bytes virtual_memory_bytes open_fds max_fds start_time_seconds threads; do
        [ "$(awk -v name="process_$name" '$1 == name { print ($2 > 0) }' "$body")" = 1 ] || say_failed "process_$name"
    done
    equal threads "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" "$(metric process_threads)"
    equal "descriptors" "$(awk '/^Max open files/ { print $4 }' "/proc/$pid/limits")" "$(metric process_max_fds)"
}

@test "no Redis is not a Redis that is down" {
    equal "with one" 1 "$(metric certlookup_redis_up)"
    equal "without" '' "$(metric certlookup_redis_up "$(gateway_url alone)")"
}

names_of() { # FILE: the metrics that it asks for, but for what Prometheus itself makes
    awk -f tests/scripts/promql-names.awk "$1" | grep -vx up | sort -u
}

@test "all that the dashboard and the alerts ask for is there" {
    local file name
    metrics
    sed 's/[{ ].*//; /^#/d' "$body" | sort -u > "$BATS_TEST_TMPDIR/there"
    for file in docs/grafana.json docs/alerts.yml; do
        names_of $file > "$BATS_TEST_TMPDIR/asked"
        [ "$(wc -l < "$BATS_TEST_TMPDIR/asked")" -ge 15 ]
        name=$(comm -23 "$BATS_TEST_TMPDIR/asked" "$BATS_TEST_TMPDIR/there")
        [ -z "$name" ] || say_failed "$file asks for $name"
    done
    # And each value of a label that an expression picks out.
    grep -ohE '(class|door|kind|layer|limit|outcome|result|route|why)!?=~?\\?"[^"\\]*' docs/grafana.json docs/alerts.yml |
        sed 's/!\{0,1\}=~\{0,1\}\\\{0,1\}"/ /' | sort -u > "$BATS_TEST_TMPDIR/picked"
    [ "$(wc -l < "$BATS_TEST_TMPDIR/picked")" -ge 10 ]
    while read -r label values; do
        for name in ${values//|/ }; do
            grep -qE "$label=\"$name\"" "$body" || say_failed "nothing has $label=\"$name\""
        done
    done < "$BATS_TEST_TMPDIR/picked"
}

@test "a name that is not there is found out" {
    sed 's/certlookup_redis_up{/certlookup_redis_is_up{/' docs/grafana.json > "$BATS_TEST_TMPDIR/wrong.json"
    sed 's/for: 30m/for: 31m/; s/^ *expr: changes(process_start_time_seconds/    expr: changes(process_begun/' \
        docs/alerts.yml > "$BATS_TEST_TMPDIR/wrong.yml"
    names_of "$BATS_TEST_TMPDIR/wrong.json" | grep -qx certlookup_redis_is_up
    names_of "$BATS_TEST_TMPDIR/wrong.yml" | grep -qx process_begun
}

@test "the alert rules are sound, and fire when they have to, each" {
    local alert said
    said=$(promtool check rules docs/alerts.yml 2>&1) || say_failed "$said"
    said=$(promtool test rules tests/data/alerts-test.yml 2>&1) || say_failed "$said"
    # Every one is tried both ways, and stands in the page that says what to do.
    while read -r alert; do
        grep -q "alertname: $alert, .*exp_alerts: \[\] }" tests/data/alerts-test.yml || say_failed "$alert: when not?"
        grep -A 3 "alertname: $alert\$" tests/data/alerts-test.yml | grep -q exp_labels || say_failed "$alert: when?"
        grep -q "^| \`$alert\` |" docs/monitoring.md || say_failed "$alert: what then?"
    done < <(sed -n 's/^ *- alert: //p' docs/alerts.yml)
    # Each has all that who is woken wants to know.
    for word in for: severity: summary: description:; do
        equal "rules with $word" "$(grep -c '^ *- alert: ' docs/alerts.yml)" "$(grep -cE "(^ *|\{ )$word" docs/alerts.yml)"
    done
}

@test "a rule that does not fire is found out" {
    sed 's/ > 0.05$/ > 0.5/' docs/alerts.yml > "$BATS_TEST_TMPDIR/alerts.yml"
    sed "s|../../docs/alerts.yml|$BATS_TEST_TMPDIR/alerts.yml|" tests/data/alerts-test.yml > "$BATS_TEST_TMPDIR/test.yml"
    run ! promtool test rules "$BATS_TEST_TMPDIR/test.yml"
}

@test "the dashboard is one that Grafana takes" {
    node tests/node/grafana.js docs/grafana.json
}

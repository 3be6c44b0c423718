#!/usr/bin/env bats
# 200 certificates that vary in everything: HTTP, explain, the command line and inspect agree to the letter, and with what
# their maker put into them.

bats_require_minimum_version 1.5.0
load stack
load cases

setup_file() {
    stack_begin
    cases_make agree
    cases_slapd ldap
    gateway_start gateway agree_config
    ask_all
}

teardown_file() {
    stack_end
}

agree_config() {
    config_listen "$2"
    cases_directory
    cat << CONF
trust = {
    anchors       = [ $(config_string "$CASES/anchors") ];
    intermediates = [ $(config_string "$CASES/intermediates") ];
    crls          = [ $(config_string "$CASES/crls") ];
    revocation    = "require";
};
CONF
}

# Each document on a line of its own, in the order of the table: plain, http, directly, through, inspect. Then, of each
# but the first, what it says of its value: FILE.verdicts.
ask_all() {
    local trust=(-A "$CASES/anchors" --intermediate "$CASES/intermediates" --crl "$CASES/crls" --revocation require)
    local address name answers=$STACK/answers file
    mkdir -p "$answers"
    while read -r address; do
        printf 'url = "%s"\n' "$(gateway_url gateway)/v1/recipients/$address" >> "$answers/plain.conf"
        printf 'url = "%s"\n' "$(gateway_url gateway)/v1/recipients/$address?explain=1" >> "$answers/http.conf"
    done < <(cases_rows | cut -f 1)
    for file in plain http; do
        curl -s --max-time 60 -w '\n' -K "$answers/$file.conf" | grep . > "$answers/$file"
    done
    cases_rows | cut -f 1 | "$BUILD/certlookup" -H "$(slapd_uri ldap)" -b "$BASE_DN" "${trust[@]}" -o json --explain - \
        > "$answers/directly" || true
    cases_rows | cut -f 1 | "$BUILD/certlookup" -u "$(gateway_url gateway)" -o json --explain - \
        > "$answers/through" || true
    while IFS=$'\t' read -r address _ name _; do
        "$BUILD/certlookup" "${trust[@]}" -o json --explain --inspect "$CASES/leaves/$name" "$address"
    done < <(cases_rows) > "$answers/inspect" || true
    for file in http directly through inspect; do
        verdicts < "$answers/$file" > "$answers/$file.verdicts"
    done
}

# From documents to lines: address, outcome, the value's reason and detail, the way to the verdict.
verdicts() {
    sed -E 's/^\{"address":"([^"]*)".*"outcome":"([a-z]*)"(.*)/\1 \2 \3/
        s/^([^ ]+ found) .*("explanation":\{.*)/\1 \2/
        s/^([^ ]+ none) .*"refused":\[\{"reason":"([a-z_]*)"(.*)/\1 \2 \3/
        s/"(reason_text|directory|subject|dn)":"[^"]*",?//g
        s/"source":"(cases|ldap[^"]*): /"source":"/g
        s/"source":\{[^}]*\},?//g
        s/,?"(directories|layer|policy|made_at|fresh_until|stale|partial)":("[0-9a-f:TZ-]*"|true|false|\[.*)//g'
}

@test "there are 200, of at least 12 verdicts, no two alike" {
    equal certificates 200 "$(cases_rows | wc -l)"
    [ "$(cases_rows | cut -f 2 | sort -u | wc -l)" -ge 12 ]
    [ "$(cases_rows | cut -f 2 | grep -c usable)" -ge 40 ]
    equal "values" 200 "$(sha256sum "$CASES"/leaves/* | cut -d ' ' -f 1 | sort -u | wc -l)"
    equal "answers" 200 "$(wc -l < "$STACK/answers/http")"
}

# same FILE FILE: or shows the beginning of what differs.
same() {
    diff "$1" "$2" > "$BATS_TEST_TMPDIR/difference" || {
        echo "$(grep -c '^<' "$BATS_TEST_TMPDIR/difference") differ:"
        cut -c 1-1000 "$BATS_TEST_TMPDIR/difference" | head -n 8
        return 1
    }
}

@test "HTTP gives the verdict that their faults add up to" {
    same <(cases_rows | cut -f 1,2) <(sed -E 's/^\{"address":"([^"]*)".*"outcome":"found".*/\1\tusable/
        s/.*"reason":"([a-z_]*)".*"address":"([^"]*)".*/\2\t\1/' "$STACK/answers/plain")
}

@test "explain over HTTP says the same, and how it came about" {
    equal explained 200 "$(grep -c '"explanation":{"policy":"trust"' "$STACK/answers/http")"
    same <(cases_rows | cut -f 1,2 | tr '\t' ' ') <(
        sed -E 's/^([^ ]+) found .*/\1 usable/; s/^([^ ]+) none ([a-z_]*) .*/\1 \2/' "$STACK/answers/http.verdicts")
}

@test "the command line agrees with HTTP to the letter" {
    same "$STACK/answers/http.verdicts" "$STACK/answers/directly.verdicts"
    same "$STACK/answers/http.verdicts" "$STACK/answers/through.verdicts"
}

@test "inspect agrees with HTTP to the letter" {
    same "$STACK/answers/http.verdicts" "$STACK/answers/inspect.verdicts"
}

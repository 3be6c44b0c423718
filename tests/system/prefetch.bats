#!/usr/bin/env bats
# 500 people of three issuers, whose certificates say where the CRLs are: each CRL is fetched once, and 10,000 lookups
# later that is still so.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd
load cases

setup_file() {
    stack_begin
    cases_published many
    gateway_start gateway prefetch_config
    cut -f 1 "$CASES/cases.tsv" | sed 's|.*|/v1/recipients/&\t200|' > "$STACK/list"
}

teardown_file() {
    stack_end
}

# Answers live for five seconds and no longer, so that each certificate is looked for, and judged, again and again.
prefetch_config() {
    config_listen "$2"
    cases_directory
    cat << CONF
trust = {
    anchors       = [ $(config_string "$CASES/anchors") ];
    intermediates = [ $(config_string "$CASES/intermediates") ];
    revocation    = "require";
};
fetch = { networks = [ "127.0.0.1" ]; };
cache = { ttl = "5s"; negttl = "1s"; limitttl = "1s"; ttr = "0"; revalidate = "0"; };
CONF
}

fetches() { # all that were begun, whatever came of them
    curl -s --max-time 60 "$(gateway_url gateway)/metrics" |
        awk '/^certlookup_fetches_total\{/ { sum += $2 } END { print sum + 0 }'
}

@test "the first lookups fetch each of the four CRLs once" {
    load_run first gateway "$STACK/list" -c 4 -n 500
    all_right first
    equal answers 500 "$(reported first 'status 200')"
    equal requests "$(printf 'GET /ok/%s.crl\n' first root second third)" "$(sort "$STACK/pki/requests")"
    equal fetches 4 "$(fetches)"
}

@test "10,000 lookups over 500 leaves and 3 issuers later, nothing more was fetched" {
    local before
    before=$(metric 'certlookup_lookups_total{layer="directory"}')
    sleep 5 # none of the answers is good any more: at least one round of the 500 is judged anew
    load_start many gateway "$STACK/list" -c 8 -n 10000
    wait_until 150 process_is_down many
    all_right many
    equal answers 10000 "$(reported many 'status 200')"
    equal requests 4 "$(pkiserver_requests pki)"
    equal fetches 4 "$(fetches)"
    [ "$(($(metric 'certlookup_lookups_total{layer="directory"}') - before))" -ge 500 ]
}

@test "each answer says that its chain was looked up in a CRL" {
    local address count=0
    while read -r address; do
        get "$(recipient_url "$address")"
        equal "$address" good "$(json status | head -n 1)"
        count=$((count + 1))
    done < <(cut -f 1 "$CASES/cases.tsv" | awk 'NR % 25 == 0')
    equal looked 20 $count
}

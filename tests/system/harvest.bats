#!/usr/bin/env bats
# Limits for each client: who tries names out comes to an end, who has a token does not; and whom a proxy speaks for.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

NONE_BURST=100
NONE_RATE=6 # a minute
LOOKUPS_BURST=3000
LOOKUPS_RATE=60

setup_file() {
    stack_begin
    slapd_start ldap
    "$BUILD/certlookupd" --new-token mail > "$STACK/token.mail"
    sed -n 's/^line:  //p' "$STACK/token.mail" > "$STACK/tokens"
    chmod 600 "$STACK/tokens"
    gateway_start gateway proxied_config
    gateway_start direct limited_config
    gateway_start small small_config
}

teardown_file() {
    stack_end
}

limited_config() { # NAME PORT [PROXIES]
    config_listen "$2"
    config_directories "$(config_directory example ldap)"
    config_trust
    cat << CONF
http = {
    open-to = "all";
    tokens-file = $(config_string "$STACK/tokens");
    trusted-proxies = [ ${3:-} ];
};
limits = {
    lookups       = $LOOKUPS_RATE;
    lookups-burst = $LOOKUPS_BURST;
    none          = $NONE_RATE;
    none-burst    = $NONE_BURST;
};
CONF
}

proxied_config() {
    limited_config "$1" "$2" '"127.0.0.1"'
}

# Five lookups a minute, eight at once.
small_config() {
    LOOKUPS_BURST=8 LOOKUPS_RATE=5 proxied_config "$@"
}

token() {
    sed -n 's/^token: //p' "$STACK/token.mail"
}

# statuses GATEWAY CLIENT PATH [OPTION…]: of each request that curl makes of the path and its ranges, counted.
statuses() {
    curl -s --path-as-is -H "X-Forwarded-For: $2" -o /dev/null -w '%{http_code}\n' "${@:4}" \
        "$(gateway_url "$1")$3" | sort | uniq -c | awk '{ print $2, $1 }'
}

# so_many STATUS: of the output of statuses.
so_many() {
    awk -v status="$1" '$1 == status { n = $2 } END { print n + 0 }'
}

# at_most BURST RATE SECONDS: what a bucket gives in that time.
at_most() {
    echo $(($1 + $2 * $3 / 60 + 1))
}

refused_even_so() {
    statuses gateway 192.0.2.1 "/v1/recipients/name[1-9]@example.org/certificate" > /dev/null
    get "$(gateway_url gateway)/v1/recipients/$(first_of rsa)/certificate" -H 'X-Forwarded-For: 192.0.2.1'
    [ "$code" = 429 ]
}

@test "who tries 10,000 names out is told of no more than the limit, and then nothing" {
    local said began=$SECONDS told
    said=$(statuses gateway 192.0.2.1 '/v1/recipients/name[1-10000]@example.org/certificate')
    told=$(so_many 404 <<< "$said")
    echo "# ${said//$'\n'/, }" >&3
    [ "$told" -ge "$NONE_BURST" ]
    [ "$told" -le "$(at_most "$NONE_BURST" "$NONE_RATE" $((SECONDS - began)))" ]
    equal "all others are refused" $((10000 - told)) "$(so_many 429 <<< "$said")"
    # Not even whom it could find, until some time has gone by.
    refused_even_so || refused_even_so # one may have come back in between
    equal status 429 "$code"
    equal type application/problem+json "$(header content-type)"
    [ "$(header retry-after)" -ge 1 ]
    grep -q 'this client has looked up too many, or too many in vain' "$body"
    # Everybody else is as before.
    equal "another client" 200 "$(statuses gateway 192.0.2.2 "/v1/recipients/$(first_of rsa)/certificate" | cut -d ' ' -f 1)"
    # This machine's own requests are not those of the proxy.
    get "$(gateway_url gateway)/v1/recipients/$(first_of rsa)/certificate"
    equal "this machine" 200 "$code"
    get "$(gateway_url gateway)/metrics"
    [ "$(sed -n 's/^certlookup_limit_reached_total{limit="client_none"} //p' "$body")" -ge 9800 ]
}

# names FROM COUNT: a body of a batch.
names() {
    seq -f '"name%g@example.org"' "$1" $(($1 + $2 - 1)) | paste -s -d , | sed 's/.*/{"recipients":[&]}/'
}

@test "nor by batches" {
    local i told=0 began=$SECONDS
    for ((i = 0; i < 20; i++)); do
        get "$(gateway_url gateway)/v1/recipients" -H 'X-Forwarded-For: 192.0.2.3' -H 'Content-Type: application/json' \
            --data-raw "$(names $((20000 + 500 * i)) 500)"
        [ "$code" = 200 ] || [ "$code" = 429 ]
        told=$((told + $(grep -o '"status":"none"' "$body" | wc -l)))
    done
    [ "$told" -ge "$NONE_BURST" ]
    [ "$told" -le "$(at_most "$NONE_BURST" "$NONE_RATE" $((SECONDS - began)))" ]
}

@test "who asks for whom there is has a limit, too" {
    local said
    said=$(statuses gateway 192.0.2.4 "/v1/recipients/$(first_of rsa)/certificate#[1-4000]")
    [ "$(so_many 200 <<< "$said")" -ge "$LOOKUPS_BURST" ]
    [ "$(so_many 429 <<< "$said")" -ge 500 ]
    equal "nothing else" 4000 $(($(so_many 200 <<< "$said") + $(so_many 429 <<< "$said")))
}

many() { # GATEWAY CLIENT PATH COUNT: the same request so many times
    local i urls=()
    for ((i = 0; i < $4; i++)); do
        urls+=("$(gateway_url "$1")$3" -o /dev/null)
    done
    curl -s -H "X-Forwarded-For: $2" "${urls[@]}"
}

# bundle CLIENT COUNT: asks for one of so many.
bundle() {
    get "$(gateway_url small)/v1/recipients?format=p7c" -H "X-Forwarded-For: $1" -H 'Content-Type: application/json' \
        --data-raw "$(people_of rsa | head -n "$2" | sed 's/.*/"&"/' | paste -s -d , | sed 's/.*/{"recipients":[&]}/')"
}

@test "a bundle is refused until there is enough for all of it, and for good where there never will be" {
    bundle 192.0.2.7 5
    equal "five of eight" 200 "$code"
    bundle 192.0.2.7 6
    equal "three are left" 429 "$code"
    [ "$(header retry-after)" -gt 24 ] && [ "$(header retry-after)" -le 36 ] # three more, one in twelve seconds
    bundle 192.0.2.8 9
    equal "more than can be" 413 "$code"
    equal "when to come back" "" "$(header retry-after)"
    grep -q '"detail": *"9 recipients, and this client may look up at most 8 at once' "$body"
    bundle 192.0.2.8 8
    equal "it has taken nothing" 200 "$code"
}

# grown METRIC COMMAND…: by how much, while the command ran.
grown() {
    local before
    before=$(metric "$1" "$(gateway_url small)")
    "${@:2}"
    echo $(($(metric "$1" "$(gateway_url small)") - ${before:-0}))
}

@test "who is refused was not looked up, and is no outcome" {
    local path
    path="/v1/recipients/$(first_of rsa)/certificate"
    statuses small 192.0.2.9 "$path" > /dev/null
    equal "from memory" 7 "$(grown 'certlookup_lookups_total{layer="memory"}' many small 192.0.2.9 "$path" 20)"
    equal "found" 0 "$(grown certlookup_outcomes_total many small 192.0.2.9 "$path" 20)"
    equal "with a wrong token" 1 "$(grown certlookup_http_tokens_ignored_total \
        get "$(gateway_url small)$path" -H 'X-Forwarded-For: 192.0.2.9' -H 'Authorization: Bearer wrong')"
    get "$(gateway_url small)/v1/recipients" -H 'X-Forwarded-For: 192.0.2.10' -H 'Content-Type: application/json' \
        --data-raw "$(names 1 20)"
    equal "a batch" 200 "$code"
    equal "of whom" 12 "$(grep -o '"status":"limit"' "$body" | wc -l)"
    equal "unknown" 0 "$(metric 'certlookup_outcomes_total{outcome="unknown"}' "$(gateway_url small)")"
}

@test "a mail server with 500 recipients to a message is never limited by that" {
    local i
    for ((i = 0; i < 20; i++)); do
        get "$(gateway_url gateway)/v1/recipients" -H "Authorization: Bearer $(token)" \
            -H 'X-Forwarded-For: 192.0.2.3' -H 'Content-Type: application/json' \
            --data-raw "$(names $((40000 + 500 * i)) 500)"
        equal status 200 "$code"
        equal "all are told" 500 "$(grep -o '"status":"none"' "$body" | wc -l)"
    done
}

@test "what a client says of itself helps only by a proxy that is trusted" {
    local said i
    said=$(for ((i = 1; i <= 10; i++)); do
        statuses direct "198.51.100.$i" "/v1/recipients/forged$i-[1-50]@example.org/certificate"
    done | awk '{ n[$1] += $2 } END { for (s in n) print s, n[s] }')
    [ "$(so_many 404 <<< "$said")" -le $((NONE_BURST + 10)) ]
    [ "$(so_many 429 <<< "$said")" -ge 390 ]
    # And by ours only what it says itself: it puts the client's address behind what came.
    said=$(for ((i = 1; i <= 10; i++)); do
        statuses gateway "198.51.100.$i, 192.0.2.5" "/v1/recipients/forged$i-[1-50]@example.org/certificate"
    done | awk '{ n[$1] += $2 } END { for (s in n) print s, n[s] }')
    [ "$(so_many 404 <<< "$said")" -le $((NONE_BURST + 10)) ]
    [ "$(so_many 429 <<< "$said")" -ge 390 ]
}

@test "the log does not say whom they look for, unless told to" {
    local address=$BATS_TEST_NUMBER-nobody@example.org
    get "$(gateway_url gateway)/v1/recipients/$address"
    equal status 404 "$code"
    wait_until 10 grep -qE 'lookup address=~[0-9a-f]{16}@example\.org outcome=none' "$STACK/gateway/log"
    run ! grep -rF "$address" "$STACK/gateway/log"
    sed -i '$ a log = { addresses = "plain"; };' "$STACK/gateway/certlookupd.conf"
    process_signal gateway HUP
    wait_until 10 grep -q 'configuration reloaded' "$STACK/gateway/log"
    get "$(gateway_url gateway)/v1/recipients/plain.$address"
    wait_until 10 grep -qF "lookup address=plain.$address outcome=none" "$STACK/gateway/log"
}

# refuses CONFIG WORDS: certlookupd -t says so.
refuses() {
    {
        config_listen 0
        config_directories "$(config_directory example ldap)"
        config_trust
        echo "$1"
    } > "$BATS_TEST_TMPDIR/config"
    run ! --separate-stderr "$BUILD/certlookupd" -t -c "$BATS_TEST_TMPDIR/config"
    grep -qF "$2" <<< "$stderr" || say_failed "$1: $stderr"
}

@test "limits and proxies that cannot be are refused" {
    refuses 'limits = { lookups = -1; };' 'limits.lookups'
    refuses 'limits = { none-burst = 0; };' 'limits.none-burst'
    refuses 'limits = { none = "many"; };' 'limits.none'
    refuses 'limits = { lokups = 1; };' 'limits.lookups'
    refuses 'http = { trusted-proxies = [ "proxy.example.org" ]; };' 'http.trusted-proxies[0]'
    refuses 'http = { trusted-proxies = [ "10.0.0.1/8" ]; };' 'http.trusted-proxies[0]'
}

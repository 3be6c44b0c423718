#!/usr/bin/env bats
# Many who ask the same, what a second question costs, and what gateways take from each other by way of Redis.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    slapd_start ldap
    redis_start redis
    gateway_start gateway patient_config
    gateway_start second patient_config
    "$BUILD/certlookupd" --new-key "$STACK/stranger.key"
    gateway_start stranger stranger_config
}

teardown_file() {
    stack_end
}

# A busy machine may take its time to bring up 200 clients.
patient_config() {
    config_listen "$2"
    config_directories "$(config_directory example ldap 'timeout = "25s";')"
    config_trust
    config_redis redis
    echo 'lookup = { deadline = "30s"; };'
}

stranger_config() {
    patient_config "$@" | sed "s|seal\.key|stranger.key|"
}

nth_of() {
    people_of "$1" | sed -n "$2p"
}

# ask GATEWAY ADDRESS: the certificate must be what the directory has.
ask() {
    local values=$BATS_TEST_TMPDIR/of.$2
    [ -d "$values" ] || slapd_values ldap "$2" "$values"
    get "$(recipient_url "$2" "$1")/certificate"
    equal "$2 of $1: status" 200 "$code"
    cmp "$values/1.userCertificate" "$body"
}

searches_of() {
    slapd_searches ldap "(mail=$1)"
}

# Beside them stands a record of what was dropped.
only_key() {
    redis_ask redis --raw KEYS '*' | grep -v ':p:'
}

# stored_alone ADDRESS: Redis holds the gateway's record of this address and no other; sets `key`.
stored_alone() {
    redis_ask redis FLUSHALL > /dev/null
    ask gateway "$1"
    wait_until 5 redis_holds 1
    key=$(only_key)
}

redis_holds() {
    [ "$(only_key | wc -l)" = "$1" ]
}

# The second gateway does not take what Redis has for it, says so, and asks the directory.
refuses_record_of() {
    local address=$1 counter=${2:-certlookup_redis_bad_seals_total} refused searches sets
    refused=$(metric "$counter" "$(gateway_url second)")
    sets=$(metric certlookup_redis_sets_total "$(gateway_url second)")
    searches=$(slapd_searches ldap)
    ask second "$address"
    equal "refused" $((refused + 1)) "$(metric "$counter" "$(gateway_url second)")"
    equal "searches" $((searches + 1)) "$(slapd_searches ldap)"
    equal "how it came" "certlookup; fwd=miss" "$(header cache-status)"
    equal "stored anew" $((sets + 1)) "$(metric certlookup_redis_sets_total "$(gateway_url second)")"
}

# commands WORDS: how often Redis was sent one that begins with these words, for an answer and not for evidence.
commands() {
    grep -F "\"certlookup:" "$STACK/monitor/log" | grep -vF ':e:' | grep -cE "\] \"($1)\"" || true
}

# thousand_wait ADDRESS: for the slapd that is stopped meanwhile, all at once.
thousand_wait() {
    local address=$1 gets joined searches
    printf '/v1/recipients/%s\t200\n' "$(encoded "$address")" > "$BATS_TEST_TMPDIR/list"
    mkdir -p "$STACK/monitor"
    rm -f "$STACK/monitor/log"
    process_run monitor redis-cli -p "$(server_port redis)" MONITOR
    wait_until 10 log_has monitor OK
    gets=$(metric certlookup_redis_gets_total)
    joined=$(metric certlookup_lookups_joined_total)
    searches=$(metric 'certlookup_ldap_searches_total{directory="example"}')

    process_signal ldap STOP
    load_start crowd gateway "$BATS_TEST_TMPDIR/list" -c 1000 -n 1000
    wait_until 25 metric_is certlookup_waiting_requests 1000
    equal "flights" 1 "$(metric certlookup_flights)"
    process_signal ldap CONT
    load_wait crowd
    is_stored() {
        [ "$(commands SET)" -ge 1 ]
    }
    wait_until 5 is_stored
    process_stop monitor

    all_right crowd
    equal "answers" 1000 "$(reported crowd "status 200")"
    equal "different answers" 1 "$(cut -f 1,2 "$STACK/crowd/answers" | sort -u | wc -l)"
    equal "searches" 1 "$(searches_of "$address")"
    equal "searches by our count" $((searches + 1)) "$(metric 'certlookup_ldap_searches_total{directory="example"}')"
    equal "who waited with another" $((joined + 999)) "$(metric certlookup_lookups_joined_total)"
    equal "records asked for" $((gets + 1)) "$(metric certlookup_redis_gets_total)"
    equal "GETs that Redis saw" 1 "$(commands 'GET|GETRANGE')"
    equal "SETs that Redis saw" 1 "$(commands SET)"
    equal "who waits" 0 "$(metric certlookup_waiting_requests)"
}

hedges() {
    metric 'certlookup_hedges_total{event="begun"}'
}

# Field 41 of a thread's stat is its policy (proc(5)), and the second one its name, in which no blank is here.
@test "threads that read requests do not interrupt who sends them (SCHED_BATCH), others are as ever" {
    local policies
    chrt -b 0 true || skip "this system lets nobody choose" # which counts as failed
    policies=$(cat "/proc/$(process_pid gateway)"/task/*/stat | awk '{ print $2, $41 }' | sort -u)
    grep -qx '(http) 3' <<< "$policies"
    run ! grep -v '^(http) 3$' <<< "$(grep -v ' 0$' <<< "$policies")"
}

@test "1,000 clients wait for one address: one search, one GET, one SET, 1,000 equal answers" {
    thousand_wait "$(nth_of rsa 1)"
}

@test "the same while Redis is cold, and it and the directory are asked at once" {
    local number before
    for number in {1..20}; do
        get "$(recipient_url "nobody$number@example.org")"
        equal "status" 404 "$code"
    done
    before=$(hedges)
    [ "$before" -gt 0 ] || say_failed "Redis is asked first all the same"
    thousand_wait "$(nth_of rsa 22)"
    equal "asked both at once" $((before + 1)) "$(hedges)"
    equal "in vain" 0 "$(metric 'certlookup_hedges_total{event="in_vain"}')"
}

@test "200 clients storm an address nobody holds up: one search all the same" {
    local address
    address=$(nth_of rsa 2)
    found_lines ldap rsa 2 | tail -n 1 > "$BATS_TEST_TMPDIR/list"
    before=$(searches_of "$address") # ldapsearch's own
    load_run crowd gateway "$BATS_TEST_TMPDIR/list" -c 200 -n 2000
    all_right crowd
    equal "answers" 2000 "$(reported crowd "status 200")"
    equal "searches" $((before + 1)) "$(searches_of "$address")"
}

@test "the same for an address that nobody has: one search, 200 times 404" {
    local address
    address=$(nth_of no-entry 1)
    printf '/v1/recipients/%s\t404\n' "$(encoded "$address")" > "$BATS_TEST_TMPDIR/list"
    load_run crowd gateway "$BATS_TEST_TMPDIR/list" -c 200 -n 200
    all_right crowd
    equal "different answers" 1 "$(cut -f 1,2 "$STACK/crowd/answers" | sort -u | wc -l)"
    equal "searches" 1 "$(searches_of "$address")"
}

@test "a second question: no LDAP, no Redis" {
    local address before hits
    address=$(nth_of rsa 3)
    ask gateway "$address"
    wait_until 5 metric_is certlookup_waiting_requests 0
    counts() {
        echo "searches $(slapd_searches ldap)" \
            "our searches $(metric 'certlookup_ldap_searches_total{directory="example"}')" \
            "our gets $(metric certlookup_redis_gets_total) sets $(metric certlookup_redis_sets_total)" \
            "redis ran $(redis_calls getrange) $(redis_calls set)"
    }
    before=$(counts)
    hits=$(metric 'certlookup_lookups_total{layer="memory"}')
    for ((i = 0; i < 20; i++)); do
        ask gateway "$address"
        equal "how it came" "certlookup; hit" "$(header cache-status)"
    done
    get "$(recipient_url "${address^^}")" # the same in capitals
    equal "status" 200 "$code"
    equal "what it cost" "$before" "$(counts)"
    equal "hits" $((hits + 21)) "$(metric 'certlookup_lookups_total{layer="memory"}')"
}

@test "another gateway on the same Redis: no LDAP" {
    local address
    for address in "$(nth_of rsa 4)" "$(nth_of ec-p256 1)" "$(nth_of two-good 1)" "$(nth_of pkcs7-chain 1)"; do
        get "$(recipient_url "$address")"
        equal "status" 200 "$code"
        cp "$body" "$BATS_TEST_TMPDIR/first"
        searches=$(slapd_searches ldap)
        hits=$(metric certlookup_redis_hits_total "$(gateway_url second)")
        get "$(recipient_url "$address" second)"
        equal "status" 200 "$code"
        equal "how it came" "certlookup; hit; detail=shared" "$(header cache-status)"
        cmp "$BATS_TEST_TMPDIR/first" "$body"
        equal "searches" "$searches" "$(slapd_searches ldap)"
        equal "hits in Redis" $((hits + 1)) "$(metric certlookup_redis_hits_total "$(gateway_url second)")"
    done
    equal "searches of the second" 0 \
        "$(metric 'certlookup_ldap_searches_total{directory="example"}' "$(gateway_url second)")"
}

@test "that there is none is shared, too" {
    local address
    address=$(nth_of expired 1)
    get "$(recipient_url "$address")"
    equal "status" 404 "$code"
    cp "$body" "$BATS_TEST_TMPDIR/first"
    searches=$(slapd_searches ldap)
    get "$(recipient_url "$address" second)"
    equal "status" 404 "$code"
    cmp "$BATS_TEST_TMPDIR/first" "$body"
    equal "searches" "$searches" "$(slapd_searches ldap)"
}

@test "Redis holds nothing in clear" {
    local address word
    address=$(nth_of rsa 5)
    stored_alone "$address"
    redis_ask redis --raw GET "$key" > "$BATS_TEST_TMPDIR/record"
    [ "$(wc -c < "$BATS_TEST_TMPDIR/record")" -gt 500 ]
    for word in "$address" "${address%@*}" example.org "Demo" "usable" "found"; do
        run ! grep -qai -- "$word" "$BATS_TEST_TMPDIR/record"
        run ! grep -qai -- "$word" <<< "$key"
    done
    # Nor what stands in every certificate: the OID of its signature.
    run ! grep -qaP '\x2a\x86\x48\x86\xf7\x0d\x01\x01' "$BATS_TEST_TMPDIR/record"
}

@test "a record with one octet altered, wherever, is refused, counted, fetched anew" {
    local address place size old nth=5
    for place in 0 1 4 12 40 half last; do
        nth=$((nth + 1))
        address=$(nth_of rsa $nth)
        stored_alone "$address"
        size=$(redis_ask redis STRLEN "$key")
        case $place in
        half) place=$((size / 2)) ;;
        last) place=$((size - 1)) ;;
        esac
        old=$(redis_ask redis --raw GETRANGE "$key" "$place" "$place" | head -c 1 | od -An -tx1)
        [ "$old" = " 41" ] && new=B || new=A
        redis_ask redis SETRANGE "$key" "$place" "$new" > /dev/null
        equal "size" "$size" "$(redis_ask redis STRLEN "$key")"
        refuses_record_of "$address"
    done
}

@test "a record cut short, and one of rubbish, likewise" {
    local address
    address=$(nth_of rsa 13)
    stored_alone "$address"
    redis_ask redis SET "$key" "$(redis_ask redis --raw GETRANGE "$key" 0 30 | tr -d '\0\n')" > /dev/null
    refuses_record_of "$address"

    address=$(nth_of rsa 14)
    stored_alone "$address"
    redis_ask redis SET "$key" "{\"outcome\":\"found\"}" > /dev/null
    refuses_record_of "$address"
}

@test "a record larger than any can be is not read" {
    local address
    address=$(nth_of rsa 15)
    stored_alone "$address"
    redis_ask redis SETRANGE "$key" 5000000 x > /dev/null
    refuses_record_of "$address" 'certlookup_limit_reached_total{limit="record_bytes"}'
}

@test "a value of another type under our key is passed over" {
    local address
    address=$(nth_of rsa 16)
    stored_alone "$address"
    redis_ask redis DEL "$key" > /dev/null
    redis_ask redis LPUSH "$key" one two > /dev/null
    refuses_record_of "$address" certlookup_redis_errors_total
}

@test "a record under another gateway's seal is refused" {
    local address ours theirs
    address=$(nth_of rsa 17)
    stored_alone "$address"
    ours=$key
    ask stranger "$address"
    wait_until 5 redis_holds 2
    theirs=$(only_key | grep -vxF "$ours")
    equal "copied" 1 "$(redis_ask redis COPY "$theirs" "$ours" REPLACE)"
    refuses_record_of "$address"
}

@test "a record moved to another address is refused" {
    local from to from_key
    from=$(nth_of rsa 18)
    to=$(nth_of rsa 19)
    stored_alone "$from"
    from_key=$key
    ask gateway "$to"
    wait_until 5 redis_holds 2
    equal "copied" 1 "$(redis_ask redis COPY "$from_key" "$(only_key | grep -vxF "$from_key")" REPLACE)"
    refuses_record_of "$to"
}

forgetful_config() {
    patient_config "$@"
    echo 'cache = { memory = "0"; };'
}

# The connections of HTTP threads, by their numbers. The engine's has its changes told to the one that listens.
reading_connections() {
    redis_ask redis --raw CLIENT LIST TYPE normal | grep -w name=certlookup | grep -w 'redir=-1' |
        sed 's/id=\([0-9]*\) .*/\1/'
}

@test "threads that read requests ask Redis themselves, and lose nothing when Redis ends their connections" {
    local ids address
    # Nobody else's connections shall be counted, or ended.
    process_stop gateway
    process_stop second
    process_stop stranger
    gateway_start forgetful forgetful_config
    found_lines ldap rsa 20 > "$BATS_TEST_TMPDIR/list"
    load_run crowd forgetful "$BATS_TEST_TMPDIR/list" -c 4 -n 100
    all_right crowd

    are_there() {
        ids=$(reading_connections) && [ "$(wc -l <<< "$ids")" -eq "$(nproc)" ]
    }
    wait_until 5 are_there
    searches=$(slapd_searches ldap)
    load_start crowd forgetful "$BATS_TEST_TMPDIR/list" -c 16 -n 8000
    for _ in 1 2 3 4 5; do
        for id in $ids; do
            redis_ask redis CLIENT KILL ID "$id" > /dev/null
        done
        sleep 0.3
        ids=$(reading_connections)
    done
    load_wait crowd
    all_right crowd
    equal "answers" 8000 "$(reported crowd "status 200")"
    equal "searches" "$searches" "$(slapd_searches ldap)"
    wait_until 15 are_there # the rests between tries have grown
    address=$(nth_of rsa 1)
    get "$(recipient_url "$address" forgetful)/certificate"
    equal "how it came" "certlookup; hit; detail=shared" "$(header cache-status)"
}

# Requests that need nothing, as fast as they are read, behind one another on one connection.
flood() { # NAME
    local many
    # shellcheck disable=SC2046  # words
    many=$(printf 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n%.0s' $(seq 500) && echo .)
    many=${many%.}
    exec 3<> "/dev/tcp/127.0.0.1/$(server_port "$1")"
    cat <&3 > /dev/null &
    while printf '%s' "$many" >&3; do :; done 2> /dev/null
}

single_config() {
    forgetful_config "$@"
    echo 'http = { threads = 1; };'
}

@test "who sends requests without end on one connection keeps nobody waiting for Redis" {
    local address took flooder
    gateway_start single single_config
    address=$(nth_of rsa 2)
    wait_until 5 metric_is certlookup_redis_up 1 single
    get "$(recipient_url "$address" single)/certificate"
    flood single &
    flooder=$!
    sleep 0.5
    for _ in 1 2 3 4 5; do
        took=$(curl -sS -o /dev/null -w '%{time_total}' --max-time 20 "$(recipient_url "$address" single)/certificate")
        awk -v took="$took" 'BEGIN { exit took < 0.25 ? 0 : 1 }' || equal "seconds at most" 0.25 "$took"
    done
    kill $flooder # which still runs
    process_stop single
}

@test "a Redis that hangs costs its timeout once" {
    local address took
    address=$(nth_of rsa 21)
    wait_until 15 metric_is certlookup_redis_up 1 forgetful
    sleep 1.2 # threads take their connections up when the engine has
    process_signal redis STOP
    took=$(curl -sS -o /dev/null -w '%{time_total}' --max-time 20 "$(recipient_url "$address" forgetful)/certificate")
    process_signal redis CONT
    awk -v took="$took" 'BEGIN { exit took >= 0.4 && took < 0.85 ? 0 : 1 }' || equal "seconds" "about 0.5" "$took"
}

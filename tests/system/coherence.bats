#!/usr/bin/env bats
# Several gateways over one Redis: what one drops, none serves; whatever happens to Redis or to what leads there.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

TOKEN=0123456789abcdef-coherence

setup_file() {
    stack_begin
    echo "$TOKEN" > "$STACK/token" && chmod 600 "$STACK/token"
    slapd_start ldap
    redis_start redis --dbfilename dump.rdb
    gateway_start one keeping_config
    gateway_start two keeping_config
    gateway_start three keeping_config
    start_hearing
}

teardown_file() {
    process_signal redis CONT || true # which a test may have left stopped
    stack_end
}

# Answers that live long enough to be in the way.
keeping_config() {
    gateway_config "$@"
    echo 'cache = { ttl = "12h"; negttl = "12h"; ttr = "0"; };'
    echo "http = { token-file = $(config_string "$STACK/token"); };"
}

# Under a user of Redis who may read and write, and nothing else.
deaf_config() {
    keeping_config "$@" | sed "s|^redis = {|&  username = \"plain\"; password-file = $(config_string "$STACK/secret");|
        s|^cache = {|& memory-ttl = \"2s\"; |"
}

# All that the manual says that a user needs.
hearing_config() {
    keeping_config "$@" |
        sed "s|^redis = {|&  username = \"certlookup\"; password-file = $(config_string "$STACK/secret");|"
}

hears() {
    metric_is certlookup_redis_tracking 1 "$1"
}

start_hearing() {
    local gateway
    for gateway in one two three; do
        wait_until 30 hears $gateway || return 1
    done
}

purge() { # purge GATEWAY BODY
    get "$(gateway_url "$1")/v1/purge" -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \
        --data-raw "$2" && [ "$code" = 200 ]
}

# known KIND N GATEWAY…: sets `address` and `value`; these gateways have it in memory.
known() {
    local gateway
    address=$(people_of "$1" | grep '@example\.org$' | sed -n "$2p")
    value=$BATS_TEST_TMPDIR/value.$1.$2
    rm -rf "$BATS_TEST_TMPDIR/values"
    slapd_values ldap "$address" "$BATS_TEST_TMPDIR/values"
    cp "$BATS_TEST_TMPDIR"/values/1.* "$value"
    for gateway in "${@:3}"; do
        gives "$gateway" "$address" "$value"
    done
}

# gone ADDRESS GATEWAY…: the directory has no certificate for it any more; these gateways give the one they know.
gone() {
    local gateway
    printf '%s\nchangetype: modify\ndelete: userCertificate;binary\n\n' "$(entry_of "$1")" | slapd_modify ldap
    for gateway in "${@:2}"; do
        gives "$gateway" "$1" "$value"
    done
}

# How many milliseconds after a purge is sent a request begins to which the other gateway no longer gives it. What it
# takes to start curl does not count.
seen_after() {
    local answered asked took
    took=$(curl --silent --fail --output /dev/null --write-out '%{time_total}' "$(gateway_url one)/v1/purge" \
        -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \
        --data-raw "{\"address\":\"$1\"}") || return 1
    answered=$(now_ms)
    while asked=$(now_ms) && ! gives two "$1" ""; do
        [ "$asked" -lt $((answered + 10000)) ] || return 1
    done
    awk "BEGIN { print int($took * 1000) + $asked - $answered }"
}

median() {
    sort -n | awk '{ n[NR] = $1 } END { print n[int((NR + 1) / 2)] }'
}

searches_grow_by() { # N COMMAND…
    local before
    before=$(slapd_searches ldap)
    "${@:2}"
    equal "searches" $((before + $1)) "$(slapd_searches ldap)"
}

redis_dies() {
    process_kill redis
    wait_until 20 metric_is certlookup_redis_up 0 one
    wait_until 20 metric_is certlookup_redis_up 0 two
}

redis_returns() {
    redis_start redis --dbfilename dump.rdb
    start_hearing
}

@test "a purge is seen by another gateway within 100 ms" {
    local n
    : > "$BATS_TEST_TMPDIR/ms"
    for n in 1 2 3 4 5; do
        known rsa "$n" one two
        gone "$address" one two
        seen_after "$address" >> "$BATS_TEST_TMPDIR/ms"
    done
    echo "ms: $(tr '\n' ' ' < "$BATS_TEST_TMPDIR/ms")"
    [ "$(median < "$BATS_TEST_TMPDIR/ms")" -le 100 ]
}

@test "while Redis tells of changes, memory asks nobody" {
    known rsa 6 one
    gets=$(metric certlookup_redis_gets_total "$(gateway_url one)")
    searches_grow_by 0 gives one "$address" "$value"
    equal "GETs" "$gets" "$(metric certlookup_redis_gets_total "$(gateway_url one)")"
}

@test "what somebody deletes or writes in Redis leaves the memory of all" {
    known rsa 7 one two
    gone "$address" one two
    changes=$(metric certlookup_redis_changes_total "$(gateway_url two)")
    redis_ask redis --scan | grep -v ':[pe]:' | while read -r key; do
        redis_ask redis DEL "$key" > /dev/null < /dev/null
    done
    wait_until 10 metric_reaches certlookup_redis_changes_total $((changes + 1)) two
    gives two "$address" ""
    gives one "$address" ""
}

# Before a domain is purged: what was dropped in the last ten seconds is dropped again when Redis is back, and what is
# asked for here would have left memory.
@test "killed connections are made anew, and each answer is confirmed by one GET" {
    known rsa 10 one two
    local kind losses
    for kind in pubsub normal; do
        losses=$(metric certlookup_redis_tracking_losses_total "$(gateway_url one)")
        redis_ask redis CLIENT KILL TYPE $kind > /dev/null
        wait_until 10 metric_reaches certlookup_redis_tracking_losses_total $((losses + 1)) one
        start_hearing
        confirmed=$(metric certlookup_redis_confirmed_total "$(gateway_url one)")
        searches_grow_by 0 gives one "$address" "$value"
        searches_grow_by 0 gives one "$address" "$value"
        equal "confirmed" $((confirmed + 1)) "$(metric certlookup_redis_confirmed_total "$(gateway_url one)")"
    done
    gone "$address" one two
    purge two "{\"address\":\"$address\"}"
    wait_until 10 gives one "$address" ""
}

@test "a domain is purged everywhere, also what nobody has in memory" {
    known rsa 8 one two
    local other=$address
    known rsa 9 one
    gone "$address" one
    printf '%s\nchangetype: modify\ndelete: userCertificate;binary\n\n' "$(entry_of "$other")" | slapd_modify ldap
    sleep 1.1 # what was found in the second of a purge counts as found before
    purge two '{"domain":"example.org"}'
    wait_until 10 gives one "$other" ""
    gives two "$other" ""
    gives three "$address" ""
    # One that starts only now finds in Redis that it was.
    process_stop three
    gateway_start three
    wait_until 30 hears three
    gives three "$other" ""
    sleep 1.1 # likewise, for who comes next
}

@test "what was purged while nobody could hear it is not served when they can" {
    known rsa 11 one two
    gone "$address" one two
    redis_ask redis CLIENT KILL TYPE pubsub > /dev/null
    purge two "{\"address\":\"$address\"}"
    wait_until 10 gives one "$address" ""
}

@test "FLUSHALL has everything asked for anew" {
    known rsa 12 one two
    gone "$address" one two
    generations=$(metric certlookup_redis_generations_total "$(gateway_url one)")
    redis_ask redis FLUSHALL > /dev/null
    wait_until 10 metric_reaches certlookup_redis_generations_total $((generations + 1)) one
    gives one "$address" ""
    equal "tracking" 1 "$(metric certlookup_redis_tracking "$(gateway_url one)")"
}

@test "Redis comes back with what it had before a purge: nobody serves what was purged" {
    known rsa 13 one two
    sleep 1.1
    redis_ask redis SAVE > /dev/null
    gone "$address" one two
    purge one "{\"address\":\"$address\"}"
    gives one "$address" ""
    wait_until 10 gives two "$address" ""
    redis_dies
    redis_returns
    local gateway
    for gateway in one two three; do
        gives "$gateway" "$address" ""
    done
    # Nor does one who never heard of the purge.
    process_stop three
    gateway_start three
    gives three "$address" ""
    [ "$(cat "$STACK"/{one,two,three}/log | grep -c "redis came back without all that was dropped")" -gt 0 ]
}

@test "Redis comes back empty: likewise" {
    known rsa 14 one two
    gone "$address" one two
    purge one "{\"address\":\"$address\"}"
    redis_dies
    rm -f "$STACK/redis/dump.rdb"
    redis_returns
    local gateway
    for gateway in one two three; do
        gives "$gateway" "$address" ""
    done
}

@test "what is purged while Redis is away reaches the others when it is back" {
    known rsa 15 one two
    sleep 1.1
    redis_ask redis SAVE > /dev/null
    gone "$address" one two
    redis_dies
    purge one "{\"address\":\"$address\"}"
    gives one "$address" ""
    gives two "$address" "$value" # unconfirmed
    redis_returns
    wait_until 20 gives two "$address" ""
    wait_until 20 gives three "$address" ""
    rm -f "$STACK/redis/dump.rdb"
}

@test "a Redis that hangs is a loss: the heartbeat does not come back" {
    known rsa 16 one
    losses=$(metric certlookup_redis_tracking_losses_total "$(gateway_url one)")
    process_signal redis STOP
    wait_until 20 metric_reaches certlookup_redis_tracking_losses_total $((losses + 1)) one
    equal "tracking" 0 "$(metric certlookup_redis_tracking "$(gateway_url one)")"
    process_signal redis CONT
    start_hearing
    searches_grow_by 0 gives one "$address" "$value"
}

@test "a user who may not hear: one line, and memory-ttl bounds what goes unseen" {
    local folder=$STACK/deaf
    echo secret > "$STACK/secret" && chmod 600 "$STACK/secret"
    redis_ask redis ACL SETUSER plain on '>secret' '~certlookup:*' resetchannels -@all +ping +select +getrange +set \
        > /dev/null
    gateway_start deaf deaf_config
    known rsa 17 one deaf
    equal "tracking" 0 "$(metric certlookup_redis_tracking "$(gateway_url deaf)")"
    equal "up" 1 "$(metric certlookup_redis_up "$(gateway_url deaf)")"
    gone "$address" one deaf
    purge one "{\"address\":\"$address\"}"
    wait_until 10 gives deaf "$address" ""
    equal "lines" 1 "$(log_lines deaf "redis does not tell us what other gateways change")"
    process_stop deaf
    [ -d "$folder" ]
}

@test "a user with all that the manual names hears" {
    echo secret > "$STACK/secret" && chmod 600 "$STACK/secret"
    man=$BATS_TEST_DIRNAME/../../man/certlookupd.conf.5
    # shellcheck disable=SC2046  # words
    redis_ask redis ACL SETUSER certlookup reset $(sed -n '/^ACL SETUSER certlookup/,/^\.Ed/p' "$man" |
        sed 's/^ACL SETUSER certlookup//; /^\.Ed/d') > /dev/null
    gateway_start limited hearing_config
    wait_until 20 hears limited
    known rsa 18 one limited
    gone "$address" one limited
    purge limited "{\"address\":\"$address\"}"
    wait_until 10 gives one "$address" ""
    sleep 1.5 # a heartbeat
    equal "tracking" 1 "$(metric certlookup_redis_tracking "$(gateway_url limited)")"
    equal "refusals" 0 "$(log_lines limited NOPERM)"
    process_stop limited
}

@test "what is said through Redis is sealed" {
    local file=$BATS_TEST_TMPDIR/heard
    known rsa 19 one
    (redis_ask redis MONITOR > "$file" & echo $! > "$file.pid")
    wait_until 10 grep -q OK "$file"
    purge one "{\"address\":\"$address\"}"
    purge one '{"domain":"example.org"}'
    sleep 1.5
    kill "$(cat "$file.pid")"
    grep -q PUBLISH "$file"
    run ! grep -qai "example" "$file"
    # And what is not is refused, counted, and drops nothing.
    known rsa 19 one
    bad=$(metric certlookup_redis_bad_messages_total "$(gateway_url one)")
    redis_ask redis PUBLISH certlookup:said "$address" > /dev/null
    redis_ask redis PUBLISH certlookup:said '' > /dev/null
    wait_until 10 metric_is certlookup_redis_bad_messages_total $((bad + 2)) one
    gone "$address" one
}

cut_config() {
    keeping_config "$@" | sed "s|^redis = {|&  username = \"cut\"; password-file = $(config_string "$STACK/secret");|"
}

# The engine's has its changes told to another one.
end_connection_of_engine() { # USER
    local id
    for id in $(redis_ask redis --raw CLIENT LIST TYPE normal | grep -w "user=$1" | grep 'redir=[0-9]' |
        sed 's/id=\([0-9]*\) .*/\1/'); do
        redis_ask redis CLIENT KILL ID "$id" > /dev/null
    done
}

@test "who cannot hear of a purge by one connection gives out nothing by another" {
    known rsa 20 one
    echo secretsecret > "$STACK/secret"
    chmod 600 "$STACK/secret"
    redis_ask redis ACL SETUSER cut on '>secretsecret' '~*' '&*' '+@all' > /dev/null
    gateway_start cut cut_config
    wait_until 30 hears cut
    sleep 1.1 # what was found in the second of a purge counts as found before
    for _ in 1 2 3 4 5 6 7 8; do # so that it rests longer and longer before it comes back
        end_connection_of_engine cut
        sleep 0.4
    done
    gone "$address" one
    end_connection_of_engine cut
    purge one '{"domain":"example.org"}'
    gives cut "$address" ""
    process_stop cut
}

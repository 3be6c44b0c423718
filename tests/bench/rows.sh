# shellcheck shell=bash
# The rows of the table, sourced by bench.sh: NAME_open starts what a row needs, NAME_ours and NAME_peer measure one
# round each and print one number. What was started is ended by bench.sh.

HOT_PATH=/v1/recipients/alice@example.org/certificate

# The default configuration but for what a place must say: where to listen, the directory, whom to trust. The directory
# is asked without TLS, as the bare client does. A certificate that was not held against a CRL would be no answer.
bench_config() { # NAME PORT
    local conf
    config_listen "$2"
    conf=$(config_directory example ldap 'tls = "none";') && config_directories "${conf/ca-file/\/\/ ca-file}"
    REVOCATION=require config_trust
    config_redis redis
}

bench_config_without_memory() {
    bench_config "$@"
    echo 'cache = { memory = "0"; };'
}

gateway_again() { # [WRITE]: a gateway that knows nothing, in front of what Redis has
    ! process_is_up gateway || process_stop gateway
    gateway_start gateway "${1:-bench_config}"
}

gateway_fresh() { # and in front of a Redis that knows nothing
    redis_ask redis FLUSHALL > /dev/null
    gateway_again
}

warm() { # ROW: a second that does not count
    local SECONDS_EACH=1
    "$1_ours" > /dev/null
    "$1_peer" > /dev/null
}

# prime COUNT: so many addresses are asked for once; now Redis has them, and memory, where there is one.
prime() {
    paths_in_order "$1" |
        awk -v url="$(gateway_url gateway)" '{ printf "url = \"%s%s\"\noutput = /dev/null\n", url, $0 }' |
        curl -sSf --fail-early --no-progress-meter --parallel --parallel-immediate --parallel-max 50 -K - ||
        bench_fail 'not everybody was found'
}

paths_in_order() { # COUNT
    awk -v count="$1" 'BEGIN {
        for (i = 1; i <= count; i++) printf "/v1/recipients/user%06d@example.org/certificate\n", i
    }'
}

# draw KIND COUNT DRAWS FORMAT: numbers from 1 to COUNT, every one as likely (uniform) or the nth as 1/n (zipf), the
# same ones in each run.
draw() {
    awk -v kind="$1" -v count="$2" -v draws="$3" -v format="$4\n" '
        function zipf(    low, high, middle, wanted) {
            wanted = rand() * below[count]
            low = 1
            high = count
            while (low < high) {
                middle = int((low + high) / 2)
                if (below[middle] > wanted) high = middle; else low = middle + 1
            }
            return low
        }
        BEGIN {
            srand(1)
            if (kind == "zipf") for (i = 1; i <= count; i++) below[i] = below[i - 1] + 1 / i
            for (; draws > 0; draws--) printf format, kind == "zipf" ? zipf() : 1 + int(rand() * count)
        }'
}

# A hit ÷ a file of nginx, ÷ bare libmicrohttpd

hot_open() {
    gateway_fresh
    curl -sSf "$(gateway_url gateway)$HOT_PATH" > "$STACK/certificate"
}

hot_ours() {
    rate "$(gateway_url gateway)$HOT_PATH"
}

hot_vs_nginx_open() {
    hot_open
    nginx_start nginx "$STACK/certificate"
    cmp <(curl -sSf "$(server_url nginx)$HOT_PATH") "$STACK/certificate"
}

hot_vs_nginx_ours() {
    hot_ours
}

hot_vs_nginx_peer() {
    rate "$(server_url nginx)$HOT_PATH"
}

# The gateway lets nobody in without a token, from this machine neither, and counts what each asks for, with limits
# that nobody reaches here.
bench_config_with_token() {
    bench_config "$@"
    echo "http = { open-to = \"nobody\"; tokens-file = $(config_string "$STACK/tokens"); };"
    cat << 'CONF'
limits = {
    token-lookups = 60000000;
    token-lookups-burst = 60000000;
    token-none = 60000000;
    token-none-burst = 60000000;
};
CONF
}

hot_auth_vs_nginx_open() {
    "$BUILD/certlookupd" --new-token wrk > "$STACK/token"
    TOKEN=$(sed -n 's/^token: //p' "$STACK/token")
    sed -n 's/^line:  //p' "$STACK/token" > "$STACK/tokens" && chmod 600 "$STACK/tokens"
    gateway_again bench_config_with_token
    curl -sSf -H "Authorization: Bearer $TOKEN" "$(gateway_url gateway)$HOT_PATH" > "$STACK/certificate"
    [ "$(curl -s -o /dev/null -w '%{http_code}' "$(gateway_url gateway)$HOT_PATH")" = 401 ] ||
        bench_fail 'a token is not needed'
    nginx_start nginx "$STACK/certificate"
}

hot_auth_vs_nginx_ours() {
    rate "$(gateway_url gateway)$HOT_PATH" TOKEN="$TOKEN"
}

hot_auth_vs_nginx_peer() {
    hot_vs_nginx_peer
}

hot_vs_mhd_open() {
    hot_open
    printer_start bare_mhd "$BUILD/bench/bare_mhd" "$THREADS" "$(stat -c %s "$STACK/certificate")"
}

hot_vs_mhd_ours() {
    hot_ours
}

hot_vs_mhd_peer() {
    rate "$(server_url bare_mhd)$HOT_PATH"
}

# 10,000 addresses ÷ one

hot_spread_open() {
    gateway_again
    prime "$SPREAD"
    draw zipf "$SPREAD" 100000 '/v1/recipients/user%06d@example.org/certificate' > "$STACK/many"
    sed 's/user[0-9]*/user000001/' "$STACK/many" > "$STACK/one"
    warm hot_spread
}

hot_spread_ours() {
    rate "$(gateway_url gateway)" PATHS="$STACK/many"
}

hot_spread_peer() {
    rate "$(gateway_url gateway)" PATHS="$STACK/one"
}

# Redis ÷ webdis: every address is in Redis, sealed; for webdis, a value as large as such a record is there under as many
# keys.

redis_vs_webdis_open() {
    gateway_again bench_config_without_memory
    prime "$SPREAD"
    wait_until 5 redis_has "$SPREAD" || bench_fail 'not everybody is in Redis'
    redis_ask redis EVAL "local sizes = {}
        for i = 1, 21 do sizes[i] = redis.call('STRLEN', redis.call('RANDOMKEY')) end
        table.sort(sizes)
        local value = string.rep('x', sizes[11])
        for i = 1, $SPREAD do redis.call('SET', string.format('cert:%06d', i), value) end" 0 > /dev/null
    webdis_start webdis
    shuffled "$SPREAD" | sed 's|.*|/v1/recipients/&/certificate|' > "$STACK/ours" # a longer list only has wrk read memory
    sed 's|.*user\([0-9]*\).*|/GET/cert:\1.txt|' "$STACK/ours" > "$STACK/theirs"
}

redis_vs_webdis_ours() {
    rate "$(gateway_url gateway)" PATHS="$STACK/ours"
}

redis_vs_webdis_peer() {
    rate "$(server_url webdis)" PATHS="$STACK/theirs"
}

# A miss ÷ a bare search

miss_vs_libldap_open() {
    process_stop redis
    redis_start redis
}

layer_count() { # LAYER
    curl -sSf "$(gateway_url gateway)/metrics" |
        awk -v name="certlookup_lookups_total{layer=\"$1\"," 'index($1, name) == 1 { sum += $2 } END { print sum }'
}

redis_has() { # COUNT
    [ "$(redis_ask redis DBSIZE)" -ge "$1" ]
}

# misses CONNECTIONS: of a fresh gateway. All were in the directory, and all are in Redis.
misses() {
    local said requests
    gateway_fresh
    said=$(load "$SECONDS_EACH" "$1" "$(gateway_url gateway)" FRESH=1)
    requests=${said##* }
    [ "$(layer_count directory)" -ge "$requests" ] || bench_fail 'not every request was a miss'
    wait_until 2 redis_has "$requests" || bench_fail "$(redis_ask redis DBSIZE) of $requests answers are in Redis"
    echo "$said"
}

bare_ldap() { # IN_FLIGHT
    "$BUILD/bench/bare_ldap" "$(slapd_uri ldap)" "$BASE_DN" 1 "$PEOPLE_COUNT" "$1" "$SECONDS_EACH"
}

miss_vs_libldap_ours() {
    misses "$CONNECTIONS" | awk '{ print $2 }'
}

miss_vs_libldap_peer() {
    bare_ldap "$CONNECTIONS" | awk '{ print $1 }'
}

miss_added_us_open() {
    :
}

miss_added_us_ours() {
    misses 1 | awk '{ print $4 }'
}

miss_added_us_peer() {
    bare_ldap 1 | awk '{ print $2 }'
}

# 99th percentile at half of what the slower of the two can do

p99_us_open() {
    hot_vs_nginx_open
    HALF=$(printf '%s\n' "$(hot_ours)" "$(hot_vs_nginx_peer)" | sort -n | awk 'NR == 1 { printf "%d", $1 / 2 }')
}

p99_us_ours() {
    pace "$(gateway_url gateway)$HOT_PATH" "$HALF"
}

p99_us_peer() {
    pace "$(server_url nginx)$HOT_PATH" "$HALF"
}

# Recipients in POSTs of 100 ÷ GETs of one certificate: the same 1,000 addresses, in the same order. Both sides have been
# asked for all of them before.

batch_open() {
    local answer body
    gateway_again
    prime "$BATCHED"
    shuffled "$BATCHED" > "$STACK/order"
    sed 's|.*|/v1/recipients/&/certificate|' "$STACK/order" > "$STACK/singles"
    awk '{
        printf "%s\"%s\"%s", NR % 100 == 1 ? "{\"recipients\": [" : ", ", $0, NR % 100 == 0 ? "]}\n" : ""
    }' "$STACK/order" > "$STACK/bodies"
    while read -r body; do
        answer=$(curl -sSf -H 'Content-Type: application/json' --data "$body" "$(gateway_url gateway)/v1/recipients")
        [ "$(grep -o '"status" *: *"ok"' <<< "$answer" | wc -l)" -eq 100 ] || bench_fail "not 100 are ok: $answer"
    done < "$STACK/bodies"
    BATCH_BYTES=$((${#answer} * 9 / 10))
    warm batch
}

shuffled() { # COUNT: addresses in an order that is no order, the same one in each run
    awk -v count="$1" 'BEGIN {
        srand(1)
        for (i = 1; i <= count; i++) printf "%.9f user%06d@example.org\n", rand(), i
    }' | sort | sed 's/.* //'
}

batch_ours() {
    rate "$(gateway_url gateway)/v1/recipients" POSTS="$STACK/bodies" LEAST="$BATCH_BYTES" | awk '{ printf "%.1f\n", $1 * 100 }'
}

batch_peer() {
    rate "$(gateway_url gateway)" PATHS="$STACK/singles"
}

# A million ÷ a thousand, in a cache that was filled in-process, drawn by Zipf's law among either, as questions come; or
# any as likely as any other, the worst that growth can do. Each round begins elsewhere in a list of DRAWN, which is so
# long that it does not come round within one.

grown_open() { # zipf|uniform
    printer_start filled "$BUILD/bench/bench_filled" $((GROWN + 1)) # numbers there begin with 0
    printer_start few "$BUILD/bench/bench_filled" 1001
    draw "$1" "$GROWN" "$DRAWN" '/v1/recipients/firstname.lastname%d@example.org/certificate' > "$STACK/from_all"
    draw "$1" 1000 "$DRAWN" '/v1/recipients/firstname.lastname%d@example.org/certificate' > "$STACK/from_few"
    warm growth
}

growth_open() {
    grown_open zipf
}

growth_ours() {
    rate "$(server_url filled)" PATHS="$STACK/from_all"
}

growth_peer() {
    rate "$(server_url few)" PATHS="$STACK/from_few"
}

growth_even_open() {
    grown_open uniform
}

growth_even_ours() {
    growth_ours
}

growth_even_peer() {
    growth_peer
}

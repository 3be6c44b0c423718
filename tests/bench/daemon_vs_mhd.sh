#!/bin/bash
# A memory hit of certlookupd, with its real slapd and Redis behind it, against a bare libmicrohttpd program that sends
# a body of the same size with as many threads: wrk on each in turns. Prints each round and, last, the median ratio;
# ends with status 1 when that is below LEAST (0.80).
#
#     daemon_vs_mhd.sh [build folder]       ROUNDS=7 SECONDS_EACH=3 CONNECTIONS=64 THREADS=1 LEAST=0.80
set -eu
cd "$(dirname "$0")/../.."
BUILD=$(cd "${1:-build/release}" && pwd)
export BUILD
# shellcheck source=/dev/null
. tests/demo/stack.sh

: "${ROUNDS:=7}" "${SECONDS_EACH:=3}" "${CONNECTIONS:=64}" "${THREADS:=1}" "${LEAST:=0.80}"
work=$(mktemp -d)
end() {
    exec 8>&-
    stack_close || true
    wait
    rm -rf "$work"
}
trap end EXIT

"$BUILD/tools/makepeople" "$BUILD/people"
stack_open "$work/stack" "$BUILD/people"
slapd_start ldap
redis_start redis
bench_config() { # NAME PORT
    gateway_config "$1" "$2"
    echo "http = { threads = $THREADS; };"
    echo 'log = { level = "notice"; };'
}
gateway_start gateway bench_config
target=/v1/recipients/alice@example.org/certificate
url=$(gateway_url gateway)$target
size=$(curl -sSf "$url" | wc -c)

mkfifo "$work/input"
"$BUILD/bench/bare_mhd" "$THREADS" "$size" < "$work/input" > "$work/port" &
exec 8> "$work/input"
wait_until 10 test -s "$work/port"
bare=http://127.0.0.1:$(cat "$work/port")$target

rate() { # URL: requests a second; a wrong status or a broken connection is no rate
    wrk -t1 -c"$CONNECTIONS" -d"$SECONDS_EACH"s "$1" 8>&- |
        awk '/^Requests\/sec/ { rate = $2 } /Non-2xx|Socket errors/ { bad = 1 } END { if (bad) exit 1; print rate }'
}

rate "$url" > /dev/null
rate "$bare" > /dev/null
for ((round = 0; round < ROUNDS; round++)); do
    ours=$(rate "$url")
    theirs=$(rate "$bare")
    awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.3f  certlookupd %d/s, bare libmicrohttpd %d/s\n", a / b, a, b }'
done | tee "$work/rounds"
echo "$size bytes, $CONNECTIONS connections, $THREADS thread(s), $ROUNDS rounds of $SECONDS_EACH s"
sort -n "$work/rounds" | awk -v least="$LEAST" '
    { ratio[NR] = $1 }
    END {
        median = ratio[int((NR + 1) / 2)]
        printf "median ratio %.3f (%.3f to %.3f), wanted: %.2f\n", median, ratio[1], ratio[NR], least
        exit median < least
    }'

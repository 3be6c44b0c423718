#!/bin/sh
# Memory hits of our listener against a bare libmicrohttpd program with a body of the same size and as many threads,
# in turns: prints each round and the median of the ratios.
#
#     hot_vs_mhd.sh [build folder]       ROUNDS=7 SECONDS_EACH=2 THREADS=1 CONNECTIONS=32
set -eu
build=${1:-build/release}
rounds=${ROUNDS:-7} seconds=${SECONDS_EACH:-2} threads=${THREADS:-1} connections=${CONNECTIONS:-32}
path=${TARGET:-/v1/recipients/hit@example.org/certificate}
work=$(mktemp -d)

end() {
    exec 8>&- 9>&-
    wait
    rm -rf "$work"
}
trap end EXIT

# Both programs live until their input ends.
start() {
    mkfifo "$work/$1.in"
    "$build/bench/$1" "$threads" < "$work/$1.in" > "$work/$1.port" &
}
port() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -s "$work/$1.port" ] && break
        sleep 0.1
    done
    cat "$work/$1.port"
}
start bench_http
exec 8> "$work/bench_http.in"
start bare_mhd
exec 9> "$work/bare_mhd.in"
ours=http://127.0.0.1:$(port bench_http)$path
bare=http://127.0.0.1:$(port bare_mhd)$path

rate() {
    wrk -t1 -c"$connections" -d"$2"s "$1" 8>&- 9>&- | awk '/^Requests\/sec/ { print $2 } /Non-2xx/ { exit 1 }'
}
rate "$ours" 1 > /dev/null
rate "$bare" 1 > /dev/null
round=0
while [ $round -lt "$rounds" ]; do
    a=$(rate "$ours" "$seconds")
    b=$(rate "$bare" "$seconds")
    awk -v a="$a" -v b="$b" 'BEGIN { printf "%.3f  ours %.0f/s  bare %.0f/s\n", a / b, a, b }'
    round=$((round + 1))
done | tee "$work/rounds"
sort -n "$work/rounds" | awk '{ r[NR] = $1 } END { printf "median ratio %.3f\n", r[int((NR + 1) / 2)] }'

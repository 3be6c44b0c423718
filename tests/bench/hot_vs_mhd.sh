#!/bin/sh
# Memory hits of our listener against a bare libmicrohttpd program with a body of the same size and as many threads,
# in turns. Each round prints both rates and two ratios: of the rates, and of requests for each second of processor time
# that the server used, which a busy machine disturbs less. The medians come last.
#
#     hot_vs_mhd.sh [build folder]       ROUNDS=7 SECONDS_EACH=2 THREADS=1 CONNECTIONS=32
set -eu
build=${1:-build/release}
rounds=${ROUNDS:-7} seconds=${SECONDS_EACH:-2} threads=${THREADS:-1} connections=${CONNECTIONS:-32}
path=${TARGET:-/v1/recipients/hit@example.org/certificate}
work=$(mktemp -d)

# Both programs live until their input ends.
end() {
    exec 8>&- 9>&-
    wait
    rm -rf "$work"
}
trap end EXIT
mkfifo "$work/ours.in" "$work/bare.in"
"$build/bench/bench_http" "$threads" < "$work/ours.in" > "$work/ours.port" &
echo $! > "$work/ours.pid"
exec 8> "$work/ours.in"
"$build/bench/bare_mhd" "$threads" < "$work/bare.in" > "$work/bare.port" 8>&- &
echo $! > "$work/bare.pid"
exec 9> "$work/bare.in"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -s "$work/ours.port" ] && [ -s "$work/bare.port" ] && break
    sleep 0.2
done

ticks() { awk '{ print $14 + $15 }' "/proc/$(cat "$work/$1.pid")/stat"; }

# Prints requests a second, and requests for each tick of processor time.
measure() {
    before=$(ticks "$1")
    wrk -t1 -c"$connections" -d"$seconds"s "http://127.0.0.1:$(cat "$work/$1.port")$path" 8>&- 9>&- > "$work/wrk"
    awk -v used=$(($(ticks "$1") - before)) '
        /requests in/ { requests = $1 } /^Requests\/sec/ { rate = $2 } /Non-2xx|Socket errors/ { bad = 1 }
        END { if (bad || !requests || used < 1) exit 1; printf "%.0f %.1f\n", rate, requests / used }' "$work/wrk"
}
median() { sort -n | awk '{ r[NR] = $1 } END { print r[int((NR + 1) / 2)] }'; }

measure ours > /dev/null
measure bare > /dev/null
round=0
while [ $round -lt "$rounds" ]; do
    ours=$(measure ours)
    bare=$(measure bare)
    echo "$ours $bare" |
        awk '{ printf "%.3f %.3f  ours %d/s, bare %d/s\n", $1 / $3, $2 / $4, $1, $3 }' | tee -a "$work/rounds"
    round=$((round + 1))
done
echo "median ratio $(cut -d' ' -f1 "$work/rounds" | median), of processor time $(cut -d' ' -f2 "$work/rounds" | median)"

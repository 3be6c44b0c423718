#!/bin/bash
# How fast certlookupd is beside what a user would pick instead, in turns, in one run. A row of the table in rows.tsv is
# measured by rows.sh: ROUNDS rounds of SECONDS_EACH for ours and the peer, each time the other one first, most rates in
# turns of a second. Prints medians and their spread, writes build/bench.tsv; status 1 when a row misses what is wanted
# of it, 2 when nothing was measured: a wrong status, a broken connection or an answer without a body is no rate.
#
#     bench.sh [build folder]      BENCH=quick ONLY="hot_vs_nginx batch" ROUNDS=5 SECONDS_EACH=5 CONNECTIONS=64
#                                  DRAWN=600000: so many draws for growth, more than five seconds ask for
#                                  DOCS=1: the table and the chart of docs/performance.md as well, of a full run
#
# Server, client, slapd and Redis share the cores of this machine, with ours and with the peer alike. certlookupd has its
# default configuration: a thread for each core. So have nginx, webdis and bare libmicrohttpd.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/../.."
BUILD=$(cd "${1:-build/release}" && pwd)
export BUILD
# shellcheck source=/dev/null
. tests/demo/stack.sh
# shellcheck source=/dev/null
. tests/bench/peers.sh
# shellcheck source=/dev/null
. tests/bench/rows.sh

BENCH=${BENCH:-full}
case $BENCH in
full) : "${ROUNDS:=5}" "${SECONDS_EACH:=5}" "${DRAWN:=600000}" ;;
quick) : "${ROUNDS:=3}" "${SECONDS_EACH:=1}" "${DRAWN:=300000}" ;; # wrk takes a second to read 300,000
*) echo 'bench: BENCH is full or quick' >&2 && exit 64 ;;
esac
: "${CONNECTIONS:=64}" "${PEOPLE_COUNT:=100000}" "${SPREAD:=10000}" "${BATCHED:=1000}" "${GROWN:=1000000}"
: "${WEBDIS_POOL:=4}" "${ONLY:=}"
THREADS=$(nproc)
BODY_BYTES=800
export SLAPD_LOG=0 # slapd's own time is not for writing lines
export BODY_BYTES
fixture=build/bench/fixture
table=build/bench.tsv

missing=
for tool in nginx webdis h2load wrk slapd redis-server redis-cli curl; do
    command -v $tool > /dev/null || missing="$missing $tool"
done
[ -z "$missing" ] || { echo "bench: not here:$missing; try: sh etc/setup.sh bench" >&2; exit 2; }

names=$(awk 'NR > 1 { print $1 }' tests/bench/rows.tsv)
for name in $ONLY; do
    grep -qx "$name" <<< "$names" || { echo "bench: there is no row $name in tests/bench/rows.tsv" >&2; exit 64; }
done
# A quick run spares itself what nothing is wanted of.
[ "$BENCH" = full ] || names=$(awk -F '\t' 'NR > 1 && $3 != "-" { print $1 }' tests/bench/rows.tsv)
[ -z "$ONLY" ] || names=$ONLY
[ -z "${DOCS:-}" ] || [ "$BENCH$ONLY" = full ] || { echo 'bench: DOCS wants a full run of all rows' >&2; exit 64; }

# Made by whatever makepeople there was then: whoever changes how the many look removes build/bench.
people_are_there() {
    local word until
    [ -s "$fixture/people/made" ] && read -r word until < "$fixture/people/made" && [ "$word" = until ] &&
        [ "$until" -gt "$(date +%s)" ] && grep -qx "scale $PEOPLE_COUNT simple-rsa" "$fixture/people/made"
}

# 100,000 people with a certificate of RSA-2048 each, and slapd's database of them: made once.
fixture_open() {
    mkdir -p "$fixture"
    people_are_there || "$BUILD/tools/makepeople" --rsa --scale "$PEOPLE_COUNT" "$fixture/people"
    if [ ! "$fixture/filled" -nt "$fixture/people/made" ]; then
        rm -rf "$fixture/stack" "$fixture/filled"
        stack_open "$fixture/stack" "$fixture/people"
        slapd_start ldap
        process_stop ldap
        touch "$fixture/filled"
    fi
}

end() {
    local status=$?
    [ -z "${STACK:-}" ] || stack_close || true
    rm -rf "$work"
    exit $status
}
work=$(mktemp -d)
trap end EXIT

fixture_open
stack_open "$work/stack" "$fixture/people"
mkdir "$STACK/ldap" && ln -s "$PWD/$fixture/stack/ldap/db" "$STACK/ldap/db"
slapd_start ldap
redis_start redis

close_row() { # what the row started
    local server
    for server in $(stack_servers); do
        case $server in ldap | redis) ;; *) process_stop "$server" ;; esac
    done
}

in_turn() { # NAME NUMBER: "ours peer", with odd numbers ours first
    local ours peer
    if [ $(($2 % 2)) -eq 1 ]; then
        ours=$("$1_ours")
        peer=$("$1_peer")
    else
        peer=$("$1_peer")
        ours=$("$1_ours")
    fi
    echo "$ours $peer"
}

# The work of the machine's other guests comes and goes within seconds. So rates are taken in turns of a second, and a
# round has the means; not what a pause would change: what begins with empty caches, looks for the slowest, or has values
# of its own for either side, megabytes that must first come back into the processor's caches.
measure() { # NAME ROUND: "ours peer"
    local turn
    case $1 in
    miss_* | p99_us | redis_vs_webdis | growth*) BEGIN=$(($2 * DRAWN / ROUNDS)) in_turn "$1" "$2" ;;
    *)
        for ((turn = $2; turn < $2 + SECONDS_EACH; turn++)); do
            SECONDS_EACH=1 BEGIN=$((turn * 50000)) in_turn "$1" "$turn"
        done | awk -v turns="$SECONDS_EACH" '
            { ours += $1; peer += $2 }
            END { if (NR == turns) printf "%.1f %.1f\n", ours / NR, peer / NR }'
        ;;
    esac
}

# Where neighbouring rounds differ by a fifth, the median of five tells less than that of nine.
rounds_of() { # NAME
    case $1 in
    redis_vs_webdis) echo $((2 * ROUNDS - 1)) ;;
    *) echo "$ROUNDS" ;;
    esac
}

package() { # NAME: "NAME 1.2"
    echo "$1 $(dpkg-query -W -f '${Version}' "$1" 2> /dev/null || echo '?')"
}

tracking() { # whether the kernel knows of connections that it tracks: it looks at each packet of every row then
    [ "$(cat /proc/sys/net/netfilter/nf_conntrack_count 2> /dev/null || echo 0)" -eq 0 ] ||
        echo ' A packet filter tracks connections.'
}

about() { # what the figures are of
    local packages
    packages=$(for name in nginx webdis slapd redis-server wrk nghttp2-client libmicrohttpd12 libhiredis0.14 \
        libssl3; do package $name; done | grep -v '?$' | paste -sd , | sed 's/,/, /g')
    echo "$(date -u +%F), certlookup $(git describe --always --dirty 2> /dev/null || echo 'of no repository')," \
        "$ROUNDS rounds of $SECONDS_EACH s ($(rounds_of redis_vs_webdis) of redis_vs_webdis), $CONNECTIONS connections, $THREADS threads of each server."
    echo "$(sed -n 's/^model name[ \t]*: //p' /proc/cpuinfo | sort -u | head -n 1), $(nproc) cores for servers and clients" \
        "together; $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), Linux $(uname -r); $packages.$(tracking)"
}
about | tee "$work/about"
for name in $names; do
    "${name}_open"
    for ((round = 1; round <= $(rounds_of "$name"); round++)); do
        measure "$name" "$round" | tee -a "$work/$name" | sed "s/^/    $name: /"
    done
    close_row
done

mkdir -p build
for name in $names; do
    awk -v name="$name" -f tests/bench/medians.awk "$work/$name"
done | awk 'BEGIN { print "name\tours\tpeer\tratio\tmin\tmax" } { print }' > "$table"
[ -z "${DOCS:-}" ] || bash tests/bench/docs.sh "$table" "$work/about" docs/performance.md docs/performance.svg
awk -f tests/bench/report.awk tests/bench/rows.tsv "$table"

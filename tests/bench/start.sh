#!/bin/bash
# How long certlookupd takes from its start to the first 200 of /readyz and of a lookup that asks the directory: as
# make demo has it, and with 150 roots and 20 MB of CRLs, in one and in twenty. Real slapd and redis-server. Prints the
# median and the range of ROUNDS starts, and the most memory that the process took; ends with status 1 when a median is
# beyond its bound (100 ms, 1 s).
#
#     start.sh [build folder]       ROUNDS=7 ROOTS=150 ENTRIES=490000
set -eu
cd "$(dirname "$0")/../.."
BUILD=$(cd "${1:-build/release}" && pwd)
export BUILD
# shellcheck source=/dev/null
. tests/demo/stack.sh

: "${ROUNDS:=7}" "${ROOTS:=150}" "${ENTRIES:=490000}"
work=$(mktemp -d)
end() {
    stack_close || true
    rm -rf "$work"
}
trap end EXIT

"$BUILD/tools/makepeople" "$BUILD/people"
stack_open "$work/stack" "$BUILD/people"
slapd_start ldap
redis_start redis
"$BUILD/tools/makestart" "$work/one" "$ROOTS" 1 "$ENTRIES"
"$BUILD/tools/makestart" "$work/twenty" "$ROOTS" 20 $((ENTRIES / 20))

loaded_config() { # FOLDER PORT: the demo's, and what stands in FOLDER
    demo_config gateway "$2" | sed "s|\(anchors  *= \[\)|\1 \"$1/anchors\",|; s|\(crls  *= \[\)|\1 \"$1/crls\",|"
}

starts() { # NAME BOUND_MS: ROUNDS starts with $work/conf
    local port
    port=$(sed -n 's/^listen.*:\([0-9]*\)".*/\1/p' "$work/conf")
    for ((round = 0; round < ROUNDS; round++)); do
        redis_ask redis flushall > /dev/null
        "$BUILD/tools/start_time" "$port" /readyz /v1/recipients/alice@example.org \
            -- "$BUILD/certlookupd" -c "$work/conf" 2>> "$work/log"
    done > "$work/times"
    awk -v name="$1" -v bound="$2" '
        { all[$1] = all[$1] " " $2 }
        END {
            n = split("/readyz /v1/recipients/alice@example.org peak", keys)
            for (i = 1; i <= n; i++) {
                count = split(all[keys[i]], times)
                for (a = 1; a <= count; a++)
                    for (b = a + 1; b <= count; b++)
                        if (times[b] < times[a]) { t = times[a]; times[a] = times[b]; times[b] = t }
                median = times[int((count + 1) / 2)]
                if (keys[i] == "peak") printf "%-22s most memory %.1f MB\n", name, median / 1000 * 1.024
                else {
                    printf "%-22s %-36s %7.1f ms (%.1f to %.1f), wanted: %d\n", name, keys[i], median, times[1],
                        times[count], bound
                    late = late || median > bound || count == 0
                }
            }
            exit late
        }' "$work/times"
}

status=0
port=$((FIRST_PORT + RANDOM % (LAST_PORT - FIRST_PORT)))
demo_config gateway $port > "$work/conf"
starts "the demo's" 100 || status=1
for folder in one twenty; do
    loaded_config "$work/$folder" $port > "$work/conf"
    starts "20 MB of CRLs, $folder" 1000 || status=1
done
[ $status -eq 0 ]

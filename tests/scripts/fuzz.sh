#!/bin/sh
# Runs each fuzz target for a while, from its seeds and from what earlier runs have found.
#
#   fuzz.sh FOLDER SECONDS      FOLDER holds the targets; finds are left in FOLDER/<target>.finds
# Yours: ONLY (config: fuzz_config alone).
set -eu

folder=$1
seconds=$2
status=0
# An input may take a second and 256 MiB at the most; what ASan keeps back of freed memory does not count as the target's.
export ASAN_OPTIONS=quarantine_size_mb=8
export LSAN_OPTIONS="suppressions=$PWD/tests/scripts/lsan.supp:print_suppressions=0"
for target in "$folder"/fuzz_${ONLY:-*}; do
    if ! [ -x "$target" ] || [ -d "$target" ]; then
        continue
    fi
    name=${target##*/}
    corpus=$folder/$name.corpus
    finds=$folder/$name.finds
    mkdir -p "$corpus" "$finds"
    seeds=tests/fuzz/seeds/${name#fuzz_}
    [ -d "$seeds" ] || seeds=
    words=tests/fuzz/dictionaries/${name#fuzz_}
    [ -f "$words" ] && words=-dict=$words || words=
    echo "== $name, $seconds s"
    # shellcheck disable=SC2086  # no seeds is no word, and neither is no dictionary
    if ! "$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=256 -timeout=1 -print_final_stats=1 \
        -artifact_prefix="$finds/" $words "$corpus" $seeds > "$folder/$name.log" 2>&1; then
        tail -n 40 "$folder/$name.log"
        status=1
    fi
    grep -E 'number_of_executed_units|average_exec_per_sec' "$folder/$name.log" || true
done
exit $status

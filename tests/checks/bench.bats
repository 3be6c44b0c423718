#!/usr/bin/env bats
# What make bench does with its rates, on rates that are given: no server is started.

setup() {
    cd "$BATS_TEST_DIRNAME/../.." || return 1
    folder=$BATS_TEST_TMPDIR
    rows=tests/bench/rows.tsv
}

table() { # NAME RATIO MIN MAX…
    printf 'name\tours\tpeer\tratio\tmin\tmax\n'
    printf '%s\t1000\t900\t%s\t%s\t%s\n' "$@"
}

@test "bench: of the rounds, the medians and the spread" {
    printf '110 100\n90 100\n300 200\n' > "$folder/rounds"
    run awk -v name=hot_vs_nginx -f tests/bench/medians.awk "$folder/rounds"
    [ "$status" -eq 0 ]
    [ "$output" = "$(printf 'hot_vs_nginx\t110\t100\t1.100\t0.900\t1.500')" ]
}

@test "bench: what a miss adds is a difference" {
    printf '310 100\n290 120\n' > "$folder/rounds"
    run awk -v name=miss_added_us -f tests/bench/medians.awk "$folder/rounds"
    [ "$output" = "$(printf 'miss_added_us\t300\t110\t190\t170\t210')" ]
}

@test "bench: what is no number is no rate" {
    for line in '' '100' '100 ' '100 0' 'failed: 100' '100 -1' '100 100 100'; do
        printf '100 100\n%s\n' "$line" > "$folder/rounds"
        run awk -v name=batch -f tests/bench/medians.awk "$folder/rounds"
        [ "$status" -eq 2 ]
        [[ "$output" == *'batch: no rate'* ]]
    done
    : > "$folder/rounds"
    run awk -v name=batch -f tests/bench/medians.awk "$folder/rounds"
    [ "$status" -eq 2 ]
}

@test "bench: every row that holds what is wanted passes, at the very bar too" {
    table hot_vs_nginx 1.000 0.9 1.1 p99_us 1.500 1 2 miss_added_us 500 1 900 batch 25.1 20 30 \
        growth_even 0.1 0.1 0.2 > "$folder/bench.tsv" # of the last, nothing is wanted
    run awk -f tests/bench/report.awk "$rows" "$folder/bench.tsv"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" != *missed* ]]
    [[ "$output" == *'growth_even '*' 0.1 '* ]]
}

@test "bench: a row below, or above, is named, and fails the run" {
    table hot_vs_nginx 0.999 0.9 1.1 p99_us 1.501 1 2 miss_added_us 501 1 900 batch 5 5 5 > "$folder/bench.tsv"
    run awk -f tests/bench/report.awk "$rows" "$folder/bench.tsv"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *'missed: hot_vs_nginx p99_us miss_added_us' ]]
}

@test "bench: table and chart go between the marks, and nothing else changes" {
    table hot_vs_nginx 1.05 0.9 1.1 batch 25.1 20 30 p99_us 2 1 3 growth_even 0.7 0.6 0.8 > "$folder/bench.tsv"
    echo 'A machine.' > "$folder/about"
    printf 'before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n' > "$folder/doc.md"
    bash tests/bench/docs.sh "$folder/bench.tsv" "$folder/about" "$folder/doc.md" "$folder/chart.svg"
    cat "$folder/doc.md" "$folder/chart.svg"
    [ "$(head -n 3 "$folder/doc.md" | paste -sd ' ')" = 'before <!-- bench --> A machine.' ]
    [ "$(tail -n 2 "$folder/doc.md" | paste -sd ' ')" = '<!-- /bench --> after' ]
    grep -q '^| .hot_vs_nginx.: .* | 1000 GET/s | 900 GET/s | 1.05 | 0.90 to 1.10 | at least 1.00, aim 1.20 |$' "$folder/doc.md"
    grep -q '^| .growth_even.: .* | 0.70 | 0.60 to 0.80 |  |$' "$folder/doc.md" # nothing is wanted, and it has no scale
    [ "$(grep -c old "$folder/doc.md")" -eq 0 ]
    [ "$(grep -c 'rect class="held"' "$folder/chart.svg")" -eq 2 ]
    [ "$(grep -c 'rect class="missed"' "$folder/chart.svg")" -eq 1 ]
    [ "$(tail -n 1 "$folder/chart.svg")" = '</svg>' ]
}

@test "bench: a document without marks is left alone" {
    table batch 25.1 20 30 > "$folder/bench.tsv"
    echo 'no marks' | tee "$folder/doc.md" > "$folder/about"
    run bash tests/bench/docs.sh "$folder/bench.tsv" "$folder/about" "$folder/doc.md" "$folder/chart.svg"
    [ "$status" -eq 1 ]
    [ "$(cat "$folder/doc.md")" = 'no marks' ]
}

@test "bench: draws are from one to the last, every one, and those of Zipf fall as they should" {
    # shellcheck source=/dev/null
    . tests/bench/rows.sh
    draw zipf 10 20000 %d | awk '
        { n[$1]++ }
        END { exit !(NR == 20000 && n[1] > 1.8 * n[2] && n[1] < 2.2 * n[2] && n[1] > 9 * n[10] && n[10] > 0 && !(0 in n) && !(11 in n)) }'
    draw uniform 10 20000 %d | awk '
        { n[$1]++ }
        END { for (i = 1; i <= 10; i++) bad += n[i] < 1800 || n[i] > 2200; exit bad || NR != 20000 }'
    [ "$(draw uniform 1000 3 %d)" = "$(draw uniform 1000 3 %d)" ]
    [ "$(shuffled 300 | sort -u | wc -l)" -eq 300 ]
}

@test "bench: a row that is not in the table is refused before anything starts" {
    PATH="$BATS_TEST_TMPDIR:$PATH"
    for tool in nginx webdis h2load wrk; do # stand-ins, for a machine without make bench's packages
        printf '#!/bin/sh\nexit 1\n' > "$BATS_TEST_TMPDIR/$tool" && chmod +x "$BATS_TEST_TMPDIR/$tool"
    done
    ONLY='hot_vs_nginx quick' run bash tests/bench/bench.sh "$BUILD"
    [ "$status" -eq 64 ]
    [[ "$output" == *'there is no row quick'* ]]
    BENCH=fast run bash tests/bench/bench.sh "$BUILD"
    [ "$status" -eq 64 ]
    BENCH=quick DOCS=1 run bash tests/bench/bench.sh "$BUILD"
    [ "$status" -eq 64 ]
}

@test "bench: packages that are missing are named" {
    mkdir "$BATS_TEST_TMPDIR/few"
    for tool in bash dirname awk nproc grep; do
        ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/few/$tool"
    done
    PATH=$BATS_TEST_TMPDIR/few run bash tests/bench/bench.sh "$BUILD"
    echo "$output"
    [ "$status" -eq 2 ]
    [[ "$output" == *'not here:'*' h2load wrk'*'setup.sh bench'* ]]
}

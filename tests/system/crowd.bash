# shellcheck shell=bash
# Many clients at once (tests/tools/load), servers that do not serve (tests/tools/hangs), and what they cost a gateway.
# Loaded after stack.

# found_lines SERVER KIND COUNT [STATUSES]: for load, a line for each of these people: what comes must be, octet by
# octet, what ldapsearch gets from SERVER.
found_lines() {
    local address values
    while read -r address; do
        values=$(mktemp -d "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/values.XXXXXX")
        slapd_values "$1" "$address" "$values"
        printf '/v1/recipients/%s/certificate\t%s\t%s\n' "$(encoded "$address")" "${4:-200}" \
            "$(sha256sum < "$values"/1.userCertificate | cut -d ' ' -f 1)"
    done < <(people_of "$2" | head -n "$3")
}

# none_lines KIND COUNT STATUSES
none_lines() {
    local address
    while read -r address; do
        printf '/v1/recipients/%s\t%s\n' "$(encoded "$address")" "$3"
    done < <(people_of "$1" | head -n "$2")
}

# load_start NAME GATEWAY LIST [OPTION…]: in the background; ends by load_stop, or by itself.
load_start() {
    local name=$1 port list=$3
    port=$(server_port "$2")
    shift 3
    process_is_down "$name" || process_kill "$name" # of a test that failed
    mkdir -p "$STACK/$name"
    rm -f "$STACK/$name/log"
    process_run "$name" "$BUILD/tools/load" -o answers "$@" "$port" "$list"
}

load_wait() {
    wait_until 60 process_is_down "$1" || say_failed "$1 does not come to its end"
}

load_stop() {
    process_stop "$1"
}

# load_run NAME GATEWAY LIST OPTION…: to its end.
load_run() {
    load_start "$@" && load_wait "$1"
}

# reported NAME WORD: a number of the report; 0 where it says nothing.
reported() {
    awk -v word="$2" '$0 ~ "^" word " [0-9]+$" { number = $NF } END { print number + 0 }' "$STACK/$1/log"
}

# all_right NAME: nothing wrong, nothing without an answer.
all_right() {
    if [ "$(reported "$1" requests)" -eq 0 ] || [ "$(($(reported "$1" wrong) + $(reported "$1" failed)))" -gt 0 ]; then
        show_log "$1" "found something wrong" || return 1
    fi
}

# hangs_start NAME MODE
hangs_start() {
    mkdir -p "$STACK/$1"
    echo "$2" > "$STACK/$1/mode"
    server_start "$1" hangs_launch
}

hangs_launch() {
    process_run "$1" "$BUILD/tools/hangs" "$(cat "$STACK/$1/mode")" "$2"
}

# metric_is NAME VALUE [GATEWAY], metric_reaches likewise: for wait_until.
metric_is() {
    [ "$(metric "$1" "$(gateway_url "${3:-gateway}")")" = "$2" ]
}

metric_reaches() {
    local value
    value=$(metric "$1" "$(gateway_url "${3:-gateway}")")
    [ "${value:-0}" -ge "$2" ]
}

# log_lines NAME WORDS: how many lines of a server's log hold them.
log_lines() {
    grep -cF -- "$2" "$STACK/$1/log" || true
}

log_has() {
    [ "$(log_lines "$1" "$2")" -gt 0 ]
}

# Time on processors so far, in ticks of 10 ms.
cpu_ticks() {
    local stat
    read -r stat < "/proc/$(process_pid "$1")/stat"
    # shellcheck disable=SC2086  # fields
    set -- ${stat##*) }
    echo $((${12} + ${13}))
}

open_files() {
    find "/proc/$(process_pid "$1")/fd" -mindepth 1 2> /dev/null | wc -l
}

# redis_calls COMMAND: how often Redis ran it.
redis_calls() {
    redis_ask redis INFO commandstats | sed -n "s/^cmdstat_$1:calls=\([0-9]*\),.*/\1/p" | grep . || echo 0
}

# slow_start SERVER: "slow", which stands before it, and holds back what it says for as long as say_delay said last.
slow_start() {
    mkdir -p "$STACK/slow"
    echo "$1" > "$STACK/slow/server"
    server_start slow slow_launch
}

slow_launch() {
    say_delay 0
    process_run slow "$BUILD/tools/slowly" "$2" "$(server_port "$(cat "$STACK/slow/server")")" delay
}

say_delay() { # MILLISECONDS
    echo "$1" > "$STACK/slow/delay.new" && mv "$STACK/slow/delay.new" "$STACK/slow/delay"
}

# config_slow DOMAIN: the directory behind it, alone.
config_slow() {
    cat << CONF
directories = ( {
    name    = "slow";
    uri     = [ "ldap://127.0.0.1:$(server_port slow)" ];
    base    = "$BASE_DN";
    domains = [ "$1" ];
    tls     = "none";
    connect-timeout = "20s";
} );
CONF
}

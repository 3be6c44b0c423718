#!/usr/bin/env bats
# Listeners of "proxy:": a header says for whom a proxy connects, in both versions, before HTTP and before TLS. And what
# holds for them as for others: a handshake that does not come to its end, and no descriptor for one more.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    slapd_start ldap
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
        -addext subjectAltName=DNS:localhost -keyout "$STACK/tls.key" -out "$STACK/tls.pem" 2> "$STACK/openssl"
    chmod 600 "$STACK/tls.key"
    "$BUILD/certlookupd" --new-token somebody | sed -n 's/^line:  //p' > "$STACK/tokens"
    chmod 600 "$STACK/tokens"
    gateway_start gateway proxied_config
    server_start haproxy haproxy_launch
}

teardown_file() {
    stack_end
}

# Beside it: one for proxies, one that speaks TLS behind the header, one that nobody may connect to, a socket in the
# file system.
proxied_config() {
    echo "listen = [ \"127.0.0.1:$2\", \"proxy:127.0.0.1:0\", \"proxy:https://127.0.0.1:0\"," \
        "\"https://127.0.0.1:0\", \"proxy:[::1]:0\", \"proxy:unix:$STACK/gateway/http\" ];"
    config_directories "$(config_directory example ldap)"
    config_trust
    echo "http = { trusted-proxies = [ \"127.0.0.1\", \"unix\" ]; open-to = \"$(cat "$STACK/open-to" 2> /dev/null || echo all)\";
    tokens-file = $(config_string "$STACK/tokens"); idle-timeout = \"${IDLE:-2}s\"; };"
    echo "tls = { certificate-file = $(config_string "$STACK/tls.pem"); key-file = $(config_string "$STACK/tls.key"); };"
    echo 'limits = { lookups = 1; lookups-burst = 3; };'
}

port_of() { # LISTEN
    grep -F "address=$1 " "$STACK/gateway/log" | tail -n 1 | sed 's/.*port=//'
}

# Three ports: the one that it was given speaks version 2 to HTTP, the next two version 1, and version 2 to TLS.
haproxy_launch() {
    mkdir -p "$STACK/haproxy"
    cat > "$STACK/haproxy/conf" << CONF
global
    maxconn 100
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen second
    bind 127.0.0.1:$2
    server gateway 127.0.0.1:$(port_of proxy:127.0.0.1:0) send-proxy-v2 check inter 500
listen first
    bind unix@$STACK/haproxy/first
    server gateway 127.0.0.1:$(port_of proxy:127.0.0.1:0) send-proxy
listen tls
    bind unix@$STACK/haproxy/tls
    server gateway 127.0.0.1:$(port_of proxy:https://127.0.0.1:0) send-proxy-v2
listen path
    bind unix@$STACK/haproxy/path
    server gateway unix@$STACK/gateway/http send-proxy-v2
CONF
    process_run haproxy haproxy -db -f "$STACK/haproxy/conf"
}

certificate_path() {
    echo "/v1/recipients/$(first_of rsa)/certificate"
}

# says HEADER [TARGET]: what comes for a request behind the header, sent octet by octet if SLOWLY is set.
says() {
    local octet
    body=$BATS_TEST_TMPDIR/said
    printf '%b' "$1" > "$BATS_TEST_TMPDIR/header"
    exec 5<> "/dev/tcp/127.0.0.1/$(port_of proxy:127.0.0.1:0)"
    if [ -n "${SLOWLY:-}" ]; then
        for octet in $(od -An -v -tx1 "$BATS_TEST_TMPDIR/header"); do
            printf '%b' "\\x$octet" >&5 # by the shell itself: each is a write of its own
        done
    else
        cat "$BATS_TEST_TMPDIR/header" >&5 2> /dev/null || true # it may be refused before its end
    fi
    # By another process, which whoever has hung up on us ends.
    (printf 'GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' "${2:-$(certificate_path)}" >&5) 2> /dev/null || true
    timeout 20 cat <&5 > "$body" 2> /dev/null || true
    exec 5>&-
    code=
    read -r _ code _ 2> /dev/null < "$body" || true
}

from() { # ADDRESS
    printf 'PROXY TCP4 %s 198.51.100.1 56324 443\\r\\n' "$1"
}

@test "haproxy, by versions 1 and 2, before HTTP and TLS" {
    get "http://127.0.0.1:$(server_port haproxy)/healthz"
    equal "version 2" 200 "$code"
    get "http://a/healthz" --unix-socket "$STACK/haproxy/first"
    equal "version 1" 200 "$code"
    get "https://localhost/healthz" --unix-socket "$STACK/haproxy/tls" --cacert "$STACK/tls.pem"
    equal "TLS" 200 "$code"
    get "http://a/healthz" --unix-socket "$STACK/haproxy/path"
    equal "a socket in the file system" 200 "$code"
    get "http://127.0.0.1:$(port_of proxy:127.0.0.1:0)/healthz" --haproxy-protocol
    equal "curl's" 200 "$code"
}

@test "who comes through a proxy is not of this machine, wherever it says to be" {
    get "http://127.0.0.1:$(server_port haproxy)/metrics"
    equal "haproxy" 401 "$code"
    says "$(from 127.0.0.1)" /metrics
    equal "a header" 401 "$code"
    says 'PROXY UNKNOWN\r\n' /metrics
    equal "a proxy by itself" 401 "$code"
    get "$(gateway_url gateway)/metrics"
    equal "this machine" 200 "$code"
}

@test "limits know the client" {
    local i
    for ((i = 0; i < 3; i++)); do
        says "$(from 192.0.2.1)"
        equal "192.0.2.1" 200 "$code"
    done
    says "$(from 192.0.2.1)"
    equal "its limit" 429 "$code"
    says "$(from 192.0.2.2)"
    equal "another client" 200 "$code"
    says '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x01\xdc\x04\x01\xbb'
    equal "the first, by version 2" 429 "$code"
    SLOWLY=1 says "$(from 192.0.2.3)"
    equal "in pieces" 200 "$code"
}

refused() {
    metric 'certlookup_http_refused_total{door="proxy"}'
}

@test "without a header, with a wrong one, or from elsewhere: nothing" {
    local before header
    before=$(refused)
    for header in '' 'PROXY TCP4 192.0.2.1 198.51.100.1 99999 443\r\n' 'PROXY TCP5 \r\n' '\x16\x03\x01\x02\0\x01\0' \
        '\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff' '\0\0\0\0\0\0\0\0\0'; do
        says "$header"
        equal "$header" "" "$(head -c 100 "$body" | tr -d '\0')"
    done
    equal "counted" 6 "$(($(refused) - before))"
    run ! curl -sS -g --max-time 10 "http://[::1]:$(port_of 'proxy:[::1]:0')/healthz" --haproxy-protocol
    equal "from elsewhere" 7 "$(($(refused) - before))"
    get "http://127.0.0.1:$(server_port haproxy)/healthz"
    equal "and others go on" 200 "$code"
}

# Nothing else happens at that listener meanwhile.
@test "a header that does not come to its end is hung up on" {
    local before began
    before=$(metric 'certlookup_limit_reached_total{limit="slow"}')
    process_stop haproxy
    began=$(now_ms)
    exec 5<> "/dev/tcp/127.0.0.1/$(port_of proxy:127.0.0.1:0)"
    printf 'PROXY TCP4 192' >&5
    equal "the end" "" "$(timeout 10 cat <&5)"
    exec 5>&-
    [ $(($(now_ms) - began)) -ge 1900 ]
    [ $(($(now_ms) - began)) -le 8000 ]
    equal counted 1 "$(($(metric 'certlookup_limit_reached_total{limit="slow"}') - before))"
    server_start haproxy haproxy_launch
}

@test "who names nobody cannot name itself" {
    local i
    for ((i = 0; i < 4; i++)); do
        says "PROXY UNKNOWN\r\nGET $(certificate_path) HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.$i\r\n\r\n"
    done
    equal "one client" 429 "$code"
}

@test "many at once" {
    local i
    for ((i = 0; i < 300; i++)); do
        echo "url = \"http://127.0.0.1:$(server_port haproxy)/healthz\""
        echo 'output = "/dev/null"'
    done > "$BATS_TEST_TMPDIR/urls"
    run --separate-stderr curl -sS --parallel --parallel-max 60 --no-keepalive -K "$BATS_TEST_TMPDIR/urls" -w '%{http_code}\n'
    equal answers "300 200" "$(sort <<< "$output" | uniq -c | awk '{ print $1, $2 }')"
}

between() { # WHAT LEAST MOST VALUE
    if [ "$4" -lt "$2" ] || [ "$4" -gt "$3" ]; then
        say_failed "$1: $4, and not from $2 to $3"
    fi
}

# until_hung_up LISTEN HEADER OCTETS: sends the header, then of the octets (as printf's %b reads them, four letters each)
# one in a quarter of a second; how many milliseconds that goes on.
until_hung_up() {
    local began octets=$3 status=129
    began=$(now_ms)
    exec 5<> "/dev/tcp/127.0.0.1/$(port_of "$1")"
    printf '%b' "$2" >&5
    while [ $status -gt 128 ] && [ $(($(now_ms) - began)) -lt 20000 ]; do
        [ -z "$octets" ] || printf '%b' "${octets:0:4}" >&5 2> /dev/null || break
        octets=${octets:4}
        status=0
        read -r -t 0.25 -N 1 _ <&5 || status=$?
    done
    echo $(($(now_ms) - began))
}

@test "a handshake that drips, or never begins, is hung up on, and others are served meanwhile" {
    local began hello octets kind each pids=()
    hello='\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03'$(printf '\\x00%.0s' {1..90})
    for kind in silent drip; do
        [ $kind = silent ] && octets='' || octets=$hello
        until_hung_up https://127.0.0.1:0 '' "$octets" > "$BATS_TEST_TMPDIR/$kind.tls" 3>&- &
        pids+=($!)
        until_hung_up proxy:https://127.0.0.1:0 "$(from 192.0.2.9)" "$octets" > "$BATS_TEST_TMPDIR/$kind.proxied" 3>&- &
        pids+=($!)
    done
    began=$(now_ms)
    while [ $(($(now_ms) - began)) -lt 3000 ]; do
        get "https://localhost:$(port_of https://127.0.0.1:0)/healthz" --cacert "$STACK/tls.pem" --max-time 2
        equal "another" 200 "$code"
        get "https://localhost/healthz" --unix-socket "$STACK/haproxy/tls" --cacert "$STACK/tls.pem" --max-time 2
        equal "another, through a proxy" 200 "$code"
        sleep 0.3
    done
    wait "${pids[@]}"
    for each in silent.tls silent.proxied drip.tls drip.proxied; do
        between "$each" 1900 8000 "$(cat "$BATS_TEST_TMPDIR/$each")"
    done
}

comes() { # FILE PORT [OPTION…]
    curl -s -o /dev/null --max-time 20 -w '%{http_code}\n' "http://127.0.0.1:$2/healthz" "${@:3}" \
        > "$BATS_TEST_TMPDIR/$1" 3>&-
}

# With a connection open all the time: of that libmicrohttpd waits for the end before it accepts again.
@test "no descriptor for one more: nobody tries without rest, and who came is served when there is one again" {
    local pid limit free=3 before i lines pids=()
    local tells='no descriptor is left for one more connection'
    process_stop haproxy
    pid=$(process_pid gateway)
    exec 6<> "/dev/tcp/127.0.0.1/$(server_port gateway)"
    held() {
        printf 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n' >&6
        timeout 5 grep -qam 1 '^ok' <&6
    }
    held
    limit=$(prlimit --pid "$pid" --nofile --noheadings --raw --output SOFT)
    while [ -e "/proc/$pid/fd/$free" ]; do
        free=$((free + 1))
    done
    lines=$(log_lines gateway "$tells")
    before=$(cpu_ticks gateway)
    prlimit --pid "$pid" --nofile="$free:"
    for i in 1 2 3 4; do
        comes "came.$i" "$(server_port gateway)" &
        pids+=($!)
        comes "came.proxied.$i" "$(port_of proxy:127.0.0.1:0)" --haproxy-protocol &
        pids+=($!)
    done
    for i in 1 2; do
        sleep 1
        held
    done
    between "ticks of 10 ms in 2 s" 0 40 $(($(cpu_ticks gateway) - before))
    equal "nobody is served" '' "$(cat "$BATS_TEST_TMPDIR"/came.*)"
    equal "lines in the log" 1 $(($(log_lines gateway "$tells") - lines))
    prlimit --pid "$pid" --nofile="$limit:"
    before=$(now_ms)
    for i in "${pids[@]}"; do
        wait "$i"
        held
    done
    between "milliseconds until all are served" 0 4000 $(($(now_ms) - before))
    equal "all" "8 200" "$(sort "$BATS_TEST_TMPDIR"/came.* | uniq -c | awk '{ print $1, $2 }')"
    exec 6>&-
    server_start haproxy haproxy_launch
}

@test "a proxy on this machine lets nobody in by itself" {
    echo loopback > "$STACK/open-to"
    proxied_config gateway "$(server_port gateway)" > "$STACK/gateway/certlookupd.conf"
    process_signal gateway HUP
    is_closed() {
        says "$(from 192.0.2.77)"
        [ "$code" = 401 ]
    }
    wait_until 10 is_closed
    get "$(gateway_url gateway)$(certificate_path)"
    equal "this machine" 200 "$code"
}

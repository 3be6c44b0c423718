#!/usr/bin/env bats
# Listeners that are no ports: sockets in the file system, and those that systemd passes.

bats_require_minimum_version 1.5.0
load stack
load crowd

setup_file() {
    stack_begin
    slapd_start ldap
    gateway_start gateway path_config
}

teardown_file() {
    stack_end
}

path_config() {
    echo "listen = [ \"127.0.0.1:$2\", \"unix:$STACK/gateway/http\" ];"
    rest_of_config
}

rest_of_config() {
    config_directories "$(config_directory example ldap)"
    config_trust
    echo 'http = { trusted-proxies = [ "unix" ]; };'
    echo 'limits = { lookups = 1; lookups-burst = 3; };'
}

certificate_path() {
    echo "/v1/recipients/$(first_of rsa)/certificate"
}

# by_path PATH TARGET [OPTION…]: as get.
by_path() {
    get "http://certlookup$2" --unix-socket "$1" "${@:3}"
}

@test "a socket in the file system gives what a port gives" {
    local i
    get "$(gateway_url gateway)$(certificate_path)"
    equal "by the port" 200 "$code"
    cp "$body" "$BATS_TEST_TMPDIR/by-port"
    for ((i = 0; i < 10; i++)); do # and is of this machine: no limits, and /metrics
        by_path "$STACK/gateway/http" "$(certificate_path)"
        equal "by the path" 200 "$code"
        cmp "$body" "$BATS_TEST_TMPDIR/by-port"
    done
    by_path "$STACK/gateway/http" /metrics
    equal "metrics" 200 "$code"
    by_path "$STACK/gateway/http" /v1/recipients -H 'Content-Type: application/json' \
        --data-raw "{\"recipients\":[\"$(first_of rsa)\"]}"
    equal "a batch" 200 "$code"
    equal "whoever may enter the folder" 666 "$(stat -c %a "$STACK/gateway/http")"
}

@test "a proxy there speaks for others" {
    local i
    by_path "$STACK/gateway/http" /metrics -H 'X-Forwarded-For: 192.0.2.1'
    equal "nobody of this machine" 403 "$code"
    for ((i = 0; i < 3; i++)); do
        by_path "$STACK/gateway/http" "$(certificate_path)" -H 'X-Forwarded-For: 192.0.2.1'
        equal status 200 "$code"
    done
    by_path "$STACK/gateway/http" "$(certificate_path)" -H 'X-Forwarded-For: 192.0.2.1'
    equal "its limit" 429 "$code"
    by_path "$STACK/gateway/http" "$(certificate_path)" -H 'X-Forwarded-For: 192.0.2.2'
    equal "another client" 200 "$code"
}

@test "many at once, by both threads" {
    local i
    for ((i = 0; i < 200; i++)); do
        echo "url = \"http://certlookup$(certificate_path)\""
        echo "output = \"/dev/null\""
    done > "$BATS_TEST_TMPDIR/urls"
    run --separate-stderr curl -sS --unix-socket "$STACK/gateway/http" --parallel --parallel-max 50 -K "$BATS_TEST_TMPDIR/urls" \
        -w '%{http_code}\n'
    equal "answers" "200 200" "$(sort <<< "$output" | uniq -c | awk '{ print $1, $2 }')"
}

# second WORDS: another gateway with this path ends with these words.
second() {
    {
        echo "listen = [ \"unix:$1\" ];"
        rest_of_config
    } > "$BATS_TEST_TMPDIR/config"
    run ! --separate-stderr timeout 20 "$BUILD/certlookupd" -c "$BATS_TEST_TMPDIR/config"
    grep -qF "$2" <<< "$stderr" || say_failed "$stderr"
}

@test "what somebody listens by, or what is no socket, is left alone" {
    second "$STACK/gateway/http" "unix:$STACK/gateway/http\\\": bind: Address already in use"
    by_path "$STACK/gateway/http" "$(certificate_path)"
    equal "the first serves on" 200 "$code"
    echo precious > "$BATS_TEST_TMPDIR/file"
    second "$BATS_TEST_TMPDIR/file" 'bind: Address already in use'
    equal "the file" precious "$(cat "$BATS_TEST_TMPDIR/file")"
    second "$BATS_TEST_TMPDIR/nowhere/http" 'bind: No such file or directory'
}

@test "it is gone at the end, and what a killed one left is replaced" {
    process_kill gateway
    [ -S "$STACK/gateway/http" ]
    gateway_start gateway
    by_path "$STACK/gateway/http" "$(certificate_path)"
    equal "again" 200 "$code"
    process_stop gateway
    [ ! -e "$STACK/gateway/http" ]
    gateway_start gateway
}

# As systemd starts it: the sockets from descriptor 3 on, LISTEN_PID the process itself. passed NAMES CONFIG ADDRESS…
# shellcheck disable=SC2016  # for perl
PASSER='
    use Socket;
    use POSIX ();
    $^F = 100;
    my ($names, $daemon, $config, @addresses) = @ARGV;
    my @sockets;
    for (@addresses) {
        socket(my $socket, m{^/} ? PF_UNIX : PF_INET, SOCK_STREAM, 0) or die "socket: $!";
        setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
        bind($socket, m{^/} ? pack_sockaddr_un($_) : pack_sockaddr_in($_, INADDR_LOOPBACK)) or die "bind: $!";
        listen($socket, 100) or die "listen: $!";
        push @sockets, $socket;
    }
    POSIX::dup2(fileno($sockets[$_]), 50 + $_) for 0 .. $#sockets;
    POSIX::dup2(50 + $_, 3 + $_) for 0 .. $#sockets;
    POSIX::close(50 + $_) for 0 .. $#sockets;
    @ENV{qw(LISTEN_PID LISTEN_FDS LISTEN_FDNAMES)} = ($$, scalar @sockets, $names);
    exec $daemon, "-c", $config or die "exec: $!"'

passed_launch() { # NAME PORT
    {
        echo 'listen = [ "systemd:http", "systemd:local" ];'
        rest_of_config
    } > "$STACK/$1/certlookupd.conf"
    sed -i 's/^http = {/& open-to = "all";/' "$STACK/$1/certlookupd.conf"
    rm -f "$STACK/$1/local"
    process_run "$1" perl -e "$PASSER" local:other:http "$BUILD/certlookupd" certlookupd.conf "$STACK/$1/local" \
        "$STACK/$1/other" "$2"
}

@test "sockets that systemd passes are found by their names" {
    server_start passed passed_launch
    wait_until 10 get "$(gateway_url passed)$(certificate_path)"
    equal "by the port" 200 "$code"
    by_path "$STACK/passed/local" "$(certificate_path)"
    equal "by the path" 200 "$code"
    by_path "$STACK/passed/local" /metrics
    equal "of this machine" 200 "$code"
    process_stop passed
    [ -S "$STACK/passed/local" ] # which is systemd's
}

# not_passed LISTEN WORDS NAMES ADDRESS…
not_passed() {
    {
        echo "listen = [ \"$1\" ];"
        rest_of_config
        echo 'log = { level = "error"; };'
    } | sed 's/^http = {/& open-to = "all";/' > "$BATS_TEST_TMPDIR/config"
    rm -f "$BATS_TEST_TMPDIR"/socket*
    run ! --separate-stderr timeout 20 perl -e "$PASSER" "$3" "$BUILD/certlookupd" "$BATS_TEST_TMPDIR/config" "${@:4}"
    grep -qF "$2" <<< "$stderr" || say_failed "$1: $stderr"
}

@test "one that was not passed is missed" {
    not_passed systemd 'whoever started this passed no socket' ''
    not_passed systemd:http 'no socket of this name was passed' local "$BATS_TEST_TMPDIR/socket1"
    not_passed systemd '2 sockets were passed: say which' a:b "$BATS_TEST_TMPDIR/socket1" "$BATS_TEST_TMPDIR/socket2"
}

# refuses LISTEN WORDS: certlookupd -t says so.
refuses() {
    {
        echo "listen = [ \"$1\" ];"
        rest_of_config
    } > "$BATS_TEST_TMPDIR/config"
    run ! --separate-stderr "$BUILD/certlookupd" -t -c "$BATS_TEST_TMPDIR/config"
    grep -qF "$2" <<< "$stderr" || say_failed "$1: $stderr"
}

@test "paths that cannot be are refused, and what others may reach needs tokens" {
    refuses unix:http 'a socket has an absolute path'
    refuses unix: 'a socket has an absolute path'
    refuses "unix:/$(printf '%0120d' 0)" 'the path of a socket has at most 107 bytes'
    refuses systemd 'others than this machine may reach it'
    refuses sistemd 'listen[0]'
}

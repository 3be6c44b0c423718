# shellcheck shell=bash
# Whom certlookupd is measured against, as servers of a stack (tests/demo/stack.sh): nginx, webdis, and programs that
# print their port. And what it is measured with: rates of wrk, percentiles of h2load. Sourced by bench.sh.

# nginx_start NAME FILE: serves FILE as what our route of alice@example.org has, as fast as nginx can: descriptors kept
# open, no access log, connections kept for as many requests as come, one worker for each thread of ours.
nginx_start() {
    local root=$STACK/$1/root$HOT_PATH
    mkdir -p "$(dirname "$root")" && cp "$2" "$root" && server_start "$1" nginx_launch
}

nginx_launch() {
    nginx_config "$1" "$2" > "$STACK/$1/nginx.conf"
    process_run "$1" nginx -p "$STACK/$1" -c nginx.conf -e stderr
}

nginx_config() {
    [ "$(id -u)" -ne 0 ] || echo 'user root;'
    cat << CONF
daemon off;
worker_processes $THREADS;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=1000 inactive=1h;
    open_file_cache_valid 1h;
    default_type application/pkix-cert;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {
        listen 127.0.0.1:$2 reuseport;
        root root;
    }
}
CONF
}

# webdis_start NAME: in front of the stack's Redis, with as few connections to it as were the fastest (of 1, 4, 20, 64). What
# it is asked for stands there under cert:NUMBER.
webdis_start() {
    server_start "$1" webdis_launch
}

webdis_launch() {
    cat > "$STACK/$1/webdis.json" << CONF
{
    "redis_host": "127.0.0.1", "redis_port": $(server_port redis), "redis_auth": null, "database": 0,
    "http_host": "127.0.0.1", "http_port": $2,
    "threads": $THREADS, "pool_size": $WEBDIS_POOL, "daemonize": false, "verbosity": 0, "logfile": "webdis.log",
    "acl": []
}
CONF
    process_run "$1" webdis webdis.json
}

# printer_start NAME COMMAND…: a program that listens where the system lets it, and prints the port.
printer_start() {
    local name=$1
    mkdir -p "$STACK/$name" && : > "$STACK/$name/log"
    process_run "$@"
    wait_until "$START_SECONDS" printed_or_ended "$name" || true
    grep -x "[0-9][0-9]*" "$STACK/$name/log" > "$STACK/$name/port" || true
    process_listens "$name" "$(server_port "$name")" || show_log "$name" "does not listen"
}

printed_or_ended() {
    grep -qx '[0-9][0-9]*' "$STACK/$1/log" || process_is_down "$1"
}

server_url() {
    echo "http://127.0.0.1:$(server_port "$1")"
}

bench_fail() {
    printf 'bench: %s\n' "$*" >&2
    return 1
}

# load SECONDS CONNECTIONS URL [VARIABLE=VALUE…]: what client.lua says in the end. No rate comes of a wrong status, of a
# broken connection, or of an answer without a body.
load() {
    local seconds=$1 connections=$2 url=$3 said
    shift 3
    said=$(env LEAST="$BODY_BYTES" "$@" wrk -t1 -c"$connections" -d"${seconds}s" -s tests/bench/client.lua "$url" 2>&1 |
        tail -n 1)
    case $said in
    'rate '*) echo "$said" ;;
    *) bench_fail "wrk at $url $*: $said" ;;
    esac
}

rate() { # URL [VARIABLE=VALUE…]
    load "$SECONDS_EACH" "${CONNECTIONS:?}" "$@" | awk '{ print $2 }'
}

# percentile_99 LOG WANTED: of h2load's log, with so many requests wanted in it.
percentile_99() {
    sort -n -k3,3 "$1" | awk -v wanted="$2" '
        $2 != 200 { failed++ }
        { time[NR] = $3 }
        END {
            if (failed > 0 || NR < 0.95 * wanted) {
                printf "%d requests of %d, %d without status 200\n", NR, wanted, failed > "/dev/stderr"
                exit 1
            }
            print time[int((NR * 99 + 99) / 100)]
        }'
}

# pace URL RATE: the 99th percentile in microseconds at that many requests a second. h2load logs the time of each; a disk
# that is busy would hold it up, so the log stands in memory where there is a place for that.
pace() {
    local each said log folder=$STACK result=0
    [ ! -w /dev/shm ] || folder=/dev/shm
    log=$(mktemp -u "$folder/h2load.XXXXXX") # h2load makes it itself
    each=$(awk -v rate="$2" -v clients="$CONNECTIONS" 'BEGIN { print int(rate / clients) }')
    said=$(h2load --h1 -t1 -c"$CONNECTIONS" -D "$SECONDS_EACH" --rps "$each" --log-file "$log" "$1" 2>&1)
    percentile_99 "$log" $((each * CONNECTIONS * SECONDS_EACH)) || result=$?
    rm -f "$log"
    [ "$result" -eq 0 ] || bench_fail "h2load at $1: $said"
}

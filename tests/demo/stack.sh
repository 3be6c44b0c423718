# shellcheck shell=bash
# A stack of real servers in a folder of its own: slapd, redis-server, certlookupd.
#
# Sourced by bash; the caller sets BUILD (where certlookupd, certlookup and tools/ are) and calls
#
#     stack_open FOLDER PEOPLE      PEOPLE: a folder made by makepeople
#     slapd_start ldap
#     redis_start redis
#     gateway_start gateway
#     …
#     stack_close
#
# Each server has a name and, under it, a folder: its port, its process, its log, its data. All that is known of a
# stack stands there, so that another process may go on with it. A server may be stopped, killed, and started again
# under its name: it keeps its port and what it had stored. Only processes that were started here are ever signalled.
# A function that fails says why on stderr and returns 1; nothing here exits.

PATH="$PATH:/usr/sbin:/sbin:/usr/lib/openldap"

BASE_DN=dc=example,dc=org
BIND_DN="cn=admin,$BASE_DN"
BIND_PASSWORD=tell-nobody
: "${START_SECONDS:=60}" # a sanitized program on a busy machine is slow to start
: "${FIRST_PORT:=20000}"  # below what the kernel gives to clients, so that a port stays free while its server is down
: "${LAST_PORT:=32000}"

stack_open() {
    mkdir -p "$1" && STACK=$(cd "$1" && pwd) && PEOPLE=$(cd "$2" && pwd)
}

stack_servers() { # the names of those that were started, the last one first
    local name
    [ ! -e "$STACK/servers" ] || while read -r name; do
        [ ! -e "$STACK/$name/process" ] && [ ! -e "$STACK/$name/starting" ] || echo "$name"
    done < <(tac "$STACK/servers")
}

stack_close() {
    local name status=0
    while read -r name; do
        [ ! -e "$STACK/$name/starting" ] || wait_until 5 test -e "$STACK/$name/process" || true
        process_stop "$name" || status=1
    done < <(stack_servers)
    rm -f "$STACK/servers"
    return $status
}

say_failed() {
    printf 'stack: %s\n' "$*" >&2
    return 1
}

show_log() {
    say_failed "$1 $2; the end of $STACK/$1/log:"
    tail -n 15 "$STACK/$1/log" | sed 's/^/    /' >&2
    return 1
}

now_ms() {
    local now=$EPOCHREALTIME
    echo $((${now%[.,]*} * 1000 + 10#${now#*[.,]} / 1000))
}

# wait_until SECONDS COMMAND…: asks until the command succeeds; 1 when time is up.
wait_until() {
    local until=$(($(now_ms) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(now_ms)" -lt "$until" ] || return 1
        sleep 0.02
    done
}

# When a process was started, in ticks since boot: with its number, a name that no other process ever has.
process_birth() {
    local stat
    read -r stat 2> /dev/null < "/proc/$1/stat" || return 1
    # shellcheck disable=SC2086  # fields
    set -- ${stat##*) }
    [ "$1" != Z ] && echo "${20}"
}

process_pid() { # nothing and 1 when it does not run
    local pid birth
    [ -e "$STACK/$1/process" ] && read -r pid birth < "$STACK/$1/process" && [ -n "$birth" ] &&
        [ "$(process_birth "$pid")" = "$birth" ] && echo "$pid"
}

process_is_up() {
    process_pid "$1" > /dev/null
}

process_is_down() {
    ! process_pid "$1" > /dev/null
}

# process_run NAME COMMAND…: in a session of its own, so that Ctrl-C reaches us alone, who then end it in order.
process_run() {
    local name=$1 folder=$STACK/$1
    shift
    rm -f "$folder/process"
    : > "$folder/starting" # whoever is interrupted here still finds out what was started
    grep -qsxF "$name" "$STACK/servers" || echo "$name" >> "$STACK/servers"
    # shellcheck disable=SC2016  # for the inner shell, which becomes the command
    (cd "$folder" && exec setsid bash -c '
        read -r stat < /proc/$$/stat
        fields=(${stat##*) })
        echo "$$ ${fields[19]}" > process.new && mv process.new process
        exec "$@"' stack "$@") < /dev/null >> "$folder/log" 2>&1 3>&- 9>&- &
    disown
    wait_until 10 test -e "$folder/process" || say_failed "$name was not started" || return 1
    rm -f "$folder/starting"
}

# process_signal NAME SIGNAL: 1 when there is nobody to get it.
process_signal() {
    local pid
    pid=$(process_pid "$1") && kill -s "$2" "$pid" 2> /dev/null
}

process_stop() {
    local pid
    pid=$(process_pid "$1") || true
    process_signal "$1" TERM || true
    if ! wait_until 20 process_is_down "$1"; then
        say_failed "$1 did not end within 20 s of SIGTERM"
        process_kill "$1"
        return 1
    fi
    rm -f "$STACK/$1/process" "$STACK/$1/starting"
    [ -z "$pid" ] || wait_until 1 test ! -e "/proc/$pid" || true # its parent, or init, takes note in a moment
}

process_kill() {
    process_signal "$1" KILL || true
    wait_until 10 process_is_down "$1" || say_failed "$1 does not end" || return 1
    rm -f "$STACK/$1/process"
}

# Whether that process listens on that port, and not somebody else who came first.
process_listens() {
    local pid inode port
    pid=$(process_pid "$1") || return 1
    printf -v port ':%04X' "$2"
    while read -r inode; do
        [ -z "$(find "/proc/$pid/fd" -lname "socket:\[$inode\]" -print -quit 2> /dev/null)" ] || return 0
    done < <(awk -v port="$port" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' \
        /proc/net/tcp /proc/net/tcp6 2> /dev/null)
    return 1
}

listens_or_ended() {
    process_listens "$1" "$2" || process_is_down "$1"
}

# server_start NAME LAUNCH: LAUNCH starts the server NAME on the port in $STACK/NAME/port. Whether a port is free is
# found out by listening on it; if somebody else does already, another port is tried, unless the server had one before.
server_start() {
    local name=$1 launch=$2 folder=$STACK/$1 tries=20 kept=no port
    mkdir -p "$folder"
    process_is_down "$name" || say_failed "$name runs already" || return 1
    [ ! -s "$folder/port" ] || kept=yes
    while [ $((tries -= 1)) -ge 0 ]; do
        [ $kept = yes ] || echo $((FIRST_PORT + RANDOM % ((LAST_PORT - FIRST_PORT) / 2) * 2)) > "$folder/port"
        port=$(cat "$folder/port")
        "$launch" "$name" "$port" || return 1
        wait_until "$START_SECONDS" listens_or_ended "$name" "$port" || true
        ! process_listens "$name" "$port" || return 0
        process_is_down "$name" || { process_kill "$name" && show_log "$name" "does not listen on port $port"; return 1; }
        tail -n 20 "$folder/log" | grep -qiE 'in use|errno=98|bind\(|could not create server tcp' ||
            show_log "$name" "ended at its start" || return 1
        [ $kept = no ] || sleep 0.1
    done
    show_log "$name" "finds no free port"
}

server_port() {
    cat "$STACK/$1/port"
}

# slapd_start NAME [LINE…]: serves ldap:// (with StartTLS) on its port and ldaps:// on the next. The first start fills it
# from the people's LDIF. LINEs go into slapd.conf, in its database section: "sizelimit 3". It tells of its changes
# (overlay syncprov), unless SLAPD_SYNC is "no".
slapd_start() {
    local name=$1 folder=$STACK/$1
    shift
    mkdir -p "$folder"
    if [ $# -gt 0 ] || [ ! -e "$folder/slapd.conf" ]; then
        slapd_write_conf "$@" > "$folder/slapd.conf"
    fi
    if [ ! -d "$folder/db" ]; then
        # shellcheck disable=SC2086  # options
        (cd "$folder" && rm -rf db.new && mkdir db.new && sed 's/^directory .*/directory db.new/' slapd.conf > seed.conf &&
            slapadd -q ${SLAPADD_OPTIONS:-} -f seed.conf -l "${SLAPD_LDIF:-$PEOPLE/directory.ldif}" >> log 2>&1 && mv db.new db) ||
            show_log "$name" "cannot be filled" || return 1
    fi
    server_start "$name" slapd_launch
}

# Logs each search, for slapd_searches; SLAPD_LOG=0: nothing.
slapd_launch() {
    process_run "$1" slapd -d "${SLAPD_LOG:-stats}" -f slapd.conf -h "ldap://127.0.0.1:$2 ldaps://127.0.0.1:$(($2 + 1)) ldapi://ldapi"
}

slapd_write_conf() { # paths are from the server's folder, where it runs
    local schema=/etc/ldap/schema modules=/usr/lib/ldap
    [ -d $schema ] || schema=/etc/openldap/schema
    printf 'include %s/%s.schema\n' $schema core $schema cosine $schema inetorgperson
    [ ! -d $modules ] || printf 'modulepath %s\nmoduleload back_mdb\nmoduleload syncprov\n' $modules
    cat << CONF
pidfile slapd.pid
TLSCACertificateFile $(config_string "$PEOPLE/tls/ca.pem")
TLSCertificateFile $(config_string "$PEOPLE/tls/server.pem")
TLSCertificateKeyFile $(config_string "$PEOPLE/tls/server.key")
database mdb
suffix "$BASE_DN"
rootdn "$BIND_DN"
rootpw $BIND_PASSWORD
directory db
maxsize 1073741824
index objectClass,mail eq
CONF
    printf '%s\n' "$@"
    [ "${SLAPD_SYNC:-yes}" = no ] || echo 'overlay syncprov'
}

slapd_uri() {
    echo "ldap://127.0.0.1:$(server_port "$1")"
}

slapd_tls_uri() {
    echo "ldaps://127.0.0.1:$(($(server_port "$1") + 1))"
}

# slapd_searches NAME [WORDS]: how many searches it got, other than for its own description; only those with WORDS in
# the filter.
slapd_searches() {
    slapd_filters "$1" | grep -cF -- "${2:-}" || true
}

slapd_filters() {
    sed -n 's/.* SRCH base="[^"].* filter="\(.*\)"$/\1/p' "$STACK/$1/log"
}

# directory_values URI ADDRESS OUT: what ldapsearch returns for this address, each value in a file OUT/NUMBER.ATTRIBUTE.
directory_values() {
    local name base64 number=0
    mkdir -p "$3"
    while IFS=' ' read -r name base64; do
        number=$((number + 1))
        base64 -d <<< "$base64" > "$3/$number.${name%%[;:]*}"
    done < <(ldapsearch -x -LLL -o ldif-wrap=no -H "$1" -b "$BASE_DN" "(mail=$2)" userCertificate userSMIMECertificate |
        grep -i '^user[A-Za-z]*Certificate')
}

slapd_values() {
    directory_values "$(slapd_uri "$1")" "$2" "$3"
}

# slapd_modify NAME < LDIF
slapd_modify() {
    ldapmodify -x -H "$(slapd_uri "$1")" -D "$BIND_DN" -w "$BIND_PASSWORD" > /dev/null
}

# redis_start NAME [OPTION…]: keeps nothing on disk.
redis_start() {
    local name=$1
    shift
    mkdir -p "$STACK/$name"
    [ $# -eq 0 ] || printf '%s\n' "$@" > "$STACK/$name/options"
    server_start "$name" redis_launch
}

redis_launch() {
    local options=()
    [ ! -e "$STACK/$1/options" ] || mapfile -t options < "$STACK/$1/options"
    process_run "$1" redis-server --port "$2" --bind 127.0.0.1 --daemonize no --save '' --appendonly no "${options[@]}"
}

redis_uri() {
    echo "redis://127.0.0.1:$(server_port "$1")/0"
}

redis_ask() {
    local name=$1
    shift
    redis-cli -h 127.0.0.1 -p "$(server_port "$name")" "$@"
}

# gateway_start NAME [WRITE]: WRITE NAME PORT writes its configuration; gateway_config does where none is given. Ready
# when it answers; for lookups, the directories must be up as well.
gateway_start() {
    local name=$1
    mkdir -p "$STACK/$name"
    [ -z "${2:-}" ] || echo "$2" > "$STACK/$name/write"
    [ -e "$STACK/$name/write" ] || echo gateway_config > "$STACK/$name/write"
    server_start "$name" gateway_launch
}

gateway_launch() {
    local conf=$STACK/$1/certlookupd.conf write
    write=$(cat "$STACK/$1/write")
    "$write" "$1" "$2" > "$conf" && process_run "$1" "$BUILD/certlookupd" -c "$conf"
}

gateway_url() {
    echo "http://127.0.0.1:$(server_port "$1")"
}

# gateway_config NAME PORT [LINE…]: one directory, one Redis; LINEs are of the directory. The parts below are for other
# stacks.
gateway_config() {
    local conf port=$2
    shift 2
    config_listen "$port"
    conf=$(config_directory example ldap "$@") && config_directories "$conf"
    config_trust
    config_redis redis
}

# demo_config NAME PORT: the same as make demo has it, with a directory that tells of its changes, and a token.
demo_config() {
    gateway_config "$@" 'sync    = true;' 'warm    = true;'
    secret_file token > /dev/null && echo "http = { token-file = $(config_string "$STACK/token"); };"
}

# A string of libconfig, and of slapd.conf.
config_string() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

config_listen() {
    echo "listen = [ \"127.0.0.1:$1\" ];"
}

config_directories() {
    printf 'directories = (\n%s\n);\n' "$1"
}

# config_directory NAME SERVER [LINE…]: with StartTLS. LINEs: "timeout = \"1s\";"
config_directory() {
    local name=$1 server=$2
    shift 2
    cat << CONF
    {
        name    = "$name";
        uri     = [ "$(slapd_uri "$server")" ];
        base    = "$BASE_DN";
        domains = [ "example.org", "example.com", "bücher.example" ];
        ca-file = $(config_string "$PEOPLE/tls/ca.pem");
$(printf '        %s\n' "$@")
    }
CONF
}

config_trust() {
    cat << CONF
trust = {
    anchors       = [ $(config_string "$PEOPLE/anchors") ];
    intermediates = [ $(config_string "$PEOPLE/intermediates") ];
    crls          = [ $(config_string "$PEOPLE/crls") ];
    revocation    = "${REVOCATION:-prefer}";
};
CONF
}

config_redis() {
    secret_file seal.key > /dev/null && cat << CONF
redis = {
    uri           = "$(redis_uri "$1")";
    seal-key-file = $(config_string "$STACK/seal.key");
};
CONF
}

secret_file() { # NAME
    [ -e "$STACK/$1" ] || "$BUILD/certlookupd" --new-key "$STACK/$1"
}

#!/bin/bash
# certlookup with everything around it, on this machine: a directory full of recipients, a Redis, a gateway.
#
#     demo.sh BUILD run        start, tour; on a terminal stay up until Ctrl-C; end
#     demo.sh BUILD check      start, tour, end
#     demo.sh BUILD up         start and leave running; build/demo/env says where
#     demo.sh BUILD down       end it
#
# BUILD is where the programs are. All of it stands in build/demo beside BUILD, or in $DEMO. What runs already is used,
# and left running by whoever did not start it.
set -u

here=$(cd "$(dirname "$0")" && pwd)
BUILD=$(cd "$1" && pwd) || exit 1
command=$2
# shellcheck source=/dev/null
. "$here/stack.sh"

folder=${DEMO:-$(dirname "$BUILD")/demo}
mine=no # whether this process started what runs, and so ends it

fail() {
    echo "demo: $*" >&2
    exit 1
}

quoted() { # NAME VALUE: a shell variable, whatever is in it
    printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}"
}

is_up() {
    process_is_up ldap && process_is_up redis && process_is_up gateway && [ -e "$folder/env" ]
}

lock() { # -x: servers come and go; -s: they stay
    flock -n "$1" 9 && return
    echo 'Waiting for another demo in this folder…' >&2
    flock "$1" 9
}

start() {
    rm -rf "$folder/ldap" "$folder/redis" "$folder/gateway" "$folder/servers" "$folder/env"
    echo 'Making a throwaway PKI and its people…'
    "$BUILD/tools/makepeople" "$folder/people" || fail 'no people'
    cp "$folder/people/recipients.tsv" "$folder/recipients.tsv"
    echo 'Starting slapd, redis-server and certlookupd…'
    slapd_start ldap || fail 'slapd does not start'
    redis_start redis || fail 'redis-server does not start'
    gateway_start gateway demo_config || fail 'certlookupd does not start'
    wait_until "$START_SECONDS" curl -sf -o /dev/null "$(gateway_url gateway)/readyz" || fail 'certlookupd is not ready'
    write_env > "$folder/env.new" && mv "$folder/env.new" "$folder/env"
}

write_env() {
    quoted HTTP_URL "$(gateway_url gateway)"
    quoted LDAP_URI "$(slapd_uri ldap)"
    quoted BASE_DN "$BASE_DN"
    quoted REDIS_URI "$(redis_uri redis)"
    quoted ANCHOR "$folder/people/anchors/root.pem"
    quoted CONFIG "$folder/gateway/certlookupd.conf"
    quoted DAEMON_PID "$(process_pid gateway)"
    quoted PEOPLE "$folder/people"
    quoted CERTLOOKUP "$BUILD/certlookup"
    quoted TOKEN "$folder/token"
}

stop() {
    rm -f "$folder/env"
    stack_close
}

# Starts what does not run yet. Afterwards the lock is shared: nobody ends it meanwhile.
bring_up() {
    until lock -s && is_up; do
        lock -x
        if ! is_up; then
            mine=yes
            stop || fail 'what was left of an earlier demo does not end'
            start
        fi
    done
}

finish() {
    local status=$?
    trap '' INT TERM HUP
    if [ $mine = yes ]; then
        lock -x
        stop || status=1
    fi
    exit $status
}

stay() {
    # shellcheck source=/dev/null
    . "$folder/env"
    cat << TEXT

It stays up until Ctrl-C. To try:

    curl $HTTP_URL/v1/recipients/alice@example.org
    curl '$HTTP_URL/v1/recipients/sybil@example.org?explain=1'
    curl '$HTTP_URL/v1/recipients/bob@example.org/certificate?format=pem'
    curl -H 'Content-Type: application/json' -d '{"recipients": ["alice@example.org", "mallory@example.org"]}' \\
        $HTTP_URL/v1/recipients
    curl $HTTP_URL/metrics
    ldapsearch -x -H $LDAP_URI -b $BASE_DN mail=carol@example.org
    $CERTLOOKUP -u $HTTP_URL --explain carol@example.org
    $CERTLOOKUP -u $HTTP_URL --token-file $TOKEN --purge alice@example.org
    tail -f $folder/gateway/log

    everybody there is:   $folder/recipients.tsv
    their private keys:   $PEOPLE/keys
    all this in a shell:  . $folder/env

TEXT
    flock -u 9
    trap 'echo; exit 0' INT TERM HUP
    while is_up; do
        sleep 1
    done
    fail "a server was ended by somebody else; see the logs in $folder/{ldap,redis,gateway}/log"
}

tour() {
    bash "$here/tour.sh" "$folder/env" "$folder/tour" || fail "see the logs in $folder/{ldap,redis,gateway}/log"
}

mkdir -p "$folder/people" && stack_open "$folder" "$folder/people" || exit 1
exec 9> "$folder/lock"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

case $command in
up)
    bring_up
    mine=no
    echo "certlookup is up; . $folder/env"
    sed 's/^/    /' "$folder/env"
    ;;
down)
    lock -x
    [ -n "$(stack_servers)" ] || echo 'Nothing runs.'
    stop
    ;;
check)
    bring_up
    tour
    ;;
run)
    bring_up
    tour
    if [ -t 0 ] && [ -t 1 ]; then
        stay
    fi
    ;;
*) fail "no command $command" ;;
esac

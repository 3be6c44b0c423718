#!/bin/bash
# Builds the images, brings them up, asks from outside as a user would (the tour of make demo), takes them down.
#
# An engine that answers is used as it is. If none does, and this is root, one of our own runs for the time of the test,
# with its data below build/docker. The base image is pulled; where no registry answers, debootstrap makes it.
# Yours: BASE (debian:bookworm-slim; the suite before "-slim" is what debootstrap makes), DOCKER_HOST.
set -u

cd "$(dirname "$0")/.." || exit 1
root=$PWD
folder=$root/build/docker
project=certlookup-test-$$
BASE=${BASE:-debian:bookworm-slim}
export BASE
# shellcheck source=/dev/null
. tests/demo/stack.sh

fail() {
    echo "docker-test: $*" >&2
    exit 1
}

engine_answers() {
    docker version > /dev/null 2>&1
}

start_engine() {
    command -v dockerd > /dev/null || fail 'no engine answers, and there is no dockerd: apt-get install docker.io docker-compose'
    [ "$(id -u)" = 0 ] || fail 'no engine answers, and only root can start one'
    echo 'No engine answers: starting one of our own…'
    mkdir -p "$folder/engine"
    sockets=$(mktemp -d /tmp/certlookup-docker.XXXXXX) # below build its path might be too long for a socket
    export DOCKER_HOST=unix://$sockets/docker.sock
    process_run engine dockerd --data-root "$folder/engine/data" --exec-root "$sockets/exec" \
        --pidfile "$sockets/docker.pid" --host "$DOCKER_HOST"
    wait_until 60 engine_answers || show_log engine 'does not answer' || exit 1
}

find_compose() {
    if docker compose version > /dev/null 2>&1; then
        compose=(docker compose)
    elif command -v docker-compose > /dev/null; then
        compose=(docker-compose)
    else
        fail 'neither docker compose nor docker-compose: apt-get install docker-compose'
    fi
    compose+=(--project-name "$project" --file "$root/docker/compose.yaml")
}

find_base() {
    local suite=${BASE#*:} rootfs=$folder/rootfs
    docker image inspect "$BASE" > /dev/null 2>&1 && return
    timeout 300 docker pull -q "$BASE" 2> /dev/null && return
    echo "$BASE cannot be pulled: making it with debootstrap…"
    command -v debootstrap > /dev/null || fail 'there is no debootstrap: apt-get install debootstrap'
    [ "$(id -u)" = 0 ] || fail 'debootstrap wants root'
    rm -rf "$rootfs" && mkdir -p "$rootfs" || exit 1
    debootstrap --variant=minbase "${suite%-slim}" "$rootfs" > "$folder/debootstrap.log" 2>&1 ||
        { tail "$folder/debootstrap.log" >&2; fail "debootstrap fails: $folder/debootstrap.log"; }
    tar -C "$rootfs" --exclude='./var/cache/apt/archives/*.deb' -c . | docker import - "$BASE" > /dev/null ||
        fail 'the base image cannot be imported'
    rm -rf "$rootfs"
}

build() {
    local target
    docker buildx version > /dev/null 2>&1 || export DOCKER_BUILDKIT=0
    for target in people demo slapd redis; do
        echo "Building $target…"
        docker build --network host --build-arg "BASE=$BASE" -f docker/Dockerfile --target $target \
            -t "certlookup-$target" . > "$folder/build-$target.log" 2>&1 ||
            { tail -n 30 "$folder/build-$target.log" >&2; fail "$target cannot be built: $folder/build-$target.log"; }
    done
}

# The people as files, for the tour: what to compare with, and the keys to read messages with.
fetch_people() {
    local container
    rm -rf "$folder/people"
    container=$(docker create certlookup-people true) || fail 'the people cannot be fetched'
    docker cp "$container:/people" "$folder/people" > /dev/null 2>&1 || fail 'the people cannot be fetched'
    docker rm "$container" > /dev/null
}

is_healthy() {
    [ "$(docker inspect --format '{{.State.Health.Status}}' "$gateway")" = healthy ]
}

bring_up() {
    HTTP_PORT=0 LDAP_PORT=0 "${compose[@]}" up -d --no-build > "$folder/up.log" 2>&1 ||
        { cat "$folder/up.log" >&2; fail 'the containers do not start'; }
    gateway=$("${compose[@]}" ps -q certlookupd)
    wait_until 60 is_healthy || { "${compose[@]}" logs >&2; fail 'certlookupd does not become healthy'; }
    docker exec "$gateway" cat /var/lib/certlookup/token > "$folder/token" || fail 'no token'
}

published() {
    "${compose[@]}" port "$1" "$2" | tail -n 1
}

write_env() {
    cat << ENV
HTTP_URL='http://$(published certlookupd 8080)'
LDAP_URI='ldap://$(published slapd 1389)'
BASE_DN='$BASE_DN'
PEOPLE='$folder/people'
ANCHOR='$folder/people/anchors/root.pem'
TOKEN_FILE='$folder/token'
CERTLOOKUP='docker exec -i $gateway certlookup'
CLI_LDAP_URI='ldap://slapd:1389'
CLI_PEOPLE='/etc/certlookup/people'
ENV
}

check_containers() {
    local name
    for name in certlookupd slapd redis; do
        [ "$(docker exec "$("${compose[@]}" ps -q $name)" id -u)" != 0 ] || fail "$name runs as root"
    done
    ! docker exec "$gateway" touch /etc/written 2> /dev/null || fail 'certlookupd can write outside of its volume'
}

finish() {
    local status=$?
    trap '' INT TERM HUP
    [ -z "${gateway:-}" ] || [ $status = 0 ] || "${compose[@]}" logs --tail 20 >&2
    [ -z "${compose[*]:-}" ] || "${compose[@]}" down -v --timeout 10 > /dev/null 2>&1
    stack_close || status=1
    if [ -n "${sockets:-}" ]; then # an engine leaves its network namespace mounted
        umount "$sockets/exec/netns/default" 2> /dev/null
        rm -rf "$sockets"
    fi
    [ $status != 0 ] || echo 'docker-test passed.'
    exit $status
}

command -v docker > /dev/null || fail 'there is no docker: apt-get install docker.io docker-compose'
mkdir -p "$folder" && stack_open "$folder" "$folder" || exit 1
stack_close # of a test that was broken off
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

engine_answers || start_engine
find_compose
find_base
build
fetch_people
bring_up
check_containers
write_env > "$folder/env"
bash tests/demo/tour.sh "$folder/env" "$folder/tour" || fail 'the tour does not hold'

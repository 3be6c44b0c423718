#!/usr/bin/env bats
# What is installed, and the configurations that a newcomer meets.

setup() {
    cd "$BATS_TEST_DIRNAME/../.."
    : "${BUILD:=$PWD/build/release}"
    ROOT=$BATS_TEST_TMPDIR/root
}

# The flavour under test is what gets installed: nothing is built here.
installs() {
    make --no-print-directory "$1" B="${BUILD#"$PWD"/}" FLAVOUR="${BUILD##*/}" DESTDIR="$ROOT" PREFIX=/opt/c \
        SYSCONFDIR=/etc -o all > "$BATS_TEST_TMPDIR/log" 2>&1 || { cat "$BATS_TEST_TMPDIR/log"; return 1; }
}

@test "make install: binaries, manual pages, sample, unit; make uninstall takes them away" {
    installs install
    for file in opt/c/bin/certlookup opt/c/sbin/certlookupd opt/c/share/man/man1/certlookup.1 \
        opt/c/share/man/man5/certlookupd.conf.5 opt/c/share/man/man8/certlookupd.8 \
        etc/certlookup/certlookupd.conf.sample opt/c/lib/systemd/system/certlookupd.service; do
        [ -s "$ROOT/$file" ] || { echo "$file is missing"; return 1; }
    done
    "$ROOT/opt/c/sbin/certlookupd" --version
    grep -q '^ExecStart=/opt/c/sbin/certlookupd -c /etc/certlookup/certlookupd.conf$' \
        "$ROOT/opt/c/lib/systemd/system/certlookupd.service"
    run grep -r '@[A-Z]*@' "$ROOT/opt/c/lib/systemd"
    [ -z "$output" ]
    installs uninstall
    run find "$ROOT" -type f
    [ -z "$output" ]
}

@test "an installed configuration is left alone" {
    mkdir -p "$ROOT/etc/certlookup"
    echo mine > "$ROOT/etc/certlookup/certlookupd.conf"
    installs install
    [ "$(cat "$ROOT/etc/certlookup/certlookupd.conf")" = mine ]
}

@test "certlookupd -t accepts the sample" {
    sample=etc/certlookupd.conf
    anchors=/etc/ssl/certs/ca-certificates.crt
    if [ ! -s $anchors ]; then # no bundle on this machine: one of our own stands in for it
        openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=Anchor -keyout /dev/null \
            -out "$BATS_TEST_TMPDIR/anchors.pem" 2> /dev/null
        sed "s|$anchors|$BATS_TEST_TMPDIR/anchors.pem|" etc/certlookupd.conf > "$BATS_TEST_TMPDIR/sample.conf"
        sample=$BATS_TEST_TMPDIR/sample.conf
    fi
    run "$BUILD/certlookupd" -t -c "$sample"
    echo "$output"
    [ "$status" -eq 0 ]
}

# refused LINE SETTING CONFIG: -t names file, line and setting.
refused() {
    file=$BATS_TEST_TMPDIR/broken.conf
    printf '%s\n' "$3" > "$file"
    run "$BUILD/certlookupd" -t -c "$file"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$file:$1: $2: "* ]]
}

directory='directories = ( { name = "a"; uri = [ "ldaps://h" ]; domains = [ "*" ]; } );'
trust='trust = { anchors = [ "/etc/passwd" ]; };'

@test "broken: an unknown setting" {
    refused 3 listn "$directory
$trust
listn = [ \"127.0.0.1:1\" ];"
}

@test "broken: a directory without servers" {
    refused 1 'directories[0].uri' "directories = ( { name = \"a\"; domains = [ \"*\" ]; } );
$trust"
}

@test "broken: a duration without a unit" {
    refused 3 cache.ttl "$directory
$trust
cache = { ttl = 60; };"
}

@test "broken: a number out of its limits" {
    refused 4 http.connections "$directory
$trust
http = {
    connections = 5;
};"
}

@test "broken: a word that is none" {
    refused 2 trust.revocation "$directory
trust = { anchors = [ \"/etc/passwd\" ]; revocation = \"maybe\"; };"
}

@test "broken: an anchor file that is not there" {
    refused 2 'trust.anchors[0]' "$directory
trust = { anchors = [ \"/nowhere/at/all.pem\" ]; };"
}

@test "broken: a bind DN without a password" {
    refused 2 'directories[0].bind-dn' "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ];
    bind-dn = \"cn=x\"; } );
$trust"
}

@test "broken: a filter that is none" {
    refused 2 'directories[0].filter' "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"*\" ];
    filter = \"(mail=%m\"; } );
$trust"
}

@test "broken: a variable that is not set" {
    refused 3 redis.uri "$directory
$trust
redis = { uri = \"redis://\${NO_SUCH_VARIABLE}\"; };"
}

@test "broken: a secret that others may read" {
    printf 'a token of enough characters\n' > "$BATS_TEST_TMPDIR/token"
    chmod 644 "$BATS_TEST_TMPDIR/token"
    refused 3 http.token-file "$directory
$trust
http = { token-file = \"$BATS_TEST_TMPDIR/token\"; };"
}

@test "broken: a domain that is none" {
    refused 1 'directories[0].domains[0]' "directories = ( { name = \"a\"; uri = [ \"ldaps://h\" ]; domains = [ \"a b\" ]; } );
$trust"
}

@test "broken: every fault is named, not only the first" {
    printf '%s\n' 'x = 1;' 'y = 2;' "$directory" 'cache = { ttl = "1y"; };' > "$BATS_TEST_TMPDIR/three.conf"
    run "$BUILD/certlookupd" -t -c "$BATS_TEST_TMPDIR/three.conf"
    echo "$output"
    [ "$status" -eq 1 ]
    for setting in 1:\ x 2:\ y 4:\ cache.ttl; do
        [[ "$output" == *"three.conf:$setting: "* ]]
    done
    [[ "$output" == *"three.conf: trust: is missing"* ]]
}

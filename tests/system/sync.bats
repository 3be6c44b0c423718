#!/usr/bin/env bats
# A directory that tells of its changes (RFC 4533): what changes in a real slapd is served by two gateways at once, what
# changed while it was away when it is back, and a server that does not tell is complained of.

# bats file_tags=alone
bats_require_minimum_version 1.5.0
load stack

# From the end of the change until the last gateway serves it; on a machine that is busy with other tests, once in a
# while a little more.
MEDIAN_MS=1000
MOST_MS=5000

setup_file() {
    stack_begin
    export FILES=$STACK/files
    mkdir -p "$FILES"
    make_root 2> "$STACK/made"
    slapd_start ldap "limits dn.exact=\"cn=limited,$BASE_DN\" size=3"
    redis_start redis
    gateway_start one sync_config
    gateway_start two warm_config
    wait_until 20 both_follow
}

teardown_file() {
    stack_end
}

# Lives so long that nothing is seen because it expired.
write_config() { # PORT LINE…
    local conf
    config_listen "$1"
    shift
    conf=$(config_directory example ldap "$@") && config_directories "$conf"
    echo "trust = { anchors = [ $(config_string "$FILES/root.pem") ]; revocation = \"off\"; };"
    echo 'cache = { ttl = "1h"; negttl = "1h"; memory-ttl = "1h"; };'
    config_redis redis
}

sync_config() {
    write_config "$2" 'sync = true;'
}

warm_config() {
    write_config "$2" 'sync = true;' 'warm = true;'
}

make_root() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$FILES/root.key" \
        -out "$FILES/root.pem" -days 30 -subj '/CN=Moving Root' -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign,cRLSign
}

certificate() { # NAME ADDRESS: in $FILES/NAME.der
    local to=$FILES/$1
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$to.key" -subj "/CN=$1" \
        -out "$to.csr" 2> /dev/null
    printf '%s\n' "subjectAltName=email:$2" keyUsage=keyAgreement extendedKeyUsage=emailProtection > "$to.cnf"
    openssl x509 -req -in "$to.csr" -CA "$FILES/root.pem" -CAkey "$FILES/root.key" -days 20 -CAcreateserial \
        -extfile "$to.cnf" -outform DER -out "$to.der" 2> /dev/null
}

values_of() { # NAME…: as LDIF
    local name
    for name; do
        printf 'userCertificate;binary:: %s\n' "$(base64 -w 0 "$FILES/$name.der")"
    done
}

add_person() { # CN ADDRESS NAME…
    {
        printf 'dn: cn=%s,%s\nchangetype: add\nobjectClass: inetOrgPerson\ncn: %s\nsn: %s\nmail: %s\n' "$1" "$BASE_DN" \
            "$1" "$1" "$2"
        values_of "${@:3}"
    } | slapd_modify ldap
}

replacement() { # CN NAME…
    printf 'dn: cn=%s,%s\nchangetype: modify\nreplace: userCertificate;binary\n' "$1" "$BASE_DN"
    values_of "${@:2}"
}

follows() {
    [ "$(metric 'certlookup_ldap_sync{directory="example"}' "$(gateway_url "$1")")" = "$2" ]
}

both_follow() {
    follows one 1 && follows two 1
}

serves() { # GATEWAY ADDRESS NAME: this certificate; "-": none
    get "$(recipient_url "$2" "$1")/certificate"
    if [ "$3" = - ]; then
        [ "$code" = 404 ]
    else
        [ "$code" = 200 ] && cmp -s "$body" "$FILES/$3.der"
    fi
}

both_serve() {
    serves one "$@" && serves two "$@"
}

# seen_in_time ADDRESS NAME: the change is made; both gateways serve it soon.
seen_in_time() {
    local from took
    from=$(now_ms)
    wait_until 20 both_serve "$@" || say_failed "the change of $1 is not seen"
    took=$(($(now_ms) - from))
    echo "$BATS_TEST_DESCRIPTION: $1: $took ms" >> "$STACK/seen"
    [ "$took" -le $MOST_MS ] || say_failed "the change of $1 was seen after $took ms"
}

says() { # GATEWAY WORDS
    grep -qF -- "$2" "$STACK/$1/log"
}

@test "a certificate that is replaced is served by two gateways within a second" {
    certificate a1 a@example.org
    certificate a2 a@example.org
    certificate a3 a@example.org
    add_person a a@example.org a1
    both_serve a@example.org a1
    for next in a2 a3 a1; do
        replacement a $next | slapd_modify ldap
        seen_in_time a@example.org $next
    done
}

@test "who had none is found as soon as there is an entry, and no more when it is gone" {
    certificate b1 b@example.org
    both_serve b@example.org -
    add_person b b@example.org b1
    seen_in_time b@example.org b1
    printf 'dn: cn=b,%s\nchangetype: delete\n' "$BASE_DN" | slapd_modify ldap
    seen_in_time b@example.org -
}

@test "an entry gets its first certificate, and loses its last" {
    certificate c1 c@example.org
    add_person c c@example.org
    both_serve c@example.org -
    replacement c c1 | slapd_modify ldap
    seen_in_time c@example.org c1
    printf 'dn: cn=c,%s\nchangetype: modify\ndelete: userCertificate;binary\n' "$BASE_DN" | slapd_modify ldap
    seen_in_time c@example.org -
}

@test "a mail that moves: the address before is none, the new one is found" {
    certificate d1 d@example.org
    certificate d2 d.new@example.org
    add_person d d@example.org d1 d2
    both_serve d@example.org d1
    both_serve d.new@example.org -
    printf 'dn: cn=d,%s\nchangetype: modify\nreplace: mail\nmail: D.New@Example.ORG\n' "$BASE_DN" | slapd_modify ldap
    seen_in_time d@example.org -
    seen_in_time d.new@example.org d2
}

has_entry() { # ADDRESS DN
    local gateway
    for gateway in one two; do
        get "$(recipient_url "$1" $gateway)"
        [ "$code" = 200 ] && grep -qF "$2" "$body" || return 1
    done
}

@test "an entry that is renamed is the source under its new name" {
    certificate e1 e@example.org
    add_person e e@example.org e1
    has_entry e@example.org "cn=e,$BASE_DN"
    printf 'dn: cn=e,%s\nchangetype: modrdn\nnewrdn: cn=moved\ndeleteoldrdn: 1\n' "$BASE_DN" | slapd_modify ldap
    wait_until 1 has_entry e@example.org "cn=moved,$BASE_DN"
}

changes() { # that this gateway has heard of
    metric 'certlookup_ldap_sync_changes_total{directory="example"}' "$(gateway_url "$1")"
}

both_heard() { # ONE TWO: so many
    [ "$(changes one)" -ge "$1" ] && [ "$(changes two)" -ge "$2" ]
}

# What was heard is dropped, and its second is over: what is found in that counts as found before the drop.
drops_are_over() {
    sleep 1.5
}

lookups() { # LAYER: of gateway two
    metric "certlookup_lookups_total{layer=\"$1\"}" "$(gateway_url two)"
}

@test "warm: what changed and was in memory is there anew before anybody asks" {
    certificate f1 f@example.org
    certificate f2 f@example.org
    one=$(($(changes one) + 1)) two=$(($(changes two) + 1))
    add_person f f@example.org f1
    wait_until 20 both_heard $one $two
    drops_are_over
    serves two f@example.org f1
    before=$(slapd_searches ldap '(mail=f@example.org)')
    replacement f f2 | slapd_modify ldap
    searched_again() { [ "$(slapd_searches ldap '(mail=f@example.org)')" -gt "$before" ]; }
    wait_until 5 searched_again
    sleep 0.3
    asked=$(lookups directory)
    serves two f@example.org f2
    equal "asked of the directory" "$asked" "$(lookups directory)"
}

@test "a reload that leaves the directory as it was keeps it followed" {
    told=$(grep -c 'tells of its changes' "$STACK/one/log")
    process_signal one HUP
    wait_until 10 says one 'configuration reloaded'
    follows one 1
    certificate g1 g@example.org
    both_serve g@example.org -
    add_person g g@example.org g1
    seen_in_time g@example.org g1
    equal "lines that it is followed" "$told" "$(grep -c 'tells of its changes' "$STACK/one/log")"
}

none_follows() {
    follows one 0 && follows two 0
}

# A slapd that nobody but us can reach.
modify_at_rest() {
    process_run ldap slapd -d stats -f slapd.conf -h ldapi://ldapi
    local_slapd() { (cd "$STACK/ldap" && ldapsearch -x -H ldapi://ldapi -s base -b '' > /dev/null 2>&1); }
    wait_until 20 local_slapd
    (cd "$STACK/ldap" && ldapmodify -x -H ldapi://ldapi -D "$BIND_DN" -w "$BIND_PASSWORD" > /dev/null)
    process_stop ldap
}

@test "what changes while slapd is away is seen when it is back, and only that is dropped" {
    certificate h1 h@example.org
    certificate h2 h@example.org
    certificate i1 i@example.org
    one=$(($(changes one) + 2)) two=$(($(changes two) + 2))
    add_person h h@example.org h1
    add_person i i@example.org i1
    wait_until 20 both_heard $one $two
    drops_are_over
    both_serve h@example.org h1
    both_serve i@example.org i1
    resets=$(metric 'certlookup_ldap_sync_resets_total{directory="example"}' "$(gateway_url one)")
    process_stop ldap
    wait_until 20 none_follows
    says one 'does not tell of its changes any more'
    both_serve h@example.org h1
    {
        replacement h h2
        printf '\ndn: cn=g,%s\nchangetype: delete\n' "$BASE_DN"
    } | modify_at_rest
    slapd_start ldap
    wait_until 20 both_follow
    wait_until 1 both_serve h@example.org h2 # the directory is followed a little before what it said is dropped
    wait_until 1 both_serve g@example.org -
    equal resets "$resets" "$(metric 'certlookup_ldap_sync_resets_total{directory="example"}' "$(gateway_url one)")"
    searches=$(slapd_searches ldap '(mail=i@example.org)')
    both_serve i@example.org i1
    equal "searches for one who did not change" "$searches" "$(slapd_searches ldap '(mail=i@example.org)')"
    replacement h h1 | slapd_modify ldap
    seen_in_time h@example.org h1
}

# The same content, but to the server all of it is new: other UUIDs, other times.
import_anew() {
    local kept_by_slapd='contextCSN|entryCSN|entryUUID|createTimestamp|modifyTimestamp|creatorsName|modifiersName'
    (cd "$STACK/ldap" && slapcat -o ldif-wrap=no -f slapd.conf 2>> log |
        grep -vE "^($kept_by_slapd|structuralObjectClass):" > new.ldif &&
        mv db db.before && mkdir db && slapadd -q -f slapd.conf -l new.ldif >> log 2>&1)
}

@test "a directory that is imported anew: what it was before is dropped" {
    certificate i2 i@example.org
    both_serve i@example.org i1
    process_kill ldap
    wait_until 20 none_follows
    replacement i i2 | modify_at_rest
    import_anew
    slapd_start ldap
    wait_until 20 both_follow
    both_serve i@example.org i2
    replacement i i1 | slapd_modify ldap
    seen_in_time i@example.org i1
}

limited_config() {
    write_config "$2" 'sync = true;' "bind-dn = \"cn=limited,$BASE_DN\";" \
        "password-file = $(config_string "$FILES/password");"
}

@test "a server that limits what it gives: an error that says what to do, and lookups go on" {
    (umask 077 && echo tell-nobody > "$FILES/password")
    printf '%s\n' "dn: cn=limited,$BASE_DN" 'changetype: add' 'objectClass: person' 'cn: limited' 'sn: limited' \
        'userPassword: tell-nobody' | slapd_modify ldap
    gateway_start limited limited_config
    wait_until 20 says limited 'Size limit exceeded (4)'
    says limited 'setting=directories.sync'
    says limited 'limits dn.exact=BIND-DN size=unlimited'
    follows limited 0
    serves limited a@example.org a1
    process_stop limited
}

plain_config() {
    write_config "$2" 'sync = true;' | sed "s|^        uri .*|        uri = [ \"$(slapd_uri plain)\" ];|"
}

@test "a server that does not sync: likewise" {
    SLAPD_SYNC=no slapd_start plain
    gateway_start plainly plain_config
    wait_until 20 says plainly 'Critical extension is unavailable (12)'
    says plainly 'slapd: overlay syncprov'
    follows plainly 0
    serves plainly a@example.org -
    process_stop plainly
}

@test "the median of all changes was seen within a second" {
    sed -n 's/.*: \([0-9]*\) ms$/\1/p' "$STACK/seen" | sort -n > "$STACK/seen.sorted"
    count=$(wc -l < "$STACK/seen.sorted")
    median=$(sed -n "$(((count + 1) / 2))p" "$STACK/seen.sorted")
    echo "$count changes, median $median ms, most $(tail -n 1 "$STACK/seen.sorted") ms"
    [ "$count" -ge 10 ] && [ "$median" -le $MEDIAN_MS ]
}

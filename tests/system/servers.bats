#!/usr/bin/env bats
# Several servers and several directories, one of each dead; what explain tells of them; and a CRL that a certificate names
# by an LDAP URL.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    export FILES=$STACK/files
    mkdir -p "$FILES"
    slapd_start ldap
    slapd_start gone
    process_stop gone
    make_files 2> "$STACK/made"
    gateway_start gateway servers_config
    ALICE=$(people_of rsa | grep '@example.org$' | head -n 1)
    CAROL=$(people_of rsa | grep '@example.com$' | head -n 1)
    export ALICE CAROL
}

teardown_file() {
    stack_end
}

# The first server of "two" is dead, and the only one of "dead".
servers_config() {
    config_listen "$2"
    cat << CONF
directories = (
    { name = "two";  uri = [ "$(slapd_uri gone)", "$(slapd_uri ldap)" ];  base = "$BASE_DN";
      domains = [ "example.org", "example.com" ];  ca-file = $(config_string "$PEOPLE/tls/ca.pem"); },
    { name = "dead";  uri = [ "$(slapd_uri gone)" ];  base = "$BASE_DN";
      domains = [ "example.com", "dead.example" ];  ca-file = $(config_string "$PEOPLE/tls/ca.pem"); },
    { name = "listed";  uri = [ "$(slapd_uri ldap)" ];  base = "$BASE_DN";  issuers = false;
      domains = [ "listed.example" ];  ca-file = $(config_string "$PEOPLE/tls/ca.pem"); }
);
trust-rules = (
    { name = "listed"; domains = [ "listed.example" ]; anchors = [ $(config_string "$FILES/root.pem") ];
      revocation = "require"; }
);
fetch = { networks = [ "127.0.0.1" ]; };
CONF
    config_trust
}

# A root whose leaves name its CRL by an LDAP URL; the CRL lists "revoked".
make_files() {
    cd "$FILES"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 30 \
        -subj '/CN=Listed Root' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    leaf good 11
    leaf revoked 12
    : > index.txt
    printf '01\n' > number
    printf '[ca]\ndefault_ca = x\n[x]\ndatabase = index.txt\ncrlnumber = number\ndefault_md = sha256\n' > ca.cnf
    openssl ca -config ca.cnf -cert root.pem -keyfile root.key -revoke revoked.pem
    openssl ca -config ca.cnf -cert root.pem -keyfile root.key -gencrl -crldays 5 | openssl crl -outform DER -out root.crl
    {
        printf 'dn: cn=listed root,%s\nchangetype: add\nobjectClass: applicationProcess\nobjectClass: pkiCA\n' "$BASE_DN"
        printf 'cn: listed root\ncertificateRevocationList;binary:: %s\n' "$(base64 -w 0 root.crl)"
    } | slapd_modify ldap
}

leaf() { # NAME SERIAL
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf '%s\n' "subjectAltName=email:$1@listed.example" keyUsage=keyAgreement extendedKeyUsage=emailProtection \
        "crlDistributionPoints=URI:$(slapd_uri ldap)/cn=listed%20root%2C${BASE_DN/,/%2C}?certificateRevocationList;binary" \
        > "$1.cnf"
    openssl x509 -req -in "$1.csr" -CA root.pem -CAkey root.key -days 20 -set_serial "$2" -extfile "$1.cnf" -out "$1.pem"
    {
        printf 'dn: cn=%s,%s\nchangetype: add\nobjectClass: inetOrgPerson\ncn: %s\nsn: %s\nmail: %s@listed.example\n' \
            "$1" "$BASE_DN" "$1" "$1" "$1"
        printf 'userCertificate;binary:: %s\n' "$(openssl x509 -in "$1.pem" -outform DER | base64 -w 0)"
    } | slapd_modify ldap
}

@test "Direct: the first server dead: the next" {
    get "$(recipient_url "$ALICE")"
    equal code 200 "$code"
    equal partial false "$(json partial)"
}

@test "Direct: the only server dead: unknown, not none" {
    get "$(recipient_url alice@dead.example)"
    equal code 503 "$code"
    equal reason directory_unavailable "$(json reason)"
    equal caches no-store "$(header cache-control)"
    [ "$(header retry-after)" -ge 1 ]
}

@test "explain: each directory asked, with its time and what came of it" {
    get "$(recipient_url "$CAROL")?explain=1"
    equal code 200 "$code"
    grep -qE '"directories":\[\{"name":"(two|dead)",[^]]*\},\{"name":"(two|dead)",[^]]*\}\]' "$body"
    grep -qE '\{"name":"two","result":"answered","duration_ms":[0-9]+,"entries":1,"values":1\}' "$body"
    grep -qE '\{"name":"dead","result":"unavailable","duration_ms":[0-9]+,"entries":0,"values":0,"error":"[^"]+' "$body"
}

@test "explain: where a value stands: directory, DN, attribute and index" {
    get "$(recipient_url "$ALICE")?explain=1"
    grep -qE '"source":\{"directory":"two","dn":"[^"]+,dc=example,dc=org","attribute":"userCertificate","index":0' "$body"
}

@test "a CRL at an LDAP distribution point is fetched, and explain has its number and times" {
    local next='"next_update":"[0-9TZ:-]+","status":"good"'
    get "$(recipient_url good@listed.example)?explain=1"
    equal code 200 "$code"
    grep -qE '"kind":"crl","source":"ldap://127[^"]*","crl_number":"1","this_update":"[0-9TZ:-]+",'"$next" "$body"
    get "$(recipient_url revoked@listed.example)"
    equal code 404 "$code"
    equal reason revoked "$(json reason)"
}

#!/usr/bin/env bats
# certlookup --inspect: judges what files hold, and asks nobody.

bats_require_minimum_version 1.5.0
load stack
load cases

setup_file() {
    stack_begin
    unset CERTLOOKUP_ANCHORS NO_COLOR
    export FILES=$STACK/files
    mkdir -p "$FILES"
    make_files
}

teardown_file() {
    stack_end
}

# inspect [OPTION…] FILE… [ADDRESS]: sets `status`; leaves the files `out` and `err`.
inspect() {
    out=$BATS_TEST_TMPDIR/out
    err=$BATS_TEST_TMPDIR/err
    status=0
    "$BUILD/certlookup" --inspect -A "$PEOPLE/anchors" "$@" > "$out" 2> "$err" || status=$?
}

# A root that signed an issuer that signed leaves, none of them known to the people's PKI.
make_files() {
    local base64
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$FILES/root.key" -out "$FILES/root.pem" -days 30 \
        -subj '/CN=Root' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    issue sub root basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign
    issue alice sub subjectAltName=email:alice@example.org keyUsage=keyEncipherment extendedKeyUsage=emailProtection
    issue bob sub subjectAltName=email:bob@example.org keyUsage=digitalSignature
    openssl x509 -in "$FILES/alice.pem" -outform DER -out "$FILES/alice.der"
    cat "$FILES/alice.pem" "$FILES/sub.pem" > "$FILES/chain.pem"
    openssl crl2pkcs7 -nocrl -certfile "$FILES/chain.pem" -outform DER -out "$FILES/chain.p7c"
    base64=$(base64 -w 60 "$FILES/alice.der" | sed '2,$s/^/ /')
    printf 'version: 1\n\ndn: cn=Sub,dc=example\ncACertificate;binary:: %s\n\ndn:: %s\nuserCertificate;binary:: %s\n%s\n' \
        "$(openssl x509 -in "$FILES/sub.pem" -outform DER | base64 -w 0)" "$(printf 'cn=Älice,dc=example' | base64 -w 0)" \
        "$base64" 'mail: alice@example.org' > "$FILES/alice.ldif"
}

# issue NAME ISSUER EXTENSION…
issue() {
    local name=$1 issuer=$2 number=0
    shift 2
    openssl req -new -newkey rsa:2048 -nodes -keyout "$FILES/$name.key" -subj "/CN=$name" -out "$FILES/$name.csr"
    printf '%s\n' "$@" > "$FILES/$name.cnf"
    number=$((0x$(printf '%s' "$name" | od -An -tx1 | tr -d ' \n' | head -c 8)))
    openssl x509 -req -in "$FILES/$name.csr" -CA "$FILES/$issuer.pem" -CAkey "$FILES/$issuer.key" -days 20 \
        -set_serial $number -extfile "$FILES/$name.cnf" -out "$FILES/$name.pem"
}

@test "PEM, DER, PKCS#7 and LDIF: each with its source" {
    inspect -A "$FILES/root.pem" "$FILES/chain.pem" "$FILES/alice.der" "$FILES/chain.p7c" "$FILES/alice.ldif" -o json --explain
    equal status 0 "$status"
    equal usable 2 "$(grep -o '"place":' "$out" | wc -l)" # the same leaf as a certificate and in a message
    grep -q '"source":{"directory":"[^"]*/chain.pem","dn":"","attribute":"userCertificate","index":0}' "$out"
    grep -q '"source":{"directory":"[^"]*/chain.p7c","dn":"","attribute":"userSMIMECertificate","index":0}' "$out"
    grep -q '"source":{"directory":"[^"]*/chain.pem","dn":"","attribute":"userCertificate","index":1}' "$out" # the CA
    equal files 4 "$(grep -o '"result":"answered"' "$out" | wc -l)"
    run ! grep '"address":' "$out"
    inspect -A "$FILES/root.pem" "$FILES/alice.ldif"
    equal status 0 "$status"
    grep -q '^found (1 usable, 0 refused)$' "$out"
    grep -q 'userCertificate\[0\] of cn=Älice,dc=example$' "$out"
    grep -q '^     chain ' "$out" || inspect -A "$FILES/root.pem" --explain "$FILES/alice.ldif"
    grep -q 'CN=sub' "$out"
}

@test "without an address nobody's is held against it; with one it must fit" {
    inspect -A "$FILES/root.pem" "$FILES/chain.pem"
    equal status 0 "$status"
    inspect -A "$FILES/root.pem" "$FILES/chain.pem" Alice@Example.ORG
    equal status 0 "$status"
    grep -q '^alice@example.org: found' "$out"
    inspect -A "$FILES/root.pem" "$FILES/chain.pem" bob@example.org -o json --explain
    equal status 1 "$status"
    grep -q '"address":"bob@example.org"' "$out"
    grep -q '"path":{"verdict":"valid"' "$out"
    inspect -A "$FILES/root.pem" --intermediate "$FILES/sub.pem" "$FILES/bob.pem"
    equal status 1 "$status"
    grep -q 'refused: wrong_key_usage' "$out"
}

@test "a file may be called like an address" {
    cp "$FILES/alice.pem" "$BATS_TEST_TMPDIR/alice@example.org"
    cd "$BATS_TEST_TMPDIR"
    inspect -A "$FILES/root.pem" --intermediate "$FILES/sub.pem" alice@example.org
    equal status 0 "$status"
    grep -q 'alice@example.org: userCertificate\[0\]$' "$out"
}

@test "standard input, once" {
    inspect -A "$FILES/root.pem" --intermediate "$FILES/sub.pem" - < "$FILES/alice.der"
    equal status 0 "$status"
    grep -q 'standard input: userCertificate\[0\]$' "$out"
    inspect - -
    equal status 64 "$status"
    grep -q 'only once' "$err"
}

@test "CRLs in the files count" {
    local crl=$BATS_TEST_TMPDIR/sub.crl
    printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=5\ncertificate=%s\nprivate_key=%s\n' \
        "$BATS_TEST_TMPDIR/index" "$FILES/sub.pem" "$FILES/sub.key" > "$BATS_TEST_TMPDIR/ca.cnf"
    : > "$BATS_TEST_TMPDIR/index"
    openssl ca -config "$BATS_TEST_TMPDIR/ca.cnf" -revoke "$FILES/alice.pem"
    openssl ca -config "$BATS_TEST_TMPDIR/ca.cnf" -gencrl -out "$crl"
    inspect -A "$FILES/root.pem" "$FILES/chain.pem" "$crl" alice@example.org --explain
    equal status 1 "$status"
    grep -q 'refused: revoked' "$out"
    grep -q "from $crl" <(tr -s ' \n' ' ' < "$out")
}

@test "settings of trust by their names" {
    inspect -A "$FILES/root.pem" --trust min-rsa-bits=3072 "$FILES/chain.pem" alice@example.org
    equal status 1 "$status"
    grep -q 'refused: weak_key' "$out"
    inspect -A "$FILES/root.pem" --trust "deny=$(openssl x509 -in "$FILES/sub.pem" -noout -fingerprint -sha256 | sed 's/.*=//')" \
        "$FILES/chain.pem" alice@example.org
    equal status 1 "$status"
    grep -q 'refused: denied' "$out"
    inspect -A "$FILES/root.pem" --trust signature-hashes=sha512 "$FILES/chain.pem" alice@example.org
    grep -q 'refused: weak_signature' "$out"
    inspect -A "$FILES/root.pem" --trust curves=P-255 "$FILES/chain.pem"
    equal status 64 "$status"
    grep -q -- '--trust: curves: ' "$err" || { cat "$err"; return 1; }
    inspect -A "$FILES/root.pem" --trust revocation=require "$FILES/chain.pem" alice@example.org
    grep -q 'refused: revocation_unknown' "$out"
}

@test "whatever is in a file, the answer says it" {
    printf 'garbage' > "$BATS_TEST_TMPDIR/garbage"
    : > "$BATS_TEST_TMPDIR/empty"
    head -c 300 "$FILES/alice.der" > "$BATS_TEST_TMPDIR/cut"
    cat "$FILES/alice.der" "$FILES/alice.der" > "$BATS_TEST_TMPDIR/twice"
    head -c 200000 /dev/zero > "$BATS_TEST_TMPDIR/large"
    for file in garbage cut twice large; do
        inspect "$BATS_TEST_TMPDIR/$file"
        equal "status of $file" 1 "$status"
        grep -q 'refused: malformed' "$out"
    done
    inspect "$BATS_TEST_TMPDIR/empty" "$FILES/root.key"
    equal "status of nothing" 1 "$status"
    grep -q '^none, no_certificate' "$out"
    inspect -A "$FILES/root.pem" "$BATS_TEST_TMPDIR/garbage" "$FILES/chain.pem" # a bad one hides no good one
    equal status 0 "$status"
}

# refuses STATUS WORDS [OPTION…] FILE…
refuses() {
    local wanted=$1 words=$2
    shift 2
    inspect "$@"
    equal "status of $*" "$wanted" "$status"
    grep -qF -- "$words" "$err" || { cat "$err"; return 1; }
    [ ! -s "$out" ]
}

@test "what cannot be read, and what does not go together" {
    printf 'dn: cn=a\nuserCertificate;binary:< file:///etc/passwd\n' > "$BATS_TEST_TMPDIR/url.ldif"
    printf 'dn: cn=a\nuserCertificate;binary:: QUJD=\n' > "$BATS_TEST_TMPDIR/base64.ldif"
    printf -- '-----BEGIN CERTIFICATE-----\nQUJD\n' > "$BATS_TEST_TMPDIR/cut.pem"
    refuses 2 'url.ldif: line 2: a value by URL' "$BATS_TEST_TMPDIR/url.ldif"
    refuses 2 'base64.ldif: line 2: not base64' "$BATS_TEST_TMPDIR/base64.ldif"
    refuses 2 'cut.pem: PEM block 1 is broken' "$BATS_TEST_TMPDIR/cut.pem"
    refuses 2 'No such file' "$BATS_TEST_TMPDIR/nothing"
    refuses 64 'which files?'
    refuses 64 'which files?' alice@example.org
    refuses 64 'neither -H nor -u' -H ldap://localhost "$FILES/alice.pem"
    refuses 64 '--base: not with --inspect' -b dc=example "$FILES/alice.pem"
    refuses 64 '--token-file: not with --inspect' --token-file /dev/null "$FILES/alice.pem"
    refuses 64 'is not SETTING=VALUE' --trust curves "$FILES/alice.pem"
    refuses 64 'a@b@c: ' "$FILES/alice.pem" a@b@c
}

@test "ldif, pem and der come out as of a lookup" {
    inspect -A "$FILES/root.pem" "$FILES/alice.ldif" -o ldif
    equal status 0 "$status"
    grep -q '^userCertificate;binary:: ' "$out"
    inspect -A "$FILES/root.pem" "$FILES/chain.pem" alice@example.org -o pem
    equal certificates 2 "$(grep -c BEGIN "$out")"
    inspect -A "$FILES/root.pem" "$FILES/chain.pem" -o der
    cmp "$out" "$FILES/alice.der"
}

# A server of what the PKI publishes: the files in web/.
publish() {
    mkdir -p "$FILES/web"
    CASES=$FILES pkiserver_start pki
    url=$(pkiserver_url pki)
}

teardown() {
    process_is_down pki || process_stop pki
}

@test "what certificates point to is fetched only when asked for, and only where it may be" {
    publish
    printf '[ca]\ndefault_ca=a\n[a]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=5\ncertificate=%s\nprivate_key=%s\n' \
        "$BATS_TEST_TMPDIR/index" "$FILES/sub.pem" "$FILES/sub.key" > "$BATS_TEST_TMPDIR/ca.cnf"
    : > "$BATS_TEST_TMPDIR/index"
    issue carol sub subjectAltName=email:carol@example.org keyUsage=keyEncipherment \
        "crlDistributionPoints=URI:$url/ok/sub.crl" "authorityInfoAccess=caIssuers;URI:$url/ok/sub.der"
    openssl ca -config "$BATS_TEST_TMPDIR/ca.cnf" -revoke "$FILES/carol.pem"
    openssl ca -config "$BATS_TEST_TMPDIR/ca.cnf" -gencrl | openssl crl -outform DER -out "$FILES/web/sub.crl"
    openssl x509 -in "$FILES/sub.pem" -outform DER -out "$FILES/web/sub.der"

    inspect -A "$FILES/root.pem" "$FILES/carol.pem"
    grep -q 'refused: untrusted' "$out"
    inspect -A "$FILES/root.pem" "$FILES/carol.pem" --fetch --aia 127.0.0.1
    grep -q 'refused: untrusted' "$out" # loopback is not the public internet
    inspect -A "$FILES/root.pem" "$FILES/carol.pem" --aia other.example --allow-network 127.0.0.0/8
    grep -q 'refused: untrusted' "$out"
    equal requests 0 "$(pkiserver_requests pki)"

    inspect -A "$FILES/root.pem" "$FILES/carol.pem" --aia 127.0.0.1 --allow-network 127.0.0.0/8
    equal status 0 "$status"
    grep -q '^     revocation unknown' "$out"
    inspect -A "$FILES/root.pem" "$FILES/carol.pem" --aia 127.0.0.1 --allow-network 127.0.0.0/8 --fetch --explain
    equal status 1 "$status"
    grep -q 'refused: revoked' "$out"
    tr -s ' \n' ' ' < "$out" | grep -q "from $url/ok/sub.crl"
    inspect -A "$FILES/root.pem" --intermediate "$FILES/sub.pem" "$FILES/carol.pem" --crl "$url/ok/sub.crl" \
        --allow-network 127.0.0.0/8
    grep -q 'refused: revoked' "$out"
}

@test "a server that hangs costs no more than the timeout" {
    local began=$SECONDS
    publish
    issue dave sub subjectAltName=email:dave@example.org keyUsage=keyEncipherment "crlDistributionPoints=URI:$url/hang/sub.crl"
    inspect -A "$FILES/root.pem" --intermediate "$FILES/sub.pem" "$FILES/dave.pem" --fetch --allow-network 127.0.0.0/8 -l 2
    equal status 0 "$status" # under prefer
    [ $((SECONDS - began)) -lt 20 ]
    inspect -A "$FILES/root.pem" --intermediate "$FILES/sub.pem" "$FILES/dave.pem" --fetch --allow-network 127.0.0.0/8 -l 2 \
        --revocation require
    equal status 2 "$status" # it may still come
    inspect -A "$FILES/root.pem" "$FILES/dave.pem" --allow-network 10.0.0.1/8
    equal status 64 "$status"
    grep -q -- '--allow-network: ' "$err"
}

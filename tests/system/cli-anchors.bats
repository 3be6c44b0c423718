#!/usr/bin/env bats
# certlookup --anchors: what a file with trust anchors holds. No server runs here.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    FILES=$STACK/anchors
    export FILES
    mkdir -p "$FILES"
    certificate root "/O=Example/CN=Round Root" rsa:2048
    certificate curve "/CN=Curved Root" ec
    { cat "$FILES/root.pem" "$FILES/curve.pem"; } > "$FILES/both.pem"
    openssl crl2pkcs7 -nocrl -certfile "$FILES/both.pem" -outform DER -out "$FILES/both.p7b"
    {
        store_begin
        store_part 11 "$(printf 'R\0o\0u\0n\0d\0\344\0\0\0' | base64)"
        store_part 9 "$(printf '0\012\6\010\53\6\1\5\5\7\3\4' | base64)" # emailProtection
        store_part 32 "$(base64 < "$FILES/root.der")"
        store_part 9 "$(printf '0\012\6\010\53\6\1\5\5\7\3\1' | base64)" # serverAuth
        store_part 32 "$(base64 < "$FILES/curve.der")"
        store_end
    } > "$FILES/store.sst"
}

teardown_file() {
    stack_end
}

# certificate NAME SUBJECT KEY: a self-signed one, in PEM and DER.
certificate() {
    local key=(-newkey "$3")
    [ "$3" != ec ] || key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
    openssl req -x509 "${key[@]}" -nodes -keyout /dev/null -subj "$2" -days 3650 -out "$FILES/$1.pem" 2> /dev/null
    openssl x509 -in "$FILES/$1.pem" -outform DER -out "$FILES/$1.der"
}

# u32 NUMBER: little-endian.
u32() {
    local octets
    printf -v octets '\\%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255))
    # shellcheck disable=SC2059  # the octets are the format
    printf "$octets"
}

store_begin() {
    u32 0
    printf CERT
}

# store_part ID BASE64
store_part() {
    u32 "$1"
    u32 1
    u32 "$(base64 -d <<< "$2" | wc -c)"
    base64 -d <<< "$2"
}

store_end() {
    u32 0
    u32 0
    u32 0
}

# list [OPTION…] FILE…: sets `status`; leaves the files `out` and `err`.
list() {
    out=$BATS_TEST_TMPDIR/out
    err=$BATS_TEST_TMPDIR/err
    status=0
    "$BUILD/certlookup" --anchors "$@" > "$out" 2> "$err" || status=$?
}

fingerprint() {
    openssl x509 -in "$FILES/$1.pem" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f
}

@test "subject, key, expiry and fingerprint are those that openssl shows" {
    list "$FILES/root.pem"
    equal status 0 "$status"
    grep -qx '  CN=Round Root,O=Example' "$out"
    grep -qx '      key      RSA 2048' "$out"
    grep -qx "      sha256   $(fingerprint root)" "$out"
    local end
    end=$(openssl x509 -in "$FILES/root.pem" -noout -enddate -dateopt iso_8601 | sed 's/.*=//; s/ /T/')
    grep -qx "      expires  $end" "$out"
    [ ! -s "$err" ]
}

@test "PEM, DER, PKCS#7, a store and a folder are read" {
    local file folder=$BATS_TEST_TMPDIR/folder
    mkdir "$folder"
    cp "$FILES/root.der" "$FILES/curve.pem" "$folder"
    for file in "$FILES/both.pem" "$FILES/both.p7b" "$FILES/store.sst" "$folder"; do
        list -o json "$file"
        equal "status of $file" 0 "$status"
        equal "$file" "$(printf '%s\n' "$(fingerprint root)" "$(fingerprint curve)" | sort)" \
            "$(json fingerprint_sha256 "$out" | sort)"
    done
    list "$folder"
    equal "names of files" "$folder/curve.pem:,$folder/root.der:" "$(grep ':$' "$out" | paste -s -d ,)"
}

@test "a store's friendly name is shown, and what it restricts to other uses is left out" {
    list "$FILES/store.sst"
    equal status 0 "$status"
    grep -qx '      name     Roundä' "$out"
    grep -qx '      left out its store restricts it to uses other than emailProtection' "$out"
    list -o json "$FILES/store.sst"
    equal name Roundä "$(json friendly_name "$out")"
    grep left_out "$out" > "$BATS_TEST_TMPDIR/left-out"
    equal "left out" 'CN=Curved Root' "$(json subject "$BATS_TEST_TMPDIR/left-out")"
    equal curve P-256 "$(json curve "$BATS_TEST_TMPDIR/left-out")"
}

@test "the store serves as anchors, without what it restricts" {
    local conf=$BATS_TEST_TMPDIR/certlookupd.conf
    cat > "$conf" <<END
listen = [ "127.0.0.1:0" ];
directories = ( { name = "corp"; uri = [ "ldap://127.0.0.1" ]; base = ""; domains = [ "example.org" ]; tls = "none"; } );
trust = { anchors = [ "$FILES/store.sst" ]; };
END
    run -0 "$BUILD/certlookupd" -t -c "$conf"
    [[ $output == *"anchor CN=Round Root,O=Example"*"sha256 $(fingerprint root)"* ]]
    [[ $output != *"anchor CN=Curved"* ]]
    [[ $output == *"certificate left aside"*"CN=Curved Root"* ]]
}

@test "nothing that would serve is status 1" {
    {
        store_begin
        store_part 9 "$(printf '0\0' | base64)"
        store_part 32 "$(base64 < "$FILES/curve.der")"
        store_end
    } > "$BATS_TEST_TMPDIR/store.sst"
    list "$BATS_TEST_TMPDIR/store.sst"
    equal status 1 "$status"
    grep -q 'nothing in it would serve as an anchor' "$err"
    mkdir "$BATS_TEST_TMPDIR/empty"
    list "$BATS_TEST_TMPDIR/empty" "$FILES/root.pem"
    equal "status of an empty folder" 1 "$status"
    grep -q 'CN=Round Root' "$out"
}

@test "a fault says file and cause, the other files are shown, and the status is 64" {
    local file=$BATS_TEST_TMPDIR/file
    broken() {
        list "$file" "$FILES/root.pem"
        equal "status for $1" 64 "$status"
        grep -qF "$file: $1" "$err" || { cat "$err"; return 1; }
        grep -q 'CN=Round Root' "$out"
    }
    broken 'No such file'
    echo hello > "$file"
    broken 'certificate 1: not one DER element'
    head -c 500 "$FILES/root.der" > "$file"
    broken 'certificate 1: not one DER element'
    head -n 5 "$FILES/root.pem" > "$file"
    broken 'PEM block 1 is broken'
    head -c -1 "$FILES/store.sst" > "$file"
    broken 'element 3: the file ends too early'
    { cat "$FILES/store.sst"; printf x; } > "$file"
    broken '1 bytes after its end'
    { store_begin; store_end; } > "$file"
    broken 'holds no certificate'
}

@test "what drives a terminal is shown, not done" {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -utf8 -days 9 \
        -subj "/CN=$(printf 'x\033[2J')" -out "$BATS_TEST_TMPDIR/root.pem" 2> /dev/null
    list "$BATS_TEST_TMPDIR/root.pem"
    equal status 0 "$status"
    run ! grep -q "$(printf '\033')" "$out"
}

@test "wrong usage is told, with status 64" {
    refuses() {
        local words=$1
        shift
        list "$@"
        equal "status of $*" 64 "$status"
        grep -qF -- "$words" "$err" || { cat "$err"; return 1; }
        [ ! -s "$out" ]
    }
    refuses 'which file?'
    refuses '--uri' -H ldap://127.0.0.1 "$FILES/root.pem"
    refuses '--gateway' -u http://127.0.0.1 "$FILES/root.pem"
    refuses '--anchor' -A "$FILES/root.pem" "$FILES/root.pem"
    refuses '--output' -o pem "$FILES/root.pem"
}

@test "a full disk is told, with status 74" {
    status=0
    "$BUILD/certlookup" --anchors "$FILES/root.pem" > /dev/full 2> "$BATS_TEST_TMPDIR/err" || status=$?
    equal status 74 "$status"
    grep -q 'standard output' "$BATS_TEST_TMPDIR/err"
}

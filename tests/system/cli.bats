#!/usr/bin/env bats
# certlookup -H: asks a real slapd, and says what it finds.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    stack_begin
    slapd_start ldap
    unset CERTLOOKUP_ANCHORS NO_COLOR
}

teardown_file() {
    stack_end
}

# ask [OPTION…] ADDRESS…: sets `status`; leaves the files `out` and `err`.
ask() {
    out=$BATS_TEST_TMPDIR/out
    err=$BATS_TEST_TMPDIR/err
    status=0
    "$BUILD/certlookup" -H "$(slapd_uri ldap)" -b "$BASE_DN" -A "$PEOPLE/anchors" \
        --intermediate "$PEOPLE/intermediates" --crl "$PEOPLE/crls" "$@" > "$out" 2> "$err" || status=$?
}

# refuses WORDS [OPTION…]: wrong usage, named by WORDS, with nothing on standard output.
refuses() {
    local words=$1
    shift
    status=0
    "$BUILD/certlookup" "$@" > "$BATS_TEST_TMPDIR/out" 2> "$BATS_TEST_TMPDIR/err" || status=$?
    equal "status of $*" 64 "$status"
    grep -qF -- "$words" "$BATS_TEST_TMPDIR/err" || { cat "$BATS_TEST_TMPDIR/err"; return 1; }
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
}

# on_terminal COMMAND…: what it writes when it has one; sets `status`.
on_terminal() {
    out=$BATS_TEST_TMPDIR/typescript
    status=0
    TERM=xterm script -qec "$*" /dev/null > "$out" || status=$?
}

tool() {
    echo "$BUILD/certlookup -H $(slapd_uri ldap) -A $PEOPLE/anchors"
}

@test "every recipient gets the outcome and the reason of its kind" {
    local address kind outcome reason wanted=$BATS_TEST_TMPDIR/wanted got=$BATS_TEST_TMPDIR/got
    declare -A reasons
    while IFS=$'\t' read -r kind _ reason _; do
        reasons[$kind]=$reason
    done < "$PEOPLE/kinds.tsv"
    while IFS=$'\t' read -r address kind outcome; do
        echo "$address $outcome ${reasons[$kind]}"
    done < "$PEOPLE/recipients.tsv" > "$wanted"

    ask -o json - < <(cut -f 1 "$PEOPLE/recipients.tsv")
    equal status 1 "$status"
    paste -d ' ' <(cut -f 1 "$PEOPLE/recipients.tsv") <(
        sed -E 's/.*"outcome":"found".*/found usable/; s/.*"outcome":"([a-z]*)","reason":"([a-z_]*)".*/\1 \2/' "$out"
    ) > "$got"
    diff "$wanted" "$got"
}

@test "text: each value with its verdict, within 80 columns" {
    ask "$(first_of survivor)"
    equal status 0 "$status"
    grep -q ': found (1 usable, 2 refused)$' "$out"
    grep -q '^  1\. usable$' "$out"
    grep -q '^  [23]\. refused: revoked$' "$out"
    grep -q '^  [23]\. refused: expired$' "$out"
    grep -q '^     revocation revoked ' "$out"
    run ! grep -E '.{81}' "$out"
    run ! grep asked "$out"
    ask --explain "$(first_of survivor)"
    grep -q '^     chain      CN=Example Issuing CA' "$out"
    grep -q '^     asked      ldap://127' "$out"
}

@test "der, pem, p7c: octet by octet the directory's" {
    local address values=$BATS_TEST_TMPDIR/values
    address=$(first_of rsa)
    slapd_values ldap "$address" "$values"
    ask -o der "$address"
    equal status 0 "$status"
    cmp "$out" "$values/1.userCertificate"
    ask -o pem "$address"
    openssl x509 -in "$out" -outform DER | cmp - "$values/1.userCertificate"
    equal "leaf and issuer" 2 "$(grep -c BEGIN "$out")"
    ask -o p7c "$address"
    equal "leaf and issuer" 2 "$(openssl pkcs7 -inform DER -in "$out" -print_certs | grep -c BEGIN)"
}

@test "ldif: what ldapsearch shows, less what is refused; slapadd takes it" {
    local address
    address=$(first_of survivor)
    ask -L "$address"
    equal status 0 "$status"
    equal values 1 "$(grep -c '^userCertificate;binary:: ' "$out")"
    run ! grep -E '^[^#].{76}' "$out"
    equal refused 2 "$(grep -c '^# refused: ' "$out")"
    ldapsearch -x -LLL -o ldif-wrap=no -H "$(slapd_uri ldap)" -b "$BASE_DN" "(mail=$address)" userCertificate > "$out.all"
    grep -qxF "$(grep -v '^#' "$out" | tr '\n' '\f' | sed 's/\f //g' | tr '\f' '\n' | grep '^user')" "$out.all"
    (cat "$out" && printf '%s\n' 'objectClass: inetOrgPerson' "uid: $address" 'cn: x' 'sn: x') > "$out.add"
    (cd "$STACK/ldap" && slapadd -u -f slapd.conf -l "$out.add") 2> "$err" || { cat "$err"; return 1; }
}

@test "exit status: 0 found, 1 none, 2 unknown; the greatest of several" {
    local found none
    found=$(first_of rsa)
    none=$(first_of expired)
    ask "$found"
    equal found 0 "$status"
    ask "$none"
    equal none 1 "$status"
    ask nobody@example.org
    equal none 1 "$status"
    ask "$found" "$none"
    equal several 1 "$status"
    grep -q "^$found: found" "$out"
    grep -q "^$none: none, expired" "$out"
    ask "$none" "$found"
    equal several 1 "$status"
    status=0
    "$BUILD/certlookup" -H ldap://127.0.0.1:1 -A "$PEOPLE/anchors" "$found" "$none" > "$out" || status=$?
    equal unknown 2 "$status"
    grep -q "^$found: unknown, directory_unavailable$" "$out"
    grep -q 'refused' "$out"
}

@test "no certificate for der and pem: nothing but a line on standard error" {
    for format in der pem p7c vcard vcard3; do
        ask -o $format "$(first_of expired)"
        equal status 1 "$status"
        [ ! -s "$out" ]
        grep -q ': none: ' "$err"
    done
}

@test "StartTLS and ldaps with verification; without the right authority, unknown" {
    local address ca=$PEOPLE/tls/ca.pem
    address=$(first_of rsa)
    for option in -Z -ZZ --starttls; do
        ask $option --ca-file "$ca" "$address"
        equal "$option" 0 "$status"
    done
    ask -H "$(slapd_tls_uri ldap)" --ca-file "$ca" "$address"
    equal ldaps 0 "$status"
    ask -ZZ "$address"
    equal "StartTLS, no authority" 2 "$status"
    ask -H "$(slapd_tls_uri ldap)" "$address"
    equal "ldaps, no authority" 2 "$status"
    ask -H "$(slapd_tls_uri ldap)" --ca-file "$(find "$PEOPLE/anchors" -type f -print -quit)" "$address"
    equal "ldaps, another authority" 2 "$status"
    refuses starttls -H ldaps://127.0.0.1 -Z "$address"
}

@test "several servers: the first that answers" {
    ask -H "ldap://127.0.0.1:1 $(slapd_uri ldap)" "$(first_of rsa)"
    equal status 0 "$status"
}

@test "without a base, the server's own; with a wrong one, none" {
    status=0
    $(tool) --intermediate "$PEOPLE/intermediates" "$(first_of rsa)" > "$BATS_TEST_TMPDIR/out" || status=$?
    equal status 0 "$status"
    ask -b "ou=nowhere,$BASE_DN" "$(first_of rsa)"
    [ "$status" -ne 0 ]
    ask -s base "$(first_of rsa)"
    equal "scope base" 1 "$status"
}

@test "a filter of one's own" {
    local address
    address=$(first_of rsa)
    ask -f '(&(objectClass=inetOrgPerson)(uid=%u@%d))' "$address"
    equal status 0 "$status"
    ask -f '(uid=%u)' "$address"
    equal status 1 "$status"
    refuses '--filter: ' -H ldap://127.0.0.1 -f '(mail=x)' "$address"
    refuses '--filter: ' -H ldap://127.0.0.1 -f '(mail=%m' "$address"
    refuses '--filter: ' -H ldap://127.0.0.1 -f '(mail=%x)' "$address"
}

@test "bind: the password from a file, a terminal, a pipe, the command line" {
    local address file=$BATS_TEST_TMPDIR/password
    address=$(first_of rsa)
    (umask 077 && echo "$BIND_PASSWORD" > "$file")
    ask -x -D "$BIND_DN" -y "$file" "$address"
    equal "-y" 0 "$status"
    ask -x -D "$BIND_DN" -w "$BIND_PASSWORD" "$address"
    equal "-w" 0 "$status"
    ask -x -D "$BIND_DN" -w wrong "$address"
    equal "-w, wrong" 2 "$status"
    grep -q 'Invalid credentials' "$out"
    run -0 setsid -w "$BUILD/certlookup" -H "$(slapd_uri ldap)" -A "$PEOPLE/anchors" \
        --intermediate "$PEOPLE/intermediates" -D "$BIND_DN" -W "$address" < "$file"
    out=$BATS_TEST_TMPDIR/typescript
    { wait_until 20 grep -qs 'LDAP password: ' "$out" && cat "$file" && wait_until 20 grep -qs found "$out"; } |
        on_terminal "$(tool)" --intermediate "$PEOPLE/intermediates" -D "$BIND_DN" -W "$address"
    grep -q '1 usable, 0 refused' "$out"
    run ! grep "$BIND_PASSWORD" "$out"
    chmod 644 "$file"
    refuses 'chmod 600' -H ldap://127.0.0.1 -D "$BIND_DN" -y "$file" "$address"
    refuses 'No such file' -H ldap://127.0.0.1 -D "$BIND_DN" -y "$file.not" "$address"
    refuses 'password' -H ldap://127.0.0.1 -D "$BIND_DN" "$address"
    refuses 'empty' -H ldap://127.0.0.1 -D "$BIND_DN" -w '' "$address"
    refuses '-D' -H ldap://127.0.0.1 -w secret "$address"
}

@test "a silent directory costs the timeout; a password is not seen meanwhile" {
    local before after pid
    process_signal ldap STOP
    "$BUILD/certlookup" -H "$(slapd_uri ldap)" -A "$PEOPLE/anchors" -D "$BIND_DN" -w "$BIND_PASSWORD" -l 2 \
        "$(first_of rsa)" > "$BATS_TEST_TMPDIR/out" &
    pid=$!
    wait_until 10 grep -qz -- '\*\*\*' "/proc/$pid/cmdline" || { process_signal ldap CONT; return 1; }
    grep -qz -- "$BIND_PASSWORD" "/proc/$pid/cmdline" && { process_signal ldap CONT; return 1; }
    before=$(now_ms)
    status=0
    wait $pid || status=$?
    after=$(now_ms)
    process_signal ldap CONT
    equal status 2 "$status"
    grep -q 'unknown, directory_' "$BATS_TEST_TMPDIR/out"
    [ $((after - before)) -lt 5000 ]
}

@test "addresses from standard input; what is none does not stop the others" {
    local address
    address=$(first_of rsa)
    ask -o json - < <(printf '\n  %s\t\r\n\nnobody@example.org' "$address")
    equal status 1 "$status"
    equal lines 2 "$(wc -l < "$out")"
    ask -o json - < <(echo broken && head -c 1048576 /dev/zero | tr '\0' a && printf '@example.org\na\0b@example.org\n' &&
        echo "$address")
    equal status 64 "$status"
    equal lines 1 "$(wc -l < "$out")"
    equal complaints 3 "$(wc -l < "$err")"
    run ! grep -q '.\{400\}' "$err"
    ask - < /dev/null
    equal "empty input" 64 "$status"
}

@test "hostile addresses are refused before anybody is asked" {
    local before address long
    before=$(slapd_searches ldap)
    long=$(printf '%0100000d' 0)
    for address in '' ' ' a @ a@ @example.org 'a@b' 'a b@example.org' '*@example' 'a@exam*ple.org' 'a@example.org)(mail=*' \
        $'a@example.org\n' $'a\t@example.org' $'\033[31m@example.org' $'\xff@example.org' 'a@@example.org' 'a@.org' \
        'a@example..org' '<a@example.org>' 'A <a@example.org>' 'a@[127.0.0.1]' 'a(b)@example.org' 'a,b@example.org' \
        '"a@example.org' "$long@example.org" "a@$long.org" 'a@example.org,b@example.org' '../../etc/passwd' '%00@example.org/'; do
        ask -- "$address"
        equal "status of $address" 64 "$status"
        [ ! -s "$out" ]
        run ! grep -q $'\033' "$err"
        ask -- "$(first_of rsa)" "$address"
        equal "status of $address" 64 "$status"
    done
    equal searches "$before" "$(slapd_searches ldap)"
}

@test "metacharacters of filters reach slapd escaped" {
    ask "o'brien*)(uid=*@example.org" '"a*b"@example.org' 'a&|!=b@example.org' || true
    ask 'a*b@example.org'
    equal status 1 "$status"
    slapd_filters ldap | grep -qF '(mail=a\2Ab@example.org)'
}

@test "wrong usage names the option" {
    refuses 'whom to ask' a@example.org
    refuses 'which address' -H ldap://127.0.0.1
    refuses 'only one of them' -H ldap://127.0.0.1 -u http://127.0.0.1 a@example.org
    refuses --base -u http://127.0.0.1 -b dc=x a@example.org
    refuses --token-file -H ldap://127.0.0.1 --token-file x a@example.org
    refuses uri -H http://127.0.0.1 a@example.org
    refuses uri -H ldap://127.0.0.1:0 a@example.org
    refuses uri -H ldap://127.0.0.1/dc=x a@example.org
    refuses --uri -H ' ' a@example.org
    refuses --uri -H "$(printf 'ldap://127.0.0.%s ' 1 2 3 4 5 6 7 8 9)" a@example.org
    refuses base -H ldap://127.0.0.1 -b nonsense a@example.org
    refuses --scope -H ldap://127.0.0.1 -s tree a@example.org
    for number in 0 -1 65 1x '' 99999999999999999999; do
        refuses --size-limit -H ldap://127.0.0.1 -z "$number" a@example.org
    done
    for time in 0 -1 3601 1w '' 99999999999999999999 2h; do
        refuses --timeout -H ldap://127.0.0.1 -l "$time" a@example.org
    done
    refuses --output -H ldap://127.0.0.1 -o xml a@example.org
    refuses --output -H ldap://127.0.0.1 -o der a@example.org b@example.org
    refuses --revocation -H ldap://127.0.0.1 --revocation maybe a@example.org
    refuses --anchor -H ldap://127.0.0.1 -A /nonexistent a@example.org
    refuses --anchor -H ldap://127.0.0.1 -A /dev/null a@example.org
    refuses --crl -H ldap://127.0.0.1 -A "$PEOPLE/anchors" --crl /etc/passwd a@example.org
    refuses --crl -H ldap://127.0.0.1 -A "$PEOPLE/anchors" --crl ftp://crl.example/a.crl a@example.org
    refuses --crl --inspect -A "$PEOPLE/anchors" --trust crls=http://2130706433/a.crl "$PEOPLE/anchors/root.pem"
    for host in '' 'a b' http://aia.example 'aia.*.example'; do
        refuses --aia -H ldap://127.0.0.1 --aia "$host" a@example.org
    done
    refuses --anchor -H ldap://127.0.0.1 --anchor={1..65} a@example.org
    refuses ca-file -H ldap://127.0.0.1 --ca-file /nonexistent a@example.org
    refuses 'no such option' -Q
    refuses 'no such option' --quiet
    refuses 'needs URI' -H
    refuses 'takes no argument' --explain=yes
}

@test "anchors from the environment" {
    status=0
    CERTLOOKUP_ANCHORS=$PEOPLE/intermediates:$PEOPLE/anchors "$BUILD/certlookup" -H "$(slapd_uri ldap)" \
        "$(first_of rsa)" > "$BATS_TEST_TMPDIR/out" || status=$?
    equal status 0 "$status"
    CERTLOOKUP_ANCHORS=/nonexistent refuses --anchor -H ldap://127.0.0.1 a@example.org
    run -1 "$BUILD/certlookup" -H "$(slapd_uri ldap)" -A "$PEOPLE/others" "$(first_of rsa)"
    [[ "$output" == *"refused: untrusted"* ]]
}

@test "revocation: required, there must be evidence" {
    status=0
    $(tool) --intermediate "$PEOPLE/intermediates" --revocation require -o json "$(first_of rsa)" \
        > "$BATS_TEST_TMPDIR/out" || status=$?
    equal status 1 "$status"
    grep -q '"reason":"revocation_unknown"' "$BATS_TEST_TMPDIR/out"
    ask --revocation require "$(first_of rsa)"
    equal "with lists" 0 "$status"
    ask --revocation off "$(first_of revoked)"
    equal "not looked at" 0 "$status"
}

@test "a terminal gets no binary, and colour unless NO_COLOR" {
    on_terminal "$(tool)" -o der "$(first_of rsa)" < /dev/null
    equal status 64 "$status"
    grep -q 'not for a terminal' "$out"
    on_terminal "$(tool)" --intermediate "$PEOPLE/intermediates" "$(first_of rsa)" < /dev/null
    equal status 0 "$status"
    grep -q $'\033\\[1;32mfound\033\\[0m' "$out"
    on_terminal NO_COLOR=1 "$(tool)" --intermediate "$PEOPLE/intermediates" "$(first_of rsa)" < /dev/null
    run ! grep -q $'\033' "$out"
    ask "$(first_of rsa)"
    run ! grep -q $'\033' "$out"
}

@test "output that does not arrive is told" {
    status=0
    $(tool) "$(first_of rsa)" > /dev/full 2> "$BATS_TEST_TMPDIR/err" || status=$?
    equal status 74 "$status"
    grep -q 'No space left' "$BATS_TEST_TMPDIR/err"
    status=0
    "$BUILD/certlookup" --help > /dev/full 2> "$BATS_TEST_TMPDIR/err" || status=$?
    equal status 74 "$status"
}

@test "help fits a terminal, and the manual page knows every option" {
    local help=$BATS_TEST_TMPDIR/help letter name page=$BATS_TEST_DIRNAME/../../man/certlookup.1
    "$BUILD/certlookup" --help > "$help"
    run ! grep -E '.{81}' "$help"
    [ "$(grep -cE '^  (-.,|   ) --' "$help")" -ge 20 ]
    while read -r letter name _; do
        [[ $letter != --* ]] || { name=$letter letter=; }
        [ -z "$letter" ] || letter=${letter#-} letter=${letter%,}
        grep -qE "^\.It Fl (${letter:-.}( Ar [a-z]+)? , Fl )?-${name#--}( Ar [a-z]+)?\$" "$page" || {
            echo "$letter $name is not in $page"
            return 1
        }
        [ -z "$letter" ] || grep -qE "^\.It Fl $letter( Ar [a-z]+)? , Fl -${name#--}\b" "$page" || {
            echo "-$letter is not in $page"
            return 1
        }
    done < <(grep -E '^  (-.,|   ) --' "$help")
    equal version "certlookup" "$("$BUILD/certlookup" -V | cut -d ' ' -f 1)"
}

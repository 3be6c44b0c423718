#!/usr/bin/env bats
# The people that other tests rely on: as many, as different and as well-made as they are said to be.

bats_require_minimum_version 1.5.0
load stack

setup_file() {
    "$BUILD/tools/makepeople" "$BUILD/people"
    export PEOPLE=$BUILD/people
}

@test "at least 300 people, each address once, each of a kind that is described" {
    [ "$(cut -f 1 "$PEOPLE/recipients.tsv" | tr '[:upper:]' '[:lower:]' | sort -u | wc -l)" -ge 300 ]
    equal twice "" "$(cut -f 1 "$PEOPLE/recipients.tsv" | tr '[:upper:]' '[:lower:]' | sort | uniq -d)"
    equal kinds "$(cut -f 1,2 "$PEOPLE/kinds.tsv" | sort)" "$(cut -f 2,3 "$PEOPLE/recipients.tsv" | sort -u)"
}

@test "no two values in the directory are the same, but for the same piece of garbage in different entries" {
    awk '/^ / { value = value substr($0, 2); next }
        { if (value != "") print value, entry; value = "" }
        /^dn:/ { entry = $2 }
        /^user(Certificate|SMIMECertificate)/ { value = $2 }' "$PEOPLE/directory.ldif" > "$BATS_TEST_TMPDIR/values"
    [ "$(wc -l < "$BATS_TEST_TMPDIR/values")" -ge 300 ]
    equal "in one entry" "" "$(sort "$BATS_TEST_TMPDIR/values" | uniq -d)"
    equal "in all" 1 "$(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/values" | sort | uniq -d | wc -l)"
}

@test "openssl agrees: intermediates and CRLs verify up to the anchor" {
    local file
    for file in "$PEOPLE"/intermediates/issuing-ca*.pem "$PEOPLE/others/project-ca.pem"; do
        openssl verify -CAfile "$PEOPLE/anchors/root.pem" "$file"
    done
    run -2 openssl verify -CAfile "$PEOPLE/anchors/root.pem" "$PEOPLE/intermediates/expired-ca.pem"
    run -2 openssl verify -CAfile "$PEOPLE/anchors/root.pem" "$PEOPLE/others/stranger.pem"
    openssl crl -in "$PEOPLE/crls/root.crl" -inform DER -CAfile "$PEOPLE/anchors/root.pem" -noout 2>&1 | grep -q 'verify OK'
    openssl crl -in "$PEOPLE/crls/issuing-ca.crl" -CAfile "$PEOPLE/intermediates/issuing-ca.pem" -noout 2>&1 |
        grep -q 'verify OK'
}

@test "what is there and good is not made again; what another scale asks for is" {
    local folder=$BATS_TEST_TMPDIR/people before
    cp -a "$PEOPLE" "$folder"
    before=$(stat -c %Y%i "$folder/directory.ldif")
    "$BUILD/tools/makepeople" "$folder"
    equal "made again" "$before" "$(stat -c %Y%i "$folder/directory.ldif")"
    "$BUILD/tools/makepeople" --scale 50 "$folder"
    [ "$(grep -c '	simple	found$' "$folder/recipients.tsv")" = 50 ]
    [ "$before" != "$(stat -c %Y%i "$folder/directory.ldif")" ]
}

@test "a folder that is somebody else's is left alone" {
    mkdir "$BATS_TEST_TMPDIR/theirs"
    echo precious > "$BATS_TEST_TMPDIR/theirs/file"
    run -1 "$BUILD/tools/makepeople" "$BATS_TEST_TMPDIR/theirs"
    equal content precious "$(cat "$BATS_TEST_TMPDIR/theirs/file")"
    equal files file "$(ls "$BATS_TEST_TMPDIR/theirs")"
}

@test "wrong usage is status 64" {
    run -64 "$BUILD/tools/makepeople"
    run -64 "$BUILD/tools/makepeople" --scale many "$BATS_TEST_TMPDIR/people"
    run -64 "$BUILD/tools/makepeople" --scale 1000001 "$BATS_TEST_TMPDIR/people"
    run -64 "$BUILD/tools/makepeople" --nothing "$BATS_TEST_TMPDIR/people"
    [ ! -e "$BATS_TEST_TMPDIR/people" ]
}

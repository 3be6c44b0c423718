#!/bin/sh
# Makes what a slapd of the directory tests needs, in the folder given: slapd.conf, a throwaway CA with the server's
# certificate (for dir.test and 127.0.0.1), another CA, and two databases with people, one of them with both CAs.
set -eu

folder=$1
here=$(cd "$folder" && pwd)
cd "$folder"
mkdir -p first second

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2> /dev/null; }
self_signed() { # NAME SUBJECT
    new_key "$1.key"
    openssl req -x509 -new -key "$1.key" -subj "$2" -days 30 -out "$1.pem" 2> /dev/null
}

self_signed ca /CN=directory-test-ca
self_signed other-ca /CN=another-ca
new_key server.key
openssl req -new -key server.key -subj /CN=dir.test -out server.csr 2> /dev/null
printf 'subjectAltName=DNS:dir.test,IP:127.0.0.1\n' > server.ext
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile server.ext -days 30 \
    -out server.pem 2> /dev/null
for i in 1 2 3; do
    self_signed "person$i" "/CN=person $i"
    openssl x509 -in "person$i.pem" -outform DER -out "person$i.der"
done

crl() { # NAME CA NUMBER
    echo "$3" > "$1.number" && : > "$1.index"
    printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s.index\ncrlnumber=%s.number\ndefault_md=sha256\n' "$1" "$1" > "$1.conf"
    openssl ca -config "$1.conf" -gencrl -crldays 30 -cert "$2.pem" -keyfile "$2.key" -out "$1.pem" 2> /dev/null
    openssl crl -in "$1.pem" -outform DER -out "$1.der"
}
crl crl ca 01
crl arl ca 02
crl delta ca 03
for i in ca other-ca; do
    openssl x509 -in "$i.pem" -outform DER -out "$i.der"
done

modules=/usr/lib/ldap
schema=/etc/ldap/schema
cat > slapd.conf << CONF
include $schema/core.schema
include $schema/cosine.schema
include $schema/inetorgperson.schema
modulepath $modules
moduleload back_mdb
TLSCACertificateFile $here/ca.pem
TLSCertificateFile $here/server.pem
TLSCertificateKeyFile $here/server.key
sizelimit 500
access to * by dn.exact="cn=nobody,dc=example,dc=org" none by * read
database mdb
suffix dc=example,dc=org
directory $here/first
maxsize 33554432
index mail eq
database mdb
suffix dc=second,dc=example
directory $here/second
maxsize 33554432
index mail eq
CONF

value() { printf '%s:: ' "$1" && openssl base64 -A < "$2" && echo; }
text() { printf '%s:: ' "$1" && printf '%s' "$2" | openssl base64 -A && echo; }
person() { # RDN MAIL; attributes follow on stdin
    printf 'dn: cn=%s,%s\nobjectClass: inetOrgPerson\ncn: %s\nsn: %s\nmail: %s\n' "$1" "$suffix" "$1" "$1" "$2"
    cat
    echo
}
top() { printf 'dn: %s\nobjectClass: organization\nobjectClass: dcObject\no: test\ndc: %s\n\n' "$suffix" "$1"; }

suffix=dc=example,dc=org
{
    top example
    { value 'userCertificate;binary' person1.der && value 'userCertificate;binary' person2.der; } |
        person alice alice@example.org
    { value 'userSMIMECertificate' person1.der && text userSMIMECertificate 'garbage' &&
        value 'userCertificate;binary' person3.der; } | person bob bob@example.org
    person none none@example.org < /dev/null
    text userPassword secret | person reader reader@example.org
    text userPassword secret | person nobody nobody@example.org
    i=0
    while [ $i -lt 80 ]; do
        text userSMIMECertificate "many $i" | person "many$i" many@example.org
        i=$((i + 1))
    done
    i=0
    while [ $i -lt 70 ]; do
        text userSMIMECertificate "value $i"
        i=$((i + 1))
    done | person rich rich@example.org
    { text userSMIMECertificate "$(head -c 6000 /dev/zero | tr '\0' x)" && text userSMIMECertificate small; } |
        person big big@example.org
    printf 'dn: cn=ca,%s\nobjectClass: organizationalRole\nobjectClass: pkiCA\nobjectClass: deltaCRL\ncn: ca\n' "$suffix"
    value 'cACertificate;binary' ca.der && value 'cACertificate;binary' other-ca.der
    value 'certificateRevocationList;binary' crl.der && value 'authorityRevocationList;binary' arl.der
    value 'deltaRevocationList;binary' delta.der && echo
} > first.ldif
suffix=dc=second,dc=example
{
    top second
    value 'userCertificate;binary' person3.der | person alice alice@example.org
} > second.ldif
slapadd -q -f slapd.conf -b dc=example,dc=org -l first.ldif
slapadd -q -f slapd.conf -b dc=second,dc=example -l second.ldif

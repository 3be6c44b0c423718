#!/bin/sh
# A directory that is as it was at each start: filled in memory, so that the container needs no place to write.
set -eu

mkdir -p /run/directory/db
slapadd -q -f /etc/ldap/people.conf -l /people/directory.ldif
exec slapd -d stats -f /etc/ldap/people.conf -h 'ldap://0.0.0.0:1389 ldaps://0.0.0.0:1636'
